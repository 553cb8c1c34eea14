/** A table that is sorted by a click on a heading, and whose cells open the samples behind them. Without scripts it is a table. */
import { escapeHtml } from "../toolkit/table.ts";
import { jupyterDisplay } from "./figure.ts";
import type { FigureSamples } from "./samples.ts";
import { samplesHtml, samplesText } from "./samples-html.ts";
import { sortable } from "./sortable-browser.ts";

/** What stands in a cell, what it is sorted by, and what a click shows. */
export interface SortableCell {
  readonly text: string;
  /** Default: the text. undefined is last in either order. */
  readonly key?: number | string | undefined;
  /** Index into the samples' points; null: nothing to show. */
  readonly point?: number | null;
}

export interface SortableColumn {
  readonly name: string;
  /** What the heading says when the mouse rests on it. */
  readonly about?: string;
  readonly cells: readonly SortableCell[];
}

/** HTML with a sentence beside it, shown in notebooks and pages. */
export interface HtmlView {
  readonly html: string;
  readonly summary: string;
  [jupyterDisplay](): { readonly "text/html": string; readonly "text/plain": string };
}

/** @param options.samples what stands behind cells; the list is under the table */
export function sortableTable(
  columns: readonly SortableColumn[],
  options: { readonly title: string; readonly summary: string; readonly samples?: FigureSamples | undefined },
): HtmlView {
  const { title, samples } = options;
  const rows = columns[0]?.cells.length ?? 0;
  const body = Array.from(
    { length: rows },
    (_, r) => `<tr>${columns.map(({ cells }) => cellHtml(cells[r] ?? { text: "" })).join("")}</tr>`,
  );
  const figure = samples === undefined ? "" : ` data-figure="${escapeHtml(samples.id)}"`;
  const html = [
    `<section class="rlvr-table"${figure} aria-label="${escapeHtml(title)}"><style>${css}</style>`,
    `<p class="title">${escapeHtml(title)}</p><div class="scroll"><table><thead><tr>${columns.map(headHtml).join("")}</tr></thead>`,
    `<tbody>${body.join("\n")}</tbody></table></div></section>`,
    samples === undefined ? "" : samplesHtml(samples),
    `<script>(${sortable})()</script>`,
  ].join("\n");
  const summary = samples === undefined ? options.summary : `${options.summary}\n${samplesText(samples)}`;
  return { html, summary, [jupyterDisplay]: () => ({ "text/html": html, "text/plain": summary }) };
}

function headHtml({ name, about, cells }: SortableColumn): string {
  const keys = cells.flatMap((cell) => keyOf(cell) ?? []);
  const kind = keys.every((key) => typeof key === "number") ? "number" : "text";
  const hint = about === undefined ? "" : ` title="${escapeHtml(about)}"`;
  return `<th scope="col" data-kind="${kind}"${hint}><button type="button">${escapeHtml(name)}</button></th>`;
}

function keyOf({ text, ...cell }: SortableCell): number | string | undefined {
  return "key" in cell ? cell.key : text;
}

function cellHtml(cell: SortableCell): string {
  const key = escapeHtml(String(keyOf(cell) ?? ""));
  const text = escapeHtml(cell.text);
  if (cell.point === undefined || cell.point === null) return `<td data-key="${key}">${text}</td>`;
  return `<td data-key="${key}"><button type="button" data-point="${cell.point}">${text}</button></td>`;
}

const css = `.rlvr-table{font-size:13px;line-height:1.4;color:inherit;margin:0 0 8px}
.rlvr-table .title{font-weight:bold;margin:0 0 4px}
.rlvr-table .scroll{max-height:420px;overflow:auto;border:1px solid color-mix(in srgb, currentColor 25%, transparent)}
.rlvr-table table{border-collapse:collapse;width:100%;margin:0}
.rlvr-table th,.rlvr-table td{padding:3px 8px;text-align:right;white-space:nowrap;border-bottom:1px solid color-mix(in srgb, currentColor 15%, transparent)}
.rlvr-table th:first-child,.rlvr-table td:first-child{text-align:left}
.rlvr-table thead th{position:sticky;top:0;background:Canvas;color:CanvasText;vertical-align:bottom}
.rlvr-table button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer;text-align:inherit}
.rlvr-table th button{font-weight:bold;white-space:normal}
.rlvr-table td button{text-decoration:underline dotted}
.rlvr-table th[aria-sort=ascending] button::after{content:" ▲"}
.rlvr-table th[aria-sort=descending] button::after{content:" ▼"}`;
