/** A step's columns as a file: every bit back, a stated number of bytes, and no broken file believed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { madeStep } from "../../../bench/support/made-step.ts";
import { UsageError } from "../../../src/toolkit/refuse.ts";
import { rng } from "../../../src/toolkit/rng.ts";
import { decodeColumns, openColumns } from "../../../src/toolkit/runs/column-file.ts";
import { readRun } from "../../../src/toolkit/runs/read-run.ts";
import { encodeRollouts, storedColumns } from "../../../src/toolkit/runs/rollout-columns.ts";
import { columnsPath, createRunFolder, rolloutsPath } from "../../../src/toolkit/runs/run-folder.ts";
import { storedStep } from "../../../src/toolkit/runs/stored-step.ts";

const root = mkdtempSync(join(tmpdir(), "rollout-columns-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const record = {
  ...{ step: 0, metrics: { reward: 0.5 }, timing: { rollout: 1, verify: 1, score: 1, train: 1 } },
  ...{ identity: { fingerprint: "00", maxLogProbDifference: 0 }, events: [] },
};

/** A run folder of one step. */
async function written(name: string, columns: ReturnType<typeof madeStep>): Promise<string> {
  const path = join(root, name);
  const folder = await createRunFolder(path, { config: {} });
  await folder.step(record, columns);
  await folder.close();
  return path;
}

/** The completions' part of a column [B, T]. */
function cut({ rollouts }: ReturnType<typeof madeStep>, column: Float32Array): number[][] {
  return Array.from(rollouts.completionLengths, (length, b) => {
    const start = b * (rollouts.width - 1) + (rollouts.promptLengths[b] ?? 0) - 1;
    return [...column.subarray(start, start + length)];
  });
}

test("rollout columns: every number of a step comes back to the bit, with masks and their reasons", async () => {
  const step = madeStep({ seed: 1 });
  const run = await readRun(await written("all", step));
  const rows = await run.rollouts(0);
  expect(rows.map(({ logProbs }) => logProbs)).toEqual(cut(step, step.rollouts.policyLogProbs));
  expect(rows.map(({ sampleLogProbs }) => sampleLogProbs)).toEqual(cut(step, step.rollouts.sampleLogProbs));
  expect(rows.map(({ advantages }) => advantages)).toEqual(cut(step, step.advantages.perToken));
  expect(rows.map(({ entropies }) => entropies)).toEqual(cut(step, step.entropies ?? new Float32Array()));
  expect(rows.map(({ tokenColumns }) => tokenColumns?.weight)).toEqual(
    cut(step, step.rollouts.columns?.weight as Float32Array),
  );
  const mask = cut(step, step.advantages.mask ?? new Float32Array());
  expect(rows.map(({ masks }) => masks?.map((reason) => (reason === "trained" ? 1 : 0)))).toEqual(mask);
  expect(rows.flatMap(({ masks }) => masks)).toContain("left out by the method");
  expect(rows[0]).toMatchObject({
    stepColumns: { scale: 0.1 },
    rowColumns: { quality: 0 },
    components: { format: 0.5 },
  });
  expect([rows[1]?.reward, rows[4]?.foreign, rows[5]?.foreign]).toEqual([null, true, undefined]);
  const again = await storedStep(run, 0);
  expect(again.rollouts.completionLengths).toEqual(step.rollouts.completionLengths);
  expect(again.rewards.values).toEqual(step.rewards.values);
});

test("rollout columns: why a token is not trained on", () => {
  const { rollouts, rewards, advantages } = madeStep({ seed: 2, everything: false });
  const reasons = (more: object, mask = rollouts.mask) => {
    const bytes = encodeRollouts({ rollouts: { ...rollouts, mask }, rewards, advantages: { ...advantages, ...more } });
    return new Set(storedColumns("f", decodeColumns("f", bytes)).masks);
  };
  const zero = new Float32Array(rollouts.mask.length);
  expect([...reasons({ perToken: zero })]).toEqual([1]); // advantage 0
  expect([...reasons({ perToken: zero.map(() => 1) })]).toEqual([0]); // trained
  expect([...reasons({ mask: zero })]).toEqual([2]); // left out by the method
  expect([...reasons({ mask: zero }, zero)]).toEqual([3]); // left out by the rollout, before the method looked
  expect([...reasons({ skip: "no room" })]).toEqual([4]); // step skipped
});

