/**
 * The largest singular values of a matrix too large for an exact spectrum, with an error bound measured on it.
 *
 * Halko, Martinsson & Tropp 2011, "Finding structure with randomness", arXiv:0909.4061: subspace iteration from a random start
 * (algorithm 4.4), which ends in an orthonormal Q of the shorter axis. With E = A − A Q Qᵀ,
 *
 *     σ_i(A Q)² ≤ σ_i(A)² ≤ σ_i(A Q)² + ‖E‖²,   ‖E‖_F² = ‖A‖_F² − ‖A Q‖_F²   (exact, to rounding)
 *     ‖E‖ ≤ 10 √(2/π) max_j ‖E ω_j‖             (lemma 4.1: fails with probability 10⁻¹⁰ for 10 Gaussian ω_j)
 */
import { rng } from "../rng.ts";
import type { DenseMatrix, Gemm } from "./gemm.ts";
import { addGram, along, back, type SlabMatrix, slabsOf } from "./slab-matrix.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

export interface SketchOptions {
  /** Singular values asked for. */
  readonly rank: number;
  /** Directions beyond `rank` that the iteration carries. */
  readonly oversampling: number;
  /** Times that the matrix and its transpose are applied. */
  readonly passes: number;
}

export interface Sketch {
  /** [min(rank, short)] descending; none is above the true one. */
  readonly values: Float64Array;
  /** [values, short] their vectors of the shorter axis, one a row. */
  readonly vectors: DenseMatrix;
  /** ‖E‖_F: what all directions carried leave out. */
  readonly missing: number;
  /** Bound of ‖E‖, so that σ_i² lies within values_i² and values_i² + bound². */
  readonly bound: number;
}

const probes = 10;

/** Rounding of a sum of squares, relative to it; the difference of two such sums is no better. */
const rounding = 1e-12;

/** @param squares ‖A‖_F² */
export function sketch(gemm: Gemm, matrix: SlabMatrix, squares: number, options: SketchOptions): Sketch {
  const { short, tall } = matrix;
  const carried = Math.min(short, options.rank + options.oversampling);
  let basis = orthonormal(gaussian("sketch", carried, short));
  for (let pass = 0; pass < options.passes; pass++) {
    let sum: DenseMatrix | undefined;
    for (const slab of slabsOf(matrix)) {
      const part = matrix.read(slab);
      sum = back(gemm, tall, along(gemm, tall, basis, part), part, sum);
    }
    if (sum !== undefined) basis = orthonormal(sum);
  }
  const gram = finalGram(gemm, matrix, stack(basis, without(gaussian("probes", probes, short), basis)));
  const at = (i: number, j: number): number => gram.data[i * gram.columns + j] ?? 0;
  const inner = new Float64Array(carried * carried).map((_, i) => at(Math.floor(i / carried), i % carried));
  const trace = Array.from({ length: carried }, (_, i) => at(i, i)).reduce((sum, x) => sum + x, 0);
  const missing = Math.sqrt(Math.max(0, squares - trace) + rounding * squares);
  const worst = Math.max(...Array.from({ length: probes }, (_, i) => at(carried + i, carried + i)));
  const kept = Math.min(options.rank, carried);
  const { values, vectors } = symmetricEigen(inner, carried, kept);
  return {
    values: values.slice(0, kept).map((value) => Math.sqrt(Math.max(0, value))),
    vectors: gemm.multiply("ab", { data: vectors, rows: kept, columns: carried }, basis),
    missing,
    bound: Math.min(missing, 10 * Math.sqrt((2 / Math.PI) * Math.max(0, worst)) + Math.sqrt(rounding * squares)),
  };
}

/** Products of the images of all vectors with each other. */
function finalGram(gemm: Gemm, matrix: SlabMatrix, vectors: DenseMatrix): DenseMatrix {
  let gram: DenseMatrix | undefined;
  for (const slab of slabsOf(matrix)) {
    gram = addGram(gemm, false, along(gemm, matrix.tall, vectors, matrix.read(slab)), gram);
  }
  if (gram === undefined) throw new Error("internal: a matrix without slabs");
  return gram;
}

function gaussian(stream: string, rows: number, columns: number): DenseMatrix {
  const random = rng({ seed: 0, stream });
  return { data: Float64Array.from({ length: rows * columns }, () => random.normal()), rows, columns };
}

function stack(top: DenseMatrix, below: DenseMatrix): DenseMatrix {
  const data = new Float64Array(top.data.length + below.data.length);
  data.set(top.data);
  data.set(below.data, top.data.length);
  return { data, rows: top.rows + below.rows, columns: top.columns };
}

/** Rows made orthonormal by Gram-Schmidt, twice because once leaves rounding behind; dependent rows become 0. */
function orthonormal(matrix: DenseMatrix): DenseMatrix {
  const data = matrix.data.slice();
  const { rows, columns } = matrix;
  const row = (i: number): Float64Array => data.subarray(i * columns, (i + 1) * columns);
  const largest = Math.sqrt(Math.max(...Array.from({ length: rows }, (_, i) => dot(row(i), row(i)))));
  for (let i = 0; i < rows; i++) {
    const own = row(i);
    for (let j = 0; j < 2 * i; j++) subtract(own, row(j % i), dot(own, row(j % i)));
    const length = Math.sqrt(dot(own, own));
    const dependent = !(length > 1e-14 * largest);
    for (let c = 0; c < columns; c++) own[c] = dependent ? 0 : (own[c] ?? 0) / length;
    for (let j = 0; j < i && !dependent; j++) subtract(own, row(j), dot(own, row(j)));
  }
  return { data, rows, columns };
}

/** Vectors without their parts along an orthonormal basis. */
function without(vectors: DenseMatrix, basis: DenseMatrix): DenseMatrix {
  const data = vectors.data.slice();
  const { columns } = vectors;
  for (let i = 0; i < vectors.rows; i++) {
    const own = data.subarray(i * columns, (i + 1) * columns);
    for (let j = 0; j < 2 * basis.rows; j++) {
      const at = (j % basis.rows) * columns;
      const other = basis.data.subarray(at, at + columns);
      subtract(own, other, dot(own, other));
    }
  }
  return { data, rows: vectors.rows, columns };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function subtract(from: Float64Array, direction: Float64Array, amount: number): void {
  for (let i = 0; i < from.length; i++) from[i] = (from[i] ?? 0) - amount * (direction[i] ?? 0);
}
