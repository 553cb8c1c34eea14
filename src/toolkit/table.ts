/**
 * Results as tables: danfojs data frames on request, HTML in a notebook.
 *
 * A result stays plain data (it can be stored, sent and compared); `tabular` hangs two things on it that do not show when it is
 * copied or turned into JSON: `toDataFrame()` and the method by which notebook hosts display a value.
 */
import type { DataFrame } from "danfojs-node";
import { refuse } from "./refuse.ts";

/** One value of a table; `undefined` is "no value here". */
type Cell = string | number | boolean | undefined;

/** Columns of equal length under a title. */
export interface Table {
  readonly title: string;
  readonly columns: Readonly<Record<string, readonly Cell[]>>;
}

/** The symbol by which notebook hosts (this project's kernel, Deno's) ask a value for its MIME bundle. */
export const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display");

/** What `tabular` adds to a result. */
export interface Tabular {
  /**
   * The result as a danfojs DataFrame. danfojs is loaded by the first call (0.4 s), not before.
   *
   * @param title one of the result's tables. Default: the first.
   */
  toDataFrame(title?: string): Promise<DataFrame>;
  /** The result's tables as HTML and as text. */
  [jupyterDisplay](): { readonly "text/html": string; readonly "text/plain": string };
}

/** Rows shown of a table before it is cut, with a line that says how many there are. */
const SHOWN_ROWS = 20;

/** Adds `toDataFrame()` and notebook display to a result. The tables are made when asked for. */
export function tabular<T extends object>(data: T, tables: (data: T) => readonly Table[]): T & Tabular {
  const methods: Tabular = {
    toDataFrame: (title) => toDataFrame(pickTable(tables(data), title)),
    [jupyterDisplay]: () => {
      const made = tables(data);
      return {
        "text/html": made.map((table) => tableHtml(table)).join("\n"),
        "text/plain": made.map((table) => tableText(table)).join("\n\n"),
      };
    },
  };
  return Object.defineProperties(
    { ...data, ...methods },
    {
      toDataFrame: { enumerable: false },
      [jupyterDisplay]: { enumerable: false },
    },
  );
}

function pickTable(tables: readonly Table[], title: string | undefined): Table {
  const found = title === undefined ? tables[0] : tables.find((table) => table.title === title);
  if (found !== undefined) return found;
  const titles = tables.map((table) => `"${table.title}"`).join(", ");
  return refuse("toDataFrame", `there is no table "${title ?? ""}"`, `pass one of ${titles}`);
}

/** A table as a danfojs DataFrame; missing values are NaN in number columns and "" in others. */
async function toDataFrame(table: Table): Promise<DataFrame> {
  const rows = rowCount(table);
  const { DataFrame } = await import("danfojs-node");
  if (rows === 0) return new DataFrame([], { columns: Object.keys(table.columns) });
  const columns = Object.entries(table.columns).map(([name, cells]) => {
    const missing = cells.some((cell) => typeof cell === "number") ? Number.NaN : "";
    return [name, cells.map((cell) => cell ?? missing)];
  });
  return new DataFrame(Object.fromEntries(columns));
}

/** A table as HTML, cut after `rows` rows with a count. Every text is escaped. */
export function tableHtml(table: Table, rows: number = SHOWN_ROWS): string {
  const [names, lines, total] = layOut(table, rows);
  const head = names.map((name) => `<th style="text-align:left">${escapeHtml(name)}</th>`).join("");
  const body = lines
    .map((line) => `<tr>${line.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`)
    .join("\n");
  const cut = lines.length < total ? `<p>${lines.length} of ${total} rows shown</p>` : "";
  const caption = `<caption style="text-align:left;font-weight:bold">${escapeHtml(table.title)}</caption>`;
  return `<table>${caption}<thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table>${cut}`;
}

/** A table as aligned text, cut after `rows` rows with a count. */
export function tableText(table: Table, rows: number = SHOWN_ROWS): string {
  const [names, lines, total] = layOut(table, rows);
  const widths = names.map((name, c) => Math.max(name.length, ...lines.map((line) => (line[c] ?? "").length)));
  const align = (line: readonly string[]): string =>
    line
      .map((cell, c) => cell.padEnd(widths[c] ?? 0))
      .join("  ")
      .trimEnd();
  const cut = lines.length < total ? [`${lines.length} of ${total} rows shown`] : [];
  return [table.title, align(names), ...lines.map(align), ...cut].join("\n");
}

/** Column names, the shown rows as text, and the number of all rows. */
function layOut(table: Table, rows: number): [string[], string[][], number] {
  const total = rowCount(table);
  const columns = Object.values(table.columns);
  const lines = Array.from({ length: Math.min(rows, total) }, (_, r) => columns.map((cells) => cellText(cells[r])));
  return [Object.keys(table.columns), lines, total];
}

function rowCount({ title, columns }: Table): number {
  const lengths = new Set(Object.values(columns).map((cells) => cells.length));
  if (lengths.size > 1) {
    refuse("table", `the columns of "${title}" have ${[...lengths].join(", ")} rows`, "give all columns one length");
  }
  return [...lengths][0] ?? 0;
}

/** Numbers with four significant digits, whole ones in full. */
function cellText(cell: Cell): string {
  if (cell === undefined) return "";
  if (typeof cell !== "number" || Number.isInteger(cell)) return String(cell);
  return Number.isFinite(cell) ? String(Number(cell.toPrecision(4))) : String(cell);
}

/** Text made safe inside HTML elements and quoted attributes. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
