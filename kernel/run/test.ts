/**
 * Re-runs a notebook and judges it: cells that fail, checks and expectations outside their bands, outputs that differ
 * from the stored ones, stale cells, budgets that are exceeded.
 */
import { refuse } from "../../src/toolkit/refuse.ts";
import type { ExecutorEvent } from "../executor/events.ts";
import { codeCells } from "../notebook/cells.ts";
import { hasTag } from "../notebook/clean.ts";
import { compareOutputs } from "../notebook/compare.ts";
import { type CodeCell, type Notebook, readNotebook } from "../notebook/format.ts";
import { isObject } from "../notebook/place.ts";
import { staleCells } from "../notebook/stale.ts";
import { type Expectation, expectations, type Found, verify } from "./expect.ts";
import { RAISES_TAG, type RunOptions, type RunReporter, type RunResult, runNotebook } from "./run.ts";

export interface TestOptions extends Pick<RunOptions, "output" | "settings" | "parameterFiles" | "limits" | "signal"> {
  readonly reporter?: RunReporter;
  /** Relative tolerance of numbers in outputs, where neither cell nor notebook has its own. Default 1e-6. */
  readonly tolerance?: number;
  /** Whether stored outputs are compared with the new ones. Default true. */
  readonly outputs?: boolean;
}

/** One thing that was judged. */
export interface TestCase {
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  /** What failed, or what was found. */
  readonly message: string;
  /** Wall time of the cell, where the case is one. */
  readonly ms?: number;
}

export interface TestReport {
  readonly path: string;
  readonly status: RunResult["status"];
  readonly cases: readonly TestCase[];
  readonly ms: number;
  readonly peakBytes: number;
}

/** Limits that a notebook sets itself, in its metadata under `budget`. */
interface Budget {
  readonly seconds?: number;
  readonly cellSeconds?: number;
  readonly memoryMB?: number;
}

type Check = Extract<ExecutorEvent, { kind: "check" }>;

/** What was seen while the notebook ran. */
interface Seen {
  readonly ms: Map<string, number>;
  readonly checks: Check[];
  readonly found: Map<string, readonly Found[]>;
  readonly raised: Set<string>;
}

/** Tags of cells whose outputs are not compared; the second is what other tools use. */
const IGNORE_TAGS = ["ignore-output", "nbval-ignore-output"];

/**
 * Runs and judges a notebook.
 *
 * @param path the notebook or percent script; stored outputs, where it has any, are what the new ones have to agree with
 * @throws UsageError when the notebook, its settings or a place to write are not usable; nothing has run then
 */
export async function testNotebook(path: string, options: TestOptions): Promise<TestReport> {
  const { reporter = {}, tolerance = 1e-6, outputs = true, limits = {}, ...rest } = options;
  const stored = await readNotebook(path);
  const expected = expectations(stored);
  const budget = budgetOf(stored);
  const seen: Seen = { ms: new Map(), checks: [], found: new Map(), raised: new Set() };
  const result = await runNotebook(path, {
    ...rest,
    limits: {
      ...(budget.seconds !== undefined && { totalMs: budget.seconds * 1000 }),
      ...(budget.cellSeconds !== undefined && { cellMs: budget.cellSeconds * 1000 }),
      ...limits,
    },
    reporter: watching(reporter, seen),
    afterCell: async (cell, executor) => {
      const list = expected.get(cell.id);
      if (list) seen.found.set(cell.id, await verify(list, cell, executor));
    },
  });
  const cases = [
    ...staleCases(stored),
    ...result.notebook.cells.flatMap((cell) =>
      cell.cell_type === "code" ? cellCases(cell, result, expected.get(cell.id) ?? [], seen) : [],
    ),
    ...(outputs && seen.ms.size > 0 ? outputCases(stored, result, seen, tolerance) : []),
    ...memoryCases(budget, result.peakBytes),
  ];
  return { path, status: result.status, cases, ms: result.ms, peakBytes: result.peakBytes };
}

/** The cases that a look at a notebook gives, without running it: its stale cells. @throws UsageError */
export async function inspectNotebook(path: string): Promise<TestReport> {
  const stored = await readNotebook(path);
  expectations(stored);
  budgetOf(stored);
  const cases = staleCases(stored);
  const fresh: TestCase = { name: "fresh", status: "passed", message: "no cell is stale" };
  return { path, status: "ok", cases: cases.length > 0 ? cases : [fresh], ms: 0, peakBytes: 0 };
}

