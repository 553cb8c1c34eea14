/**
 * Eigenvalues of a symmetric matrix, all of them, and the eigenvectors of the largest few.
 *
 * Values: tridiagonal form, then the QL iteration with implicit shifts (Golub & Van Loan, section 8.3; EISPACK's tql1). Vectors:
 * inverse iteration on the tridiagonal form, each made orthogonal to those before (LAPACK's dstein does so within clusters).
 * Errors are of the order of 1e-15 of the largest eigenvalue.
 */
import { rng } from "../rng.ts";
import { applyReflections, type Tridiagonal, tridiagonalize } from "./tridiagonalize.ts";

export interface SymmetricEigen {
  /** [n] descending. */
  readonly values: Float64Array;
  /** [count, n] orthonormal eigenvectors of the first `count` values, one a row. */
  readonly vectors: Float64Array;
}

/**
 * @param a [n, n] row-major; the lower triangle is read. Overwritten.
 * @param count number of eigenvectors, 0 to n
 */
export function symmetricEigen(a: Float64Array, n: number, count: number): SymmetricEigen {
  const form = tridiagonalize(a, n);
  const values = tridiagonalValues(form.diagonal.slice(), form.below.slice()).sort().reverse();
  const vectors = new Float64Array(count * n);
  for (let i = 0; i < count; i++) inverseIteration(form, values[i] ?? 0, i, vectors);
  for (let i = 0; i < count; i++) applyReflections(form, vectors.subarray(i * n, (i + 1) * n));
  return { values, vectors };
}

/** More turns than any matrix of finite numbers needs for one value. */
const maxTurns = 60;

/** QL iteration. Both arrays are overwritten; `below[i]` stands beside `diagonal[i]` and `diagonal[i - 1]`. */
function tridiagonalValues(diagonal: Float64Array, below: Float64Array): Float64Array {
  const n = diagonal.length;
  below.copyWithin(0, 1);
  if (n > 0) below[n - 1] = 0;
  const scale = diagonal.reduce((most, x, i) => Math.max(most, Math.abs(x) + Math.abs(below[i] ?? 0)), 0);
  const tiny = Number.EPSILON * Number.EPSILON * scale;
  for (let l = 0; l < n; l++) {
    for (let turn = 0; ; turn++) {
      let m = l;
      for (; m < n - 1; m++) {
        const size = Math.abs(diagonal[m] ?? 0) + Math.abs(diagonal[m + 1] ?? 0);
        if (Math.abs(below[m] ?? 0) <= Number.EPSILON * size + tiny) break;
      }
      if (m === l) break;
      if (turn === maxTurns) throw new Error("internal: the QL iteration did not converge");
      chase(diagonal, below, l, m);
    }
  }
  return diagonal;
}

/** One shifted QL sweep over the block l..m. */
function chase(d: Float64Array, e: Float64Array, l: number, m: number): void {
  const [dl, el] = [d[l] ?? 0, e[l] ?? 0];
  let g = ((d[l + 1] ?? 0) - dl) / (2 * el);
  const root = Math.sqrt(g * g + 1);
  g = (d[m] ?? 0) - dl + el / (g + (g >= 0 ? root : -root));
  let [s, c, p] = [1, 1, 0];
  for (let i = m - 1; i >= l; i--) {
    const [f, b] = [s * (e[i] ?? 0), c * (e[i] ?? 0)];
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] = (d[i + 1] ?? 0) - p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = (d[i + 1] ?? 0) - p;
    const t = ((d[i] ?? 0) - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
  }
  d[l] = dl - p;
  e[l] = g;
  e[m] = 0;
}

/** Turns of inverse iteration: two suffice from a random start, the others are for clusters. */
const turns = 4;

