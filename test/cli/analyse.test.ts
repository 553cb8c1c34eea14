import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Weights } from "../../src/analysis/index.ts";
import { tableCsv } from "../../src/cli/analyse/output.ts";
import { checkpointFolder, f32, shardedFolder } from "../support/checkpoint-folder.ts";
import { after, before } from "../support/weight-change.ts";

const cli = fileURLToPath(new URL("../../dist/src/cli/rlvr.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "rlvr-cli-"));

function rlvr(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

const content = ({ data, shape }: { readonly data: ArrayLike<number>; readonly shape: readonly number[] }) =>
  f32(data, shape);
const all = (weights: Weights) =>
  Object.fromEntries(Object.entries(weights).map(([name, tensor]) => [name, content(tensor)]));
function never(): never {
  throw new Error("the weights of this test have a matrix m");
}
const { m = never(), ...others } = all(before);
const base = await shardedFolder([{ m }, others]);
const trained = await checkpointFolder(all(after));

test("rlvr analyse weights: prints the table and writes JSON, CSV and a page", () => {
  const files = ["--json", "o/w.json", "--csv", "o/w.csv", "--html", "o/w.html", "--partials", "o/parts"];
  const { code, out, err } = rlvr("analyse", "weights", base, trained, "--rank", "2", "--exclude", "still", ...files);
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toContain("left out: still");
  expect(out).toMatch(/^m +3 x 4 /m);
  const { tensors, overall } = JSON.parse(readFileSync(join(folder, "o/w.json"), "utf8"));
  // Δ of m is diag(3, 2, 1): energy of the top two is 13/14; 9 of its 12 entries stay.
  expect(tensors[0].spectrum.singularValues).toEqual([3, 2, 1].map((s) => expect.closeTo(s, 9)));
  expect(tensors[0].unchanged).toBe(0.75);
  expect(overall.energy).toMatchObject([{ rank: 2, share: expect.closeTo(13 / 14, 9) }]);
  const [head, first] = readFileSync(join(folder, "o/w.csv"), "utf8").split("\r\n");
  expect(head).toMatch(/^tensor,shape,relative norm,/);
  expect(first).toMatch(/^m,3 x 4,1\.0801/); // √(14 / 12)
  const page = readFileSync(join(folder, "o/w.html"), "utf8");
  expect(page).toContain(`Weight change from ${base} to ${trained}`);
  expect(page).toContain('<div class="plot"');
  expect(readdirSync(join(folder, "o/parts"))).toEqual([]); // kept until the end
});

test("rlvr analyse: wrong use exits 2, names what is wrong, and writes nothing", () => {
  expect(rlvr("analyse").code).toBe(2);
  expect(rlvr("analyse", "--help").out).toContain("weights");
  expect(rlvr("analyse", "vibes")).toMatchObject({ code: 2, err: expect.stringContaining('no analysis "vibes"') });
  expect(rlvr("analyse", "weights", base).err).toContain("1 checkpoints are named");
  const one = rlvr("analyse", "weights", base, "nowhere", "--json", "o/none.json");
  expect(one).toMatchObject({ code: 2, err: expect.stringContaining("nowhere: there is no such file or folder") });
  expect(existsSync(join(folder, "o/none.json"))).toBe(false);
  expect(rlvr("analyse", "weights", base, trained, "--sketch", "many").err).toContain('--sketch is "many"');
});

test("rlvr analyse weights: the top of the change is written as a checkpoint and as an adapter", async () => {
  const from = await checkpointFolder({ "m.weight": m });
  const to = await checkpointFolder({ "m.weight": content(after.m ?? never()) });
  const { code, out } = rlvr("analyse", "weights", from, to, "--top", "1", "--full", "o/top", "--lora", "o/lora");
  expect(code).toBe(0);
  expect(out).toMatch(/o\/top\no\/lora\n$/);
  expect(JSON.parse(readFileSync(join(folder, "o/lora/adapter_config.json"), "utf8"))).toMatchObject({ r: 1 });
  // Of diag(3, 2, 1), the top direction is the 3: what is left to the trained weights is diag(0, 2, 1), energy 4/5 in one.
  const again = rlvr("analyse", "weights", "o/top", to, "--quiet", "--rank", "1", "--json", "o/rest.json");
  expect(again.code).toBe(0);
  const [rest] = JSON.parse(readFileSync(join(folder, "o/rest.json"), "utf8")).tensors;
  expect(rest.spectrum.energy[0].share).toBeCloseTo(4 / 5, 6);
  expect(rlvr("analyse", "weights", from, to, "--top", "1").err).toContain("go together");
  expect(rlvr("analyse", "weights", from, to, "--top", "1", "--full", "o/top").err).toContain("files already");
});

test("tableCsv: quotes what needs it, and leaves missing cells empty", () => {
  const columns = { name: ['a,"b"', "c"], value: [0.1, undefined] };
  expect(tableCsv({ title: "t", columns })).toBe('name,value\r\n"a,""b""",0.1\r\nc,\r\n');
});
