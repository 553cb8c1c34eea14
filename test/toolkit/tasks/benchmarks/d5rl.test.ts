import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  binSortReward,
  elementComplete,
  multiObjectEval,
  offlineOnlineReport,
  readKitchenEpisode,
  suiteReport,
  switchLogs,
  switchWorld,
  tolerance,
} from "../../../../src/toolkit/tasks/benchmarks/index.ts";
import { writeNpz } from "../../../../src/toolkit/tasks/benchmarks/shared/npz.ts";

test.each([
  [{ correct: 2, n: 2, allPlaced: true }, 2, true],
  [{ correct: 1, n: 2, allPlaced: true }, -1, false],
  [{ correct: 1, n: 2, allPlaced: false }, 1, false],
  [{ correct: 0, n: 2, allPlaced: true }, -2, false],
])("d5rl: bin sorting of %o", (state, reward, success) => {
  expect(binSortReward(state)).toEqual({ reward, success });
});

test("d5rl: bins that cannot be are refused", () => {
  expect(() => binSortReward({ correct: 3, n: 2, allPlaced: true })).toThrow("3 of 2 are correct");
  expect(() => binSortReward({ correct: 2, n: 2, allPlaced: false })).toThrow("pass counts that fit");
});

test("d5rl: tolerances fall as their shapes say", () => {
  const speed = { low: 0.9, high: 1.1, margin: 1, shape: "linear" } as const;
  expect([0.7, 1, -0.2].map((v) => tolerance(v, speed))).toEqual([expect.closeTo(0.8, 12), 1, 0]);
  expect(tolerance(0.5, { low: 0.9, margin: 0.9, shape: "quadratic" })).toBeCloseTo(1 - (0.4 / 0.9) ** 2, 12);
  const joint = { low: 0, high: 0.3, shape: "gaussian" } as const;
  expect(tolerance(0.5, { ...joint, margin: 0.2 })).toBeCloseTo(0.5, 12);
  expect(tolerance(0.5, { ...joint, margin: 0.1 })).toBeCloseTo(0.0625, 12);
  expect([0.3, 0.31].map((x) => tolerance(x, { ...joint, margin: 0 }))).toEqual([1, 0]);
});

test("d5rl: the two rules of completion", () => {
  const near = { rule: "distance", goal: [-0.88, -0.01], joints: [-0.6, -0.01] } as const;
  expect([elementComplete(near), elementComplete({ ...near, within: 0.2 })]).toEqual([true, false]);
  const past = (element: "microwave" | "slide cabinet" | "kettle", value: number): boolean =>
    elementComplete({ rule: "threshold", element, value });
  expect([past("microwave", -0.56), past("microwave", -0.55)]).toEqual([true, false]);
  expect([past("slide cabinet", 0.26), past("slide cabinet", 0.25)]).toEqual([true, false]);
  expect([past("kettle", 0.09), past("kettle", 0.1)]).toEqual([true, false]);
  expect(() => elementComplete({ ...near, joints: [1] })).toThrow("1 joints and 2 goals");
});

test("d5rl: a curve of two phases, and a suite whose seeds differ", () => {
  const curve = [
    { step: 10, phase: "offline", score: 1 },
    { step: 20, phase: "offline", score: 2 },
    { step: 0, phase: "online", score: 2 },
    { step: 10, phase: "online", score: 4 },
    { step: 40, phase: "online", score: 3 },
  ] as const;
  // (10 · 3 + 30 · 3.5) / 40
  expect(offlineOnlineReport(curve)).toEqual({ offlineFinal: 2, onlineFinal: 3, gain: 1, areaUnderOnline: 3.375 });
  expect(offlineOnlineReport(curve.slice(0, 2))).toEqual({
    offlineFinal: 2,
    onlineFinal: undefined,
    gain: undefined,
    areaUnderOnline: undefined,
  });
  expect(() => offlineOnlineReport([...curve].reverse())).toThrow("out of order");
  const suite = suiteReport([
    { task: "x", seed: 0, curve },
    { task: "x", seed: 1, curve: [{ step: 0, phase: "online", score: 5 }] },
    { task: "y", seed: 0, curve },
  ]);
  expect(suite.perTask.x).toMatchObject({ offlineFinal: 2, onlineFinal: 4, areaUnderOnline: (3.375 + 5) / 2 });
  expect(suite.warnings).toEqual(["seeds differ across tasks: x 0, 1; y 0"]);
});

test("d5rl: demonstrations cover their targets, play covers all a little, neither more than the world allows", () => {
  const world = switchWorld({ side: 4 });
  const scored = (kind: "demo" | "play") => {
    const logs = switchLogs({ world, kind, targets: ["a", "b", "c"], episodes: 60, seed: 3 });
    for (const { states, actions, episode } of logs) {
      expect([states.length, actions.length, episode.length]).toEqual([41, 40, 40]);
      expect(states.every((state) => state >= 0 && state < world.states)).toBe(true);
    }
    return multiObjectEval(
      logs.map(({ episode }) => episode),
      ["a", "b", "c", "d"],
    );
  };
  const [demo, play] = [scored("demo"), scored("play")];
  for (const target of ["a", "b", "c"] as const) expect(demo.perTask[target].mean).toBeGreaterThan(0.9);
  expect(demo.perTask.d.mean).toBeLessThan(0.2); // out of distribution
  expect(play.perTask.d.mean).toBeGreaterThan(0.4);
  expect(play.return.mean).toBeLessThan(demo.return.mean);
  expect(switchLogs({ world, kind: "play", episodes: 2, seed: 3 })).toEqual(
    switchLogs({ world, kind: "play", episodes: 2, seed: 3 }),
  );
  expect(() => switchLogs({ world, kind: "demo", targets: ["e"], episodes: 1, seed: 0 })).toThrow('no switch "e"');
  expect(() => world.step(0)).toThrow("reset first");
});

test("d5rl: walls hold, a switch toggles both ways", () => {
  const world = switchWorld({ side: 2, limit: 5 });
  world.reset(0);
  for (const action of [0, 2]) world.step(action);
  expect(world.step(0).state).toBe(0);
  expect(world.step(4).completion).toEqual({ a: 1, b: 0, c: 0, d: 0 });
  expect(world.step(4)).toMatchObject({ state: 0, completion: { a: 0 }, done: true });
});

test("d5rl: a kitchen episode is read by its reward columns", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rlvr-kitchen-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const column = (...data: number[]) => ({ shape: [data.length], data: Float64Array.from(data) });
  const path = join(folder, "episode.npz");
  await writeNpz(path, {
    action: column(1),
    "reward microwave": column(0, 1, 1),
    reward_slide_cabinet: column(0, 0, 0.5),
  });
  expect(await readKitchenEpisode(path)).toEqual([
    { microwave: 0, "slide cabinet": 0 },
    { microwave: 1, "slide cabinet": 0 },
    { microwave: 1, "slide cabinet": 1 },
  ]);
  await writeNpz(path, { action: column(1) });
  await expect(readKitchenEpisode(path)).rejects.toThrow('no column "reward <element>"');
  await expect(readKitchenEpisode("episode.pkl")).rejects.toThrow("is a pickle");
});
