/**
 * A matrix that is read in parts, because it may be larger than memory. Its parts are slabs across the longer axis: rows of a tall
 * matrix, columns of a wide one. Vectors are rows throughout.
 */
import type { DenseMatrix, Gemm } from "./gemm.ts";

/** Where a slab starts and how wide it is, along the longer axis. */
export interface Slab {
  readonly start: number;
  readonly size: number;
}

export interface SlabMatrix {
  /** Sizes of the shorter and the longer axis. */
  readonly short: number;
  readonly long: number;
  /** Whether the rows are the longer axis; a square matrix counts as tall. */
  readonly tall: boolean;
  /** [size, short] where tall, else [short, size]. */
  read(slab: Slab): DenseMatrix;
}

/** Numbers of a slab: 32 MB in float64. */
const slabNumbers = 2 ** 22;

/** The slabs of a matrix, in order. */
export function slabsOf({ short, long }: Pick<SlabMatrix, "short" | "long">): readonly Slab[] {
  const size = Math.max(1, Math.floor(slabNumbers / Math.max(1, short)));
  const slabs: Slab[] = [];
  for (let start = 0; start < long; start += size) slabs.push({ start, size: Math.min(size, long - start) });
  return slabs;
}

/** The Gram matrix [short, short] of one slab, added to those before. */
export function addGram(gemm: Gemm, tall: boolean, slab: DenseMatrix, before?: DenseMatrix): DenseMatrix {
  return gemm.multiply(tall ? "atb" : "abt", slab, slab, before);
}

/** Vectors [k, short] into the space of the longer axis: [k, size of the slab]. */
export function along(gemm: Gemm, tall: boolean, vectors: DenseMatrix, slab: DenseMatrix): DenseMatrix {
  return gemm.multiply(tall ? "abt" : "ab", vectors, slab);
}

/** Vectors [k, size of the slab] back into the space of the shorter axis, added to those of the slabs before: [k, short]. */
export function back(
  gemm: Gemm,
  tall: boolean,
  vectors: DenseMatrix,
  slab: DenseMatrix,
  before?: DenseMatrix,
): DenseMatrix {
  return gemm.multiply(tall ? "ab" : "abt", vectors, slab, before);
}

/** The images [k, long] of vectors [k, short]: σ u for a singular vector v. */
export function images(gemm: Gemm, matrix: SlabMatrix, vectors: DenseMatrix): DenseMatrix {
  const data = new Float64Array(vectors.rows * matrix.long);
  for (const slab of slabsOf(matrix)) {
    const part = along(gemm, matrix.tall, vectors, matrix.read(slab));
    for (let k = 0; k < vectors.rows; k++) {
      data.set(part.data.subarray(k * slab.size, (k + 1) * slab.size), k * matrix.long + slab.start);
    }
  }
  return { data, rows: vectors.rows, columns: matrix.long };
}
