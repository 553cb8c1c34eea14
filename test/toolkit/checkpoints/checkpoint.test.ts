import { truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openCheckpoint } from "../../../src/toolkit/checkpoints/checkpoint.ts";
import { pairCheckpoints } from "../../../src/toolkit/checkpoints/pair-checkpoints.ts";
import { UsageError } from "../../../src/toolkit/refuse.ts";
import { checkpointFolder, f32, shardedFolder } from "../../support/checkpoint-folder.ts";

const a = { a: f32([1, 2], [2]) };
const b = { b: f32([1, 2, 3, 4], [2, 2]) };

async function refusal(path: string): Promise<string> {
  const error = await openCheckpoint(path).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UsageError);
  return error instanceof Error ? error.message : "";
}

test("openCheckpoint: finds tensors of one file and of shards, without reading them", async () => {
  const one = await openCheckpoint(await checkpointFolder({ ...a, ...b }));
  expect([...one.tensors.keys()]).toEqual(["a", "b"]);
  expect(one.tensors.get("b")).toMatchObject({ dtype: "F32", shape: [2, 2], count: 4 });
  const offsets = [...one.tensors.values()].map(({ offset }) => offset);
  expect((offsets[1] ?? 0) - (offsets[0] ?? 0)).toBe(8); // two float32 before it
  const sharded = await openCheckpoint(await shardedFolder([a, b]));
  expect([...sharded.tensors.values()].map(({ name, file }) => [name, file.slice(-19)])).toEqual([
    ["a", "of-00002.safetensors".slice(-19)],
    ["b", "of-00002.safetensors".slice(-19)],
  ]);
});

test("openCheckpoint: what is missing, cut or contradictory is refused by name", async () => {
  expect(await refusal("/no/such/folder")).toMatch(/no such file or folder/);
  const folder = await checkpointFolder(b);
  await truncate(join(folder, "model.safetensors"), 70);
  expect(await refusal(folder)).toMatch(/model\.safetensors.*(tensor b: it ends at byte|header claims)/);
  await truncate(join(folder, "model.safetensors"), 5);
  expect(await refusal(folder)).toMatch(/5 bytes, no header/);
  await unlink(join(folder, "model.safetensors"));
  expect(await refusal(folder)).toMatch(/holds no safetensors file/);
  await writeFile(join(folder, "pytorch_model.bin"), "");
  expect(await refusal(folder)).toMatch(/save it as safetensors/);
  await writeFile(join(folder, "adapter_model.safetensors"), "");
  expect(await refusal(folder)).toMatch(/LoRA adapter.*merge/);
});

test("openCheckpoint: an index and shards that disagree are refused by the tensor's name", async () => {
  expect(await refusal(await shardedFolder([a, b], (map) => ({ ...map, c: map.a ?? "" })))).toMatch(/"c" is not in/);
  expect(await refusal(await shardedFolder([{ ...a, ...b }], ({ a: file }) => ({ a: file ?? "" })))).toMatch(
    /"b" of model-.* is not listed/,
  );
  expect(
    await refusal(
      await shardedFolder([
        { ...a, ...b },
        { ...a, c: f32([1], [1]) },
      ]),
    ),
  ).toMatch(/"a" is in two shards/);
  expect(await refusal(await shardedFolder([a], () => ({ a: "../a.safetensors" })))).toMatch(
    /files of the same folder/,
  );
  expect(await refusal(await shardedFolder([a], () => ({ a: "gone.safetensors" })))).toMatch(/gone\.safetensors/);
  const folder = await shardedFolder([a]);
  await writeFile(join(folder, "model.safetensors.index.json"), "{");
  expect(await refusal(folder)).toMatch(/not JSON/);
});

test("pairCheckpoints: names on one side and shapes that differ are refused; excluded ones are listed", async () => {
  const tied = await openCheckpoint(await checkpointFolder(b));
  const untied = await openCheckpoint(await checkpointFolder({ ...b, "lm_head.weight": f32([1, 2], [1, 2]) }));
  expect(() => pairCheckpoints(tied, untied, [])).toThrow(/"lm_head.weight" is not in .*exclude/);
  expect(() => pairCheckpoints(tied, untied, [])).toThrow(UsageError);
  expect(pairCheckpoints(tied, untied, ["lm_head.weight"])).toMatchObject({
    pairs: [{ before: { name: "b" } }],
    excluded: ["lm_head.weight"],
  });
  expect(pairCheckpoints(tied, untied, ["weight"]).excluded).toEqual(["lm_head.weight"]);
  expect(() => pairCheckpoints(tied, untied, ["head"])).toThrow(/no tensor is named "head"/);
  expect(() => pairCheckpoints(tied, tied, ["b"])).toThrow(/every tensor is left out/);
  const flat = await openCheckpoint(await checkpointFolder({ b: f32([1, 2, 3, 4], [4]) }));
  expect(() => pairCheckpoints(tied, flat, [])).toThrow(/"b" is \[2, 2\] and in .* \[4\]/);
});
