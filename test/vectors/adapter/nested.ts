/** Numbers as cases have them (nested lists; null and "NaN" for what is no number) and as the library takes them. */
import { allFinite, checkFinite } from "../../../src/toolkit/finite.ts";
import { refuse } from "../../../src/toolkit/refuse.ts";

export type Nested = number | string | boolean | null | readonly Nested[];

/** Nested lists as one array with its shape. */
export interface Block {
  readonly data: Float64Array;
  readonly shape: readonly number[];
}

/** @throws UsageError for lists of unlike lengths */
export function block(name: string, nested: Nested): Block {
  const shape: number[] = [];
  for (let level = nested; isList(level); level = level[0] ?? 0) shape.push(level.length);
  const data: number[] = [];
  fill(name, nested, shape, data);
  return { data: Float64Array.from(data), shape };
}

function fill(name: string, nested: Nested, [length, ...rest]: readonly number[], data: number[]): void {
  const found = isList(nested) ? `a list of ${nested.length}` : "a number";
  const wanted = length === undefined ? "a number" : `a list of ${length}`;
  if (found !== wanted) refuse("case", `${name} has ${found} where the first row has ${wanted}`, "make all rows alike");
  if (!isList(nested)) data.push(numberOf(nested));
  else for (const inner of nested) fill(name, inner, rest, data);
}

/** The lists again. */
export function lists({
  data,
  shape,
}: {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}): Nested {
  const [length, ...rest] = shape;
  if (length === undefined) return data[0] ?? Number.NaN;
  const size = rest.reduce((a, b) => a * b, 1);
  const part = (i: number): number[] => Array.from({ length: size }, (_, j) => data[i * size + j] ?? Number.NaN);
  return Array.from({ length }, (_, i) => lists({ data: part(i), shape: rest }));
}

function isList(nested: Nested): nested is readonly Nested[] {
  return Array.isArray(nested);
}

function numberOf(value: Nested): number {
  return value === null ? Number.NaN : Number(value); // "NaN" and "Infinity" are numbers' names
}

/** Refuses numbers that are not finite; null is none. */
export function finiteOrNull(where: string, name: string, numbers: readonly (number | null)[]): void {
  allFinite(
    where,
    name,
    numbers.filter((value) => value !== null),
  );
}

/** Refuses numbers that are not finite, [B] or, where the mask is 1, [B, T]; and a mask other than 0 and 1. */
export function checkNumbers(where: string, columns: Readonly<Record<string, Nested>>, mask: Nested): void {
  const perToken: Record<string, Float64Array> = {};
  for (const [name, numbers] of Object.entries(columns)) {
    const { data, shape } = block(name, numbers);
    if (shape.length === 2) perToken[name] = data;
    else allFinite(where, name, data);
  }
  checkFinite(where, perToken, block("mask", mask).data);
}
