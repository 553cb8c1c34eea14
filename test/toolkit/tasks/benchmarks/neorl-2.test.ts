import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  collectOffline,
  datasetScore,
  dmsdEnv,
  neorlTasks,
  normalisedGain,
  pidController,
  pipelineEnv,
  readOfflineData,
  rewardOf,
  successCounts,
  terminated,
  writeOfflineData,
} from "../../../../src/toolkit/tasks/benchmarks/index.ts";

const folder = mkdtempSync(join(tmpdir(), "rlvr-neorl-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** An observation that is 0 but for its first numbers. */
const padded = (length: number, ...first: number[]): number[] => [
  ...first,
  ...Array.from({ length: length - first.length }, () => 0),
];

test("neorl-2: one-step rewards of the tasks that have no form", () => {
  const glucose = (from: number, to: number): number => rewardOf("Simglucose")(padded(31, from), [0], padded(31, to));
  expect(glucose(150, 140)).toBeCloseTo(1.0122066607, 9);
  expect(glucose(50, 39)).toBe(-15);
  expect(glucose(590, 600)).toBe(0);
  expect(() => glucose(0, 100)).toThrow("the glucose level is 0");
  const hopper = rewardOf("RandomFrictionHopper")(padded(13, 1), [0.5, -0.5, 1], padded(13, 1.016));
  expect(hopper).toBeCloseTo(0.016 / 0.008 - 0.0015, 9);
  expect(rewardOf("Pipeline")(padded(52), [0], padded(52, 90))).toBeCloseTo((0.01 * 110) ** 2 - 3, 12);
  expect(rewardOf("DMSD")(padded(6), [0, 0], [0.1, -0.2, 0, 0, 0.5, -0.2])).toBeCloseTo(5.4967683053, 9);
  expect(() => rewardOf("DMSD")(padded(6), [0], padded(6))).toThrow("DMSD's action has 1 numbers; pass 2");
  expect(() => rewardOf("DMSD")(padded(6, Number.NaN), [0, 0], padded(6))).toThrow("observation[0] is NaN");
});

test("neorl-2: what ends an episode", () => {
  const ends = (task: Parameters<typeof terminated>[0], o: number[], next: number[]): boolean => {
    const { observation, action } = neorlTasks[task];
    return terminated(task)(padded(observation, ...o), padded(action), padded(observation, ...next));
  };
  expect([39, 40, 600, 601].map((level) => ends("Simglucose", [100], [level]))).toEqual([true, false, false, true]);
  expect([0.05, -0.05, 0.06].map((height) => ends("RocketRecovery", [], [0, height]))).toEqual([true, true, false]);
  const hopper = [
    [0, 0.8, 0.1],
    [0, 0.7, 0],
    [0, 0.8, -0.2],
    [0, 0.8, 0, 100],
  ];
  expect(hopper.map((next) => ends("RandomFrictionHopper", [], next))).toEqual([false, true, true, true]);
  expect([0.16, 0.161].map((x) => ends("SafetyHalfCheetah", [0], [x]))).toEqual([false, true]); // 3.2 and 3.22 m/s
  expect(ends("Pipeline", [], [])).toBe(false);
});

/** Means of the released task_score.csv: data, BC, CQL, EDAC, MCQ, TD3BC, MOPO, COMBO, RAMBO, MOBILE. */
const PUBLISHED = {
  Pipeline: [69.24615344436485, 68.61, 81.08, 72.88, 49.7, 81.95, -26.33, 58.99, 24.06, 65.51],
  Simglucose: [73.87466295962231, 75.07, 10.99, 8.11, 29.57, 74.21, 34.64, 23.18, 10.8, 9.29],
  RocketRecovery: [75.27253723144533, 72.75, 74.32, 65.65, 76.46, 79.74, -27.66, 73.65, -44.21, 43.71],
  RandomFrictionHopper: [28.726032293331087, 28.03, 32.96, 34.69, 31.74, 29.51, 32.48, 34.08, 29.62, 35.12],
  DMSD: [56.642698068163774, 65.09, 70.24, 78.65, 77.75, 60.01, 68.23, 68.33, 76.22, 64.36],
  Fusion: [48.748757690564425, 55.24, 55.86, 58.0, 49.7, 54.64, -11.6, 55.48, 59.63, 5.02],
  SafetyHalfCheetah: [73.55943224810832, 70.16, 71.18, 53.11, 54.65, 68.58, 23.71, 57.79, -422.43, 8.68],
};

test("neorl-2: the published scores give the published counts of solved tasks", () => {
  const column = (i: number): Record<string, number> =>
    Object.fromEntries(Object.entries(PUBLISHED).map(([task, row]) => [task, row[i] ?? Number.NaN]));
  const counts = Array.from({ length: 9 }, (_, i) => successCounts(column(i + 1)));
  expect(counts).toEqual([
    [3, 2, 2, 0],
    [4, 4, 3, 2],
    [4, 4, 3, 1],
    [4, 2, 1, 1],
    [6, 4, 2, 1],
    [2, 2, 1, 1],
    [3, 3, 3, 1],
    [3, 2, 2, 2],
    [2, 2, 2, 0],
  ]);
  expect(() => successCounts({ Walker: 1 })).toThrow('no data score of "Walker"');
  expect(normalisedGain(0.5, 0.4, 0.8)).toBeCloseTo(25, 12);
  expect(() => normalisedGain(0.5, 0.4, 0.4)).toThrow("base and ceiling are both 0.4");
});

test("neorl-2: the card's 25 steps of Pipeline return 16.0571", () => {
  const env = pipelineEnv({ targetChange: 0 });
  env.reset(0, { flow: 100, target: 110 });
  const steps = Array.from({ length: 25 }, () => env.step([1]));
  expect(steps.reduce((sum, { reward }) => sum + reward, 0)).toBeCloseTo(16.0571, 9);
  // outflow, target, 25 outflows before, newest first, 25 actions
  const last = steps.at(-1)?.observation ?? [];
  expect(Array.from(last.slice(0, 7))).toEqual([106, 110, 105, 104, 103, 102, 101]);
  expect(Array.from(last.slice(27))).toEqual(Array.from({ length: 25 }, () => 1));
});

test("neorl-2: an episode is its seed's, ends at the horizon, and needs a reset", () => {
  const [a, b] = [dmsdEnv(), dmsdEnv()];
  expect(() => a.step([0, 0])).toThrow("reset first");
  expect(a.reset(7)).toEqual(b.reset(7));
  expect(a.reset(8)).not.toEqual(b.reset(7));
  const steps = Array.from({ length: 100 }, () => a.step([0.1, 0.2]));
  expect(steps.map(({ truncated }) => truncated).indexOf(true)).toBe(99);
  expect(() => a.step([0, 0])).toThrow("ended after 100 steps");
  const switched = Array.from({ length: 20 }, (_, seed) => {
    a.reset(seed);
    const [first, second] = a.hidden().targets ?? [];
    return first !== second;
  });
  expect(new Set(switched).size).toBe(2); // one or two targets
});

test("neorl-2: a tuned controller reaches the upper anchor, a detuned one collects data; both come back from a file", async () => {
  const pipe = { values: [0], targets: [1] };
  const tuned = collectOffline(pipelineEnv(), pidController({ ...pipe, proportional: 0.03 }), {
    episodes: 4,
    seed: 1,
  });
  const detuned = collectOffline(pipelineEnv(), pidController({ ...pipe, proportional: 0.0035 }), {
    episodes: 4,
    seed: 1,
  });
  const [best, data] = [datasetScore(tuned, "Pipeline").score ?? 0, datasetScore(detuned, "Pipeline").score ?? 0];
  expect(best).toBeGreaterThan(95);
  expect(data / best).toBeGreaterThan(0.5);
  expect(data / best).toBeLessThan(0.8);
  const path = join(folder, "Pipeline-train.npz");
  await writeOfflineData(path, detuned);
  const { obs, ...rest } = await readOfflineData(path);
  expect(Buffer.from(obs.data.buffer).equals(Buffer.from(detuned.obs.data.buffer))).toBe(true);
  expect({ ...rest.action, reward: rest.reward, index: rest.index }).toEqual({
    ...detuned.action,
    reward: detuned.reward,
    index: detuned.index,
  });
  expect(obs.shape).toEqual([4000, 52]);
  expect(detuned.index[1]).toBe(1000);
});

test("neorl-2: an archive as NumPy packs it, with floats, columns, whole numbers and booleans", async () => {
  const packed =
    "UEsDBC0AAAAIAAAAIQAf6eI///////////8HABQAb2JzLm5weQEAEACQAAAAAAAAAFMAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNmoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKRpo6CrUKZAMuBoYGewYGBgcgAuIJDgBQSwMELQAAAAgAAAAhAFEavID//////////wwAFABuZXh0X29icy5ucHkBABAAoAAAAAAAAABTAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEg8pKk0FChdnJBakArkaRjoKRpo6CrUK5AMuBjDgcIDQIlBaCEpLOAAAUEsDBC0AAAAIAAAAIQBibmky//////////8KABQAYWN0aW9uLm5weQEAEACQAAAAAAAAAE0AAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKhpo6CrUKZAMuRgYI+PcfAgBQSwMELQAAAAgAAAAhAJxXAkz//////////woAFAByZXdhcmQubnB5AQAQAJAAAAAAAAAATQAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2ahrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOpo6CrUKFAAuBjB4YA+hP9gDAFBLAwQtAAAACAAAACEAORinM///////////CAAUAGRvbmUubnB5AQAQAIIAAAAAAAAARgAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBek2SorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOpo6CrUKFAAuBkYAUEsBAi0DLQAAAAgAAAAhAB/p4j9TAAAAkAAAAAcAAAAAAAAAAAAAAIABAAAAAG9icy5ucHlQSwECLQMtAAAACAAAACEAURq8gFMAAACgAAAADAAAAAAAAAAAAAAAgAGMAAAAbmV4dF9vYnMubnB5UEsBAi0DLQAAAAgAAAAhAGJuaTJNAAAAkAAAAAoAAAAAAAAAAAAAAIABHQEAAGFjdGlvbi5ucHlQSwECLQMtAAAACAAAACEAnFcCTE0AAACQAAAACgAAAAAAAAAAAAAAgAGmAQAAcmV3YXJkLm5weVBLAQItAy0AAAAIAAAAIQA5GKczRgAAAIIAAAAIAAAAAAAAAAAAAACAAS8CAABkb25lLm5weVBLBQYAAAAABQAFABUBAACvAgAAAAA=";
  const path = join(folder, "numpy.npz");
  writeFileSync(path, Buffer.from(packed, "base64"));
  const data = await readOfflineData(path);
  expect(data.obs).toEqual({ shape: [2, 2], data: Float32Array.of(1, 2, 3, 4.5) });
  expect(data.next_obs).toEqual({ shape: [2, 2], data: Float64Array.of(3, 4.5, 5, 6) });
  expect([...data.action.data]).toEqual([1, -2]);
  expect([[...data.done], [...data.truncated], [...data.index]]).toEqual([[0, 1], [0, 0], [0]]);
  expect(datasetScore(data)).toEqual({ episodes: 1, meanReturn: 1.5, score: undefined });
  for (const [name, bytes] of [
    ["cut.npz", Buffer.from(packed, "base64").subarray(0, 700)],
    ["text.npz", Buffer.from("no archive")],
  ] as const) {
    writeFileSync(join(folder, name), bytes);
    await expect(readOfflineData(join(folder, name))).rejects.toThrow(/pass an .npz as NumPy writes it/);
  }
  await expect(readOfflineData(join(folder, "none.npz"))).rejects.toThrow("ENOENT");
});
