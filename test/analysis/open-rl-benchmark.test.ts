import { expect, test } from "vitest";
import {
  aggregateReport,
  learningCurve,
  matchesFilter,
  normalizeReference,
  parseFilter,
  parseFilterSet,
  queryRuns,
  type Runset,
  resampleCurve,
  resultCell,
  resultTable,
  runtimeText,
  type TrackedRun,
  tableCsv,
  tableMarkdown,
} from "../../src/analysis/index.ts";

const set = parseFilterSet([
  "?we=lab&wpn=study&ceik=task&cen=algorithm&xaxis=step&metric=eval/pass@1",
  "grpo?tag=v1&cl=GRPO",
  "dapo?seed=1&seed=2",
]);

const run = (algorithm: string, task: string, seed: number, values: readonly (number | null)[]): TrackedRun => ({
  id: `${algorithm}/${task}/${seed}`,
  state: "finished",
  config: { algorithm, task, seed },
  tags: ["v1", "x"],
  history: values.map((value, i) => ({ step: 10 * i, _runtime: 60 * (i + 1), "eval/pass@1": value })),
});
const tracked: TrackedRun[] = [
  run("grpo", "add", 1, [0.1, 0.2, 0.6]),
  run("grpo", "add", 2, [0.1, null, 0.4]),
  run("grpo", "count", 1, [0, 0.5, 1]),
  { ...run("grpo", "count", 2, [0, 0.2]), state: "running" },
  run("grpo", "count", 3, [null, null]),
  run("dapo", "add", 1, [0.2, 0.4, 0.8]),
  run("dapo", "add", 3, [0.9, 0.9, 0.9]), // seed 3 is not asked for
  run("dapo", "count", 2, [0.1, 0.3, 0.5]),
];

test("parseFilter: name, tags, legend, and values as numbers, booleans or text", () => {
  const filter = parseFilter("ppo?tag=v1&seed=1&seed=2&cl=My PPO&fast=True&name=a1");
  expect(filter).toMatchObject({ experiment: "ppo", legend: "My PPO", tags: ["v1"], user: undefined });
  expect(filter.config).toEqual({ seed: [1, 2], fast: [true], name: ["a1"] });
  expect(parseFilter("ppo").legend).toBe("ppo");
  expect(() => parseFilter("?seed=1")).toThrow("names no experiment");
});

test("matchesFilter: all tags, the user, and one of the values of every key", () => {
  const filter = parseFilter("ppo?tag=v1&seed=1&seed=2&cl=My PPO");
  const one = { config: { exp_name: "ppo", seed: 2 }, tags: ["v1", "x"] };
  expect(matchesFilter(filter, one)).toBe(true);
  expect(matchesFilter(filter, { ...one, config: { exp_name: "ppo", seed: 3 } })).toBe(false);
  expect(matchesFilter(filter, { ...one, tags: ["x"] })).toBe(false);
  expect(matchesFilter(filter, { ...one, config: { exp_name: "dqn", seed: 2 } })).toBe(false);
  expect(matchesFilter(parseFilter("ppo?user=ann"), { ...one, user: "bob" })).toBe(false);
  expect(matchesFilter(parseFilter("ppo?user=ann"), { ...one, user: "ann" })).toBe(true);
  expect(matchesFilter(parseFilter("ppo?seed=1"), { ...one, config: { exp_name: "ppo", seed: "1" } })).toBe(false); // text
});

test("parseFilterSet: the first string names the keys, with the tool's defaults", () => {
  expect(set).toMatchObject({ entity: "lab", project: "study", environmentKey: "task", experimentKey: "algorithm" });
  expect(parseFilterSet(["?we=lab", "ppo"])).toMatchObject({
    environmentKey: "env_id",
    experimentKey: "exp_name",
    xAxis: "global_step",
    metric: "charts/episodic_return",
  });
  expect(() => parseFilterSet(["ppo"])).toThrow('the first string is "ppo"');
  expect(() => parseFilterSet(["?we=lab"])).toThrow("there is no experiment");
  expect(() => parseFilterSet(["?wp=lab", "ppo"])).toThrow('there is no key "wp"');
});

