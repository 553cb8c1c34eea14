/** Slopes by finite differences in double, and where a gradient disagrees with them. */

import { type Columns, columnOf } from "./columns.ts";
import type { Evaluator, Values } from "./evaluate.ts";

/** Truncation about STEP^2, rounding about 1e-16 / STEP. */
const STEP = 1e-5;

/** Relative to the largest entry of the gradient. */
export const DOUBLE_TOLERANCE = 1e-6;
export const FLOAT_TOLERANCE = 1e-3;

/** Central slopes by every entry of the open columns; `kind` tells whether stop-gradients hold. */
export async function slopes(at: Evaluator, columns: Columns, kind: keyof Values): Promise<Record<string, number[]>> {
  const result: Record<string, number[]> = {};
  for (const path of at.open) {
    const along = line(at, columns, path, kind);
    const found: number[] = [];
    for (let i = 0; i < columnOf(columns, path).data.length; i++) {
      found.push(((await along(i, STEP)) - (await along(i, -STEP))) / (2 * STEP));
    }
    result[path] = found;
  }
  return result;
}

/** Slopes to the left and to the right of one entry, from three points each. */
export async function sides(at: Evaluator, columns: Columns, path: string, i: number): Promise<[number, number]> {
  const along = line(at, columns, path, "frozen");
  const here = await along(i, 0);
  const side = async (h: number): Promise<number> =>
    (-3 * here + 4 * (await along(i, h)) - (await along(i, 2 * h))) / (2 * h);
  return [await side(-STEP), await side(STEP)];
}

function line(at: Evaluator, columns: Columns, path: string, kind: keyof Values) {
  const data = Float64Array.from(columnOf(columns, path).data);
  const open = Object.fromEntries(at.open.map((name) => [name, columnOf(columns, name)]));
  const moved = { ...open, [path]: { ...columnOf(columns, path), data } };
  return async (i: number, by: number): Promise<number> => {
    const before = data[i] ?? Number.NaN;
    data[i] = before + by;
    const value = (await at.values(columns, moved))[kind];
    data[i] = before;
    return value;
  };
}

/** Largest |difference| relative to the largest expected entry (or to `scale`); NaN where any entry is. */
export function distance(found: ArrayLike<number>, expected: ArrayLike<number>, scale?: number): number {
  let [largest, apart] = [scale ?? 0, found.length === expected.length ? 0 : Number.NaN];
  for (let i = 0; i < expected.length; i++) {
    const wanted = expected[i] ?? Number.NaN;
    if (scale === undefined) largest = Math.max(largest, Math.abs(wanted));
    apart = Math.max(apart, Math.abs((found[i] ?? Number.NaN) - wanted));
  }
  return apart === 0 ? 0 : apart / Math.max(largest, 1e-12);
}
