/** The top of a change as a product of two thin matrices, and tensors written back with it. In a worker. */
import { closeSync, openSync, writeSync } from "node:fs";
import type { DenseMatrix } from "../linear/gemm.ts";
import { type SketchOptions, sketch } from "../linear/sketch.ts";
import { addGram, images, type SlabMatrix, slabsOf } from "../linear/slab-matrix.ts";
import { symmetricEigen } from "../linear/symmetric-eigen.ts";
import type { StoredDType } from "../policy/safetensors-header.ts";
import { type Blocks, matrixOf } from "./blocks.ts";
import { encodeNumbers } from "./encode.ts";
import { deltaMatrix, type Tools } from "./measure.ts";
import type { FilePair } from "./pair-checkpoints.ts";
import type { FileTensor } from "./tensor-file.ts";

export interface FactorOptions extends SketchOptions {
  readonly exactUpTo: number;
}

/** Δ_r = Σ_i left_i right_iᵀ with |left_i| = |right_i| = √σ_i. */
export interface DeltaFactors {
  /** [r, rows] and [r, columns], one vector a row. */
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly values: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** The best approximation of a matrix's change by `options.rank` directions; fewer where it has fewer. */
export function factorsOf({ gemm, blocks }: Tools, pair: FilePair, options: FactorOptions): DeltaFactors {
  const matrix = deltaMatrix(blocks, pair);
  const { values, vectors } =
    matrix.short <= options.exactUpTo ? exact(gemm, matrix, options) : rough(gemm, matrix, options);
  const other = images(gemm, matrix, vectors); // σ times a unit vector
  scaleRows(other, (i) => 1 / Math.sqrt(values[i] ?? 1));
  scaleRows(vectors, (i) => Math.sqrt(values[i] ?? 1));
  const [left, right] = matrix.tall ? [other, vectors] : [vectors, other];
  return { left: left.data, right: right.data, values, ...matrixOf(pair.before) };
}

interface Top {
  readonly values: Float64Array;
  readonly vectors: DenseMatrix;
}

/** Below this share of the largest, a singular value is rounding. */
const leastShare = 1e-7;

function exact(gemm: Tools["gemm"], matrix: SlabMatrix, { rank }: FactorOptions): Top {
  let gram: DenseMatrix | undefined;
  for (const slab of slabsOf(matrix)) gram = addGram(gemm, matrix.tall, matrix.read(slab), gram);
  if (gram === undefined) throw new Error("internal: a matrix without slabs");
  const top = Math.min(rank, matrix.short);
  const { values, vectors } = symmetricEigen(gram.data, matrix.short, top);
  const singular = values.slice(0, top).map((value) => Math.sqrt(Math.max(0, value)));
  return positive(singular, { data: vectors, rows: top, columns: matrix.short });
}

function rough(gemm: Tools["gemm"], matrix: SlabMatrix, options: FactorOptions): Top {
  const { values, vectors } = sketch(gemm, matrix, 0, options); // the bound, which needs the norm, is not used
  return positive(values, vectors);
}

function positive(values: Float64Array, { data, columns }: DenseMatrix): Top {
  const kept = values.filter((value) => value > leastShare * (values[0] ?? 0)).length;
  return { values: values.slice(0, kept), vectors: { data: data.slice(0, kept * columns), rows: kept, columns } };
}

function scaleRows({ data, rows, columns }: DenseMatrix, by: (row: number) => number): void {
  for (let r = 0; r < rows; r++) {
    const factor = by(r);
    for (let c = 0; c < columns; c++) data[r * columns + c] = (data[r * columns + c] ?? 0) * factor;
  }
}

/** Where a tensor goes in a file that is there already. */
export interface Target {
  readonly file: string;
  readonly offset: number;
  readonly dtype: StoredDType;
}

/** Numbers of a tensor held at a time. */
const heldNumbers = 2 ** 22;

/** Row ranges of a tensor as a matrix; a vector is one row. */
function rowRanges({
  rows,
  columns,
}: {
  readonly rows: number;
  readonly columns: number;
}): { row: number; rows: number }[] {
  const size = Math.max(1, Math.floor(heldNumbers / Math.max(1, columns)));
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => ({
    row: i * size,
    rows: Math.min(size, rows - i * size),
  }));
}