test("queryRuns: one set for each experiment and task; what is left out is listed with the reason", () => {
  const runsets = queryRuns(tracked, set, ["add", "count"]);
  expect(
    runsets.map(({ experiment, environment, runs }) => [experiment, environment, runs.map(({ id }) => id)]),
  ).toEqual([
    ["GRPO", "add", ["grpo/add/1", "grpo/add/2"]],
    ["GRPO", "count", ["grpo/count/1"]],
    ["dapo", "add", ["dapo/add/1"]],
    ["dapo", "count", ["dapo/count/2"]],
  ]);
  expect(runsets[1]?.skipped).toEqual([
    { id: "grpo/count/2", reason: "still running" },
    { id: "grpo/count/3", reason: "no eval/pass@1 at any step" },
  ]);
  expect(runsets[0]?.runs[1]).toEqual({ id: "grpo/add/2", steps: [0, 20], values: [0.1, 0.4], runtime: 180 });
  expect(() => queryRuns(tracked, set, ["sort"])).toThrow('no run has task "sort"');
  const none = parseFilterSet(["?ceik=task&cen=algorithm", "rloo"]);
  expect(() => queryRuns(tracked, none, ["add"])).toThrow('"rloo" has no usable run on "add" (none found)');
  expect(queryRuns(tracked, none, ["add"], { allowEmpty: true })[0]?.runs).toEqual([]);
  const broken = { ...run("grpo", "add", 1, [Number.NaN]) };
  expect(() => queryRuns([broken], set, ["add"])).toThrow("row 0 of run grpo/add/1 has eval/pass@1 NaN");
});

test("resultTable: cells, number of runs, runtimes; as Markdown and CSV", () => {
  const table = resultTable(queryRuns(tracked, set, ["add", "count"]), { window: 1 });
  expect(table.cells[0]?.map((cell) => cell?.text)).toEqual(["0.50 ± 0.10", "0.80 ± 0.00"]); // 0.6 and 0.4
  expect(table.cells[0]?.[0]?.n).toBe(2);
  expect(table.runtimes).toEqual([
    [180, 180],
    [180, 180],
  ]); // the last row's, 60 · 3
  expect(tableMarkdown(table)).toBe(
    "|  | GRPO | dapo |\n| --- | --- | --- |\n| add | 0.50 ± 0.10 | 0.80 ± 0.00 |\n| count | 1.00 ± 0.00 | 0.50 ± 0.00 |\n",
  );
  expect(tableCsv(table).split("\n").slice(0, 2)).toEqual([
    "task,experiment,mean,std,n",
    expect.stringMatching(/^add,GRPO,0\.5,0\.(1|0999)\d*,2$/),
  ]);
  expect([runtimeText(42), runtimeText(210), runtimeText(7560)]).toEqual(["42.0 s", "3.5 m", "2.1 h"]);
  const twice = queryRuns(tracked, { ...set, filters: [parseFilter("grpo"), parseFilter("grpo")] }, ["add"]);
  expect(() => resultTable(twice)).toThrow('"grpo" is twice on "add"');
});

test("resultCell: runs without a value are left out and listed; values must be finite", () => {
  expect(resultCell([[null], [1, 3]]).skipped).toEqual([0]);
  expect(() => resultCell([[1, Number.NaN]])).toThrow("a value of run 0 is NaN");
  // Halves go to the even digit, as Python prints them; 2.675 is below the half in binary.
  expect([0.125, -0.125, 0.375, 2.5, 2.675].map((value) => resultCell([[value]]).text.split(" ")[0])).toEqual([
    "0.12",
    "-0.12",
    "0.38",
    "2.50",
    "2.67",
  ]);
});

test("resampleCurve: counts replaced points", () => {
  expect(resampleCurve([0, 5, 5, 10, 10], [1, 2, 4, 3, 3], 3)).toEqual({
    steps: [0, 5, 10],
    values: [1, 4, 3],
    replaced: 1,
  });
  expect(() => resampleCurve([0, Number.NaN], [1, 2], 3)).toThrow("point 1 is 2 at step NaN");
});

