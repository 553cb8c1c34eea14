/**
 * Columns cut to the one shape that a run is compiled for: rows are picked, widened to T and filled up with empty rows,
 * so that no step brings a new shape and nothing is compiled in the middle of a run.
 */
import type { HostTensor } from "../jit/host-tensor.ts";

/** Rows and positions of every micro-batch of a run. */
export interface BatchShape {
  readonly rows: number;
  /** T. `ids` has one column more. */
  readonly tokens: number;
}

/**
 * Widths are whole multiples of this: one vector register of the matrix kernels, and few distinct shapes. Twice as much
 * pads the bundled three-digit sums by 17 %.
 */
const WIDTH_STEP = 8;

/** The smallest T that holds every prompt with every completion. */
export function tokensFor(maxPromptTokens: number, maxCompletionTokens: number): number {
  return Math.ceil((maxPromptTokens + maxCompletionTokens - 1) / WIDTH_STEP) * WIDTH_STEP;
}

/** A column of a step: one number (`width` 1) or `width` numbers per row. */
export interface Column<D extends Float32Array | Int32Array> {
  readonly data: D;
  readonly width: number;
}

/**
 * Picks rows of a column into a new array of `shape`; positions and rows beyond get `fill`.
 *
 * @param rows numbers of the rows wanted, at most `shape[0]`
 */
export function pickRows<D extends Float32Array | Int32Array>(
  column: Column<D>,
  rows: readonly number[],
  shape: readonly [rows: number, width: number],
  fill: number,
): HostTensor {
  const [height, width] = shape;
  const { data } = column;
  const out = data instanceof Int32Array ? new Int32Array(height * width) : new Float32Array(height * width);
  if (fill !== 0) out.fill(fill);
  for (const [i, row] of rows.entries()) {
    out.set(data.subarray(row * column.width, row * column.width + Math.min(width, column.width)), i * width);
  }
  return { data: out, shape: [height, width] };
}

/** Cuts a list into runs of at most `size`. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let start = 0; start < items.length; start += size) result.push(items.slice(start, start + size));
  return result;
}

/** Cuts a list into `count` runs whose lengths differ by one at most. */
export function splitEvenly<T>(items: readonly T[], count: number): T[][] {
  const at = (part: number): number => Math.floor((part * items.length) / count);
  return Array.from({ length: count }, (_, part) => items.slice(at(part), at(part + 1)));
}
