/** Two small checkpoints whose difference is known by hand. */
import type { Weights } from "../../src/analysis/index.ts";

/** A matrix by its rows. */
export const matrix = (rows: readonly (readonly number[])[]): { data: Float32Array; shape: number[] } => ({
  data: Float32Array.from(rows.flat()),
  shape: [rows.length, rows[0]?.length ?? 0],
});

// Δ of "m" is diag(3, 2, 1) in three of its four columns; "v" moves by (3, 4); "still" stays.
export const before: Weights = {
  m: matrix([
    [1, 1, 1, 1],
    [1, 1, 1, 1],
    [1, 1, 1, 1],
  ]),
  v: { data: Float32Array.of(0, 0), shape: [2] },
  still: matrix([[5, 6]]),
};
export const after: Weights = {
  m: matrix([
    [4, 1, 1, 1],
    [1, 3, 1, 1],
    [1, 1, 2, 1],
  ]),
  v: { data: Float32Array.of(3, 4), shape: [2] },
  still: matrix([[5, 6]]),
};