test("learningCurve: smoothed, then mean and spread on the steps that all runs share", () => {
  const runset: Runset = {
    experiment: "a",
    environment: "e",
    skipped: [],
    runs: [
      { id: "1", steps: [0, 10, 20], values: [0, 2, 4], runtime: undefined },
      { id: "2", steps: [5, 15], values: [4, 8], runtime: undefined },
    ],
  };
  const curve = learningCurve(runset, { window: 1, points: 3 });
  expect(curve.steps).toEqual([5, 10, 15]);
  expect(curve.mean).toEqual([2.5, 4, 5.5]); // (1 + 4) / 2, (2 + 6) / 2, (3 + 8) / 2
  expect(curve.std).toEqual([1.5, 2, 2.5]);
  // Rolling means of two points: 0, 1, 3 and 4, 6.
  expect(learningCurve(runset, { window: 2, points: 2 }).mean).toEqual([(0.5 + 4) / 2, (2 + 6) / 2]);
  const apart = { ...runset, runs: [...runset.runs, { id: "3", steps: [30], values: [1], runtime: undefined }] };
  expect(() => learningCurve(apart)).toThrow('runs of "a" share no steps (30 to 15)');
});

test("normalizeReference: reads table cells", () => {
  const { scores } = normalizeReference([{ score: "403 ± 12.5", random: 1.7, human: 30.5 }]);
  expect(scores[0]).toBeCloseTo(13.9340277778, 9);
  expect(() => normalizeReference([{ score: "n/a", random: 0, human: 1 }])).toThrow("score of game 0 is NaN");
});

test("aggregateReport: as many runs as the task with the fewest has, on the common scale", () => {
  const report = aggregateReport(queryRuns(tracked, set, ["add", "count"]), { points: 3, resamples: 50 });
  const [grpo, dapo] = report.experiments;
  expect([grpo?.runs, grpo?.dropped, dapo?.runs]).toEqual([1, ["grpo/add/2"], 1]);
  expect(report.scale).toEqual({ min: [0.1, 0], max: [0.8, 1] });
  // Last points of GRPO: (0.6 − 0.1) / 0.7 and 1; of DAPO: 1 and 0.5.
  expect(grpo?.aggregates.mean.value).toBeCloseTo((0.5 / 0.7 + 1) / 2, 12);
  expect(dapo?.aggregates.optimalityGap.value).toBeCloseTo(0.25, 12);
  expect(grpo?.efficiency.map(({ value }) => value)).toEqual(
    [0, 0.1 / 0.7 / 2 + 0.25, (0.5 / 0.7 + 1) / 2].map((value) => expect.closeTo(value, 12)),
  );
  expect(grpo?.steps).toEqual([0, 10, 20]);
  expect(grpo?.seconds).toEqual([0, 90, 180]);
  expect(report.thresholds).toHaveLength(81);
  expect(grpo?.profile[80]?.value).toBe(0); // strictly above 1
  expect(dapo?.aggregates.iqm.warnings.join()).toContain("a single run");
});

test("aggregateReport: reference scores make the scale; a missing task or reference is refused", () => {
  const runsets = queryRuns(tracked, set, ["add", "count"]);
  const references = { add: { random: 0, human: 0.5 }, count: { random: 0, human: 1 } };
  const report = aggregateReport(runsets, { normalize: references, points: 2, resamples: 5 });
  expect(report.experiments[1]?.aggregates.mean.value).toBeCloseTo((1.6 + 0.5) / 2, 12);
  expect(report.thresholds.at(-1)).toBe(8);
  expect(report.scale).toBeUndefined();
  expect(() => aggregateReport(runsets, { normalize: { add: { random: 0, human: 1 } } })).toThrow(
    'no reference scores of "count"',
  );
  expect(() => aggregateReport(runsets.slice(1))).toThrow('"GRPO" has no run on "add"');
  expect(() => aggregateReport(runsets, { points: 1 })).toThrow("points is 1");
  expect(() => aggregateReport([])).toThrow("there is no runset");
});
