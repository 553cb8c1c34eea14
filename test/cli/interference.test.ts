import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { grpo } from "../../src/algorithms/index.ts";
import { analyseInterference } from "../../src/cli/analyse/interference.ts";
import { Policy } from "../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import { stepParts } from "../../src/toolkit/probe.ts";
import { readRun } from "../../src/toolkit/runs/read-run.ts";
import { storedUpdate, updatableSteps } from "../../src/toolkit/runs/stored-update.ts";
import { train } from "../../src/toolkit/train/train.ts";
import { startsTask } from "../support/planted-task.ts";
import { tinyConfig } from "../support/tiny-policy.ts";

const cli = fileURLToPath(new URL("../../dist/src/cli/rlvr.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "rlvr-interference-"));
const at = (...parts: string[]): string => join(folder, ...parts);

function rlvr(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "analyse", "interference", ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}

beforeAll(async () => {
  const policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(startsTask.alphabet), seed: 1 });
  await policy.save(at("base"));
  const sizes = { steps: 4, seed: 5, promptsPerStep: 4, samplesPerPrompt: 8, learningRate: 1e-2 };
  const kept = { runFolder: at("run"), checkpointEvery: 1 };
  const { policy: trained } = await train({ policy, task: startsTask, algorithm: grpo(), ...sizes, ...kept }).finished;
  await trained.save(at("trained"));
  const wide = { ...tinyConfig, intermediate_size: 48 };
  await (await Policy.create({ config: wide, tokenizer: charTokenizer(startsTask.alphabet), seed: 1 })).save(
    at("wide"),
  );
});

test("storedUpdate: the parts of a stored step are the step that the run took", async () => {
  const run = await readRun(at("run"));
  expect(updatableSteps(run)).toEqual([0, 1, 2, 3]);
  const headless = { ...run, checkpoints: run.checkpoints.slice(1) }; // of a run that has not kept its start
  expect(updatableSteps(headless)).toEqual([1, 2, 3]);
  expect(updatableSteps(headless, { base: at("base") })).toEqual([0, 1, 2, 3]);
  for (const [of, step] of [
    [run, 0],
    [headless, 0],
    [run, 2],
  ] as const) {
    const update = await storedUpdate(of, step, { base: at("base") });
    const parts = await stepParts(update.policy, update.weighted, { rule: update.rule });
    const whole = parts.whole();
    const next = await Policy.load(update.next ?? "");
    const [before, after] = [await update.policy.parameters.read(), await next.parameters.read()];
    let offset = 0;
    let worst = 0;
    for (const [name, { data }] of Object.entries(before)) {
      for (const [i, x] of data.entries()) {
        worst = Math.max(worst, Math.abs((after[name]?.data[i] ?? Number.NaN) - x - (whole[offset + i] ?? 0)));
      }
      offset += data.length;
    }
    const largest = Math.max(...Array.from(whole, Math.abs));
    expect(largest).toBeGreaterThan(1e-3);
    expect(worst).toBeLessThan(0.02 * largest); // Adam makes rounding of near-zero gradients large
    await Promise.all([update.policy.dispose(), next.dispose()]);
  }
});

