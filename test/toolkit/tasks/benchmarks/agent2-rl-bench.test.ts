import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  type ComparedRun,
  compareRuns,
  denseRewardScore,
  gradingServer,
  type RegisteredTask,
  readRunLog,
  recipes,
  runMetrics,
  sampleScore,
  taskRegistry,
  tinyRun,
  tinyTasks,
} from "../../../../src/toolkit/tasks/benchmarks/index.ts";

/** The artefact is its own score, or what its evaluation throws. */
const task: RegisteredTask<number | string, string> = {
  id: "echo",
  level: 1,
  trainData: ["a"],
  heldOut: ["b"],
  evaluate: (artifact) => {
    if (typeof artifact === "string") throw new Error(artifact);
    return artifact;
  },
};
const base = { path: "base", stamp: 0, content: 21.91 };

test("agent2: the grader answers the same artefact from its cache, records failures, and never leaves the workspace", async () => {
  let now = 100;
  const server = await gradingServer<number | string, string>({
    task,
    base,
    workspaceRoot: "/work/run",
    clock: () => now,
    timeout: 1000,
  });
  expect(server.baseline).toBe(21.91);
  now = 200;
  const first = await server.submit({ path: "out/a", stamp: 1, content: 30.2 });
  expect(first).toMatchObject({ id: 1, score: 30.2, improvement: 8.29, best: 30.2, total: 1, time: 200, copy: false });
  now = 300;
  expect(await server.submit({ path: "/work/run/out/a", stamp: 1, content: 30.2 })).toEqual(first);
  expect(server.scores()).toHaveLength(1);
  expect(await server.submit({ path: "out/a", stamp: 2, content: "diverged" })).toMatchObject({
    id: 2,
    score: 0,
    error: "diverged",
    best: 30.2,
  });
  await server.submit({ path: "out/a", stamp: 2, content: "diverged" }); // a failure is tried again
  expect(await server.submit(base)).toMatchObject({ total: 4, copy: true, improvement: 0 });
  for (const path of ["../other", "/etc/passwd", "out/../../x", "."]) {
    await expect(server.submit({ path, stamp: 0, content: 99 })).rejects.toThrow("outside the workspace");
  }
  await expect(server.submit(undefined)).rejects.toThrow("there is no artefact");
  await expect(server.submit({ path: "nan", stamp: 0, content: Number.NaN })).rejects.toThrow("gave NaN");
  expect(server.time()).toEqual({
    start: 100,
    timeout: 1000,
    lastSubmit: 300,
    end: undefined,
    now: 300,
    remaining: 800,
  });
  now = 1101;
  await expect(server.submit({ path: "late", stamp: 0, content: 99 })).rejects.toThrow("the budget ended");
  expect(server.finish()).toMatchObject({
    submissions: 4,
    best: 30.2,
    copyModelCount: 1,
    success: false,
    lastSubmitGap: 801,
  });
});

test("agent2: evaluations run one at a time", async () => {
  let [running, most] = [0, 0];
  const slow: RegisteredTask<number, string> = {
    ...task,
    evaluate: async (artifact) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      return artifact;
    },
  };
  const server = await gradingServer({ task: slow, base, workspaceRoot: "/w", clock: () => 0 });
  const answers = await Promise.all([1, 2, 3].map((n) => server.submit({ path: `p${n}`, stamp: 0, content: n })));
  expect([most, answers.map(({ id, score }) => [id, score])]).toEqual([
    1,
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  ]);
});

test("agent2: a registry without held-out data, with leaks or with a name twice is refused", async () => {
  const registry = taskRegistry<number | string, string>();
  registry.register(task);
  expect(registry.get("echo")).toBe(task);
  expect(() => registry.register(task)).toThrow('there is a task "echo"');
  expect(() => registry.register({ ...task, id: "x", heldOut: [] })).toThrow("no held-out data");
  expect(() => registry.register({ ...task, id: "x", heldOut: ["c", "a"] })).toThrow("held-out item 1");
  expect(() => registry.get("y")).toThrow("pass one of echo");
  const open = gradingServer({ task: { ...task, heldOut: [] }, base, workspaceRoot: "/w", clock: () => 0 });
  await expect(open).rejects.toThrow("no held-out data");
});

