/** Rows of a query on the terminal: a table, JSON lines or CSV. */

export type RowFormat = "table" | "json" | "csv";

type Cell = number | string | null;
type Row = Readonly<Record<string, Cell>>;

/** Prints rows; all have the fields of the first. */
export function printRows(rows: readonly object[], format: RowFormat): void {
  const all = rows as readonly Row[];
  const names = Object.keys(all[0] ?? {});
  const text = {
    json: () => lines(all.map((row) => JSON.stringify(row))),
    csv: () => csv(names, all),
    table: () => table(names, all),
  };
  process.stdout.write(text[format]());
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}

function csv(names: readonly string[], rows: readonly Row[]): string {
  const quoted = (cell: Cell | undefined): string => {
    const text = cell === null || cell === undefined ? "" : String(cell);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return lines([names.join(), ...rows.map((row) => names.map((name) => quoted(row[name])).join())]);
}

function table(names: readonly string[], rows: readonly Row[]): string {
  if (rows.length === 0) return "nothing\n";
  const cells = rows.map((row) => names.map((name) => shown(row[name])));
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const numeric = names.map((name) => rows.every((row) => typeof row[name] === "number" || row[name] === null));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return lines([names, ...cells].map(line));
}

function shown(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return "-";
  if (typeof cell === "string") return cell;
  return Number.isInteger(cell) ? String(cell) : String(Number(cell.toPrecision(5)));
}
