/**
 * Values in a prime field: an exact test of identities between fractions of polynomials with fractional coefficients, π, i and
 * square roots of whole numbers.
 *
 * Reading an expression with each symbol as a number of the field (and each root of a prime as one of its roots there) is a ring
 * homomorphism, so equal expressions have equal values, and different ones agree at a point with a chance of about their degree
 * over 2^61 (Schwartz and Zippel).
 */
import type { Rational } from "../rational.ts";
import { exactValue } from "./exact.ts";
import { weightOf } from "./functions.ts";
import type { Node } from "./node.ts";

/** A prime just below 2^61 for which -1 and the primes to 47 are squares. */
const PRIME = 2_305_843_009_209_384_649n;
/** The primes whose roots the field has; a root of anything else has no value here. */
const ROOTED = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n, 47n];
/** Two to this is beyond any radicand worth factoring. */
const LARGEST_RADICAND = 1n << 200n;

/**
 * The value at one of the points; undefined where the expression is of another kind, or is divided by 0 there.
 *
 * @param point points are numbered from 0; a symbol has another value at each
 */
export function modularValue(node: Node, point: number): bigint | undefined {
  switch (node.kind) {
    case "number":
      return fractionValue(node.value);
    case "symbol":
      return randomElement(`${point}/${node.name}`);
    case "constant":
      return node.name === "i"
        ? rootOfResidue(PRIME - 1n)
        : node.name === "pi" || node.name === "e"
          ? randomElement(`${point}//${node.name}`)
          : undefined;
    case "sum":
      return foldValues(node.terms, point, (a, b) => (a + b) % PRIME, 0n);
    case "product":
      return foldValues(node.factors, point, (a, b) => (a * b) % PRIME, 1n);
    case "quotient":
      return divided(modularValue(node.top, point), modularValue(node.bottom, point));
    case "negative":
      return mapValue(modularValue(node.of, point), (value) => (value === 0n ? 0n : PRIME - value));
    case "percent":
      return divided(modularValue(node.of, point), 100n);
    case "power":
      return powerValue(node.base, node.exponent, point);
    case "call":
      return callValue(node, point);
    default:
      return undefined;
  }
}

function mapValue(value: bigint | undefined, change: (value: bigint) => bigint | undefined): bigint | undefined {
  return value === undefined ? undefined : change(value);
}

function foldValues(
  nodes: readonly Node[],
  point: number,
  join: (a: bigint, b: bigint) => bigint,
  start: bigint,
): bigint | undefined {
  let total = start;
  for (const node of nodes) {
    const value = modularValue(node, point);
    if (value === undefined) return undefined;
    total = join(total, value);
  }
  return total;
}

function fractionValue({ numerator, denominator }: Rational): bigint | undefined {
  return divided(residue(numerator), residue(denominator));
}

function residue(value: bigint): bigint {
  const rest = value % PRIME;
  return rest < 0n ? rest + PRIME : rest;
}

function divided(top: bigint | undefined, bottom: bigint | undefined): bigint | undefined {
  if (top === undefined || bottom === undefined || bottom === 0n) return undefined;
  return bottom === 1n ? top : (top * powerOf(bottom, PRIME - 2n)) % PRIME;
}

function powerOf(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % PRIME;
    square = (square * square) % PRIME;
  }
  return result;
}

function powerValue(base: Node, exponent: Node, point: number): bigint | undefined {
  const size = exactValue(exponent);
  if (size === undefined) return undefined;
  if (size.denominator === 2n) {
    const root = exactRoot(base);
    return root === undefined ? undefined : wholePower(root, size.numerator);
  }
  if (size.denominator !== 1n) return undefined;
  return mapValue(modularValue(base, point), (value) => wholePower(value, size.numerator));
}

function wholePower(value: bigint, exponent: bigint): bigint | undefined {
  if (exponent >= 0n) return value === 0n && exponent === 0n ? undefined : powerOf(value, exponent);
  return divided(1n, powerOf(value, -exponent));
}

function callValue(node: Node & { readonly kind: "call" }, point: number): bigint | undefined {
  const [of] = node.args;
  if (node.name === "sqrt" && of !== undefined) return exactRoot(of);
  if (node.name === "root" && node.args.length === 2 && node.args[1] !== undefined && of !== undefined) {
    const degree = exactValue(node.args[1]);
    if (degree?.numerator === 2n && degree.denominator === 1n) return exactRoot(of);
  }
  if (node.name === "conj" || node.name === "abs") return mapValue(exactOrUndefined(node), (value) => value);
  return point >= 0 ? exactOrUndefined(node) : undefined;
}

function exactOrUndefined(node: Node): bigint | undefined {
  const value = exactValue(node);
  return value === undefined ? undefined : fractionValue(value);
}

/** The root of a fraction: of a product of small primes, of a square, or of minus one of these. */
function exactRoot(node: Node): bigint | undefined {
  const value = exactValue(node);
  if (value === undefined) return undefined;
  const size = value.numerator < 0n ? -value.numerator : value.numerator;
  let rest = size * value.denominator; // √(n/d) = √(n d) / d
  if (rest === 0n) return 0n;
  if (rest > LARGEST_RADICAND) return undefined;
  let root = value.numerator < 0n ? rootOfResidue(PRIME - 1n) : 1n;
  for (const prime of ROOTED) {
    while (rest % prime === 0n) {
      root = (root * rootOfResidue(prime)) % PRIME;
      rest /= prime;
    }
  }
  const whole = squareRoot(rest);
  return whole * whole === rest ? divided((root * residue(whole)) % PRIME, residue(value.denominator)) : undefined;
}

function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt((value.toString(2).length >> 1) + 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

const roots = new Map<bigint, bigint>();

/** A root of a square of the field, always the same one (Tonelli and Shanks). */
function rootOfResidue(value: bigint): bigint {
  const known = roots.get(value);
  if (known !== undefined) return known;
  let odd = PRIME - 1n;
  let twos = 0;
  while (odd % 2n === 0n) [odd, twos] = [odd / 2n, twos + 1];
  let nonResidue = 2n;
  while (powerOf(nonResidue, (PRIME - 1n) / 2n) !== PRIME - 1n) nonResidue++;
  let order = twos;
  let factor = powerOf(nonResidue, odd);
  let error = powerOf(value, odd);
  let root = powerOf(value, (odd + 1n) / 2n);
  while (error !== 1n) {
    let least = 0;
    for (let square = error; square !== 1n; square = (square * square) % PRIME) least++;
    const step = powerOf(factor, 1n << BigInt(order - least - 1));
    [order, factor] = [least, (step * step) % PRIME];
    error = (error * factor) % PRIME;
    root = (root * step) % PRIME;
  }
  roots.set(value, root);
  return root;
}

/** An element of the field that a text stands for. */
function randomElement(text: string): bigint {
  const scale = 2 ** 30;
  const high = BigInt(Math.floor(weightOf(`a${text}`) * 99_991 * 9973));
  const low = BigInt(Math.floor(weightOf(`${text}z`) * 99_991 * 7919));
  return (high * BigInt(scale) * 7n + low * 104_729n + 12_345n) % PRIME;
}
