/** Templates of the published form, and their instances. */
import { refuse } from "../../../refuse.ts";
import type { Rng } from "../../../rng.ts";
import { evalExpression, roundHalfEven } from "./expression.ts";

export interface VarTemplate {
  readonly id: string;
  /** Text with the names VAR_X, VAR_Y and so on. */
  readonly question: string;
  /** One definition a line, in order: `VAR_X=Random_linespace_[10,20,2]`. */
  readonly varInfo: string;
  /** Decimals of the values; 0 makes them whole, -1 keeps them as written. */
  readonly varRound: number;
  /** `Fixed_Set_{...}` or `Expression_...`. */
  readonly answer: string;
  /** Decimals of the answers, halves to even. */
  readonly answerRound: number;
  /** Whether it is a template; else the problem stays as it was. Default true. */
  readonly done?: boolean;
  /** The problem as it was. */
  readonly original?: { readonly question: string; readonly answer: number };
}

export interface TemplateRow {
  /** Values by name, in the order of definition. */
  readonly values: Readonly<Record<string, string | number>>;
  readonly answer: number;
}

export interface TemplateInstance {
  /** "<problem>_<j>", or the problem's own id where it stays single. */
  readonly id: string;
  readonly question: string;
  readonly answer: number;
}

export interface ExpandOptions {
  /** Where shuffles come from. */
  readonly random: Rng;
  /** Values of a definition that are kept. Default 5: paper. */
  readonly maxInstances?: number;
}

type Values = readonly (string | number)[];

/**
 * Values and answers of a template's instances.
 *
 * @throws UsageError, with the definition, for an unknown kind, a name that is used before it is defined, lists of unlike length, an
 * answer list that is too short, a division by 0
 */
export function templateRows(
  template: Pick<VarTemplate, "varInfo" | "varRound" | "answer" | "answerRound">,
  { random, maxInstances = 5 }: ExpandOptions,
): TemplateRow[] {
  const { varInfo, varRound, answer, answerRound } = template;
  if (!Number.isInteger(maxInstances) || maxInstances < 1) {
    refuse("expandTemplate", `maxInstances is ${maxInstances}`, "pass a whole number from 1");
  }
  for (const [name, digits] of Object.entries({ varRound, answerRound })) {
    if (!Number.isInteger(digits) || digits < -1 || digits > 12) {
      refuse("expandTemplate", `${name} is ${digits}`, "pass decimals, a whole number");
    }
  }
  const sets = new Map<string, Values>();
  for (const [name, definition] of definitionsOf(varInfo)) {
    const drawn = valuesOf(definition, sets, { random, maxInstances });
    sets.set(
      name,
      drawn.map((value) => rounded(value, varRound, definition)),
    );
  }
  const count = countOf(sets);
  const answers = answersOf(answer, sets, count).map((value) => roundHalfEven(value, answerRound));
  return Array.from({ length: count }, (_, j) => ({
    values: Object.fromEntries([...sets].map(([name, values]) => [name, values[j] ?? ""])),
    answer: answers[j] ?? Number.NaN,
  }));
}

function definitionsOf(varInfo: string): [name: string, definition: string][] {
  const lines = varInfo.split("\n").map((line) => line.trim().replace(/,$/, ""));
  const found = lines.flatMap((line): [string, string][] => {
    if (line === "") return [];
    const at = line.indexOf("=");
    const name = line.slice(0, Math.max(at, 0)).trim();
    if (/^[A-Za-z_]\w*$/.test(name)) return [[name, line.slice(at + 1).trim()]];
    return refuse("expandTemplate", `the line ${JSON.stringify(line)} defines nothing`, "write NAME=definition");
  });
  if (found.length === 0) refuse("expandTemplate", "varInfo is empty", "define at least one variable");
  return found;
}

function valuesOf(definition: string, sets: ReadonlyMap<string, Values>, options: Required<ExpandOptions>): Values {
  const { random, maxInstances } = options;
  const [, kind, body] = /^(Random_linespace|Random_Set|Fixed_Set|Expression)_([\s\S]*)$/.exec(definition) ?? [];
  if (kind === undefined || body === undefined) {
    const kinds = "Random_linespace_[...], Random_Set_{...}, Fixed_Set_{...} or Expression_...";
    refuse("expandTemplate", `there is no kind of definition ${JSON.stringify(definition)}`, `write ${kinds}`);
  }
  switch (kind) {
    case "Random_linespace":
      return random.shuffle(spaced(body, definition)).slice(0, maxInstances);
    case "Random_Set":
      return random.shuffle(listed(body, definition)).slice(0, maxInstances);
    case "Fixed_Set":
      return listed(body, definition).slice(0, maxInstances);
    default:
      return computed(body, sets, countOf(sets)).map((value) => roundHalfEven(value));
  }
}

