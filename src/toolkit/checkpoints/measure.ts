/** What changed in one stored tensor: norms, equal entries, spectrum, angles to the base's top directions. In a worker. */

import type { DenseMatrix, Gemm } from "../linear/gemm.ts";
import { principalAngles } from "../linear/principal-angles.ts";
import { type SketchOptions, sketch } from "../linear/sketch.ts";
import { addGram, images, type Slab, type SlabMatrix, slabsOf } from "../linear/slab-matrix.ts";
import { symmetricEigen } from "../linear/symmetric-eigen.ts";
import type { StoredDType } from "../policy/safetensors-header.ts";
import { unchangedAtBfloat16 } from "./bfloat16.ts";
import { type Blocks, matrixOf, type Part } from "./blocks.ts";
import type { FilePair } from "./pair-checkpoints.ts";
import type { FileTensor } from "./tensor-file.ts";

export interface MeasureOptions extends SketchOptions {
  /** Largest shorter axis whose spectrum is exact. */
  readonly exactUpTo: number;
  /** Directions on each side of the principal angles; 0 for none. */
  readonly angles: number;
}

/** Singular values of a change. */
export interface MeasuredSpectrum {
  /** Descending: all min(rows, columns) of them, or the largest where `sketch` is there. */
  readonly values: Float64Array;
  /** Number of singular values that the matrix has. */
  readonly size: number;
  /** Randomised: Frobenius norm of what the values leave out, and the bound b of σ_i² ≤ values_i² + b². */
  readonly sketch?: { readonly missing: number; readonly bound: number };
}

/** Angles in radians, descending, between the top directions of the change and of the weights before. */
export interface MeasuredAngles {
  /** Between left singular vectors (outputs), and between right ones (inputs). */
  readonly left: Float64Array;
  readonly right: Float64Array;
}

export interface TensorMeasure {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parameters: number;
  /** Squared Frobenius norms of the weights before, and of the change. */
  readonly squares: number;
  readonly deltaSquares: number;
  /** Entries that are one number at bfloat16. */
  readonly unchanged: number;
  /** Mean squared rounding error that the element type of the weights after has, entries taken as rounded uniformly. */
  readonly roundingSquare: number;
  /** Absent for vectors and for a change of exactly 0. */
  readonly spectrum?: MeasuredSpectrum;
  readonly angles?: MeasuredAngles;
}

/** What a worker has at hand. */
export interface Tools {
  readonly gemm: Gemm;
  readonly blocks: Blocks;
}

/** Measures one tensor in as few passes over the files as its options allow. */
export function measurePair(tools: Tools, pair: FilePair, options: MeasureOptions): TensorMeasure {
  const { name, shape, count } = pair.before;
  const size = matrixOf(pair.before);
  const short = Math.min(size.rows, size.columns);
  const hasSpectrum = shape.length > 1 && count > 0;
  const first = firstPass(tools, pair, hasSpectrum && short <= options.exactUpTo, options.angles > 0);
  const { deltaSquares } = first;
  const measured = {
    name,
    shape,
    parameters: count,
    squares: first.squares,
    deltaSquares,
    unchanged: first.unchanged,
    roundingSquare: count === 0 ? 0 : first.rounding / count,
  };
  if (!hasSpectrum || deltaSquares === 0) return measured;
  const top = Math.min(options.angles, short);
  const delta = spectrumOf(tools.gemm, deltaMatrix(tools.blocks, pair), deltaSquares, first.deltaGram, top, options);
  if (top === 0 || first.squares === 0) return { ...measured, spectrum: delta.spectrum };
  const before = storedMatrix(tools.blocks, pair.before);
  const base = spectrumOf(tools.gemm, before, first.squares, first.gram, top, { ...options, rank: top });
  const changed = deltaMatrix(tools.blocks, pair);
  return { ...measured, spectrum: delta.spectrum, angles: anglesOf(tools.gemm, changed, delta, before, base) };
}

interface Spectrum {
  readonly spectrum: MeasuredSpectrum;
  /** [at most top, short] */
  readonly vectors: DenseMatrix;
}

/** Below this share of the largest, a direction of the change counts as none. */
const leastShare = 1e-6;

/** All singular values from a Gram matrix, or the largest by a sketch where there is none. */
function spectrumOf(
  gemm: Gemm,
  matrix: SlabMatrix,
  squares: number,
  gram: DenseMatrix | undefined,
  top: number,
  options: SketchOptions,
): Spectrum {
  const size = matrix.short;
  if (gram === undefined) {
    const { values, vectors, missing, bound } = sketch(gemm, matrix, squares, options);
    return { spectrum: { values, size, sketch: { missing, bound } }, vectors: firstRows(vectors, values, top) };
  }
  const { values, vectors } = symmetricEigen(gram.data, size, top);
  const singular = values.map((value) => Math.sqrt(Math.max(0, value)));
  const all = { data: vectors, rows: top, columns: size };
  return { spectrum: { values: singular, size }, vectors: firstRows(all, singular, top) };
}

function firstRows({ data, rows, columns }: DenseMatrix, values: Float64Array, top: number): DenseMatrix {
  const limit = leastShare * (values[0] ?? 0);
  const kept = Math.min(rows, top, values.filter((value) => value > limit).length);
  return { data: data.slice(0, kept * columns), rows: kept, columns };
}

