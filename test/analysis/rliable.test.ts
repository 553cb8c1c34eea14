import { expect, test } from "vitest";
import {
  aggregate,
  differenceInterval,
  type IntervalKind,
  improvementInterval,
  linearCongruential,
  performanceProfile,
  probabilityOfImprovement,
  profileIntervals,
  sampleEfficiency,
  stratifiedBootstrap,
  stratifiedBootstrapVector,
} from "../../src/analysis/index.ts";
import { pythonHas, runPython } from "../support/python.ts";

const x = [
  [0.2, 0.9, 1.4],
  [0.5, 1.1, 0.7],
  [0.4, 0.8, 1.0],
  [0.9, 1.3, 1.2],
];
/** Scores spread like noise, by a formula that Python repeats: numbers below are rliable 1.2.0's on them. */
const spread = (runs: number, tasks: number, shift: number): number[][] =>
  Array.from({ length: runs }, (_, n) =>
    Array.from({ length: tasks }, (_, m) => {
      const hash = Math.imul(n * 37 + m * 101 + shift, 2654435761) >>> 0;
      return (hash / 4294967296) * 0.6 + (0.4 * m) / tasks;
    }),
  );
const [large, other] = [spread(10, 26, 1), spread(6, 26, 5000)];

test("rliable: the optimality gap counts what is below gamma alone", () => {
  expect(aggregate(x, "optimalityGap", { gamma: 2 })).toBeCloseTo(2 - 10.4 / 12, 12); // no score is above 2
  expect(aggregate(x, "optimalityGap", { gamma: 1 })).toBeCloseTo(1 - (10.4 - 0.4 - 0.1 - 0.3 - 0.2) / 12, 12);
});

test("rliable: the injected generator's draws and the three intervals", () => {
  const draws: number[][][] = [];
  stratifiedBootstrapVector(
    [0, 1, 2, 3].map((n) => [n, n, n]),
    (drawn) => {
      draws.push(drawn.map((row) => Array.from(row)));
      return [0];
    },
    { resamples: 1, source: linearCongruential(1) },
  );
  // s = 1015568748, 1586005467, 2165703038 ... from 1: s >> 16 = 15496, 24200, 33046, mod 4 = 0, 0, 2
  expect(draws.at(-1)).toEqual([
    [0, 0, 2],
    [3, 0, 0],
    [2, 2, 0],
    [1, 1, 0],
  ]);
  const ends: Record<Exclude<IntervalKind, "bca">, [number, number]> = {
    percentile: [0.75, 1.0670833333],
    basic: [0.7329166667, 1.05], // 1.8 − 1.06708…, 1.8 − 0.75
    bc: [0.7177246155, 1.05],
  };
  for (const interval of ["percentile", "basic", "bc"] as const) {
    const result = stratifiedBootstrap(x, "iqm", { resamples: 200, interval, source: linearCongruential(1) });
    expect(result.value).toBeCloseTo(0.9, 12);
    expect(result.low).toBeCloseTo(ends[interval][0], 9);
    expect(result.high).toBeCloseTo(ends[interval][1], 9);
    expect(result.interval).toBe(interval);
    expect(result.warnings).toEqual([]);
    for (const [i, value] of [0.9333333333, 1, 0.9166666667].entries()) {
      expect(result.replicates[i]).toBeCloseTo(value, 9);
    }
  }
  const mean = stratifiedBootstrap(x, "mean", { resamples: 200, source: linearCongruential(7) });
  expect(mean.low).toBeCloseTo(0.7495833333, 9);
  expect(mean.high).toBeCloseTo(0.9916666667, 9);
});

test("rliable: own draws are even within each task, and independent between places", () => {
  const runs = 10;
  const resamples = 4000;
  const pairs = new Float64Array(runs * runs);
  stratifiedBootstrapVector(
    Array.from({ length: runs }, (_, n) => [n, n, n]),
    (drawn) => {
      for (const row of drawn) {
        for (let m = 1; m < 3; m++) {
          const at = (row[m - 1] ?? 0) * runs + (row[m] ?? 0);
          pairs[at] = (pairs[at] ?? 0) + 1;
        }
      }
      return [0];
    },
    { resamples, seed: 11 },
  );
  const expected = pairs.reduce((sum, count) => sum + count, 0) / pairs.length;
  const chi2 = pairs.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(expected).toBeGreaterThan(790); // 4000 resamples · 10 runs · 2 pairs / 100 kinds
  expect(chi2).toBeGreaterThan(61); // chi-square, 99 degrees of freedom, 0.001 to 0.999
  expect(chi2).toBeLessThan(149);
});

