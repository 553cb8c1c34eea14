/** A tall matrix made upper bidiagonal by reflections from both sides: A = U B Vᵀ. Golub & Van Loan, section 5.4.8. */
import type { Sliced } from "./slices.ts";

export interface Bidiagonal {
  /** [n] diagonal, and [n] the entries above it (the last one is 0). */
  readonly diagonal: Float64Array;
  readonly above: Float64Array;
  /** n columns of length m, and n columns of length n; none when vectors were not asked for. */
  readonly u: Float64Array[];
  readonly v: Float64Array[];
}

/**
 * @param work n columns of length m ≥ n, one after the other; overwritten
 */
export function* bidiagonalize(work: Float64Array, m: number, n: number, vectors: boolean): Sliced<Bidiagonal> {
  const columns = Array.from({ length: n }, (_, j) => work.subarray(j * m, (j + 1) * m));
  const rowReflectors = Array.from({ length: n }, () => new Float64Array(0));
  const [diagonal, above] = [new Float64Array(n), new Float64Array(n)];
  const product = new Float64Array(m);
  for (let k = 0; k < n; k++) {
    const column = columnAt(columns, k);
    diagonal[k] = makeReflector(column, k);
    for (let j = k + 1; j < n; j++) reflect(column, columnAt(columns, j), k);
    if (k < n - 1) {
      const row = new Float64Array(n);
      for (let j = k + 1; j < n; j++) row[j] = columnAt(columns, j)[k] ?? 0;
      above[k] = makeReflector(row, k + 1);
      reflectRows(columns, row, k + 1, product);
      rowReflectors[k] = row;
    }
    yield 8 * (m - k) * (n - k);
  }
  if (!vectors) return { diagonal, above, u: [], v: [] };
  const u = yield* accumulate(columns, m, n, 0);
  const v = yield* accumulate(rowReflectors.slice(0, n - 1), n, n, 1);
  return { diagonal, above, u, v };
}

/**
 * Turns x[from…] into w of the reflection I − w wᵀ that sends x to a multiple of e_from, |w|² = 2, and returns that multiple.
 * A zero x gives w = 0 (no reflection) and 0.
 */
function makeReflector(x: Float64Array, from: number): number {
  let squares = 0;
  for (let i = from; i < x.length; i++) squares += (x[i] ?? 0) ** 2;
  const norm = Math.sqrt(squares);
  if (norm === 0) return 0;
  const head = x[from] ?? 0;
  const target = head > 0 ? -norm : norm;
  // w = (x − target e) · sqrt(2) / |x − target e|, and |x − target e|² = 2 norm (norm + |head|)
  const factor = 1 / Math.sqrt(norm * (norm + Math.abs(head)));
  x[from] = head - target;
  for (let i = from; i < x.length; i++) x[i] = (x[i] ?? 0) * factor;
  return target;
}

/** x −= w (wᵀ x), from entry `from` on. */
function reflect(w: Float64Array, x: Float64Array, from: number): void {
  let dot = 0;
  for (let i = from; i < w.length; i++) dot += (w[i] ?? 0) * (x[i] ?? 0);
  if (dot === 0) return;
  for (let i = from; i < w.length; i++) x[i] = (x[i] ?? 0) - dot * (w[i] ?? 0);
}

/** A −= (A w) wᵀ on rows and columns from `from` on, column by column. */
function reflectRows(columns: readonly Float64Array[], w: Float64Array, from: number, product: Float64Array): void {
  product.fill(0);
  for (let j = from; j < columns.length; j++) addTo(product, columnAt(columns, j), w[j] ?? 0, from);
  for (let j = from; j < columns.length; j++) addTo(columnAt(columns, j), product, -(w[j] ?? 0), from);
}

function addTo(target: Float64Array, x: Float64Array, factor: number, from: number): void {
  if (factor === 0) return;
  for (let i = from; i < target.length; i++) target[i] = (target[i] ?? 0) + factor * (x[i] ?? 0);
}

/** First n columns of the product of reflections; reflector k acts from entry k + offset on. */
function* accumulate(
  reflectors: readonly Float64Array[],
  length: number,
  n: number,
  offset: number,
): Sliced<Float64Array[]> {
  const product = Array.from({ length: n }, (_, j) => {
    const column = new Float64Array(length);
    column[j] = 1;
    return column;
  });
  for (let k = reflectors.length - 1; k >= 0; k--) {
    const w = columnAt(reflectors, k);
    for (let j = k + offset; j < n; j++) reflect(w, columnAt(product, j), k + offset);
    yield 4 * (length - k) * (n - k);
  }
  return product;
}

/** Column j, which exists by construction. */
export function columnAt(columns: readonly Float64Array[], j: number): Float64Array {
  const column = columns[j];
  if (column === undefined) throw new Error(`internal: no column ${j}`);
  return column;
}
