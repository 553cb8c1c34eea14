import { describe, expect, test } from "vitest";
import { inSlices } from "../../../src/toolkit/linear/slices.ts";
import { type Matrix, type Svd, svd, svdSliced } from "../../../src/toolkit/linear/svd.ts";
import { rng } from "../../../src/toolkit/rng.ts";

/** Orthonormal rows [count, length]: Gram-Schmidt, twice, of normal numbers. */
function orthonormal(count: number, length: number, seed: number): Float64Array {
  const random = rng({ seed, stream: "test/orthonormal" });
  const rows = Float64Array.from({ length: count * length }, () => random.normal());
  const row = (i: number): Float64Array => rows.subarray(i * length, (i + 1) * length);
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
  for (let i = 0; i < count; i++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const share = dot(row(i), row(j));
        for (let k = 0; k < length; k++) rows[i * length + k] = (row(i)[k] ?? 0) - share * (row(j)[k] ?? 0);
      }
    }
    const norm = Math.sqrt(dot(row(i), row(i)));
    for (let k = 0; k < length; k++) rows[i * length + k] = (row(i)[k] ?? 0) / norm;
  }
  return rows;
}

/** The matrix with these singular values and random singular vectors. */
function planted(values: readonly number[], rows: number, columns: number, seed = 1): Matrix {
  const [left, right] = [orthonormal(values.length, rows, seed), orthonormal(values.length, columns, seed + 1)];
  return { data: rebuild({ values: Float64Array.from(values), left, right }, rows, columns), rows, columns };
}

function rebuild({ values, left, right }: Svd, rows: number, columns: number): Float64Array {
  const data = new Float64Array(rows * columns);
  for (const [i, value] of values.entries()) {
    for (let r = 0; r < rows; r++) {
      const scaled = value * (left[i * rows + r] ?? 0);
      for (let c = 0; c < columns; c++)
        data[r * columns + c] = (data[r * columns + c] ?? 0) + scaled * (right[i * columns + c] ?? 0);
    }
  }
  return data;
}

const largestGap = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] ?? Number.NaN))), 0);

function gapFromOrthonormal(rows: Float64Array, count: number): number {
  const length = rows.length / count;
  let most = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let k = 0; k < length; k++) dot += (rows[i * length + k] ?? 0) * (rows[j * length + k] ?? 0);
      most = Math.max(most, Math.abs(dot - (i === j ? 1 : 0)));
    }
  }
  return most;
}

const geometric = (count: number, ratio: number): number[] => Array.from({ length: count }, (_, i) => 10 * ratio ** i);

describe.each([
  { name: "1 x 1", values: [3], rows: 1, columns: 1 },
  { name: "a row", values: [2], rows: 1, columns: 7 },
  { name: "a column", values: [2], rows: 7, columns: 1 },
  { name: "square with a wide spectrum", values: geometric(30, 0.3), rows: 30, columns: 30 },
  { name: "tall", values: geometric(12, 0.8), rows: 40, columns: 12 },
  { name: "wide", values: geometric(12, 0.8), rows: 12, columns: 40 },
  { name: "equal values", values: new Array<number>(9).fill(4), rows: 9, columns: 15 },
  { name: "rank 3 of 20", values: [5, 2, 1, ...new Array<number>(17).fill(0)], rows: 20, columns: 25 },
  { name: "huge", values: [1e200, 1e190, 1e185], rows: 5, columns: 3 },
  { name: "minute", values: [1e-200, 1e-205, 1e-210], rows: 3, columns: 5 },
])("svd: $name", ({ values, rows, columns }) => {
  const matrix = planted(values, rows, columns);
  const found = svd(matrix);
  const scale = values[0] ?? 1;

  test("finds the planted values, in falling order", () => {
    expect(found.values).toHaveLength(Math.min(rows, columns));
    expect(largestGap(found.values, values) / scale).toBeLessThan(1e-14);
    expect(Array.from(found.values)).toEqual(Array.from(found.values).sort((a, b) => b - a));
    expect(found.values.every((value) => value >= 0)).toBe(true);
  });
  test("gives orthonormal vectors that rebuild the matrix", () => {
    expect(gapFromOrthonormal(found.left, found.values.length)).toBeLessThan(1e-13);
    expect(gapFromOrthonormal(found.right, found.values.length)).toBeLessThan(1e-13);
    expect(largestGap(rebuild(found, rows, columns), matrix.data) / scale).toBeLessThan(1e-13);
  });
  test("gives the same values without vectors", () => {
    const alone = svd(matrix, { vectors: false });
    expect(largestGap(alone.values, found.values) / scale).toBeLessThan(1e-14);
    expect(alone.left).toHaveLength(0);
  });
});

