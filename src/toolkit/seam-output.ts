/**
 * What a seam's function returned, looked at before anything reads it: a method of one's own that forgets a `return`, or
 * gives a plain list for a column, is told so by the seam's and its own name.
 */
import { type Algorithm, methodAt, type SeamName } from "./algorithm.ts";
import { refuse } from "./refuse.ts";
import { type Json, openSeam, type Seam, type SeamSession } from "./seam.ts";

/** Says what is wrong with a value, and the remedy; undefined: nothing. */
type Fault = readonly [problem: string, remedy: string] | undefined;

/** Where a column comes from: how many rows and positions it has to have. */
interface Size {
  readonly rows: number;
  /** B x T. */
  readonly positions: number;
}

/**
 * Opens a seam whose results are looked at.
 *
 * @param algorithm whose seam it is, for the names in messages
 * @param saved what it saved in an earlier process
 */
export function openChecked<I, O>(
  algorithm: Pick<Algorithm, "name" | "claims">,
  name: Exclude<SeamName, "objective">,
  { seam, saved }: { readonly seam: Seam<I, O>; readonly saved?: Json | undefined },
): SeamSession<I, O> {
  const session = openSeam(seam, saved);
  return {
    async next(input) {
      const output: unknown = await session.next(input);
      const [problem, remedy] = (isRecord(output) ? FAULTS[name](output, sizeOf(input)) : noObject(output)) ?? [];
      if (problem === undefined || remedy === undefined) return output as O;
      return refuse(`the ${name} of ${methodAt(algorithm, name)}`, problem, remedy);
    },
    save: () => session.save(),
  };
}

type Fields = Readonly<Record<string, unknown>>;

const FAULTS: Readonly<Record<Exclude<SeamName, "objective">, (of: Fields, size: Size) => Fault>> = {
  curriculum: ({ problems, samplesPerPrompt }) =>
    arrayFault("problems", problems) ??
    (typeof samplesPerPrompt === "number" ? undefined : arrayFault("samplesPerPrompt", samplesPerPrompt)),
  rollout(of) {
    const { rows, width, columns } = of;
    for (const [name, value] of Object.entries({ rows, width })) {
      if (!Number.isInteger(value)) return [`${name} is ${shown(value)}`, "return what fromRows or the sampler gives"];
    }
    const size = { rows: Number(rows), positions: Number(rows) * (Number(width) - 1) };
    return (
      arrayFault("problems", of.problems) ?? floatsFault("mask", of.mask, size.positions) ?? ownFault(columns, size)
    );
  },
  reward: ({ values, verdicts, perToken, components = {} }, { rows, positions }) =>
    floatsFault("values", values, rows) ??
    arrayFault("verdicts", verdicts, rows) ??
    (perToken === undefined ? undefined : floatsFault("perToken", perToken, positions)) ??
    (isRecord(components)
      ? first(Object.entries(components), ([name, value]) => floatsFault(`components.${name}`, value, rows))
      : [`components is ${shown(components)}`, "return columns by name"]),
  advantage: ({ perToken, mask, columns }, size) =>
    floatsFault("perToken", perToken, size.positions) ??
    (mask === undefined ? undefined : floatsFault("mask", mask, size.positions)) ??
    ownFault(columns, size),
  update: () => undefined,
};

function noObject(output: unknown): Fault {
  return [`it returned ${shown(output)}`, "return an object: was a return forgotten?"];
}

function sizeOf(input: unknown): Size {
  const { rollouts }: { readonly rollouts?: { readonly rows: number; readonly width: number } } = Object(input);
  const { rows = 0, width = 1 } = rollouts ?? {};
  return { rows, positions: rows * (width - 1) };
}

function arrayFault(name: string, value: unknown, length?: number): Fault {
  if (!Array.isArray(value)) return [`${name} is ${shown(value)}`, "return a list"];
  if (length === undefined || value.length === length) return undefined;
  return [`${name} has ${value.length} entries for ${length} rows`, "return one for each row"];
}

function floatsFault(name: string, value: unknown, length: number): Fault {
  if (!(value instanceof Float32Array)) return [`${name} is ${shown(value)}`, "return a Float32Array"];
  return value.length === length ? undefined : [`${name} has ${value.length} numbers`, `return ${length}`];
}

/** A method's own columns: one number, or a Float32Array of one or more for each row. */
function ownFault(columns: unknown, { rows }: Size): Fault {
  if (columns === undefined) return undefined;
  if (!isRecord(columns)) return [`columns is ${shown(columns)}`, "return columns by name"];
  return first(Object.entries(columns), ([name, value]): Fault => {
    if (typeof value === "number") return undefined;
    if (!(value instanceof Float32Array)) {
      return [`column "${name}" is ${shown(value)}`, "return a Float32Array, or one number for the step"];
    }
    if (rows === 0 || value.length % rows === 0) return undefined;
    return [`column "${name}" has ${value.length} numbers for ${rows} rows`, "return as many for each row"];
  });
}

function first<T>(items: readonly T[], fault: (item: T) => Fault): Fault {
  for (const item of items) {
    const found = fault(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : (JSON.stringify(value) ?? String(value));
}
