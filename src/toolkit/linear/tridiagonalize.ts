/**
 * A symmetric matrix made tridiagonal by reflections: A = Q T Qᵀ. Golub & Van Loan, section 8.3.1, from the last row up. The
 * update by one reflection and the product for the next are one pass over the lower triangle, two rows at a time, so that each
 * entry is read once a step.
 */

/** T, and what rebuilds Q. */
export interface Tridiagonal {
  /** [n] */
  readonly diagonal: Float64Array;
  /** [n] entry i is T[i][i − 1]; the first is 0. */
  readonly below: Float64Array;
  /** [n, n] row i holds the first i numbers of reflection i. */
  readonly reflections: Float64Array;
  /** [n] half the squared length of each reflection; 0 where there was nothing to reflect. */
  readonly halves: Float64Array;
}

/**
 * @param a [n, n] row-major; the lower triangle is read, and overwritten by the reflections
 */
export function tridiagonalize(a: Float64Array, n: number): Tridiagonal {
  const [diagonal, below, halves] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  let pending: { u: Float64Array; w: Float64Array } | undefined;
  for (let i = n - 1; i > 0; i--) {
    const row = a.subarray(i * n, i * n + i + 1);
    if (pending !== undefined) updateRow(row, pending.u, pending.w);
    diagonal[i] = row[i] ?? 0;
    const half = makeReflection(row, i, below);
    halves[i] = half;
    if (half === 0) {
      for (let r = 0; pending !== undefined && r < i; r++)
        updateRow(a.subarray(r * n, r * n + r + 1), pending.u, pending.w);
      pending = undefined;
      continue;
    }
    const u: Float64Array = row.slice(0, i);
    const product = new Float64Array(i);
    if (pending === undefined) multiply(a, n, u, product);
    else updateAndMultiply(a, n, pending.u, pending.w, u, product);
    pending = { u, w: secondVector(u, product, half) };
  }
  if (pending !== undefined) updateRow(a.subarray(0, 1), pending.u, pending.w);
  if (n > 0) diagonal[0] = a[0] ?? 0;
  return { diagonal, below, reflections: a, halves };
}

/** Turns the first `i` numbers of a row into the vector that reflects them onto the last of them; 0 when they are there already. */
function makeReflection(row: Float64Array, i: number, below: Float64Array): number {
  let tail = 0;
  for (let j = 0; j < i - 1; j++) tail += (row[j] ?? 0) ** 2;
  const last = row[i - 1] ?? 0;
  if (tail === 0) {
    below[i] = last;
    return 0;
  }
  const length = Math.sqrt(tail + last * last);
  const target = last > 0 ? -length : length;
  below[i] = target;
  row[i - 1] = last - target;
  return length * length - last * target;
}

/** w of A − u wᵀ − w uᵀ = H A H. */
function secondVector(u: Float64Array, product: Float64Array, half: number): Float64Array {
  let along = 0;
  for (let j = 0; j < u.length; j++) along += ((u[j] ?? 0) * (product[j] ?? 0)) / half;
  const share = along / (2 * half);
  return product.map((value, j) => value / half - share * (u[j] ?? 0));
}

function updateRow(row: Float64Array, u: Float64Array, w: Float64Array): void {
  const r = row.length - 1;
  const [ur, wr] = [u[r] ?? 0, w[r] ?? 0];
  for (let j = 0; j <= r; j++) row[j] = (row[j] ?? 0) - ur * (w[j] ?? 0) - wr * (u[j] ?? 0);
}

/** product += A x, from the lower triangle. */
function multiply(a: Float64Array, n: number, x: Float64Array, product: Float64Array): void {
  for (let r = 0; r < x.length; r++) {
    const row = a.subarray(r * n, r * n + r + 1);
    const xr = x[r] ?? 0;
    let sum = 0;
    for (let j = 0; j < r; j++) {
      const entry = row[j] ?? 0;
      sum += entry * (x[j] ?? 0);
      product[j] = (product[j] ?? 0) + entry * xr;
    }
    product[r] = (product[r] ?? 0) + sum + (row[r] ?? 0) * xr;
  }
}

/**
 * A −= u wᵀ + w uᵀ and product += A x, in one pass; `x` has the size of what is left of A, `u` and `w` at least that. Indices into
 * one array rather than views of its rows, which V8 makes half as fast.
 */
function updateAndMultiply(
  a: Float64Array,
  n: number,
  u: Float64Array,
  w: Float64Array,
  x: Float64Array,
  product: Float64Array,
): void {
  const size = x.length;
  const even = size - (size % 2);
  for (let r = 0; r < even; r += 2) {
    const top = r * n;
    const low = top + n;
    const u0 = u[r] ?? 0;
    const w0 = w[r] ?? 0;
    const x0 = x[r] ?? 0;
    const u1 = u[r + 1] ?? 0;
    const w1 = w[r + 1] ?? 0;
    const x1 = x[r + 1] ?? 0;
    let sum0 = 0;
    let sum1 = 0;
    for (let j = 0; j < r; j++) {
      const uj = u[j] ?? 0;
      const wj = w[j] ?? 0;
      const xj = x[j] ?? 0;
      const p = (a[top + j] ?? 0) - u0 * wj - w0 * uj;
      const q = (a[low + j] ?? 0) - u1 * wj - w1 * uj;
      a[top + j] = p;
      a[low + j] = q;
      sum0 += p * xj;
      sum1 += q * xj;
      product[j] = (product[j] ?? 0) + p * x0 + q * x1;
    }
    const corner = (a[top + r] ?? 0) - 2 * u0 * w0;
    const across = (a[low + r] ?? 0) - u1 * w0 - w1 * u0;
    const next = (a[low + r + 1] ?? 0) - 2 * u1 * w1;
    a[top + r] = corner;
    a[low + r] = across;
    a[low + r + 1] = next;
    product[r] = (product[r] ?? 0) + sum0 + corner * x0 + across * x1;
    product[r + 1] = (product[r + 1] ?? 0) + sum1 + across * x0 + next * x1;
  }
  if (even < size) lastRow(a.subarray(even * n, even * n + size), u, w, x, product);
}

function lastRow(row: Float64Array, u: Float64Array, w: Float64Array, x: Float64Array, product: Float64Array): void {
  updateRow(row, u, w);
  const r = row.length - 1;
  const xr = x[r] ?? 0;
  let sum = 0;
  for (let j = 0; j < r; j++) {
    sum += (row[j] ?? 0) * (x[j] ?? 0);
    product[j] = (product[j] ?? 0) + (row[j] ?? 0) * xr;
  }
  product[r] = (product[r] ?? 0) + sum + (row[r] ?? 0) * xr;
}

/** Q x, in place: the reflections in the order opposite to that in which they were made. */
export function applyReflections({ reflections, halves }: Tridiagonal, x: Float64Array): void {
  const n = x.length;
  for (let i = 1; i < n; i++) {
    const half = halves[i] ?? 0;
    if (half === 0) continue;
    const u = reflections.subarray(i * n, i * n + i);
    let along = 0;
    for (let j = 0; j < i; j++) along += (u[j] ?? 0) * (x[j] ?? 0);
    along /= half;
    for (let j = 0; j < i; j++) x[j] = (x[j] ?? 0) - along * (u[j] ?? 0);
  }
}