test.each([
  { diagonal: [0, 2, 0, 0], above: [1, 1, 3] },
  { diagonal: [0, 2, 3, 4], above: [1, 1, 3] },
  { diagonal: [1, 0, 3, 4], above: [1, 1, 3] },
  { diagonal: [1, 2, 0, 4], above: [1, 1, 3] },
  { diagonal: [1, 2, 3, 0], above: [1, 1, 3] },
  { diagonal: [1, 2, 3, 4], above: [0, 1, 0] },
])("svd: a bidiagonal matrix with zeros, $diagonal under $above", ({ diagonal, above }) => {
  const data = new Float64Array(16);
  for (const [i, value] of diagonal.entries()) data[i * 5] = value;
  for (const [i, value] of above.entries()) data[i * 5 + 1] = value;
  const found = svd({ data, rows: 4, columns: 4 });
  expect(largestGap(rebuild(found, 4, 4), data)).toBeLessThan(1e-14);
  const squares = [...diagonal, ...above].reduce((sum, x) => sum + x * x, 0);
  expect(found.values.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(squares, 12);
  const determinant = Math.abs(diagonal.reduce((product, x) => product * x, 1));
  expect(found.values.reduce((product, x) => product * x, 1)).toBeCloseTo(determinant, 12);
  expect(gapFromOrthonormal(found.left, 4)).toBeLessThan(1e-13);
});

test("svd: the zero matrix has zero values and unit vectors", () => {
  const { values, left } = svd({ data: new Float64Array(6), rows: 3, columns: 2 });
  expect(Array.from(values)).toEqual([0, 0]);
  expect(gapFromOrthonormal(left, 2)).toBe(0);
});

test("svd: the 2 x 2 case in closed form", () => {
  // [[1, 2], [3, 4]]: σ² are the roots of x² − 30 x + 4
  const { values } = svd({ data: [1, 2, 3, 4], rows: 2, columns: 2 });
  expect(values[0]).toBeCloseTo(Math.sqrt(15 + Math.sqrt(221)), 14);
  expect(values[1]).toBeCloseTo(Math.sqrt(15 - Math.sqrt(221)), 14);
});

test("svd: the sliced run gives the same and lets timers in", async () => {
  const random = rng({ seed: 3, stream: "test" });
  const matrix = { data: Float32Array.from({ length: 200 * 300 }, () => random.normal()), rows: 200, columns: 300 };
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const sliced = await inSlices(svdSliced(matrix, { vectors: false }));
  clearInterval(timer);
  expect(turns).toBeGreaterThan(3);
  expect(sliced.values).toEqual(svd(matrix, { vectors: false }).values);
});

test.each([
  { name: "NaN", matrix: { data: [1, Number.NaN], rows: 1, columns: 2 }, message: "entry 1 is NaN" },
  { name: "a wrong size", matrix: { data: [1, 2, 3], rows: 2, columns: 2 }, message: "there are 3 numbers for 2 x 2" },
  { name: "no row", matrix: { data: [], rows: 0, columns: 2 }, message: "0 rows and 2 columns" },
])("svd: $name is refused", ({ matrix, message }) => {
  expect(() => svd(matrix)).toThrow(message);
});
