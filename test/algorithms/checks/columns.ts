/** Batches in double precision, as flat records of columns, and the changes that must not change a loss. */

/** One column: [B, T], [B, T, V] and [B] are told apart by shape, since B, T and V differ in every batch here. */
export interface Column {
  readonly data: Float64Array;
  readonly shape: readonly number[];
  readonly dtype: "float" | "int";
}

/** A PolicyBatch with paths for names: `logProbs`, `totals.rows`, `columns.weight`. */
export type Columns = Readonly<Record<string, Column>>;

/** A column by path. */
export function columnOf(columns: Columns, path: string): Column {
  const column = columns[path];
  if (column === undefined) throw new Error(`the batch has no ${path}; it has ${Object.keys(columns).join(", ")}`);
  return column;
}

/** B and T of a batch. */
export function sizeOf(columns: Columns): { readonly rows: number; readonly tokens: number } {
  const [rows = 0, tokens = 0] = columnOf(columns, "mask").shape;
  return { rows, tokens };
}

/** A float column of given shape. */
export function floats(shape: readonly number[], value: (i: number) => number): Column {
  const size = shape.reduce((a, b) => a * b, 1);
  return { data: Float64Array.from({ length: size }, (_, i) => value(i)), shape, dtype: "float" };
}

/** The same column with other numbers. */
export function mapped(column: Column, value: (x: number, i: number) => number): Column {
  return { ...column, data: column.data.map(value) };
}

/** Picks rows of every column that has rows. */
export function pick(columns: Columns, rows: readonly number[]): Columns {
  return each(columns, (column) => {
    if (column.shape.length === 0) return column;
    const [height = 1, ...rest] = column.shape;
    const width = column.data.length / height;
    const data = new Float64Array(rows.length * width);
    for (const [i, row] of rows.entries()) data.set(column.data.subarray(row * width, (row + 1) * width), i * width);
    return { ...column, data, shape: [rows.length, ...rest] };
  });
}

/** NaN wherever nothing is trained on, and `extra` more columns of it; the mask alone stays a number. */
export function spoilPadding(columns: Columns, extra: number): Columns {
  const { rows, tokens } = sizeOf(columns);
  const mask = columnOf(columns, "mask").data;
  return each(columns, (column, path) => {
    if (column.shape.length < 2) return column;
    const depth = column.data.length / (rows * tokens);
    const [filler, width] = [path === "mask" ? 0 : Number.NaN, tokens + extra];
    const at = (i: number): number => {
      const [b, t] = [Math.floor(i / (width * depth)), Math.floor(i / depth) % width];
      if (t >= tokens || mask[b * tokens + t] === 0) return filler;
      return column.data[(b * tokens + t) * depth + (i % depth)] ?? filler;
    };
    return floats([rows, width, ...column.shape.slice(2)], at);
  });
}

/** Rows that only fill a micro-batch up: NaN per token, 0 per row, group -1. */
export function addFillerRows(columns: Columns, extra: number): Columns {
  return each(columns, (column, path) => {
    const [height, ...rest] = column.shape;
    if (height === undefined) return column;
    const data = new Float64Array((column.data.length / height) * (height + extra));
    data.fill(path === "group" ? -1 : path === "mask" || rest.length === 0 ? 0 : Number.NaN);
    data.set(column.data);
    return { ...column, data, shape: [height + extra, ...rest] };
  });
}

/** The step's rows cut into `count` parts; each keeps the step's totals. */
export function split(columns: Columns, count: number, together: "group" | undefined): readonly (readonly number[])[] {
  const { rows } = sizeOf(columns);
  const all = Array.from({ length: rows }, (_, b) => b);
  const part = (b: number): number => (together === "group" ? Math.floor((b * count) / rows) : b % count);
  return Array.from({ length: count }, (_, n) => all.filter((b) => part(b) === n));
}

function each(columns: Columns, change: (column: Column, path: string) => Column): Columns {
  return Object.fromEntries(Object.entries(columns).map(([path, column]) => [path, change(column, path)]));
}
