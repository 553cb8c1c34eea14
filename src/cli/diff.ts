/** `rlvr diff`: what differs between two executed notebooks. */
import { parseArgs } from "node:util";
import {
  type CellChange,
  diffNotebooks,
  isSame,
  type NotebookDiff,
  type ValueChange,
} from "../../kernel/notebook/diff.ts";
import { readNotebook } from "../../kernel/notebook/format.ts";
import { refuse } from "../toolkit/refuse.ts";

const HELP = `rlvr diff <before.ipynb> <after.ipynb> [--tolerance x] [--json]

Compares two executed notebooks: parameters, code, packages, machine; checked values; sources line by line; outputs, with
a tolerance for numbers and figures by their data.

      --tolerance x   relative tolerance of numbers (default 1e-6)
      --json          print one JSON object

Exit code 0: they agree; 1: they differ; 2: wrong use.
`;

/** Runs the command; returns its exit code. */
export async function diff(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      tolerance: { type: "string", default: "1e-6" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [before, after, ...more] = positionals;
  if (before === undefined || after === undefined || more.length > 0) {
    refuse("rlvr diff", `${positionals.length} notebooks are named`, "name two: rlvr diff before.ipynb after.ipynb");
  }
  const tolerance = values.tolerance.trim() === "" ? Number.NaN : Number(values.tolerance);
  if (!(tolerance >= 0)) refuse("--tolerance", `it is ${JSON.stringify(values.tolerance)}`, "pass a number from 0");
  const found = diffNotebooks(await readNotebook(before), await readNotebook(after), tolerance);
  process.stdout.write(values.json ? `${JSON.stringify(found)}\n` : inWords(found));
  return isSame(found) ? 0 : 1;
}

function inWords({ settings, checks, cells }: NotebookDiff): string {
  const lines = [
    ...settings.map(value),
    ...checks.map((change) => `check ${value(change)}`),
    ...cells.flatMap(cellLines),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function value({ name, before, after }: ValueChange): string {
  const shown = (one: unknown): string => (one === undefined ? "-" : JSON.stringify(one));
  return `${name}: ${shown(before)} -> ${shown(after)}`;
}

function cellLines({ kind, name, source, outputs }: CellChange): string[] {
  const head = kind === "changed" ? [] : [`${name} ${kind}`];
  if (kind === "changed" && source.length > 0) head.push(`${name} has another source`);
  return [...head, ...source.map((line) => `  ${line}`), ...outputs.map((words) => `${name}, ${words}`)];
}
