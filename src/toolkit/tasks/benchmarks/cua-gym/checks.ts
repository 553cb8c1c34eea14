/**
 * Checks that are text, so that a reward can be stored and compared: a path into the state and what holds there.
 *
 *     exists · missing · empty · nonempty · true · false
 *     == "Bug" · equals Bug · != 3 · >= 2 · contains x          of the value itself
 *     length == 1 · count >= 2 · len == 1                       of the entries of a list, text or object
 *     title == "Bug" · 0.title == Bug · [0].title == "Bug"       of a part; of any entry's where the value is a list
 *
 * Words are of one meaning with their signs: "equals", "eq", "is", "=" and ":" say "==". A reconstruction.
 */
import { refuse } from "../../../refuse.ts";

/** Whether a check holds of a state. */
export type Check = (state: unknown) => boolean;

type Test = (value: unknown) => boolean;

const WORDS: Readonly<Record<string, Test>> = {
  exists: (value) => value !== undefined && value !== null,
  missing: (value) => value === undefined || value === null,
  empty: (value) => sizeOf(value) === 0,
  nonempty: (value) => (sizeOf(value) ?? 0) > 0,
  true: (value) => value === true,
  false: (value) => value === false,
};
const SAME_WORDS: Readonly<Record<string, string>> = {
  present: "exists",
  absent: "missing",
  "not exists": "missing",
  "not empty": "nonempty",
  non_empty: "nonempty",
  "non-empty": "nonempty",
  notempty: "nonempty",
  not_empty: "nonempty",
};

const SIGNS: Readonly<Record<string, (value: unknown, operand: unknown) => boolean>> = {
  "==": same,
  "!=": (value, operand) => value !== undefined && !same(value, operand),
  ">=": ordered((a, b) => a >= b),
  "<=": ordered((a, b) => a <= b),
  ">": ordered((a, b) => a > b),
  "<": ordered((a, b) => a < b),
  contains: (value, operand) =>
    Array.isArray(value)
      ? value.some((entry) => same(entry, operand))
      : typeof value === "string" && value.includes(String(operand)),
};
const SAME_SIGNS: Readonly<Record<string, keyof typeof SIGNS>> = {
  "===": "==",
  "=": "==",
  ":": "==",
  equals: "==",
  equal: "==",
  eq: "==",
  is: "==",
  "!==": "!=",
  ne: "!=",
  gte: ">=",
  ge: ">=",
  lte: "<=",
  le: "<=",
  gt: ">",
  lt: "<",
  includes: "contains",
  has: "contains",
};

/** Longest signs first. What stands before is a part of the value, what stands after the operand. */
const COMPARISON =
  /^([\w.[\]-]*?(?:\([\w.[\]-]*\))?)\s*(===|!==|==|!=|>=|<=|=|>|<|:|(?<![\w.])(?:equals|equal|eq|is|ne|gte|ge|lte|le|gt|lt|contains|includes|has)(?=[\s:_(]|$))[\s:_]*(.*)$/s;
const SIZES = new Set(["length", "len", "count", "size"]);

/**
 * @param path of the value in a state, such as "issues.added"; "" is the state itself
 * @throws UsageError for a check that is none of the forms
 */
export function parseCheck(path: string, check: string): Check {
  const test = testOf(check.trim());
  const steps = stepsOf(path);
  return (state) => test(valueAt(state, steps));
}

function testOf(check: string): Test {
  const word = WORDS[SAME_WORDS[check.toLowerCase()] ?? check.toLowerCase()];
  if (word) return word;
  const [, part = "", sign = "", operand = ""] = COMPARISON.exec(check) ?? [];
  const compare = SIGNS[SAME_SIGNS[sign] ?? sign];
  if (compare === undefined || operand === "") {
    return refuse(
      "parseCheck",
      `the check is ${JSON.stringify(check)}`,
      'write such as "length == 1" or "title == Bug"',
    );
  }
  const right = operandOf(operand);
  return onPart(part.trim(), (value) => compare(value, right));
}

/** The test of a part of the value: its size, an entry, or any entry's part where the value is a list. */
function onPart(part: string, test: Test): Test {
  const sized = /^(\w+)(?:\([\w.[\]-]*\))?$/.exec(part)?.[1] ?? part;
  if (SIZES.has(sized.toLowerCase())) {
    return (value) => test(sizeOf(value) ?? valueAt(value, [sized]));
  }
  const steps = stepsOf(part);
  const last = steps.at(-1);
  if (last !== undefined && steps.length > 1 && SIZES.has(last.toLowerCase())) {
    const inner = onPart(last, test);
    return (value) => inner(valueAt(value, steps.slice(0, -1)));
  }
  return (value) => {
    const direct = valueAt(value, steps);
    if (direct === undefined && Array.isArray(value) && steps.length > 0) {
      return value.some((entry) => test(valueAt(entry, steps)));
    }
    return test(direct);
  };
}

function stepsOf(path: string): string[] {
  return path
    .replace(/\[(-?\w+)\]/g, ".$1")
    .split(".")
    .filter((step) => step !== "");
}

function valueAt(value: unknown, steps: readonly string[]): unknown {
  let found = value;
  for (const step of steps) {
    if (typeof found !== "object" || found === null) return undefined;
    if (Array.isArray(found) && /^-?\d+$/.test(step)) found = found.at(Number(step));
    else found = Object.hasOwn(found, step) ? Reflect.get(found, step) : undefined;
  }
  return found;
}

function operandOf(text: string): unknown {
  const bare = text.trim();
  const quoted = /^(['"`])(.*)\1$/s.exec(bare);
  if (quoted) return quoted[2];
  try {
    return JSON.parse(bare);
  } catch {
    return bare; // a word without quotes
  }
}

/** Texts and numbers by value, lists and objects by what they hold. */
function same(value: unknown, operand: unknown): boolean {
  if (typeof value === "object" && value !== null) return JSON.stringify(value) === JSON.stringify(operand);
  return value === operand || (typeof value === "string" && value === String(operand));
}

function ordered(holds: (a: number, b: number) => boolean): (value: unknown, operand: unknown) => boolean {
  return (value, operand) => typeof value === "number" && typeof operand === "number" && holds(value, operand);
}

function sizeOf(value: unknown): number | undefined {
  if (Array.isArray(value) || typeof value === "string") return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : undefined;
}
