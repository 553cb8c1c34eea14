/**
 * Singular values of an upper bidiagonal matrix by implicitly shifted QR steps, as LINPACK's dsvdc does it. The rotations are
 * applied to the columns of U and V on the way.
 */
import { columnAt } from "./bidiagonalize.ts";
import type { Sliced } from "./slices.ts";

const EPSILON = 2 ** -52;
/** Entries below this are zero whatever stands beside them. */
const TINY = 2 ** -966;
/** QR steps for one singular value; two or three are usual. */
const MOST_STEPS = 75;

/** The active block: entries first … last of the diagonal `d`, with `e[i]` above d[i + 1]. */
interface Block {
  readonly d: Float64Array;
  readonly e: Float64Array;
  readonly u: readonly Float64Array[];
  readonly v: readonly Float64Array[];
}

/** On return `d` holds the singular values, none negative, in no order, and `e` zeros. */
export function* diagonalize(
  d: Float64Array,
  e: Float64Array,
  u: readonly Float64Array[],
  v: readonly Float64Array[],
): Sliced<void> {
  const block: Block = { d, e, u, v };
  const rotationFlop = 12 + 6 * ((u[0]?.length ?? 0) + (v[0]?.length ?? 0));
  let steps = 0;
  for (let last = d.length - 1; last >= 0; ) {
    const first = blockStart(block, last);
    if (first === last) {
      makePositive(block, last);
      last--;
      steps = 0;
      continue;
    }
    const zero = zeroOnDiagonal(block, first, last);
    if (zero === last) chaseFromLast(block, first, last);
    else if (zero !== undefined) chaseFromRow(block, zero, last);
    else qrStep(block, first, last);
    if (++steps > MOST_STEPS) throw new Error("internal: the singular value iteration does not converge");
    yield rotationFlop * (last - first);
  }
}

/** Sets a negligible entry above the diagonal to 0 and returns where the block that ends at `last` begins. */
function blockStart({ d, e }: Block, last: number): number {
  for (let k = last - 1; k >= 0; k--) {
    if (Math.abs(at(e, k)) <= TINY + EPSILON * (Math.abs(at(d, k)) + Math.abs(at(d, k + 1)))) {
      e[k] = 0;
      return k + 1;
    }
  }
  return 0;
}

/** Sets a negligible diagonal entry of the block to 0 and returns its place. */
function zeroOnDiagonal({ d, e }: Block, first: number, last: number): number | undefined {
  for (let k = last; k >= first; k--) {
    const beside = (k < last ? Math.abs(at(e, k)) : 0) + (k > first ? Math.abs(at(e, k - 1)) : 0);
    if (Math.abs(at(d, k)) <= TINY + EPSILON * beside) {
      d[k] = 0;
      return k;
    }
  }
  return undefined;
}

/** d[last] is 0: rotates e[last − 1] away upwards, with columns of V. */
function chaseFromLast({ d, e, v }: Block, first: number, last: number): void {
  let f = at(e, last - 1);
  e[last - 1] = 0;
  for (let j = last - 1; j >= first; j--) {
    const { length, cos, sin } = givens(at(d, j), f);
    d[j] = length;
    if (j > first) {
      f = -sin * at(e, j - 1);
      e[j - 1] = cos * at(e, j - 1);
    }
    rotate(v, j, last, cos, sin);
  }
}

/** d[row] is 0 inside the block: rotates e[row] away to the right, with columns of U, which splits the block. */
function chaseFromRow({ d, e, u }: Block, row: number, last: number): void {
  let f = at(e, row);
  e[row] = 0;
  for (let j = row + 1; j <= last; j++) {
    const { length, cos, sin } = givens(at(d, j), f);
    d[j] = length;
    f = -sin * at(e, j);
    e[j] = cos * at(e, j);
    rotate(u, j, row, cos, sin);
  }
}

/** One QR step with Wilkinson's shift from the last 2 x 2 block of BᵀB. */
function qrStep({ d, e, u, v }: Block, first: number, last: number): void {
  let [f, g] = shifted({ d, e, u, v }, first, last);
  for (let j = first; j < last; j++) {
    const right = givens(f, g);
    if (j > first) e[j - 1] = right.length;
    f = right.cos * at(d, j) + right.sin * at(e, j);
    e[j] = right.cos * at(e, j) - right.sin * at(d, j);
    g = right.sin * at(d, j + 1);
    d[j + 1] = right.cos * at(d, j + 1);
    rotate(v, j, j + 1, right.cos, right.sin);
    const left = givens(f, g);
    d[j] = left.length;
    f = left.cos * at(e, j) + left.sin * at(d, j + 1);
    d[j + 1] = left.cos * at(d, j + 1) - left.sin * at(e, j);
    g = left.sin * at(e, j + 1);
    e[j + 1] = left.cos * at(e, j + 1);
    rotate(u, j, j + 1, left.cos, left.sin);
  }
  e[last - 1] = f;
}

/** First column of BᵀB − shift, up to a factor. */
function shifted({ d, e }: Block, first: number, last: number): [number, number] {
  const used = [at(d, last), at(d, last - 1), at(e, last - 1), at(d, first), at(e, first)];
  const scale = Math.max(...used.map(Math.abs));
  const [end = 0, endBefore = 0, endAbove = 0, start = 0, startAbove = 0] = used.map((x) => x / scale);
  const b = ((endBefore + end) * (endBefore - end) + endAbove ** 2) / 2;
  const c = (end * endAbove) ** 2;
  const root = Math.sqrt(b * b + c) * (b < 0 ? -1 : 1);
  const shift = b + root === 0 ? 0 : c / (b + root);
  return [(start + end) * (start - end) + shift, start * startAbove];
}

function makePositive({ d, v }: Block, k: number): void {
  if (at(d, k) >= 0) return;
  d[k] = -at(d, k);
  const column = v[k];
  if (column !== undefined) for (let i = 0; i < column.length; i++) column[i] = -at(column, i);
}

/** Rotation that sends (a, b) to (length, 0). */
function givens(a: number, b: number): { length: number; cos: number; sin: number } {
  const length = Math.sqrt(a * a + b * b);
  return length === 0 ? { length, cos: 1, sin: 0 } : { length, cos: a / length, sin: b / length };
}

function rotate(columns: readonly Float64Array[], i: number, j: number, cos: number, sin: number): void {
  if (columns.length === 0) return;
  const [x, y] = [columnAt(columns, i), columnAt(columns, j)];
  for (let r = 0; r < x.length; r++) {
    const a = x[r] ?? 0;
    const b = y[r] ?? 0;
    x[r] = cos * a + sin * b;
    y[r] = cos * b - sin * a;
  }
}

function at(values: Float64Array, i: number): number {
  return values[i] ?? 0;
}