/** Writes W + Δ_r, summed in float64 and rounded once. A vector keeps its whole change. */
export function writeTruncated(tools: Tools, pair: FilePair, options: FactorOptions, target: Target): void {
  const { blocks, gemm } = tools;
  const size = matrixOf(pair.before);
  const whole = pair.before.shape.length < 2 || options.rank >= Math.min(size.rows, size.columns);
  if (options.rank === 0 || whole) {
    writeSum(blocks, [options.rank === 0 ? pair.before : pair.after], [1], target);
    return;
  }
  const factors = factorsOf(tools, pair, options);
  const { columns } = size;
  const count = factors.values.length;
  const right = { data: factors.right, rows: count, columns };
  writeRows(pair.before, target, (row, rows) => {
    const before = new Float64Array(blocks.read(pair.before, { row, rows, column: 0, columns }));
    if (count === 0) return before;
    const left = new Float64Array(count * rows);
    for (let i = 0; i < count; i++) {
      left.set(factors.left.subarray(i * factors.rows + row, i * factors.rows + row + rows), i * rows);
    }
    return gemm.multiply("atb", { data: left, rows: count, columns: rows }, right, { data: before, rows, columns })
      .data;
  });
}

/** Writes Σ_t weights_t · tensor_t, summed in float64 and rounded once. */
export function writeSum(
  blocks: Blocks,
  tensors: readonly FileTensor[],
  weights: readonly number[],
  target: Target,
): void {
  const [first] = tensors;
  if (first === undefined) throw new Error("internal: a sum of nothing");
  const { columns } = matrixOf(first);
  writeRows(first, target, (row, rows) => {
    const sum = new Float64Array(rows * columns);
    for (const [t, tensor] of tensors.entries()) {
      const weight = weights[t] ?? 0;
      if (weight === 0) continue;
      const values = blocks.read(tensor, { row, rows, column: 0, columns });
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + weight * (values[i] ?? 0);
    }
    return sum;
  });
}

function writeRows(like: FileTensor, target: Target, make: (row: number, rows: number) => Float64Array): void {
  const file = openSync(target.file, "r+");
  try {
    let position = target.offset;
    for (const { row, rows } of rowRanges(matrixOf(like))) {
      const bytes = encodeNumbers(target.dtype, make(row, rows));
      for (let done = 0; done < bytes.byteLength; ) {
        done += writeSync(file, bytes, done, bytes.byteLength - done, position + done);
      }
      position += bytes.byteLength;
    }
  } finally {
    closeSync(file);
  }
}

/** Products [T, T] of the changes of a tensor along checkpoints, each from the first: rows t = 1 … T. */
export function trajectoryGram({ gemm, blocks }: Tools, tensors: readonly FileTensor[]): Float64Array {
  const [first, ...later] = tensors;
  if (first === undefined || later.length === 0) throw new Error("internal: a trajectory of one checkpoint");
  const { columns, rows: total } = matrixOf(first);
  let gram: DenseMatrix = { data: new Float64Array(later.length ** 2), rows: later.length, columns: later.length };
  for (const { row, rows } of rowRanges({ rows: total, columns: columns * later.length })) {
    const part = { row, rows, column: 0, columns };
    const from = blocks.read(first, part);
    const data = new Float64Array(later.length * from.length);
    for (const [t, tensor] of later.entries()) {
      const values = blocks.read(tensor, part);
      for (let i = 0; i < from.length; i++) data[t * from.length + i] = (values[i] ?? 0) - (from[i] ?? 0);
    }
    gram = gemm.multiply(
      "abt",
      { data, rows: later.length, columns: from.length },
      { data, rows: later.length, columns: from.length },
      gram,
    );
  }
  return gram.data;
}