test("rliable: named statistics and the same as a function agree on the same draws; a seed repeats", () => {
  const options = { resamples: 300, seed: 5 };
  const iqm = (scores: readonly ArrayLike<number>[]): number => {
    const sorted = scores.flatMap((row) => Array.from(row)).sort((a, b) => a - b);
    const cut = Math.floor(sorted.length / 4);
    const kept = sorted.slice(cut, sorted.length - cut);
    return kept.reduce((sum, score) => sum + score, 0) / kept.length;
  };
  const gap = (scores: readonly ArrayLike<number>[]): number =>
    scores.flatMap((row) => Array.from(row)).reduce((sum, score) => sum + 0.5 - Math.min(score, 0.5), 0) / 260;
  const median = (scores: readonly ArrayLike<number>[]): number => {
    const means = Array.from({ length: 26 }, (_, m) => scores.reduce((sum, row) => sum + (row[m] ?? 0), 0) / 10);
    means.sort((a, b) => a - b);
    return ((means[12] ?? 0) + (means[13] ?? 0)) / 2;
  };
  for (const [name, statistic] of [
    ["iqm", iqm],
    ["optimalityGap", gap],
    ["median", median],
  ] as const) {
    const [fast, slow] = [
      stratifiedBootstrap(large, name, { ...options, gamma: 0.5 }),
      stratifiedBootstrap(large, statistic, options),
    ];
    for (const [r, value] of slow.replicates.entries()) expect(fast.replicates[r]).toBeCloseTo(value, 12);
    expect(fast.low).toBeCloseTo(slow.low, 12);
    expect(stratifiedBootstrap(large, name, { ...options, gamma: 0.5 }).high).toBe(fast.high);
    expect(stratifiedBootstrap(large, name, { ...options, gamma: 0.5, seed: 6 }).high).not.toBe(fast.high);
  }
});

test("rliable: agrees with the reference package's numbers", () => {
  // Stored from rliable 1.2.0; its intervals have 50,000 resamples with other draws (about ±0.0003 at the ends).
  expect(aggregate(large, "mean")).toBeCloseTo(0.4923914191599649, 12);
  expect(aggregate(large, "median")).toBeCloseTo(0.4889799147643722, 12);
  expect(aggregate(large, "iqm")).toBeCloseTo(0.4913876090779868, 12);
  expect(aggregate(large, "optimalityGap")).toBeCloseTo(0.5076085808400351, 12);
  expect(aggregate(large, "optimalityGap", { gamma: 0.5 })).toBeCloseTo(0.08966015998691529, 12);
  expect(probabilityOfImprovement(large, other).average).toBeCloseTo(0.49358974358974356, 12);
  const taus = [0.2, 0.5, 0.8];
  for (const [i, share] of performanceProfile(large, taus).entries()) {
    expect(share).toBeCloseTo([0.9115384615384615, 0.4846153846153846, 0.08076923076923077][i] ?? 0, 12);
  }
  for (const [i, share] of performanceProfile(large, taus, { kind: "taskMeans" }).entries()) {
    expect(share).toBeCloseTo([1, 0.46153846153846156, 0][i] ?? 0, 12);
  }
  const near = (estimate: { low: number; high: number }, low: number, high: number): void => {
    expect(Math.abs(estimate.low - low)).toBeLessThan(0.0015);
    expect(Math.abs(estimate.high - high)).toBeLessThan(0.0015);
  };
  near(stratifiedBootstrap(large, "mean"), 0.47178557894568746, 0.5131409310043091);
  near(stratifiedBootstrap(large, "median"), 0.45153727315599107, 0.531970554333216);
  near(stratifiedBootstrap(large, "iqm"), 0.46531944240220013, 0.5174642184484888);
  near(stratifiedBootstrap(large, "optimalityGap"), 0.48685906899569104, 0.5282144210543125);
  near(stratifiedBootstrap(large, "iqm", { interval: "basic" }), 0.4657222093752801, 0.5174177801857873);
  near(stratifiedBootstrap(large, "median", { interval: "bc" }), 0.4457015136507796, 0.5260788765775326);
  near(stratifiedBootstrap(large, "iqm", { taskBootstrap: true }), 0.4364975953930734, 0.5466536870384266);
  near(improvementInterval(large, other, { resamples: 20_000 }), 0.43653846153846154, 0.5525641025641026);
  const profile = profileIntervals(large, taus, { resamples: 20_000 });
  const grain = 1 / 260; // a profile moves in steps of one score
  for (const [i, [low, high]] of [
    [0.8769230769230769, 0.9423076923076923],
    [0.4307692307692308, 0.5384615384615384],
    [0.05, 0.11153846153846154],
  ].entries()) {
    expect(Math.abs((profile[i]?.low ?? 0) - (low ?? 0))).toBeLessThan(grain * 1.01);
    expect(Math.abs((profile[i]?.high ?? 0) - (high ?? 0))).toBeLessThan(grain * 1.01);
  }
});

