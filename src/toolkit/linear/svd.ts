/**
 * Singular value decomposition in float64: Householder bidiagonalisation, then implicitly shifted QR on the bidiagonal.
 * Golub & Kahan 1965; Golub & Reinsch 1970; the iteration follows LINPACK's dsvdc. Small singular values are exact to about
 * 1e-16 of the largest, which the eigenvalues of AᵀA (1e-8) are not.
 */
import { refuse } from "../refuse.ts";
import { bidiagonalize } from "./bidiagonalize.ts";
import { diagonalize } from "./diagonalize.ts";
import { drain, type Sliced } from "./slices.ts";

/** A matrix by rows. */
export interface Matrix {
  /** [rows, columns] row-major. */
  readonly data: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
}

/** A = Σ_i values[i] · left_i · right_iᵀ over rank = min(rows, columns) terms. */
export interface Svd {
  /** [rank] descending, none negative. */
  readonly values: Float64Array;
  /** [rank, rows] left singular vectors, one a row; empty when only values were asked for. */
  readonly left: Float64Array;
  /** [rank, columns] right singular vectors, one a row. */
  readonly right: Float64Array;
}

/**
 * Decomposes a matrix in one go (a 1024 x 1024 one takes seconds; `svdSliced` lets the event loop live).
 *
 * @param options.vectors false for the values alone, several times faster. Default true.
 */
export function svd(matrix: Matrix, { vectors = true }: { readonly vectors?: boolean } = {}): Svd {
  return drain(svdSliced(matrix, { vectors }));
}

/** The same, for `inSlices`. */
export function* svdSliced(matrix: Matrix, { vectors }: { readonly vectors: boolean }): Sliced<Svd> {
  const { rows, columns } = matrix;
  const scale = checkMatrix(matrix);
  const [long, rank] = [Math.max(rows, columns), Math.min(rows, columns)];
  if (scale === 0) return zeroSvd(rows, columns, rank, vectors);
  const work = longColumns(matrix, scale); // [rank, long]: column-major of the tall one of A and Aᵀ
  const { diagonal, above, u, v } = yield* bidiagonalize(work, long, rank, vectors);
  yield* diagonalize(diagonal, above, u, v);
  const order = Array.from(diagonal, (_, i) => i).sort((a, b) => (diagonal[b] ?? 0) - (diagonal[a] ?? 0));
  const values = Float64Array.from(order, (i) => (diagonal[i] ?? 0) * scale);
  const [tall, short] = [reorder(u, order), reorder(v, order)];
  return rows >= columns ? { values, left: tall, right: short } : { values, left: short, right: tall };
}

/** Largest absolute entry. */
function checkMatrix({ data, rows, columns }: Matrix): number {
  if (!(Number.isInteger(rows) && Number.isInteger(columns) && rows > 0 && columns > 0)) {
    refuse("svd", `the matrix has ${rows} rows and ${columns} columns`, "pass whole sizes of at least 1");
  }
  if (data.length !== rows * columns) {
    refuse("svd", `there are ${data.length} numbers for ${rows} x ${columns}`, "pass rows times columns of them");
  }
  let largest = 0;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i] ?? Number.NaN);
    if (!Number.isFinite(size)) refuse("svd", `entry ${i} is ${data[i]}`, "pass finite numbers");
    if (size > largest) largest = size;
  }
  return largest;
}

/** Columns of the tall one of A and Aᵀ, one after the other, divided by `scale` so that no square over- or underflows. */
function longColumns({ data, rows, columns }: Matrix, scale: number): Float64Array {
  const work = new Float64Array(rows * columns);
  if (rows < columns) {
    for (let i = 0; i < work.length; i++) work[i] = (data[i] ?? 0) / scale;
    return work;
  }
  for (let r = 0, at = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, at++) work[c * rows + r] = (data[at] ?? 0) / scale;
  }
  return work;
}

/** The zero matrix has no directions of its own: unit vectors serve. */
function zeroSvd(rows: number, columns: number, rank: number, vectors: boolean): Svd {
  const unit = (length: number): Float64Array => {
    const out = new Float64Array(vectors ? rank * length : 0);
    for (let i = 0; i < rank && vectors; i++) out[i * length + i] = 1;
    return out;
  };
  return { values: new Float64Array(rank), left: unit(rows), right: unit(columns) };
}

function reorder(vectors: readonly Float64Array[], order: readonly number[]): Float64Array {
  const length = vectors[0]?.length ?? 0;
  const out = new Float64Array(vectors.length * length);
  if (length > 0) for (const [to, from] of order.entries()) out.set(vectors[from] ?? [], to * length);
  return out;
}
