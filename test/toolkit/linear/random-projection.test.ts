import { expect, test } from "vitest";
import { projectionDimensions, randomProjection } from "../../../src/toolkit/linear/random-projection.ts";
import { rng } from "../../../src/toolkit/rng.ts";

const length = 2000;
const random = rng({ seed: 1, stream: "test" });
const x = Float32Array.from({ length }, () => random.normal());
const y = Float32Array.from(x, (value) => 0.6 * value + 0.8 * random.normal());
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const lengths = Math.sqrt(dot(x, x) * dot(y, y));

test("randomProjection: inner products are unbiased, with the variance that is stated", () => {
  const [seeds, dimensions] = [400, 64];
  const errors = Array.from({ length: seeds }, (_, seed) => {
    const map = randomProjection({ dimensions, seed });
    return dot(map.project(x), map.project(y)) - dot(x, y);
  });
  const squares = x.reduce((sum, value, i) => sum + value ** 2 * (y[i] ?? 0) ** 2, 0);
  const variance = (lengths ** 2 + dot(x, y) ** 2 - 2 * squares) / dimensions;
  const mean = errors.reduce((sum, e) => sum + e, 0) / seeds;
  expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(variance / seeds));
  const measured = errors.reduce((sum, e) => sum + e ** 2, 0) / seeds;
  expect(measured / variance).toBeGreaterThan(0.75); // a variance of 400 draws is known to about 7 %
  expect(measured / variance).toBeLessThan(1.3);
  expect(Math.sqrt(variance) / lengths).toBeLessThan(randomProjection({ dimensions }).standardError);
});

test("randomProjection: a pair is off by more than the bound less often than stated", () => {
  const [error, chance] = [0.1, 0.2];
  const dimensions = projectionDimensions(error, chance);
  expect(dimensions).toBe(1000); // 2 / (0.2 · 0.01)
  const off = Array.from({ length: 200 }, (_, seed) => {
    const map = randomProjection({ dimensions, seed });
    return Math.abs(dot(map.project(x), map.project(y)) - dot(x, y)) > error * lengths;
  }).filter(Boolean).length;
  expect(off / 200).toBeLessThanOrEqual(chance);
});

test("randomProjection: a seed repeats, another differs, and stretches add up to the whole", () => {
  const map = randomProjection({ dimensions: 16, seed: 7 });
  expect(randomProjection({ dimensions: 16, seed: 7 }).project(x)).toEqual(map.project(x));
  expect(randomProjection({ dimensions: 16, seed: 8 }).project(x)).not.toEqual(map.project(x));
  const [head, tail] = [map.project(x, 0, 701), map.project(x, 701)];
  for (const [b, value] of map.project(x).entries()) expect((head[b] ?? 0) + (tail[b] ?? 0)).toBeCloseTo(value, 3);
});

test("randomProjection: every bucket and both signs are used", () => {
  const map = randomProjection({ dimensions: 8 });
  const images = Array.from({ length: 400 }, (_, i) => map.project(new Float32Array(400).fill(1, i, i + 1)));
  for (const image of images) expect(image.filter((value) => value !== 0)).toHaveLength(1);
  for (let b = 0; b < 8; b++) {
    const signs = images.map((image) => image[b] ?? 0).filter((value) => value !== 0);
    expect(signs.length).toBeGreaterThan(20); // of 50 expected
    expect(new Set(signs)).toEqual(new Set([1, -1]));
  }
});

test("randomProjection: wrong settings are refused", () => {
  expect(() => randomProjection({ dimensions: 0 })).toThrow("dimensions is 0");
  expect(() => projectionDimensions(0, 0.1)).toThrow("error is 0");
  expect(() => projectionDimensions(0.1, 1)).toThrow("chance is 1");
});