const rliable = pythonHas("rliable.library", "rliable.metrics");
if (!rliable) console.log("rliable: not found for Python (RLVR_PYTHON), compared with stored numbers only");
test.skipIf(!rliable)("rliable: agrees with the installed package on the same scores", () => {
  const program = `
import json, sys, numpy as np
from rliable import library, metrics
X, Y = [np.array(m) for m in json.load(sys.stdin)]
f = lambda s: np.array([metrics.aggregate_mean(s), metrics.aggregate_median(s), metrics.aggregate_iqm(s), metrics.aggregate_optimality_gap(s)])
np.random.seed(3)
ci = library.StratifiedBootstrap(X).conf_int(f, reps=5000, method="percentile")
print(json.dumps({"points": f(X).tolist(), "low": ci[0].tolist(), "high": ci[1].tolist(), "poi": float(metrics.probability_of_improvement(X, Y))}))`;
  const [a, b] = [spread(7, 12, 77), spread(5, 12, 901)];
  const theirs = runPython(program, [a, b]) as { points: number[]; low: number[]; high: number[]; poi: number };
  expect(probabilityOfImprovement(a, b).average).toBeCloseTo(theirs.poi, 12);
  for (const [i, name] of (["mean", "median", "iqm", "optimalityGap"] as const).entries()) {
    const mine = stratifiedBootstrap(a, name);
    expect(mine.value).toBeCloseTo(theirs.points[i] ?? 0, 12);
    const slack = 0.08 * (mine.high - mine.low); // 5000 resamples: an end's own error is 2 % of the width
    expect(Math.abs(mine.low - (theirs.low[i] ?? 0))).toBeLessThan(slack);
    expect(Math.abs(mine.high - (theirs.high[i] ?? 0))).toBeLessThan(slack);
  }
});

test("rliable: equal scores have an interval without width, and bc says that it fell back", () => {
  const same = [
    [0.5, 0.5],
    [0.5, 0.5],
  ];
  for (const interval of ["percentile", "basic", "bc"] as const) {
    const {
      value,
      low,
      high,
      warnings,
      interval: given,
    } = stratifiedBootstrap(same, "iqm", { resamples: 20, interval });
    expect([value, low, high]).toEqual([0.5, 0.5, 0.5]);
    expect(given).toBe(interval === "bc" ? "percentile" : interval);
    expect(warnings).toEqual(
      interval === "bc" ? ["no replicate is below the value: bc is not defined, percentile given"] : [],
    );
  }
});

test("rliable: one run collapses the interval and warns, unless tasks are drawn too", () => {
  const single = [[0.1, 0.5, 0.9]];
  const alone = stratifiedBootstrap(single, "mean", { resamples: 50 });
  expect([alone.low, alone.high]).toEqual([0.5, 0.5]);
  expect(alone.warnings.join()).toContain("a single run");
  expect(improvementInterval(x, [[1, 1, 1]], { resamples: 5 }).warnings).toHaveLength(1);
  const tasks = stratifiedBootstrap(single, "mean", { resamples: 500, taskBootstrap: true });
  expect(tasks.high - tasks.low).toBeGreaterThan(0.3);
});