test("rollout columns: 13 bytes a token at temperature 1 with an advantage a row, 21 at most, as is said", async () => {
  const sizeOf = (everything: boolean, most: number): { bytes: number; tokens: number } => {
    const { rollouts, rewards, advantages, entropies } = madeStep({ seed: 3, groups: 8, samples: 8, most, everything });
    const { columns: _, ...plain } = rollouts;
    const bytes = encodeRollouts({ rollouts: plain, rewards, advantages, ...(entropies && { entropies }) }).length;
    return { bytes, tokens: rollouts.completionLengths.reduce((sum, length) => sum + length, 0) };
  };
  for (const [everything, each] of [
    [false, 13],
    [true, 21],
  ] as const) {
    const [short, long] = [sizeOf(everything, 10), sizeOf(everything, 1000)];
    const slope = (long.bytes - short.bytes) / (long.tokens - short.tokens);
    expect(Math.abs(slope - each)).toBeLessThan(0.05); // headers and prompts differ by some bytes
  }
});

test("rollout columns: parts of a column are read alone, and what is not there is refused", async () => {
  const step = madeStep({ seed: 4 });
  const path = columnsPath(await written("parts", step), 0);
  const file = await openColumns(path);
  const whole = await file.read("logProbs");
  expect(await file.read("logProbs", 3, 9)).toEqual(whole.slice(3, 9));
  expect(file.has("nothing")).toBe(false);
  await expect(file.read("nothing")).rejects.toThrow("there is no column nothing");
  await expect(file.read("logProbs", 0, whole.length + 1)).rejects.toThrow(
    `column logProbs has ${whole.length} numbers`,
  );
  await file.close();
});

test("readRun: texts and numbers of different steps are refused, and numbers that are missing", async () => {
  const folder = await written("mixed", madeStep({ seed: 5 }));
  writeFileSync(columnsPath(folder, 0), encodeRollouts(madeStep({ seed: 6, groups: 2 })));
  await expect((await readRun(folder)).rollouts(0)).rejects.toThrow(/and .* are not of one step/);
  rmSync(columnsPath(folder, 0));
  await expect((await readRun(folder)).rollouts(0)).rejects.toThrow("the file cannot be read");
});

test("readRun: a folder of the first format, whose lines hold the numbers, is read as before", async () => {
  const folder = await written("first", madeStep({ seed: 7 }));
  const line = {
    ...{ row: 0, group: 0, problem: "p0", level: 1, prompt: "a", answer: "b", completion: "x", reward: 1 },
    ...{ status: "correct", reason: "", finish: "eos", ids: [5, 6, 2], promptLength: 1 },
    ...{ logProbs: [-1, null], sampleLogProbs: [-1, -2], advantages: [1, 1] },
  };
  writeFileSync(join(folder, "config.json"), '{"format":"rlvr-run/1"}');
  writeFileSync(rolloutsPath(folder, 0), `${JSON.stringify(line)}\n`);
  rmSync(columnsPath(folder, 0));
  const run = await readRun(folder);
  expect(await run.rollouts(0)).toEqual([line]);
  expect((await storedStep(run, 0)).rollouts.policyLogProbs).toEqual(Float32Array.of(-1, Number.NaN));
});

/** Mutated files; `RLVR_FUZZ=full` takes 10,000. */
const INPUTS = process.env.RLVR_FUZZ === "full" ? 10_000 : 500;

test(`fuzz: of ${INPUTS} mutated files each is read whole or refused by name`, () => {
  const random = rng({ seed: 12, stream: "columns-fuzz" });
  const files = [1, 2].map((seed) => encodeRollouts(madeStep({ seed, everything: seed === 1 })));
  let refused = 0;
  for (let n = 0; n < INPUTS; n++) {
    const bytes = mutated(files[n % files.length] ?? new Uint8Array(), random);
    try {
      const { masks, logProbs, ids, group } = storedColumns(
        "some.safetensors",
        decodeColumns("some.safetensors", bytes),
      );
      expect([masks.length, ids.length >= masks.length, group.length > 0]).toEqual([logProbs.length, true, true]);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      expect(error.message).toContain("some.safetensors");
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(INPUTS / 10);
  expect(refused).toBeLessThan(INPUTS); // a changed number of a token is a number still
});

/** Cut off, bytes changed, a digit of the header changed, or bytes put in. */
function mutated(bytes: Uint8Array, random: ReturnType<typeof rng>): Uint8Array {
  const out = bytes.slice();
  const header = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const way = random.integer(5);
  if (way === 0) return out.subarray(0, random.integer(out.length));
  if (way === 1) for (let i = 0; i < 4; i++) out[random.integer(out.length)] = random.integer(256);
  if (way === 2) out[8 + random.integer(header - 8)] = 48 + random.integer(10);
  if (way === 3) out[random.integer(header)] = random.integer(256);
  if (way === 4) return Uint8Array.from([...out.subarray(0, header), ...[1, 2, 3], ...out.subarray(header)]);
  return out;
}
