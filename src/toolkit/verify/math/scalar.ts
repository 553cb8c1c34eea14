/**
 * Whether two expressions are the same number, or the same function of their symbols.
 *
 * Exact where both are fractions; exact in a prime field where both are fractions of polynomials, with roots; in double precision
 * at several points elsewhere, and in many digits where two constants agree in double precision.
 */
import { equals } from "../rational.ts";
import { type Complex, modulus, real, subtract } from "./complex.ts";
import { ofDouble, type Precision, sameByDigits, writtenDigits } from "./digits.ts";
import { exactValue } from "./exact.ts";
import { weightOf } from "./functions.ts";
import { modularValue } from "./modular.ts";
import { type Node, someNode, symbolsOf } from "./node.ts";
import { numericValue, type Point } from "./numeric.ts";
import { preciselyEqual } from "./precise.ts";

/** Relative difference of two doubles that are taken to be equal: a thousand roundings. */
const CLOSE = 1e-11;
/** The same at a point of symbols, where differences of large numbers lose digits, and for numeric derivatives. */
const CLOSE_AT_POINT = 1e-9;
const CLOSE_INTEGRAL = 1e-8;
const CLOSE_DERIVATIVE = 1e-6;
/** Nodes evaluated in one comparison at most, about a tenth of a second. */
const MOST_STEPS = 600_000;
const POINTS = 8;

export function sameScalar(gold: Node, given: Node, precision: Precision): boolean {
  const [a, b] = [exactValue(gold), exactValue(given)];
  const [goldDigits, givenDigits] = [writtenDigits(gold), writtenDigits(given)];
  if (a !== undefined && b !== undefined) return equals(a, b) || sameByDigits(a, goldDigits, b, givenDigits, precision);
  const symbols = symbolsOf(gold);
  if (symbols.length === 0 && symbolsOf(given).length === 0) return sameConstant(gold, given, precision);
  return sameFunction(gold, given, precision);
}

function pointOf(symbols: ReadonlyMap<string, Complex>, logBase: number, budget: { steps: number }): Point {
  return { symbols, logBase, budget };
}

function hasBareLog(node: Node): boolean {
  return someNode(node, (part) => part.kind === "call" && part.name === "log" && part.args.length === 1);
}

/** Bases that a logarithm without one may have: the same on both sides, or, on one side alone, either. */
function logBases(gold: Node, given: Node): readonly number[] {
  return hasBareLog(gold) !== hasBareLog(given) ? [Math.E, 10] : [Math.E];
}

function sameConstant(gold: Node, given: Node, precision: Precision): boolean {
  return logBases(gold, given).some((base) => {
    const point = pointOf(new Map(), base, { steps: MOST_STEPS });
    const [a, b] = [numericValue(gold, point), numericValue(given, point)];
    if (!isDefined(a) || !isDefined(b)) return sameBeyond(a, gold, b, given, base);
    const close = distance(a, b) <= closeness(gold, given) * Math.max(modulus(a), modulus(b), 1e-13);
    if (close && preciselyEqual(gold, given, base) !== false) return true;
    const isDecimal = writtenDigits(given) !== undefined || writtenDigits(gold) !== undefined;
    return isDecimal && isReal(a) && isReal(b) && sameDecimal(a.re, gold, b.re, given, precision);
  });
}

/** Infinity is met by infinity; what is only too large for a double is compared in many digits. */
function sameBeyond(a: Complex, gold: Node, b: Complex, given: Node, base: number): boolean {
  const isInfinity = (part: Node): boolean => part.kind === "constant" && part.name === "infinity";
  const [first, second] = [someNode(gold, isInfinity), someNode(given, isInfinity)];
  if (first || second) return first && second && a.re === b.re && a.im === b.im;
  return preciselyEqual(gold, given, base) === true;
}

/** Integrals are computed to fewer digits. */
function closeness(gold: Node, given: Node): number {
  const isIntegral = (part: Node): boolean => part.kind === "bound" && part.operator === "integral";
  return someNode(gold, isIntegral) || someNode(given, isIntegral) ? CLOSE_INTEGRAL : CLOSE;
}

/** A decimal against a number that has no fraction. */
function sameDecimal(a: number, gold: Node, b: number, given: Node, precision: Precision): boolean {
  const [x, y] = [exactValue(gold) ?? ofDouble(a), exactValue(given) ?? ofDouble(b)];
  return x !== undefined && y !== undefined && sameByDigits(x, writtenDigits(gold), y, writtenDigits(given), precision);
}