test("agent2: scores of episodes and of samples", () => {
  const { score, meanReward } = denseRewardScore([1, 0.5, 0.49, 0]);
  expect([score, meanReward]).toEqual([50, expect.closeTo(0.4975, 12)]);
  const samples = ["4", "5", ""].map((output) => ({ question: "2+2", output, reference: 4 }));
  const exact = (_: string, output: string, reference: number): number => {
    if (output === "") throw new Error("no answer");
    return Number(output) === reference ? 1 : 0;
  };
  expect(sampleScore(samples, exact)).toEqual({ score: 100 / 3, exceptions: 1 });
  expect(() => sampleScore(samples, () => 2)).toThrow("sample 0 scores 2");
});

test("agent2: logs of real runs are read from their folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rlvr-run-log-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await expect(readRunLog(folder)).rejects.toThrow("no run_meta.json");
  const start = Date.parse("2026-04-12T08:00:00Z") / 1000;
  const meta = { start_time: start, end_time: start + 40_000, timeout_s: 43_200 };
  writeFileSync(join(folder, "run_meta.json"), JSON.stringify(meta));
  expect((await readRunLog(folder)).log).toEqual([]);
  const entry = (score: number, timestamp: string, model_path: string) => ({ score, timestamp, model_path });
  const scores = [entry(21.91, "2026-04-12T08:10:00Z", "/models/base"), entry(30.2, "2026-04-12T09:00:00Z", "/w/a")];
  writeFileSync(join(folder, "scores.json"), JSON.stringify(scores));
  const run = await readRunLog(folder, { baseline: 21.91, basePath: "/models/base/" });
  expect(runMetrics(run.log, { ...run.meta, standardError: 4 })).toMatchObject({
    timeToFirstImprovement: 3600,
    improvement: 8.29,
    improvementInErrors: 8.29 / 4,
    copyModelCount: 1,
    lastSubmitGap: 36_400,
    success: true,
  });
  writeFileSync(join(folder, "scores.json"), JSON.stringify([{ score: 1 }]));
  await expect(readRunLog(folder)).rejects.toThrow("entry 0");
});

test("agent2: recipes on the three tiny tasks: copies and the bug gain nothing, imitation and then learning gain most", async () => {
  const runs: ComparedRun[] = [];
  for (const tiny of tinyTasks()) {
    for (const recipe of recipes) {
      for (const seed of [1, 2]) {
        const { baseline, metrics } = await tinyRun({ task: tiny, recipe, seed, budget: 8000 });
        runs.push({ participant: recipe.name, task: tiny.id, baseline, metrics });
      }
    }
  }
  const { rows } = compareRuns(runs);
  const gain = (participant: string, name: string): number =>
    rows.find((row) => row.participant === participant && row.task === name)?.improvement ?? Number.NaN;
  for (const { id } of tinyTasks()) {
    expect(gain("copy", id)).toBe(0);
    expect(gain("grpo with a bug", id)).toBe(0);
    expect(gain("sft", id)).toBeGreaterThan(10);
    expect(gain("sft, grpo", id)).toBeGreaterThan(10);
  }
  expect(gain("grpo", "modular-arithmetic")).toBeGreaterThan(20);
  expect(rows.find(({ participant }) => participant === "copy")).toMatchObject({ runs: 2, copies: 1, submissions: 1 });
  const [tiny, , , both] = [tinyTasks()[2], 0, 0, recipes[3]];
  if (!tiny || !both) throw new Error("there are three tasks and five recipes");
  const again = { task: tiny, recipe: both, seed: 1, budget: 2000 };
  expect(await tinyRun(again)).toEqual(await tinyRun(again));
});