function anglesOf(gemm: Gemm, delta: SlabMatrix, a: Spectrum, before: SlabMatrix, b: Spectrum): MeasuredAngles {
  const short = between(a.vectors, b.vectors);
  const long = between(images(gemm, delta, a.vectors), images(gemm, before, b.vectors));
  return delta.tall ? { left: long, right: short } : { left: short, right: long };
}

function between(a: DenseMatrix, b: DenseMatrix): Float64Array {
  return principalAngles(transposed(a), transposed(b)).angles;
}

function transposed({ data, rows, columns }: DenseMatrix): DenseMatrix {
  const out = new Float64Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c] ?? 0;
  return { data: out, rows: columns, columns: rows };
}

interface FirstPass {
  readonly squares: number;
  readonly deltaSquares: number;
  readonly unchanged: number;
  readonly rounding: number;
  readonly gram?: DenseMatrix;
  readonly deltaGram?: DenseMatrix;
}

/** Sums over all entries, and the Gram matrices where the spectrum is to be exact. */
function firstPass({ gemm, blocks }: Tools, pair: FilePair, grams: boolean, base: boolean): FirstPass {
  const size = matrixOf(pair.before);
  const { tall, ...axes } = axesOf(size);
  const ulps = roundingSquares(pair.after.dtype);
  let [squares, deltaSquares, unchanged, rounding] = [0, 0, 0, 0];
  let [gram, deltaGram]: [DenseMatrix | undefined, DenseMatrix | undefined] = [undefined, undefined];
  for (const slab of slabsOf(axes)) {
    const part = partOf(size, tall, slab);
    const [before, after] = [blocks.read(pair.before, part), blocks.read(pair.after, part)];
    const delta = differences(before, after);
    const moved = squaresOf(delta);
    squares += squaresOf(before);
    deltaSquares += moved;
    unchanged += unchangedAtBfloat16(before, after);
    rounding += summed(after, ulps);
    if (!grams) continue;
    const dense = (data: Float64Array): DenseMatrix => ({ data, rows: part.rows, columns: part.columns });
    if (moved > 0) deltaGram = addGram(gemm, tall, dense(delta), deltaGram);
    if (base) gram = addGram(gemm, tall, dense(new Float64Array(before)), gram);
  }
  return { squares, deltaSquares, unchanged, rounding, ...(gram && { gram }), ...(deltaGram && { deltaGram }) };
}

function axesOf({ rows, columns }: { readonly rows: number; readonly columns: number }): Omit<SlabMatrix, "read"> {
  return { short: Math.min(rows, columns), long: Math.max(rows, columns), tall: rows >= columns };
}

function partOf(size: { readonly rows: number; readonly columns: number }, tall: boolean, slab: Slab): Part {
  return tall
    ? { row: slab.start, rows: slab.size, column: 0, columns: size.columns }
    : { row: 0, rows: size.rows, column: slab.start, columns: slab.size };
}

/** A stored tensor as a matrix in slabs. */
function storedMatrix(blocks: Blocks, tensor: FileTensor): SlabMatrix {
  return matrixBy(matrixOf(tensor), (part) => new Float64Array(blocks.read(tensor, part)));
}

/** The change of a tensor as a matrix in slabs, subtracted in float64. */
export function deltaMatrix(blocks: Blocks, { before, after }: FilePair): SlabMatrix {
  return matrixBy(matrixOf(before), (part) => differences(blocks.read(before, part), blocks.read(after, part)));
}

function matrixBy(
  size: { readonly rows: number; readonly columns: number },
  read: (part: Part) => Float64Array,
): SlabMatrix {
  const axes = axesOf(size);
  return {
    ...axes,
    read: (slab) => {
      const part = partOf(size, axes.tall, slab);
      return { data: read(part), rows: part.rows, columns: part.columns };
    },
  };
}

function differences(before: Float32Array, after: Float32Array): Float64Array {
  const delta = new Float64Array(before.length);
  for (let i = 0; i < delta.length; i++) delta[i] = (after[i] ?? 0) - (before[i] ?? 0);
  return delta;
}

function squaresOf(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) * (values[i] ?? 0);
  return sum;
}

/** Fraction bits and smallest exponent of the element types. */
const formats: Readonly<Record<StoredDType, readonly [bits: number, least: number]>> = {
  F32: [23, -126],
  BF16: [7, -126],
  F16: [10, -14],
};

/** Mean squared rounding error (spacing² / 12) by the exponent bits of a float32. */
function roundingSquares(dtype: StoredDType): Float64Array {
  const [bits, least] = formats[dtype];
  return Float64Array.from({ length: 256 }, (_, e) => 4 ** (Math.max(e - 127, least) - bits) / 12);
}

function summed(values: Float32Array<ArrayBuffer>, byExponent: Float64Array): number {
  const words = new Uint32Array(values.buffer);
  let sum = 0;
  for (let i = 0; i < words.length; i++) sum += byExponent[((words[i] ?? 0) >>> 23) & 255] ?? 0;
  return sum;
}