function isReal(z: Complex): boolean {
  return Math.abs(z.im) <= 1e-12 * Math.max(1, Math.abs(z.re));
}

function distance(a: Complex, b: Complex): number {
  return modulus(subtract(a, b));
}

function sameFunction(gold: Node, given: Node, precision: Precision): boolean {
  const field = sameInField(gold, given);
  if (field !== undefined)
    return field || (decimalTolerance(gold, given, precision) !== undefined && sameAtPoints(gold, given, precision));
  return sameAtPoints(gold, given, precision);
}

/** By values in the prime field; undefined where either has none. */
function sameInField(gold: Node, given: Node): boolean | undefined {
  let compared = 0;
  for (let point = 0; point < 4 && compared < 2; point++) {
    const a = modularValue(gold, point);
    const b = a === undefined ? undefined : modularValue(given, point);
    if (a === undefined || b === undefined) continue;
    if (a !== b) return false;
    compared++;
  }
  return compared === 0 ? undefined : true;
}

/** Where a coefficient was rounded to at least the precision, the difference that this makes. */
function decimalTolerance(gold: Node, given: Node, { precision }: Precision): number | undefined {
  let fewest = Number.POSITIVE_INFINITY;
  const visit = (part: Node): boolean => {
    if (part.kind === "number" && part.digits !== undefined && part.digits >= precision)
      fewest = Math.min(fewest, part.digits);
    return false;
  };
  someNode(gold, visit);
  someNode(given, visit);
  return Number.isFinite(fewest) ? 1.01 * 10 ** -fewest : undefined; // 0.111111 for 1/9 is a millionth off
}

function sameAtPoints(gold: Node, given: Node, precision: Precision): boolean {
  const names = [...new Set([...symbolsOf(gold), ...symbolsOf(given)])].filter((name) => !name.endsWith("()"));
  const isDerivative = (part: Node): boolean => part.kind === "derivative";
  const numeric = someNode(gold, isDerivative) || someNode(given, isDerivative);
  const tolerance = decimalTolerance(gold, given, precision) ?? (numeric ? CLOSE_DERIVATIVE : CLOSE_AT_POINT);
  const isComplex = (part: Node): boolean => part.kind === "constant" && part.name === "i";
  const complex = someNode(gold, isComplex) || someNode(given, isComplex);
  const budget = { steps: MOST_STEPS };
  return logBases(gold, given).some((base) => agreesAtPoints(gold, given, { names, base, tolerance, complex, budget }));
}

interface Comparison {
  readonly names: readonly string[];
  readonly base: number;
  readonly tolerance: number;
  readonly complex: boolean;
  readonly budget: { steps: number };
}

/** At points with every sign; a point where either is not real says nothing, unless no point says anything. */
function agreesAtPoints(gold: Node, given: Node, { names, base, tolerance, complex, budget }: Comparison): boolean {
  let compared = 0;
  let onlyComplex = 0;
  for (let k = 0; k < POINTS; k++) {
    const point = pointOf(new Map(names.map((name, i) => [name, real(coordinate(name, i, k))])), base, budget);
    const [a, b] = [numericValue(gold, point), numericValue(given, point)];
    if (!isDefined(a) || !isDefined(b)) continue;
    const close = distance(a, b) <= tolerance * Math.max(modulus(a), modulus(b)) + 1e-14;
    if (complex || (isReal(a) && isReal(b))) {
      if (!close) return false;
      compared++;
    } else if (close) onlyComplex++;
    else if (isReal(a) !== isReal(b)) continue;
    else return false;
  }
  return compared >= 2 || (compared === 0 && onlyComplex >= 2);
}

function isDefined(z: Complex): boolean {
  return Number.isFinite(z.re) && Number.isFinite(z.im);
}

/** Points 0 and 1 are positive below and above 1, the others have all signs; point 7 is large. */
function coordinate(name: string, index: number, k: number): number {
  const size = weightOf(`${k}${name}`) - 0.4 + (k === 0 ? -0.05 : k * 0.37);
  const negative = k >= 2 && k !== 5 && ((k >> (index % 2)) & 1) === 0;
  const scaled = k === 7 ? 3 * size : size;
  return negative ? -scaled : scaled;
}