/** Writes eigenvector `at` of T, orthogonal to those before it. */
function inverseIteration(form: Tridiagonal, value: number, at: number, vectors: Float64Array): void {
  const n = form.diagonal.length;
  const random = rng({ seed: 0, stream: "inverse-iteration", row: at });
  const x = vectors.subarray(at * n, (at + 1) * n);
  for (let j = 0; j < n; j++) x[j] = random.uniform() - 0.5;
  orthonormalize(x, at, vectors);
  const solve = shiftedSolver(form, value);
  for (let turn = 0; turn < turns; turn++) {
    solve(x);
    orthonormalize(x, at, vectors);
  }
}

/** Takes the first `at` rows out of x, twice because once leaves rounding behind, and makes its length 1. */
function orthonormalize(x: Float64Array, at: number, vectors: Float64Array): void {
  const n = x.length;
  normalize(x);
  for (let i = 0; i < 2 * at; i++) {
    const other = vectors.subarray((i % at) * n, ((i % at) + 1) * n);
    let along = 0;
    for (let j = 0; j < n; j++) along += (x[j] ?? 0) * (other[j] ?? 0);
    for (let j = 0; j < n; j++) x[j] = (x[j] ?? 0) - along * (other[j] ?? 0);
  }
  normalize(x);
}

function normalize(x: Float64Array): void {
  const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!(largest > 0)) throw new Error("internal: an eigenvector vanished");
  let squares = 0;
  for (let j = 0; j < x.length; j++) squares += ((x[j] ?? 0) / largest) ** 2;
  const length = largest * Math.sqrt(squares);
  for (let j = 0; j < x.length; j++) x[j] = (x[j] ?? 0) / length;
}

/** x ← (T − value)⁻¹ x up to a factor: elimination with row exchanges; a pivot of 0 counts as one rounding error. */
function shiftedSolver({ diagonal, below }: Tridiagonal, value: number): (x: Float64Array) => void {
  const n = diagonal.length;
  // Row i of the eliminated matrix: main[i], next[i], beyond[i].
  const [main, next, beyond] = [diagonal.map((d) => d - value), new Float64Array(n), new Float64Array(n)];
  const [factors, exchanged] = [new Float64Array(n), new Uint8Array(n)];
  for (let i = 0; i + 1 < n; i++) next[i] = below[i + 1] ?? 0;
  const scale = diagonal.reduce((most, d, i) => Math.max(most, Math.abs(d) + 2 * Math.abs(below[i] ?? 0)), 0);
  const least = Math.max(Number.EPSILON * scale, Number.MIN_VALUE / Number.EPSILON);
  for (let i = 0; i + 1 < n; i++) {
    const [a, b, sub] = [main[i] ?? 0, next[i] ?? 0, below[i + 1] ?? 0];
    const [c, d] = [main[i + 1] ?? 0, next[i + 1] ?? 0];
    if (Math.abs(sub) > Math.abs(a)) {
      exchanged[i] = 1;
      const factor = a / sub;
      factors[i] = factor;
      [main[i], next[i], beyond[i]] = [sub, c, d];
      [main[i + 1], next[i + 1]] = [b - factor * c, -factor * d];
    } else {
      const pivot = Math.abs(a) < least ? least : a;
      const factor = sub / pivot;
      factors[i] = factor;
      main[i] = pivot;
      main[i + 1] = c - factor * b;
    }
  }
  if (n > 0 && Math.abs(main[n - 1] ?? 0) < least) main[n - 1] = least;
  return (x) => {
    for (let i = 0; i + 1 < n; i++) {
      const [p, q] = [x[i] ?? 0, x[i + 1] ?? 0];
      const [up, down] = exchanged[i] === 1 ? [q, p] : [p, q];
      x[i] = up;
      x[i + 1] = down - (factors[i] ?? 0) * up;
    }
    for (let i = n - 1; i >= 0; i--) {
      const rest = (next[i] ?? 0) * (x[i + 1] ?? 0) + (beyond[i] ?? 0) * (x[i + 2] ?? 0);
      x[i] = ((x[i] ?? 0) - rest) / (main[i] ?? 1);
    }
  };
}
