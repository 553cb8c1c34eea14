/**
 * Principal angles between the column spaces of two matrices. Björck & Golub 1973, Mathematics of Computation 27:579; sines and
 * cosines are both taken, so that angles near 0 and near π/2 are exact to rounding (Knyazev & Argentati 2002).
 */
import { refuse } from "../refuse.ts";
import { type Matrix, svd } from "./svd.ts";

export interface PrincipalAngles {
  /** Radians, descending, from 0 to π/2; as many as the smaller space has dimensions. */
  readonly angles: Float64Array;
  /** Mean squared cosine: 1 where one space holds the other, 0 where they are orthogonal. */
  readonly overlap: number;
}

/**
 * Angles between the spaces that the columns span. Dependent columns add no dimension (singular values below 2⁻⁵² · the larger
 * size · the largest of them count as 0, as in scipy's `orth`).
 *
 * @throws UsageError when the numbers of rows differ, a matrix is all zero, or an entry is not finite
 */
export function principalAngles(a: Matrix, b: Matrix): PrincipalAngles {
  if (a.rows !== b.rows) {
    refuse("principalAngles", `the matrices have ${a.rows} and ${b.rows} rows`, "pass spaces of one dimension");
  }
  const bases = [basis("the first", a), basis("the second", b)].sort((p, q) => q.rows - p.rows);
  const [large, small] = bases;
  if (large === undefined || small === undefined) throw new Error("internal: two matrices without two bases");
  const { rows: p, columns: n } = large;
  const products = new Float64Array(small.rows * p); // [q, p] of qᵀ p
  const rest = Float64Array.from(small.data); // [q, n] what the larger space does not hold of the smaller
  for (let i = 0; i < small.rows; i++) {
    for (let j = 0; j < p; j++) {
      let product = 0;
      for (let k = 0; k < n; k++) product += (small.data[i * n + k] ?? 0) * (large.data[j * n + k] ?? 0);
      products[i * p + j] = product;
    }
    for (let j = 0; j < p; j++) {
      const product = products[i * p + j] ?? 0;
      for (let k = 0; k < n; k++) rest[i * n + k] = (rest[i * n + k] ?? 0) - product * (large.data[j * n + k] ?? 0);
    }
  }
  const cosines = svd({ data: products, rows: small.rows, columns: p }, { vectors: false }).values;
  const sines = svd({ data: rest, rows: small.rows, columns: n }, { vectors: false }).values;
  const angles = Float64Array.from({ length: small.rows }, (_, i) =>
    Math.atan2(sines[i] ?? 0, cosines[small.rows - 1 - i] ?? 0),
  );
  return { angles, overlap: angles.reduce((sum, angle) => sum + Math.cos(angle) ** 2, 0) / small.rows };
}

/** An orthonormal basis of the column space, one vector a row. */
function basis(what: string, matrix: Matrix): Matrix & { readonly data: Float64Array } {
  const { values, left } = svd(matrix);
  const limit = 2 ** -52 * Math.max(matrix.rows, matrix.columns) * (values[0] ?? 0);
  const rank = values.filter((value) => value > limit).length;
  if (rank === 0) refuse("principalAngles", `${what} matrix is all zero`, "pass a matrix that spans something");
  return { data: left.slice(0, rank * matrix.rows), rows: rank, columns: matrix.rows };
}