function watching(reporter: RunReporter, seen: Seen): RunReporter {
  return {
    ...reporter,
    event(event) {
      if (event.kind === "check") seen.checks.push(event);
      reporter.event?.(event);
    },
    cellEnd(cell, outcome) {
      seen.ms.set(cell.id, outcome.ms);
      if (outcome.status === "error") seen.raised.add(cell.id);
      reporter.cellEnd?.(cell, outcome);
    },
  };
}

function budgetOf(notebook: Notebook): Budget {
  const { budget = {} } = notebook.metadata;
  const remedy = 'write { "seconds": 60, "cellSeconds": 30, "memoryMB": 2000 } or a part of it';
  if (!isObject(budget)) refuse("budget", `it is ${JSON.stringify(budget)}`, remedy);
  for (const [name, value] of Object.entries(budget)) {
    const known = name === "seconds" || name === "cellSeconds" || name === "memoryMB";
    if (!known || typeof value !== "number" || !(value > 0)) {
      refuse("budget", `${name} is ${JSON.stringify(value)}`, remedy);
    }
  }
  return budget;
}

function staleCases(stored: Notebook): TestCase[] {
  return staleCells(stored).flatMap(({ number, reasons }) =>
    reasons.map((reason): TestCase => ({ name: `cell ${number} is fresh`, status: "failed", message: reason })),
  );
}

/** The cell itself, its checks and its expectations. */
function cellCases(
  cell: CodeCell,
  result: RunResult,
  expected: readonly Expectation[],
  { ms, checks, found, raised }: Seen,
): TestCase[] {
  const number = codeCells(result.notebook).indexOf(cell) + 1;
  const name = `cell ${number} (${cell.id})`;
  const time = ms.get(cell.id);
  if (time === undefined) return [{ name, status: "skipped", message: "not run" }];
  const failure = result.failures.find((one) => one.cell === cell);
  const ownChecks = checks.filter(({ id }) => id === cell.id);
  const onlyChecks = failure?.error.ename === "CheckFailed" && ownChecks.some(({ ok }) => !ok);
  const silent = hasTag(cell, RAISES_TAG) && !raised.has(cell.id);
  const words = silent
    ? `it is tagged ${RAISES_TAG} and raised nothing`
    : (failure?.error.traceback.join("\n") ?? "ran");
  const failed = silent || (failure !== undefined && !onlyChecks); // checks that failed are cases of their own
  const results = found.get(cell.id);
  return [
    { name, status: failed ? "failed" : "passed", message: words, ms: time },
    ...ownChecks.map(checkCase),
    ...expected.map(({ expression }, i): TestCase => {
      const one = results?.[i];
      if (!one) return { name: expression, status: "skipped", message: "not evaluated" };
      return { name: expression, status: one.ok ? "passed" : "failed", message: one.words };
    }),
  ];
}

function checkCase({ name, value, band: [low, high], ok }: Check): TestCase {
  const message = `${name} is ${value}, ${ok ? "within" : "outside"} ${low}..${high}`;
  return { name, status: ok ? "passed" : "failed", message };
}

/** Cells that had outputs, against what they gave now. */
function outputCases(stored: Notebook, { notebook }: RunResult, { ms }: Seen, tolerance: number): TestCase[] {
  const now = new Map(codeCells(notebook).map((cell) => [cell.id, cell]));
  const general = numberOr(stored.metadata.tolerance, tolerance);
  return codeCells(stored).flatMap((cell, i): TestCase[] => {
    const again = now.get(cell.id);
    if (!again || !ms.has(cell.id) || cell.outputs.length === 0 || IGNORE_TAGS.some((tag) => hasTag(cell, tag)))
      return [];
    const differences = compareOutputs(cell.outputs, again.outputs, numberOr(cell.metadata.tolerance, general));
    const name = `cell ${i + 1} outputs`;
    if (differences.length === 0) return [{ name, status: "passed", message: "as stored" }];
    return [{ name, status: "failed", message: `cell ${i + 1}: ${differences.join("; ")}` }];
  });
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === "number" && value >= 0 ? value : fallback;
}

function memoryCases({ memoryMB }: Budget, peakBytes: number): TestCase[] {
  if (memoryMB === undefined || peakBytes === 0) return [];
  const used = Math.round(peakBytes / 1e6);
  const message = `${used} MB of ${memoryMB} MB`;
  return [{ name: "memory", status: used > memoryMB ? "failed" : "passed", message }];
}
