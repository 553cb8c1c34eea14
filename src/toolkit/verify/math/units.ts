/**
 * Units: "cm", "km/h", "square feet", "m/s^2", "dollars per hour". Two units are the same where they measure the same and are
 * as many of the base unit; a quantity is converted exactly.
 */
import { combine, type Rational, rational } from "../rational.ts";
import { COMPOUNDS, UNITS } from "./unit-table.ts";

export interface Unit {
  /** As read, for messages. */
  readonly name: string;
  /** Powers of what is measured, in alphabetical order: "length^1 time^-1". */
  readonly dimension: string;
  /** How many base units one is; for degrees, how many π radians. */
  readonly factor: Rational;
}

export const DEGREE: Unit = { name: "degree", dimension: "angle^1", factor: rational(1n, 180n) };

const PART = /(?:[a-zA-Z$€£¥₹]+)(?:\s*\^?\s*\{?\s*(-?\d)\s*\}?)?/y;

/** The unit that the whole text names; undefined where it names none. */
export function parseUnit(text: string): Unit | undefined {
  const spelled = spell(text);
  if (spelled === "" || spelled.length > 60) return undefined;
  const powers = new Map<string, number>();
  let factor = rational(1n);
  let at = 0;
  let sign = 1;
  while (at < spelled.length) {
    const part = partAt(spelled, at);
    if (part === undefined) return undefined;
    at = part.end;
    const { name, power } = part;
    const row = UNITS.get(name) ?? UNITS.get(name.toLowerCase());
    if (row === undefined) return undefined;
    addPower(powers, row.dimension, power * sign);
    factor = times(factor, rational(row.numerator, row.denominator), power * sign);
    const rest = /^\s*(\/|\*|\\cdot|\s)\s*/.exec(spelled.slice(at));
    if (rest === null) break;
    at += rest[0].length;
    if (rest[1] === "/") sign = -1;
  }
  if (at < spelled.length) return undefined;
  return { name: text.trim(), dimension: dimensionOf(powers), factor };
}

/** Symbols for the words: "square feet per hour" is "feet^2/hour". */
function spell(text: string): string {
  const spaced = text
    .replace(/\\(?:,|;|:|!|\s|text|mathrm|mbox|textrm)/g, " ")
    .replace(/(?<!\^)[{}]/g, " ")
    .trim()
    .replace(/\.$/, "");
  if (!/[a-zA-Z$€£¥₹]/.test(spaced)) return "";
  return spaced
    .replace(/\b(?:square|sq\.?)\s+([a-zA-Z]+)/g, "$1^2")
    .replace(/\b(?:cubic|cu\.?)\s+([a-zA-Z]+)/g, "$1^3")
    .replace(/\b([a-zA-Z]+)\s+squared\b/g, "$1^2")
    .replace(/\b([a-zA-Z]+)\s+cubed\b/g, "$1^3")
    .replace(/\s+(?:per|an?)\s+/g, "/")
    .replace(/^[a-z]+$/, (word) => COMPOUNDS[word] ?? word);
}

function partAt(text: string, at: number): { name: string; power: number; end: number } | undefined {
  PART.lastIndex = at;
  const match = PART.exec(text);
  if (match === null) return undefined;
  const name = /^[a-zA-Z]+|^[$€£¥₹]/.exec(match[0])?.[0] ?? "";
  return { name, power: Number(match[1] ?? 1), end: PART.lastIndex };
}

function addPower(powers: Map<string, number>, dimension: string, power: number): void {
  const [name, times] = dimension === "area" ? ["length", 2] : dimension === "volume" ? ["length", 3] : [dimension, 1];
  powers.set(name, (powers.get(name) ?? 0) + power * times);
}

function times(factor: Rational, by: Rational, power: number): Rational {
  let result = factor;
  for (let i = 0; i < Math.abs(power); i++) result = combine(result, power > 0 ? "*" : "/", by) ?? result;
  return result;
}

function dimensionOf(powers: ReadonlyMap<string, number>): string {
  const parts = [...powers].filter(([, power]) => power !== 0).map(([name, power]) => `${name}^${power}`);
  return parts.sort().join(" ");
}
