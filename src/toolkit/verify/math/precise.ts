/** Whether two real constants that agree in double precision agree to 45 digits: e^(π√163) is no whole number. */
import type { Rational } from "../rational.ts";
import { exactValue } from "./exact.ts";
import {
  arctangent,
  divided,
  exponential,
  logarithm,
  multiplied,
  PLACES,
  pi,
  rootOf,
  sineAndCosine,
} from "./fixed-point.ts";
import type { Node } from "./node.ts";

const ONE = 1n << PLACES;
/** Bits of a value at most. */
const MOST_BITS = 6000;
const LARGEST_DEGREE = 64n;

/**
 * True or false where both can be computed, undefined where not (complex numbers, functions without a series here).
 *
 * @param base of a logarithm without one
 */
export function preciselyEqual(gold: Node, given: Node, base: number): boolean | undefined {
  const a = placesOf(gold, base);
  const b = a === undefined ? undefined : placesOf(given, base);
  if (a === undefined || b === undefined) return undefined;
  return size(a - b) <= ((size(a) + size(b)) >> 150n) + (1n << 80n);
}

function size(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The value in binary places; undefined where it has none, or is too large. */
function placesOf(node: Node, base: number): bigint | undefined {
  const value = computed(node, base);
  return value === undefined || (size(value) >> 64n > ONE && value.toString(16).length * 4 > MOST_BITS)
    ? undefined
    : value;
}

function computed(node: Node, base: number): bigint | undefined {
  const exact = exactValue(node);
  if (exact !== undefined) return ofFraction(exact);
  switch (node.kind) {
    case "constant":
      return node.name === "pi" ? pi() : node.name === "e" ? exponential(ONE) : undefined;
    case "sum":
      return fold(node.terms, base, 0n, (a, b) => a + b);
    case "product":
      return fold(node.factors, base, ONE, multiplied);
    case "quotient":
      return join(placesOf(node.top, base), placesOf(node.bottom, base), divided);
    case "negative":
      return map(placesOf(node.of, base), (value) => -value);
    case "percent":
      return map(placesOf(node.of, base), (value) => value / 100n);
    case "power":
      return powerOf(node.base, node.exponent, base);
    case "call":
      return callOf(node.name, node.args, base);
    default:
      return undefined;
  }
}

function ofFraction({ numerator, denominator }: Rational): bigint {
  return (numerator << PLACES) / denominator;
}

function map(value: bigint | undefined, change: (value: bigint) => bigint | undefined): bigint | undefined {
  return value === undefined ? undefined : change(value);
}

function join(
  a: bigint | undefined,
  b: bigint | undefined,
  by: (a: bigint, b: bigint) => bigint | undefined,
): bigint | undefined {
  return a === undefined || b === undefined ? undefined : by(a, b);
}

function fold(
  nodes: readonly Node[],
  base: number,
  start: bigint,
  by: (a: bigint, b: bigint) => bigint,
): bigint | undefined {
  let total = start;
  for (const node of nodes) {
    const value = placesOf(node, base);
    if (value === undefined) return undefined;
    total = by(total, value);
  }
  return total;
}

function powerOf(of: Node, exponent: Node, base: number): bigint | undefined {
  const value = placesOf(of, base);
  const fraction = exactValue(exponent);
  if (value === undefined) return undefined;
  if (fraction !== undefined && fraction.denominator <= LARGEST_DEGREE && size(fraction.numerator) <= 2000n) {
    const root = fraction.denominator === 1n ? value : realRoot(value, fraction.denominator);
    return map(root, (start) => wholePower(start, fraction.numerator));
  }
  const power = placesOf(exponent, base);
  return join(value > 0n ? logarithm(value) : undefined, power, (log, by) => exponential(multiplied(log, by)));
}

function realRoot(value: bigint, degree: bigint): bigint | undefined {
  if (value >= 0n) return rootOf(value, degree);
  return degree % 2n === 1n ? -rootOf(-value, degree) : undefined;
}

function wholePower(value: bigint, exponent: bigint): bigint | undefined {
  let total = ONE;
  const count = size(exponent);
  if (Math.max(0, size(value).toString(2).length - Number(PLACES)) * Number(count) > MOST_BITS) return undefined;
  for (let i = 0n; i < count; i++) total = multiplied(total, value);
  return exponent < 0n ? divided(ONE, total) : total;
}

function callOf(name: string, args: readonly Node[], base: number): bigint | undefined {
  const [first, second] = args;
  if (first === undefined) return undefined;
  if (name === "root") {
    const degree = second === undefined ? undefined : exactValue(second);
    if (degree?.denominator !== 1n || degree.numerator < 1n || degree.numerator > LARGEST_DEGREE) return undefined;
    return map(placesOf(first, base), (value) => realRoot(value, degree.numerator));
  }
  const x = placesOf(first, base);
  if (x === undefined) return undefined;
  if (name === "log") return logarithmTo(x, second === undefined ? ofBase(base) : placesOf(second, base));
  return args.length === 1 ? single(name, x) : undefined;
}

function ofBase(base: number): bigint | undefined {
  return base === 10 ? 10n * ONE : exponential(ONE);
}

function logarithmTo(x: bigint, base: bigint | undefined): bigint | undefined {
  return join(logarithm(x), map(base, logarithm), divided);
}

function single(name: string, x: bigint): bigint | undefined {
  switch (name) {
    case "sqrt":
      return x < 0n ? undefined : rootOf(x, 2n);
    case "abs":
      return size(x);
    case "ln":
      return logarithm(x);
    case "arctan":
      return arctangent(x);
    case "arcsin":
      return arcsine(x);
    case "arccos":
      return map(arcsine(x), (value) => pi() / 2n - value);
    default:
      return trigonometric(name, x);
  }
}

function arcsine(x: bigint): bigint | undefined {
  const rest = ONE - multiplied(x, x);
  if (rest < 0n) return undefined;
  if (rest === 0n) return x > 0n ? pi() / 2n : -pi() / 2n;
  return map(divided(x, rootOf(rest, 2n)), arctangent);
}

function trigonometric(name: string, x: bigint): bigint | undefined {
  const pair = sineAndCosine(x);
  if (pair === undefined) return undefined;
  const [sine, cosine] = pair;
  switch (name) {
    case "sin":
      return sine;
    case "cos":
      return cosine;
    case "tan":
      return divided(sine, cosine);
    case "cot":
      return divided(cosine, sine);
    case "sec":
      return divided(ONE, cosine);
    case "csc":
      return divided(ONE, sine);
    default:
      return undefined;
  }
}
