/**
 * What a notebook's author expects of a cell's names, in its metadata under `expect`: an expression to what it has to be.
 *
 *     "expect": { "gain": [0.3, 1], "curve[0].k": 1, "loss": { "value": 0.25, "relative": 1e-3 }, "name": "nano" }
 */
import { refuse } from "../../src/toolkit/refuse.ts";
import type { Json } from "../executor/events.ts";
import { codeCells } from "../notebook/cells.ts";
import type { CodeCell, Notebook } from "../notebook/format.ts";
import { isObject } from "../notebook/place.ts";
import type { ExecutorProcess } from "../session/supervisor.ts";

export interface Expectation {
  readonly expression: string;
  /** Numbers in a band, ends included. */
  readonly band?: readonly [number, number];
  /** Anything else: the same JSON. */
  readonly value?: Json;
}

/** What was found for an expectation. */
export interface Found {
  readonly expression: string;
  readonly ok: boolean;
  /** "gain is 0.2, outside 0.3..1" */
  readonly words: string;
}

/** Relative tolerance of a number without a band. */
const DEFAULT_RELATIVE = 1e-6;

/**
 * The expectations of a notebook by cell id.
 *
 * @throws UsageError naming the cell where one is none of the forms above
 */
export function expectations(notebook: Notebook): ReadonlyMap<string, readonly Expectation[]> {
  const all = new Map<string, Expectation[]>();
  for (const [i, cell] of codeCells(notebook).entries()) {
    const { expect } = cell.metadata;
    if (expect === undefined) continue;
    const where = `expect of cell ${i + 1} (${cell.id})`;
    if (!isObject(expect)) refuse(where, "it is no object", 'write { "expression": [low, high] }');
    all.set(
      cell.id,
      Object.entries(expect).map(([expression, value]) => readExpectation(where, expression, value)),
    );
  }
  return all;
}

function readExpectation(where: string, expression: string, value: Json): Expectation {
  const band = bandOf(value);
  if (band === undefined) {
    if (typeof value === "object" && value !== null) {
      const text = JSON.stringify(value);
      refuse(
        where,
        `${expression} has ${text}`,
        'write [low, high], { "value", "tolerance" or "relative" }, a number or a text',
      );
    }
    return { expression, value };
  }
  if (!(band[0] <= band[1]))
    refuse(where, `the band of ${expression} is ${band.join("..")}`, "write [lowest, highest]");
  return { expression, band };
}

/** `[low, high]` with null for an open end, a number, or a number with a tolerance. */
function bandOf(value: Json): readonly [number, number] | undefined {
  if (typeof value === "number") return around(value, DEFAULT_RELATIVE * Math.abs(value));
  if (Array.isArray(value)) {
    const [low, high, ...more]: readonly Json[] = value;
    const ends = [low ?? Number.NEGATIVE_INFINITY, high ?? Number.POSITIVE_INFINITY] as const;
    const [from, to] = ends;
    return value.length === 2 && more.length === 0 && typeof from === "number" && typeof to === "number"
      ? [from, to]
      : undefined;
  }
  if (!isObject(value) || typeof value.value !== "number") return undefined;
  const { value: middle, tolerance, relative = tolerance === undefined ? DEFAULT_RELATIVE : 0 } = value;
  const absolute = tolerance ?? 0;
  if (typeof absolute !== "number" || typeof relative !== "number") return undefined;
  return around(middle, absolute + relative * Math.abs(middle));
}

function around(value: number, margin: number): readonly [number, number] {
  return [value - margin, value + margin];
}

/** Evaluates the expectations in the executor, after their cell. Variables are not touched. */
export async function verify(
  expected: readonly Expectation[],
  cell: CodeCell,
  executor: ExecutorProcess,
): Promise<Found[]> {
  const found: Found[] = [];
  for (const expectation of expected)
    found.push(judge(expectation, await evaluate(expectation.expression, cell, executor)));
  return found;
}

type Evaluated = { readonly value: Json } | { readonly error: string };

/** The value of an expression as JSON; numbers that JSON has not, and undefined, come as text. */
async function evaluate(expression: string, cell: CodeCell, executor: ExecutorProcess): Promise<Evaluated> {
  let value: Json | undefined;
  const source = `await (async () => {
  const value = await (${expression}
  );
  const odd = value === undefined || (typeof value === "number" && !Number.isFinite(value)) || typeof value === "bigint";
  globalThis[Symbol.for("rlvr.display")].display({ "application/json": { value: odd ? String(value) : value } });
})();`;
  const outcome = await executor.execute(
    { index: cell.execution_count ?? 0, id: cell.id, source, name: "expect" },
    (event) => {
      const json = event.kind === "display" ? event.data["application/json"] : undefined;
      if (json !== undefined && isObject(json)) value = json.value ?? null;
    },
  );
  if (outcome.error) return { error: `${outcome.error.ename}: ${outcome.error.evalue}` };
  return value === undefined ? { error: "it gave no value" } : { value };
}

function judge({ expression, band, value: expected }: Expectation, found: Evaluated): Found {
  if ("error" in found) return { expression, ok: false, words: `${expression} cannot be evaluated (${found.error})` };
  const { value } = found;
  const shown = JSON.stringify(value);
  const is = `${expression} is ${shown.length > 80 ? `${shown.slice(0, 77)}...` : shown}`;
  if (band) {
    const ok = typeof value === "number" && value >= band[0] && value <= band[1];
    return { expression, ok, words: `${is}, ${ok ? "within" : "outside"} ${band[0]}..${band[1]}` };
  }
  const ok = value === expected;
  return { expression, ok, words: ok ? is : `${is}, not ${JSON.stringify(expected)}` };
}
