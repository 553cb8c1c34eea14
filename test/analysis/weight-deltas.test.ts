import { expect, test } from "vitest";
import { truncateDelta, type Weights, weightDeltas } from "../../src/analysis/index.ts";
import { toBfloat16 } from "../../src/toolkit/checkpoints/bfloat16.ts";
import { rng } from "../../src/toolkit/rng.ts";
import { after, before, matrix } from "../support/weight-change.ts";

test("weightDeltas: norms, spectrum and ranks of a change known by hand", async () => {
  const { tensors, overall } = await weightDeltas(before, after, { ranks: [1, 2, 8] });
  const m = tensors[0];
  expect(m?.deltaNorm).toBeCloseTo(Math.sqrt(14), 12);
  expect(m?.relativeNorm).toBeCloseTo(Math.sqrt(14 / 12), 12);
  expect(Array.from(m?.spectrum?.singularValues ?? [])).toEqual([3, 2, 1].map((s) => expect.closeTo(s, 12)));
  expect(m?.spectrum?.stableRank).toBeCloseTo(14 / 9, 12);
  const entropy = -[3, 2, 1].reduce((sum, s) => sum + (s / 6) * Math.log(s / 6), 0);
  expect(m?.spectrum?.effectiveRank).toBeCloseTo(Math.exp(entropy), 12);
  expect(m?.spectrum?.energy.map(({ share }) => share)).toEqual([9 / 14, 13 / 14, 1].map((s) => expect.closeTo(s, 12)));
  expect(m?.spectrum).toMatchObject({ rank90: 2, rank99: 3 });
  expect(m?.unchanged).toBeCloseTo(9 / 12, 12);

  expect(tensors[1]).toEqual({
    name: "v",
    shape: [2],
    parameters: 2,
    norm: 0,
    deltaNorm: 5,
    relativeNorm: Infinity,
    unchanged: 0,
  });
  expect(tensors[2]).toMatchObject({ deltaNorm: 0, relativeNorm: 0, unchanged: 1 });
  expect(tensors[2]?.spectrum).toBeUndefined();

  expect(overall.parameters).toBe(16);
  expect(overall.relativeNorm).toBeCloseTo(Math.sqrt((14 + 25) / (12 + 61)), 12);
  expect(overall.unchanged).toBeCloseTo(11 / 16, 12);
  const error = Math.sqrt(5 / 14); // what σ = 2, 1 leave of σ = 3, 2, 1
  expect(overall.energy[0]).toEqual({ rank: 1, share: expect.closeTo(9 / 14, 12), error: expect.closeTo(error, 12) });
});

test("weightDeltas: finds the rank of a planted low-rank change under float32 noise", async () => {
  const random = rng({ seed: 1, stream: "test" });
  const draw = (count: number): Float64Array => Float64Array.from({ length: count }, () => random.normal());
  const [left, right, base] = [draw(4 * 60), draw(4 * 90), draw(60 * 90)];
  const delta = (i: number): number =>
    [0, 1, 2, 3].reduce(
      (sum, r) => sum + (left[r * 60 + Math.floor(i / 90)] ?? 0) * (right[r * 90 + (i % 90)] ?? 0),
      0,
    );
  const w = { data: Float32Array.from(base), shape: [60, 90] };
  const moved = { data: Float32Array.from(base, (x, i) => x + 0.01 * delta(i)), shape: [60, 90] };
  const { tensors } = await weightDeltas({ w }, { w: moved }, { ranks: [3, 4] });
  const spectrum = tensors[0]?.spectrum;
  expect(spectrum?.energy[0]?.share).toBeLessThan(0.95);
  expect(spectrum?.energy[1]?.share).toBeGreaterThan(1 - 1e-9);
  expect(spectrum?.rank99).toBe(4);
  const kept = await truncateDelta({ w }, { w: moved }, 4);
  const gap = kept.w?.data.reduce((most, x, i) => Math.max(most, Math.abs(x - (moved.data[i] ?? 0))), 0);
  expect(gap).toBeLessThan(1e-6);
});

test("toBfloat16: rounds to nearest, ties to even", () => {
  const unit = 2 ** -7; // spacing of bfloat16 in [1, 2)
  const bits = toBfloat16(
    Float32Array.of(1, 1 + unit / 2, 1 + (3 * unit) / 2, 1 + unit * 0.51, 1 + unit * 0.49, -0, 0),
  );
  expect(Array.from(bits)).toEqual([0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x3f80, 0, 0]);
});

test("weightDeltas: a change below bfloat16's spacing is unchanged, one across a rounding boundary is not", async () => {
  const a = matrix([[1, 1, 1, 1]]);
  const b = matrix([[1 + 2 ** -9, 1 + 2 ** -8, 1 + 2 ** -8 + 2 ** -20, 1 + 2 ** -7]]);
  const { tensors } = await weightDeltas({ a }, { a: b });
  expect(tensors[0]?.unchanged).toBe(0.5);
  expect((await weightDeltas({ a }, { a: b }, { bf16: false })).tensors[0]).not.toHaveProperty("unchanged");
});

test("weightDeltas: a tensor of three axes is its first axis against the others", async () => {
  const zero = { data: new Float32Array(8), shape: [2, 2, 2] };
  const one = { data: Float32Array.of(1, 0, 0, 0, 0, 0, 0, 1), shape: [2, 2, 2] };
  const { tensors } = await weightDeltas({ zero }, { zero: one });
  expect(Array.from(tensors[0]?.spectrum?.singularValues ?? [])).toEqual([1, 1]);
});

test("weightDeltas: 30 matrices of 128 x 320 report progress and let timers in", async () => {
  const random = rng({ seed: 2, stream: "test" });
  const draw = () => ({ data: Float32Array.from({ length: 128 * 320 }, () => random.uniform()), shape: [128, 320] });
  const named = (): Weights => Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`w${i}`, draw()]));
  const [x, y] = [named(), named()];
  let [calls, turns] = [0, 0];
  const timer = setInterval(() => turns++, 5);
  await weightDeltas(x, y, { onProgress: ({ total }) => (calls += total / 30) });
  clearInterval(timer);
  expect(calls).toBe(30);
  expect(turns).toBeGreaterThan(20);
});

test.each([
  { name: "a missing tensor", after: { m: after.m }, message: '"v" is on one side only' },
  { name: "another shape", after: { ...after, v: matrix([[3, 4]]) }, message: '"v" is [2] before and [1,2] after' },
  {
    name: "NaN",
    after: { ...after, v: { data: Float32Array.of(3, Number.NaN), shape: [2] } },
    message: 'entry 1 of "v" is NaN',
  },
  {
    name: "too few numbers",
    after: { ...after, v: { data: Float32Array.of(3), shape: [2] } },
    message: '"v" has 1 numbers',
  },
])("weightDeltas: $name is refused", async ({ after, message }) => {
  await expect(weightDeltas(before, after as Weights)).rejects.toThrow(message);
});
