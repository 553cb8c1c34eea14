/** Tables as HTML: arrays of records, and data frames of danfo.js. */
import { inspect } from "node:util";
import { inspectOptions } from "./console.ts";

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /** Row labels, when the rows have some. */
  readonly index?: readonly unknown[];
}

const maxRows = 60;
const maxColumns = 30;

/** The table in a value, when it is a non-empty array of plain objects or a danfo.js frame. */
export function tableOf(value: unknown): Table | undefined {
  return recordsTable(value) ?? frameTable(value);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function recordsTable(value: unknown): Table | undefined {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isPlainObject)) return undefined;
  const records: readonly Record<string, unknown>[] = value;
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  if (columns.length === 0) return undefined;
  return { columns, rows: records.map((record) => columns.map((column) => record[column])) };
}

function frameTable(value: unknown): Table | undefined {
  if (typeof value !== "object" || value === null || !("$data" in value)) return undefined;
  const data = value.$data;
  const names = "columns" in value ? value.columns : undefined;
  if (!Array.isArray(data) || !Array.isArray(names)) return undefined;
  const index = "index" in value && Array.isArray(value.index) ? value.index : undefined;
  const rows = data.map((row: unknown) => (Array.isArray(row) ? row : [row]));
  return { columns: names.map(String), rows, ...(index && { index }) };
}

/** A plain HTML table; long ones are cut, with a line that says how much is left out. */
export function tableHtml({ columns, rows, index }: Table): string {
  const shownColumns = columns.slice(0, maxColumns);
  const more = columns.length > maxColumns ? "<th>…</th>" : "";
  const head = `${index ? "<th></th>" : ""}${shownColumns.map((name) => `<th>${escapeHtml(name)}</th>`).join("")}${more}`;
  const body = rows.slice(0, maxRows).map((row, i) => {
    const label = index ? `<th>${escapeHtml(cellText(index[i]))}</th>` : "";
    const cells = shownColumns.map((_, column) => `<td>${escapeHtml(cellText(row[column]))}</td>`).join("");
    return `<tr>${label}${cells}${more === "" ? "" : "<td>…</td>"}</tr>`;
  });
  const cut = rows.length > maxRows || columns.length > maxColumns;
  const note = cut ? `\n<p>${rows.length} rows × ${columns.length} columns</p>` : "";
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join("\n")}\n</tbody>\n</table>${note}`;
}

function cellText(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string"
    ? value
    : inspect(value, { ...inspectOptions, breakLength: Number.POSITIVE_INFINITY });
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => (c === "&" ? "&amp;" : c === "<" ? "&lt;" : c === ">" ? "&gt;" : "&quot;"));
}

/** The table as aligned text: numbers to the right. */
export function tableText({ columns, rows, index }: Table): string {
  const shown = rows.slice(0, maxRows);
  const head = [...(index ? [""] : []), ...columns.slice(0, maxColumns)];
  const lines = shown.map((row, i) => [
    ...(index ? [cellText(index[i])] : []),
    ...columns.slice(0, maxColumns).map((_, column) => cellText(row[column])),
  ]);
  const widths = head.map((name, c) => Math.max(name.length, ...lines.map((line) => (line[c] ?? "").length)));
  const numeric = head.map((_, c) => shown.every((row) => typeof row[index ? c - 1 : c] === "number"));
  const write = (line: readonly string[]): string =>
    line
      .map((cell, c) => (numeric[c] ? cell.padStart(widths[c] ?? 0) : cell.padEnd(widths[c] ?? 0)))
      .join("  ")
      .trimEnd();
  const cut = rows.length > maxRows || columns.length > maxColumns;
  return [head, ...lines].map(write).join("\n") + (cut ? `\n${rows.length} rows × ${columns.length} columns` : "");
}
