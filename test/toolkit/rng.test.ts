import { expect, test } from "vitest";
import { philox, rng, uniformRows } from "../../src/toolkit/rng.ts";

test("rng: the same key repeats, any other key does not", () => {
  const draw = (key: Parameters<typeof rng>[0]): number[] => {
    const r = rng(key);
    return Array.from({ length: 8 }, () => r.uniform());
  };
  const base = { seed: 7, stream: "a", step: 2, row: 3 };
  expect(draw(base)).toEqual(draw(base));
  for (const change of [{ seed: 8 }, { stream: "b" }, { step: 3 }, { row: 4 }]) {
    expect(draw({ ...base, ...change })).not.toEqual(draw(base));
  }
});

test("rng: uniforms have the mean, variance and serial correlation of uniforms", () => {
  const r = rng({ seed: 1, stream: "moments" });
  const n = 200_000;
  const x = Float64Array.from({ length: n }, () => r.uniform() - 0.5);
  const mean = x.reduce((a, b) => a + b, 0) / n;
  const variance = x.reduce((a, b) => a + b * b, 0) / n;
  let serial = 0;
  for (let i = 1; i < n; i++) serial += (x[i - 1] ?? 0) * (x[i] ?? 0);
  expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(1 / 12 / n)); // four standard errors
  expect(Math.abs(variance - 1 / 12)).toBeLessThan(4 * Math.sqrt(1 / 180 / n));
  expect(Math.abs(serial / n)).toBeLessThan(4 / 12 / Math.sqrt(n));
});

test("rng: integers are even over a range that does not divide 2^32", () => {
  const r = rng({ seed: 3, stream: "integers" });
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 70_000; i++) {
    const k = r.integer(7);
    counts[k] = (counts[k] ?? 0) + 1;
  }
  const chi2 = counts.reduce((sum, c) => sum + (c - 10_000) ** 2 / 10_000, 0);
  expect(chi2).toBeLessThan(22.46); // chi-square, 6 degrees of freedom, 0.999
});

test("rng: normals have variance 1 and kurtosis 3", () => {
  const r = rng({ seed: 5, stream: "normal" });
  const n = 100_000;
  let [m2, m4] = [0, 0];
  for (let i = 0; i < n; i++) {
    const z = r.normal();
    m2 += z * z;
    m4 += z ** 4;
  }
  expect(m2 / n).toBeCloseTo(1, 1);
  expect(m4 / n / (m2 / n) ** 2).toBeGreaterThan(2.9);
  expect(m4 / n / (m2 / n) ** 2).toBeLessThan(3.1);
});

test("rng: a row's number does not depend on the other rows", () => {
  const key = { seed: 9, stream: "sampling", step: 4 };
  const all = uniformRows(key, [0, 1, 2, 3], 11);
  expect(uniformRows(key, [2], 11)[0]).toBe(all[2]);
  expect(uniformRows(key, [2], 12)[0]).not.toBe(all[2]);
});

test("rng: position rewinds the sequence", () => {
  const r = rng({ seed: 1, stream: "rewind" });
  const first = [r.uniform(), r.uniform()];
  r.position = 0;
  expect([r.uniform(), r.uniform()]).toEqual(first);
});

test("rng: philox4x32-10 gives the published known answer", () => {
  const out = new Uint32Array(4);
  philox(0, 0, 0, 0, 0, out);
  expect([...out]).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]); // Random123 kat_vectors, all zero
});

test("rng: a bad seed is refused with its value", () => {
  expect(() => rng({ seed: -1, stream: "x" })).toThrow("rng: seed is -1; pass a whole number from 0 to 2^32 - 1.");
});
