import { expect, test } from "vitest";
import { Gemm } from "../../../src/toolkit/linear/gemm.ts";
import { sketch } from "../../../src/toolkit/linear/sketch.ts";
import type { SlabMatrix } from "../../../src/toolkit/linear/slab-matrix.ts";
import { svd } from "../../../src/toolkit/linear/svd.ts";
import { rng } from "../../../src/toolkit/rng.ts";

/** A random matrix whose rows fall off as 1, 1/2, 1/3 …, and its slabs. */
function falling(rows: number, columns: number, seed: number): { data: Float64Array; matrix: SlabMatrix } {
  const random = rng({ seed, stream: "test" });
  const data = Float64Array.from(
    { length: rows * columns },
    (_, i) => random.normal() / (1 + (rows < columns ? Math.floor(i / columns) : i % columns)),
  );
  const tall = rows >= columns;
  const read: SlabMatrix["read"] = ({ start, size }) => {
    if (tall) return { data: data.slice(start * columns, (start + size) * columns), rows: size, columns };
    return {
      data: Float64Array.from(
        { length: rows * size },
        (_, i) => data[Math.floor(i / size) * columns + start + (i % size)] ?? 0,
      ),
      rows,
      columns: size,
    };
  };
  return { data, matrix: { short: Math.min(rows, columns), long: Math.max(rows, columns), tall, read } };
}

test.each([
  [90, 50],
  [40, 70],
])("sketch: of %i x %i, each σ² lies within value² and value² + bound²", (rows, columns) => {
  const { data, matrix } = falling(rows, columns, rows);
  const squares = data.reduce((sum, x) => sum + x * x, 0);
  const exact = svd({ data, rows, columns }).values;
  using gemm = new Gemm(1);
  for (const passes of [0, 1, 3]) {
    const { values, missing, bound } = sketch(gemm, matrix, squares, { rank: 6, oversampling: 4, passes });
    expect(bound).toBeLessThanOrEqual(missing);
    for (const [i, value] of values.entries()) {
      const sigma = exact[i] ?? 0;
      expect(value).toBeLessThanOrEqual(sigma * (1 + 1e-12));
      expect(value ** 2 + bound ** 2).toBeGreaterThanOrEqual(sigma ** 2);
    }
    if (passes === 3) expect(values[0]).toBeCloseTo(exact[0] ?? 0, 8);
    const kept = values.length + 4;
    const rest = Math.sqrt(exact.slice(kept).reduce((sum, x) => sum + x * x, 0));
    expect(missing).toBeGreaterThanOrEqual(rest); // nothing of that rank leaves less
  }
});

test("sketch: a matrix of low rank is exact, its bound near 0, its vectors orthonormal", () => {
  const { matrix } = falling(60, 40, 1);
  const low: SlabMatrix = {
    ...matrix,
    read: (slab) => {
      const { data, ...size } = matrix.read(slab);
      return { ...size, data: data.map((x, i) => (i % 40 < 3 ? x : 0)) };
    },
  };
  const { data } = low.read({ start: 0, size: 60 });
  using gemm = new Gemm(1);
  const squares = data.reduce((sum, x) => sum + x * x, 0);
  const { values, vectors, bound } = sketch(gemm, low, squares, { rank: 3, oversampling: 5, passes: 2 });
  const exact = svd({ data, rows: 60, columns: 40 }).values;
  expect(Array.from(values)).toEqual(Array.from(exact.slice(0, 3), (x) => expect.closeTo(x, 10)));
  expect(bound).toBeLessThan(1e-5 * Math.sqrt(squares));
  const outside = vectors.data.filter((_, i) => i % 40 >= 3);
  expect(Math.max(...outside.map(Math.abs))).toBeLessThan(1e-12);
});
