import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Evaluation } from "../../src/toolkit/evaluate.ts";
import { saveEvaluation } from "../../src/toolkit/runs/evaluation-file.ts";
import { dump } from "../support/dump.ts";

const cli = fileURLToPath(new URL("../../dist/src/cli/rlvr.js", import.meta.url));

function boundary(folder: string, ...args: string[]): { code: number | null; out: string; err: string } {
  const all = [cli, "analyse", "boundary", ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { cwd: folder, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

/** Problem p has `correct[p]` right completions of `n`. */
function evaluation(policy: string, correct: readonly number[], n = 16): Evaluation {
  const completion = (p: number, i: number, right: boolean) => ({
    text: right ? `the sum is ${p}` : `<b>no ${i}</b>`,
    score: right ? 1 : 0,
    status: right ? ("correct" as const) : ("wrong" as const),
    reason: "looked up",
  });
  return {
    ...{ policy, task: "sums", samples: n, temperature: 1, seed: 0 },
    problems: correct.map((count, p) => ({
      ...{ id: `sum-${p}`, level: 1 + (p % 2), n, correct: count, unparsed: 0, failed: 0 },
      ...{ prompt: `${p} + 0 =`, answer: String(p) },
      completions: Array.from({ length: n }, (_, i) => completion(p, i, i < count)),
    })),
  };
}

test("rlvr analyse boundary: two evaluations as tables, JSON, CSV and one page with the samples behind every cell", async () => {
  const folder = dump({});
  await saveEvaluation(join(folder, "base.jsonl"), evaluation("base", [2, 3, 16, 1, 0, 8, 4, 2]));
  await saveEvaluation(join(folder, "trained.jsonl"), evaluation("trained", [15, 16, 0, 0, 0, 16, 14, 16]));
  const files = ["--json", "o/b.json", "--csv", "o/b.csv", "--html", "o/b.html", "--svg", "o/b.svg"];
  const { code, out, err } = boundary(folder, "base.jsonl", "trained.jsonl", ...files);
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toContain("base.jsonl: rlvr-evaluation in 1 files.");
  expect(out).toMatch(/^lost +2 +1 /m); // sum-2 and sum-3, of which sum-2 is beyond chance
  expect(out).toMatch(/^level 1 +4 /m);
  const data = JSON.parse(readFileSync(join(folder, "o/b.json"), "utf8"));
  expect(data).toMatchObject({ base: "base", trained: "trained", n: { common: 16, equal: true } });
  expect(data.fates.lost).toMatchObject({ ids: ["sum-2", "sum-3"], beyondChance: ["sum-2"] });
  expect(readFileSync(join(folder, "o/b-problems.csv"), "utf8")).toMatch(/^sum-2,1,lost,16,16,0,16,/m);
  const page = readFileSync(join(folder, "o/b.html"), "utf8");
  expect(page.match(/class="plot"/g)).toHaveLength(3);
  expect(page).toMatch(/<button type="button" data-point="\d+">16 of 16<\/button>/);
  expect(page).toContain("&lt;b&gt;no 15&lt;/b&gt;");
  expect(page).not.toContain("<b>no 15</b>");
  expect(readFileSync(join(folder, "o/b.svg"), "utf8")).toContain("<svg");
});

test("rlvr analyse boundary: several checkpoints, from a folder of evaluations or a dump with several steps", async () => {
  const folder = dump({
    "verl/0.jsonl": verlRows([1, 0, 1, 0], 0),
    "verl/20.jsonl": verlRows([1, 1, 1, 0], 20),
    "verl/40.jsonl": verlRows([1, 1, 1, 1], 40),
  });
  mkdirSync(join(folder, "evals"));
  for (const [i, correct] of [
    [2, 16],
    [9, 3],
    [16, 0],
  ].entries()) {
    await saveEvaluation(join(folder, `evals/${i}.jsonl`), evaluation(`step ${10 * i}`, correct));
  }
  const ours = boundary(folder, "evals", "--quiet", "--json", "o.json");
  expect([ours.code, ours.err]).toEqual([0, ""]);
  const { checkpoints, problems } = JSON.parse(readFileSync(join(folder, "o.json"), "utf8"));
  expect(checkpoints.map(({ name }: { name: string }) => name)).toEqual(["step 0", "step 10", "step 20"]);
  expect(problems[1]).toMatchObject({ id: "sum-1", change: [0, -1, -1] });
  const { code, out } = boundary(folder, "verl");
  expect(code).toBe(0);
  expect(out).toMatch(/^step 40 +1 /m);
  expect(boundary(folder, "verl", "--step", "0", "--step", "40").out).toContain("pass@1: base 0.50");
});

function verlRows(scores: readonly number[], step: number): object[] {
  return scores.flatMap((score, p) => [0, 1].map(() => ({ input: `q${p}`, output: "o", gts: "g", score, step })));
}

test("rlvr analyse boundary: what does not fit is refused by name, or left out and listed", async () => {
  const folder = dump({ "one/0.jsonl": verlRows([1, 0], 0) });
  await saveEvaluation(join(folder, "a.jsonl"), evaluation("a", [2, 3, 4]));
  await saveEvaluation(join(folder, "b.jsonl"), evaluation("b", [2, 3]));
  await saveEvaluation(join(folder, "warm.jsonl"), { ...evaluation("warm", [2, 3, 4]), temperature: 0.6 });
  await expect(saveEvaluation(join(folder, "a.jsonl"), evaluation("a", [1]))).rejects.toThrow("is there already");
  expect(boundary(folder)).toMatchObject({ code: 2, err: expect.stringContaining("no run is named") });
  expect(boundary(folder, "one")).toMatchObject({ code: 2, err: expect.stringContaining("with 1 checkpoints") });
  expect(boundary(folder, "a.jsonl", "warm.jsonl").err).toContain(
    "the temperature is 1 in one run and 0.6 in the other",
  );
  expect(boundary(folder, "a.jsonl", "b.jsonl").err).toContain("1 problems are in one run only (sum-2)");
  const left = boundary(folder, "a.jsonl", "b.jsonl", "--missing", "exclude");
  expect([left.code, left.out.includes("left out: 1 problems (sum-2)")]).toEqual([0, true]);
  expect(boundary(folder, "a.jsonl", "b.jsonl", "--difficulty", "age").err).toContain('--difficulty is "age"');
  expect(boundary(folder, "a.jsonl", "b.jsonl", "--missing", "exclude", "--confidence", "95").err).toContain(
    "confidence is 95",
  );
});
