/** Sets of real numbers: finite unions of intervals and points, in order, none touching another. */
import type { Precision } from "./digits.ts";
import type { Node } from "./node.ts";
import { sameScalar } from "./scalar.ts";

export interface End {
  /** ±Infinity where there is none. */
  readonly at: number;
  readonly closed: boolean;
  /** The expression, where the end was written as one. */
  readonly node?: Node;
}

export interface Interval {
  readonly low: End;
  readonly high: End;
}

export type RealSet = readonly Interval[];

export const ALL: RealSet = [
  { low: { at: Number.NEGATIVE_INFINITY, closed: false }, high: { at: Number.POSITIVE_INFINITY, closed: false } },
];
export const NONE: RealSet = [];

export function near(a: number, b: number): boolean {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a === b;
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

export function pointSet(at: number, node?: Node): RealSet {
  const end: End = { at, closed: true, ...(node === undefined ? {} : { node }) };
  return [{ low: end, high: end }];
}

/** The interval between two ends; empty where nothing lies between. */
export function interval(low: End, high: End): RealSet {
  const [from, to] = [openAtInfinity(low), openAtInfinity(high)];
  if (near(from.at, to.at)) return from.closed && to.closed ? [{ low: from, high: to }] : NONE;
  return from.at < to.at ? [{ low: from, high: to }] : NONE;
}

function openAtInfinity(end: End): End {
  return Number.isFinite(end.at) ? end : { at: end.at, closed: false };
}

export function union(a: RealSet, b: RealSet): RealSet {
  const all = [...a, ...b].sort((x, y) => compareLow(x.low, y.low));
  const out: Interval[] = [];
  for (const next of all) {
    const last = out.at(-1);
    if (last === undefined || !touches(last.high, next.low)) out.push(next);
    else if (compareHigh(last.high, next.high) < 0) out[out.length - 1] = { low: last.low, high: next.high };
  }
  return out;
}

function compareLow(a: End, b: End): number {
  return near(a.at, b.at) ? Number(b.closed) - Number(a.closed) : a.at - b.at;
}

function compareHigh(a: End, b: End): number {
  return near(a.at, b.at) ? Number(a.closed) - Number(b.closed) : a.at - b.at;
}

/** Whether an interval that ends here and one that starts there leave no gap. */
function touches(high: End, low: End): boolean {
  return near(high.at, low.at) ? high.closed || low.closed : low.at < high.at;
}

export function intersection(a: RealSet, b: RealSet): RealSet {
  const parts = a.flatMap((x) =>
    b.map((y) =>
      interval(compareLow(x.low, y.low) >= 0 ? x.low : y.low, compareHigh(x.high, y.high) <= 0 ? x.high : y.high),
    ),
  );
  return parts.reduce((total, part) => union(total, part), NONE);
}

export function complement(set: RealSet): RealSet {
  let out: RealSet = NONE;
  let low: End = { at: Number.NEGATIVE_INFINITY, closed: false };
  for (const part of set) {
    out = union(out, interval(low, flipped(part.low)));
    low = flipped(part.high);
  }
  return union(out, interval(low, { at: Number.POSITIVE_INFINITY, closed: false }));
}

function flipped(end: End): End {
  return { ...end, closed: !end.closed };
}

export function sameSet(a: RealSet, b: RealSet, precision: Precision): boolean {
  return (
    a.length === b.length &&
    a.every((part, i) => sameEnd(part.low, b[i]?.low, precision) && sameEnd(part.high, b[i]?.high, precision))
  );
}

function sameEnd(a: End, b: End | undefined, precision: Precision): boolean {
  if (b === undefined || a.closed !== b.closed) return false;
  if (a.node !== undefined && b.node !== undefined) return sameScalar(a.node, b.node, precision);
  return near(a.at, b.at);
}
