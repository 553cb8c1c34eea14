/** Between the nested lists of a form and the columns of the toolkit; no arithmetic. */
import { refuse } from "../../../src/toolkit/refuse.ts";

/** One list a row; rows may differ in length. */
export type Nested = readonly (readonly number[])[];

/** Rows as one padded column. */
export interface Column<A> {
  /** B. */
  readonly rows: number;
  /** T: the longest row's length. */
  readonly width: number;
  /** [B, T] row-major; `fill` after a row's end. */
  readonly values: A;
  /** [B, T] 1 where the row has an entry, 0 after its end. */
  readonly present: Float32Array;
  /** [B] of the rows. */
  readonly lengths: Int32Array;
}

/** Options of the padding. */
export interface PaddingOptions {
  /** Value after a row's end. Default 0. */
  readonly fill?: number;
  /** Number of columns, when it is more than the longest row needs. */
  readonly width?: number;
}

/** Numbers, such as log-probs. @throws UsageError when it is no list of lists of numbers; null counts as NaN */
export function toColumn(nested: Nested, options: PaddingOptions = {}): Column<Float32Array> {
  return padded(nested, (length) => new Float32Array(length), options);
}

/** Whole numbers, such as token ids. */
export function toIntColumn(nested: Nested, options: PaddingOptions = {}): Column<Int32Array> {
  return padded(nested, (length) => new Int32Array(length), options);
}

/**
 * Several lists of one shape as columns of one width.
 *
 * @throws UsageError when two of them differ in the number of rows or in a row's length
 */
export function toColumns<K extends string>(
  named: Readonly<Record<K, Nested>>,
  options: PaddingOptions = {},
): Omit<Column<never>, "values"> & Readonly<Record<K, Float32Array>> {
  const entries = Object.entries<Nested>(named);
  const [firstName, first] = entries[0] ?? refuse("columns", "there is no list", "name at least one");
  const { rows, width, present, lengths } = toColumn(first, options);
  const columns = {} as Record<K, Float32Array>;
  for (const [name, nested] of entries) {
    const column = toColumn(nested, options);
    const same = column.rows === rows && column.lengths.every((length, b) => length === lengths[b]);
    if (!same) refuse("columns", `${name} and ${firstName} differ in shape`, "pass as many entries a row in both");
    columns[name as K] = column.values;
  }
  return { rows, width, present, lengths, ...columns };
}

/**
 * A column as nested lists.
 *
 * @param shape the width of all rows, or each row's own length: what lies after it is left out
 */
export function toNested(
  values: ArrayLike<number>,
  { width, lengths }: { readonly width: number; readonly lengths?: ArrayLike<number> },
): number[][] {
  const rows = lengths?.length ?? (width === 0 ? 0 : values.length / width);
  return Array.from({ length: rows }, (_, b) =>
    Array.from({ length: lengths?.[b] ?? width }, (_, t) => values[b * width + t] ?? Number.NaN),
  );
}

/**
 * Groups numbered from 0 in the order in which their labels first come. @returns [B]
 *
 * @throws UsageError for a row without a label
 */
export function groupIndices(labels: readonly (string | number)[]): Int32Array {
  if (!Array.isArray(labels)) refuse("columns", "there are no group labels", "name each row's group");
  const none = labels.findIndex((label) => typeof label !== "string" && !Number.isFinite(label));
  if (none >= 0) refuse("columns", `row ${none} is of group ${labels[none]}`, "name each row's group");
  const seen = new Map<string | number, number>();
  for (const label of labels) if (!seen.has(label)) seen.set(label, seen.size);
  return Int32Array.from(labels, (label) => seen.get(label) ?? -1);
}

function padded<A extends Float32Array | Int32Array>(
  nested: Nested,
  make: (length: number) => A,
  { fill = 0, width: least = 0 }: PaddingOptions,
): Column<A> {
  const given: unknown = nested;
  if (!Array.isArray(given) || !given.every(Array.isArray))
    refuse("columns", "it is no list of lists", "pass one a row");
  const rows = nested.length;
  const width = nested.reduce((most, row) => Math.max(most, row.length), least);
  const values = make(rows * width);
  const present = new Float32Array(rows * width);
  values.fill(fill);
  for (const [b, row] of nested.entries()) {
    for (const [t, value] of row.entries()) values[b * width + t] = value ?? Number.NaN;
    present.fill(1, b * width, b * width + row.length);
  }
  return { rows, width, values, present, lengths: Int32Array.from(nested, (row) => row.length) };
}