test("rlvr analyse interference: a run's steps taken apart, with every file", () => {
  const files = ["--json", "o/i.json", "--csv", "o/i.csv", "--html", "o/i.html", "--svg", "o/i.svg"];
  const { code, out, err } = rlvr("run", "--base", "base", "--problems", "6", ...files);
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toMatch(/Interference, \d+ pairs of an update and another problem, 1 step/);
  expect(out).toMatch(/step 3 as taken apart against the run's own: cosine (0\.999\d|1\.0000), length (0\.99|1\.00)/);
  expect(out).toContain("grpo is read as a policy gradient of the stored advantages (seq-mean-token-mean)");
  const { steps, matrix, losses, course } = JSON.parse(readFileSync(at("o/i.json"), "utf8"));
  expect(steps).toEqual([0, 1, 2, 3]);
  expect(matrix.problems.length).toBeGreaterThan(1);
  expect(matrix.firstOrder.pearson).toBeGreaterThan(0.9);
  expect(course.steps).toEqual([0, 1, 2, 3, 4]);
  expect(course.retention.length).toBeGreaterThan(1);
  for (const { explained, hurt, helped, own, optimizer } of losses.problems)
    expect(hurt + helped + own + optimizer).toBeCloseTo(explained, 9);
  expect(readFileSync(at("o/i.csv"), "utf8")).toMatch(/^an update on,changes,nats,/);
  expect(readFileSync(at("o/i.html"), "utf8")).toContain("Interference in run, step 3");
  expect(readFileSync(at("o/i.svg"), "utf8")).toMatch(/^<svg/);
});

test("rlvr analyse interference: saved policies and completions, without updates", async () => {
  const { code, out, err } = rlvr("base", "trained", "--rollouts", "run", "--json", "o/p.json", "--html", "o/p.html");
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toContain("What each update did is not known without a run");
  const { policies, course, alignment } = JSON.parse(readFileSync(at("o/p.json"), "utf8"));
  expect(policies).toEqual(["base", "trained"]);
  expect(course).toHaveLength(2);
  expect(alignment.ids.length).toBeGreaterThan(1);
  const near = ["--projection", "512", "--quiet", "--json", at("o/q.json")];
  expect(await analyseInterference([at("base"), at("trained"), "--rollouts", at("run"), ...near])).toBe(0);
});

/** The command within this process: what it refuses leaves `rlvr` with 2. */
const refusal = (...args: string[]): Promise<string> =>
  analyseInterference(args.map((arg) => (existsSync(at(arg)) ? at(arg) : arg))).then(
    () => "nothing",
    (error: Error) => `${error.name}: ${error.message}`,
  );

test("rlvr analyse interference: what it cannot do is refused, and nothing is written", async () => {
  expect(rlvr("--help").out).toContain("rlvr analyse interference <run>");
  expect(rlvr("nowhere")).toMatchObject({
    code: 2,
    err: expect.stringContaining("there is no config.json in nowhere"),
  });
  expect(await refusal()).toContain("nothing is named");
  expect(await refusal("base")).toContain("base is one policy");
  expect(await refusal("base", "trained")).toContain("pass --rollouts");
  expect(await refusal("base", "wide", "--rollouts", "run")).toContain("its weights have other shapes");
  expect(await refusal("run", "base")).toContain("a run is named beside other paths");
  expect(await refusal("base", "trained", "--rollouts", "run", "--base", "base")).toContain("--base is about a run");
  cpSync(at("run"), at("headless"), { recursive: true });
  rmSync(at("headless/checkpoints/step-000000"), { recursive: true });
  expect(await refusal("headless", "--step", "0")).toContain("pass the base policy's folder");
  expect(await refusal("run", "--step", "9", "--json", at("none.json"))).toContain("made no update");
  expect(existsSync(at("none.json"))).toBe(false);
  expect(await refusal("run", "--problems", "none")).toContain('--problems is "none"');
});

test("rlvr analyse interference: runs that were not kept, or take several updates a step, are refused", async () => {
  cpSync(at("run"), at("bare"), { recursive: true });
  rmSync(at("bare/checkpoints"), { recursive: true });
  expect(await refusal("bare")).toContain("has no checkpoint with a step behind it");
  cpSync(at("run"), at("many"), { recursive: true });
  const config = readFileSync(at("many/config.json"), "utf8");
  writeFileSync(at("many/config.json"), config.replace('"miniBatches": 1', '"miniBatches": 2'));
  expect(await refusal("many")).toMatch(/^UsageError: storedUpdate: .*has miniBatches 2/);
});

test("rlvr analyse interference: a run in which nothing was ever right is refused", async () => {
  cpSync(at("run"), at("wrong"), { recursive: true });
  for (const name of readdirSync(at("wrong/rollouts")).filter((file) => file.endsWith(".jsonl"))) {
    const path = at("wrong/rollouts", name);
    const text = readFileSync(path, "utf8");
    writeFileSync(
      path,
      text.replaceAll('"reward":1', '"reward":0').replaceAll('"status":"correct"', '"status":"wrong"'),
    );
  }
  expect(await refusal("wrong")).toMatch(/0 of the \d+ problems in .* have a right completion/);
});
