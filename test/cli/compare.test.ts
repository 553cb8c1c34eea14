import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { dump } from "../support/dump.ts";

const cli = fileURLToPath(new URL("../../dist/src/cli/rlvr.js", import.meta.url));

function compare(folder: string, ...args: string[]): { code: number | null; out: string; err: string } {
  const all = [cli, "analyse", "compare", ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { cwd: folder, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

const rows = (outcomes: readonly (readonly number[])[]): object[] =>
  outcomes.flatMap((scores, p) => scores.map((score) => ({ input: `q${p}`, output: "o", gts: "g", score, step: 1 })));

test("rlvr analyse compare: one run, its log beside the right numbers", () => {
  const log = [{ step: 1, data: { "val-core/m/reward/best@4/mean": 0.684 } }];
  const { code, out, err } = compare(dump({ "val/1.jsonl": rows([[1, 0, 0, 0]]), "log.jsonl": log }), ".");
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toContain(".: verl-dump, verl-log in 2 files.");
  expect(out).toContain("1 of 1 logged numbers differ from the right ones.");
  expect(out).toMatch(/best@4\/mean +val +1 +0\.684 +0\.6836 +1 /);
});

test("rlvr analyse compare: two runs, paired by problem, as tables and files", () => {
  const [before, after] = [
    [
      [1, 0],
      [0, 0],
      [1, 1],
    ],
    [
      [1, 1],
      [1, 0],
      [1, 1],
    ],
  ]; // differences 1/2, 1/2 and 0
  const folder = dump({ "a/1.jsonl": rows(before ?? []), "b/1.jsonl": rows(after ?? []) });
  const { code, out, err } = compare(folder, "a", "b", "--json", "o.json", "--svg", "o.svg");
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toMatch(/difference, paired by problem +3 +0\.3333/);
  const data = JSON.parse(readFileSync(join(folder, "o.json"), "utf8"));
  expect(data.difference).toMatchObject({ rises: 2, falls: 0, ties: 1 });
  expect(readFileSync(join(folder, "o.svg"), "utf8")).toContain("<svg");
});

test("rlvr analyse compare: wrong use exits 2 and names what is wrong", () => {
  const folder = dump({ "a/1.jsonl": rows([[1]]), "b/1.jsonl": [...rows([[1]]), { input: "x" }] });
  expect(compare(folder)).toMatchObject({ code: 2, err: expect.stringContaining("0 runs are named") });
  expect(compare(folder, "a", "b")).toMatchObject({ code: 2, err: expect.stringMatching(/1\.jsonl, line 2/) });
  expect(compare(folder, "a", "--step", "soon")).toMatchObject({
    code: 2,
    err: expect.stringContaining('--step is "soon"'),
  });
  expect(compare(folder, "a", "--missing", "maybe").err).toContain('--missing is "maybe"');
});