test("rliable: a sample-efficiency curve is the aggregate at each checkpoint, on shared draws", () => {
  const curves = x.map((row) => row.map((score) => [score / 2, score]));
  const [half, full] = sampleEfficiency(curves, "iqm", { resamples: 400, seed: 2 });
  const direct = stratifiedBootstrap(x, "iqm", { resamples: 400, seed: 2 });
  expect(full?.low).toBe(direct.low);
  expect(half?.value).toBeCloseTo(direct.value / 2, 12);
  expect(half?.high).toBeCloseTo(direct.high / 2, 12); // the same draws of halved scores
  expect(() => sampleEfficiency([[[1, 2], [1]]])).toThrow("run 0 has 1 checkpoints on task 1, not 2");
});

test("rliable: the interval of a difference, and of the chance to win, tells a real difference from none", () => {
  const better = large.map((row) => row.map((score) => score + 0.1));
  const { value, low, high } = differenceInterval(better, large, "iqm", { resamples: 2000 });
  expect(value).toBeCloseTo(0.1, 12);
  expect(low).toBeGreaterThan(0);
  expect(high).toBeLessThan(0.2);
  const chance = improvementInterval(better, large, { resamples: 500 });
  expect(chance.low).toBeGreaterThan(0.5);
  const none = differenceInterval(large, large, "mean", { resamples: 2000 });
  expect(none.low).toBeLessThan(0);
  expect(none.high).toBeGreaterThan(0);
  // Independent draws of both: the interval is √2 times as wide as that of one sample, not 0.
  const one = stratifiedBootstrap(large, "mean", { resamples: 2000 });
  expect((none.high - none.low) / (one.high - one.low)).toBeCloseTo(Math.SQRT2, 1);
});

test("rliable: profile intervals hold the profile and shrink with the confidence", () => {
  const taus = [0, 0.8, 0.4];
  const wide = profileIntervals(x, taus, { resamples: 500, confidence: 0.95 });
  const narrow = profileIntervals(x, taus, { resamples: 500, confidence: 0.5 });
  expect(wide.map(({ value }) => value)).toEqual(performanceProfile(x, taus));
  expect((wide[1]?.high ?? 0) - (wide[1]?.low ?? 0)).toBeGreaterThan((narrow[1]?.high ?? 0) - (narrow[1]?.low ?? 0));
  const means = profileIntervals(x, [0.6], { resamples: 500, kind: "taskMeans" })[0];
  expect(means?.value).toBeCloseTo(2 / 3, 12); // task means 0.5, 1.025, 1.075
});

test.each([
  {
    name: "ragged scores",
    call: () => aggregate([[1, 2], [1]], "mean"),
    says: "row 1 of scores has 1 scores, row 0 has 2",
  },
  { name: "no run", call: () => aggregate([], "iqm"), says: "scores has no run" },
  { name: "no task", call: () => aggregate([[]], "iqm"), says: "scores has no task" },
  {
    name: "NaN",
    call: () => aggregate([[1, Number.NaN]], "iqm"),
    says: "the score of run 0 on task 1 in scores is NaN",
  },
  { name: "infinity", call: () => performanceProfile([[Infinity]], [0]), says: "is Infinity" },
  { name: "unlike tasks", call: () => improvementInterval([[1, 2]], [[1]]), says: "x has 2 tasks and y has 1" },
  { name: "confidence 1", call: () => stratifiedBootstrap(x, "iqm", { confidence: 1 }), says: "confidence is 1" },
  { name: "no resample", call: () => stratifiedBootstrap(x, "iqm", { resamples: 0 }), says: "resamples is 0" },
  {
    name: "an unknown option",
    call: () => stratifiedBootstrap(x, "iqm", { repetitions: 5 } as object),
    says: 'no option "repetitions"',
  },
  { name: "a threshold of NaN", call: () => performanceProfile(x, [Number.NaN]), says: "a threshold is NaN" },
  {
    name: "gamma of infinity",
    call: () => aggregate(x, "optimalityGap", { gamma: Infinity }),
    says: "gamma is Infinity",
  },
  { name: "a seed with a fraction", call: () => linearCongruential(0.5), says: "the seed is 0.5" },
  {
    name: "a statistic that changes its length",
    call: () => {
      let calls = 0;
      return stratifiedBootstrapVector(x, () => (calls++ < 3 ? [1] : [1, 2]), { resamples: 9 });
    },
    says: "the statistic gave 2 numbers, then 1",
  },
])("rliable: $name is refused", ({ call, says }) => {
  expect(call).toThrow(says);
});
