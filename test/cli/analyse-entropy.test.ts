import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test, vi } from "vitest";
import { grpo } from "../../src/algorithms/index.ts";
import { entropyChange } from "../../src/analysis/index.ts";
import { probeInPieces } from "../../src/cli/analyse/entropy-probe.ts";
import { Policy, readRun, storedStep, tokenProbe, train } from "../../src/index.ts";
import { partialResults } from "../../src/toolkit/partial-results.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import type { Task } from "../../src/toolkit/tasks/task.ts";
import { tinyConfig } from "../support/tiny-policy.ts";
import { echoTask } from "../support/tiny-task.ts";

const cli = fileURLToPath(new URL("../../dist/src/cli/rlvr.js", import.meta.url));
const folder = process.env.KEEPDIR ?? mkdtempSync(join(tmpdir(), "rlvr-entropy-"));

function rlvr(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

beforeAll(async () => {
  const policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
  const task: Task = {
    ...echoTask,
    verify: (problem, completion) => {
      const verdict = echoTask.verify(problem, completion);
      return completion.includes("a") ? { ...verdict, score: 1, status: "correct" } : { ...verdict, score: 0 };
    },
  };
  const preflight = "off" as const; // which finds, rightly, that the task pays for any answer with an a
  const how = { policy, task, algorithm: grpo(), steps: 24, seed: 1, promptsPerStep: 4, learningRate: 1e-2, preflight };
  const run = train({ ...how, runFolder: join(folder, "run"), checkpointEvery: 8 });
  const done = await run.finished;
  await done.policy.dispose();
  await policy.dispose();
});

test("rlvr analyse entropy: a run's own checkpoints, at its completions, and where the curve goes", async () => {
  const files = ["--json", "o/e.json", "--csv", "o/e.csv", "--html", "o/e.html", "--svg", "o/e.svg"];
  const { code, out, err } = rlvr("analyse", "entropy", "run", "--partials", "o/parts", "--step", "5", ...files);
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toContain("Entropy change on the same contexts");
  expect(out).toContain("entropy by token class");
  // The same by hand: first and last checkpoint, the stored completions of step 5 with their advantages.
  const run = await readRun(join(folder, "run"));
  const [before, after] = [
    await Policy.load(run.checkpoints[0] ?? ""),
    await Policy.load(run.checkpoints.at(-1) ?? ""),
  ];
  const { rollouts } = await storedStep(run, 5, before.tokenizer.padId);
  const [first, last] = [await tokenProbe(before, rollouts), await tokenProbe(after, rollouts)];
  const expected = entropyChange(first, last);
  for (const policy of [before, after]) await policy.dispose();
  const { change, forecast, curve, step } = JSON.parse(readFileSync(join(folder, "o/e.json"), "utf8"));
  expect(step).toBe(5);
  expect(change.tokens).toBe(expected.tokens);
  expect(change.clusters).toEqual({ kind: "problems", count: expected.clusters.count });
  expect(change.overall.change.value).toBeCloseTo(expected.overall.change.value, 6);
  expect(change.overall.change.value).toBeLessThan(-0.01);
  expect(change.overall.firstOrder.value).toBeCloseTo(expected.overall.firstOrder?.value ?? Number.NaN, 6);
  expect(change.overall.covariance).toBeDefined(); // the run's advantages were found
  expect(curve.values).toHaveLength(24);
  expect(curve.values[3]).toBe(run.records[3]?.metrics.entropy);
  expect(forecast.path.length).toBeGreaterThan(0);
  const page = readFileSync(join(folder, "o/e.html"), "utf8");
  expect(page.match(/<div class="plot"/g)).toHaveLength(2);
  expect(page).toContain("rlvr-samples"); // a click on a class opens its completions
  expect(readFileSync(join(folder, "o/e.svg"), "utf8")).toMatch(/^<svg/);
  expect(readdirSync(join(folder, "o")).sort()).toEqual([
    "e-entropy-by-position.csv",
    "e-entropy-by-step.csv",
    "e.csv",
    "e.html",
    "e.json",
    "e.svg",
    "parts",
  ]);
  expect(readdirSync(join(folder, "o/parts"))).toEqual([]);
});

test("rlvr analyse entropy: two policies at a dump of texts", () => {
  mkdirSync(join(folder, "dump"));
  const line = (letter: string) =>
    JSON.stringify({ input: `${letter}=`, output: letter.repeat(2), score: 1, gts: letter.repeat(2), step: 3 });
  writeFileSync(join(folder, "dump/3.jsonl"), `${["a", "b", "c"].map(line).join("\n")}\n`);
  const policies = ["run/checkpoints/step-000008", "run/checkpoints/step-000024"];
  const { code, err } = rlvr(
    "analyse",
    "entropy",
    ...policies,
    "dump",
    "--quiet",
    "--json",
    "one.json",
    "--partials",
    "p",
  );
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const { change } = JSON.parse(readFileSync(join(folder, "one.json"), "utf8"));
  expect(change).toMatchObject({ tokens: 9, sequences: 3, clusters: { kind: "problems", count: 3 } }); // two letters and the end
});

test("probeInPieces: the same as in one go, and what is kept is not probed again", async () => {
  const { checkpoints } = await readRun(join(folder, "run"));
  const policy = await Policy.load(checkpoints[0] ?? "");
  const prompts = Array.from({ length: 300 }, (_, i) => `${"abcdefgh"[i % 8]}=`); // three pieces
  const sequences = await policy.generate(prompts, { maxTokens: 4, temperature: 1, seed: 1 });
  const place = join(folder, "pieces");
  let pieces = 0;
  const probing = { vocabulary: true, parts: partialResults(place), onPiece: () => void pieces++ };
  const found = await probeInPieces(policy, sequences, probing);
  expect(pieces).toBe(3);
  const whole = await tokenProbe(policy, sequences);
  const close = (list: ArrayLike<number> | undefined): unknown[] => Array.from(list ?? [], (x) => expect.closeTo(x, 5));
  expect(found).toEqual({
    ...whole,
    logProbs: expect.anything(),
    entropies: expect.anything(),
    rows: expect.anything(),
  });
  expect(Array.from(found.entropies)).toEqual(close(whole.entropies));
  expect(Array.from(found.rows ?? []).slice(-36)).toEqual(close(whole.rows?.slice(-36)));
  const score = vi.spyOn(policy, "score").mockRejectedValue(new Error("probed again"));
  expect(await probeInPieces(policy, sequences, { ...probing, parts: partialResults(place) })).toEqual(found);
  expect(score).not.toHaveBeenCalled();
  await policy.dispose();
});

test("rlvr analyse entropy: wrong use exits 2 and says what is missing", () => {
  expect(rlvr("analyse", "entropy")).toMatchObject({ code: 2, err: expect.stringContaining("0 paths are named") });
  expect(rlvr("analyse", "entropy", "run", "run").err).toContain("2 paths are named");
  expect(rlvr("analyse", "entropy", "run", "--samples", "0").err).toContain("--samples is 0");
  expect(rlvr("analyse", "entropy", "run", "--metric", "actor/entropy").err).toMatch(
    /no curve "actor\/entropy"; there are "entropy"/,
  );
  expect(rlvr("analyse", "entropy", "run", "--step", "99").err).toContain("run has no completions at step 99");
  expect(rlvr("analyse", "entropy", "dump").err).toMatch(
    /dump \(verl-dump\) holds nothing to analyse: no change by tokens/,
  );
});