/** What rounding of the step may add to the number of values, as a share of one. */
const TOLERANCE = 1e-9;
const MOST_VALUES = 100_000;

/** a, a + step, ... below b. */
function spaced(body: string, definition: string): number[] {
  const numbers = body.replace(/[[\]]/g, "").split(",").map(Number);
  const [from = Number.NaN, to = Number.NaN, step = Number.NaN] = numbers;
  const count = Math.ceil((to - from) / step - TOLERANCE);
  if (numbers.length === 3 && count >= 1 && count <= MOST_VALUES) {
    return Array.from({ length: count }, (_, i) => from + i * step);
  }
  return refuse("expandTemplate", `${definition} has no values`, "write [first, end, step], the end left out");
}

function listed(body: string, definition: string): string[] {
  const inner = /^\{([\s\S]+)\}$/.exec(body.trim())?.[1];
  if (inner === undefined) refuse("expandTemplate", `${definition} has no values in braces`, "write {v1,v2,...}");
  return inner.split(",").map((value) => value.trim());
}

/** Number of instances: that of the first variable's values. */
function countOf(sets: ReadonlyMap<string, Values>): number {
  const lengths = [...sets].map(([name, { length }]) => ({ name, length }));
  const [first] = lengths;
  if (first === undefined) refuse("expandTemplate", "an expression comes before any values", "define a set first");
  const other = lengths.find(({ length }) => length !== first.length);
  if (other === undefined) return first.length;
  const both = `${first.name} has ${first.length} values, ${other.name} ${other.length}`;
  return refuse("expandTemplate", both, "give all variables of a template as many");
}

/** Values of variables, written as numbers or as fractions, in the expression. */
function computed(expression: string, sets: ReadonlyMap<string, Values>, count: number): number[] {
  return Array.from({ length: count }, (_, j) => {
    const used = [...sets].filter(([name]) => expression.includes(name));
    const scope = used.map(([name, values]) => [name, numberOf(values[j] ?? "")] as const);
    return evalExpression(expression, Object.fromEntries(scope));
  });
}

const numberOf = (value: string | number): number => (typeof value === "number" ? value : evalExpression(value));

function rounded(value: string | number, digits: number, definition: string): string | number {
  if (digits < 0) return value;
  const number = typeof value === "number" ? value : Number(value === "" ? Number.NaN : value);
  if (!Number.isFinite(number)) {
    refuse("expandTemplate", `${JSON.stringify(value)} of ${definition} is no number`, "set varRound to -1 for texts");
  }
  return digits === 0 ? Math.trunc(number) : roundHalfEven(number, digits);
}

function answersOf(answer: string, sets: ReadonlyMap<string, Values>, count: number): number[] {
  if (answer.startsWith("Expression_")) return computed(answer.slice("Expression_".length), sets, count);
  if (!answer.startsWith("Fixed_Set_")) {
    refuse(
      "expandTemplate",
      `the answer ${JSON.stringify(answer)} is of no known kind`,
      "write Fixed_Set_ or Expression_",
    );
  }
  const values = listed(answer.slice("Fixed_Set_".length), answer).map((value) => evalExpression(value));
  if (values.length >= count) return values.slice(0, count);
  return refuse("expandTemplate", `there are ${values.length} answers for ${count} instances`, "write one for each");
}

/**
 * The instances of a template: a question with values in the place of names, longer names first, and its answer.
 *
 * @throws UsageError as `templateRows`, with the template's id
 */
export function expandTemplate(template: VarTemplate, options: ExpandOptions): TemplateInstance[] {
  const { id, question, done = true, original } = template;
  if (!done) {
    if (original === undefined) refuse("expandTemplate", `problem ${id} has no original`, "pass it, or a template");
    return [{ id, ...original }];
  }
  return templateRows(template, options).map(({ values, answer }, j) => {
    const names = Object.keys(values).sort((a, b) => b.length - a.length);
    const text = names.reduce((made, name) => made.replaceAll(name, () => `${values[name]}`), question);
    return { id: `${id}_${j}`, question: text, answer };
  });
}
