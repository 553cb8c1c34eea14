/**
 * Exact values: fractions of whole numbers, computed with BigInt as far as the text says them. Sizes are bounded, so that no
 * answer costs more than milliseconds; what is beyond the bounds, or is no fraction, has no exact value here.
 */
import { combine, type Rational, rational } from "../rational.ts";
import type { Node } from "./node.ts";

/** Bits of a whole number at most. */
const MOST_BITS = 400_000;
/** Bits of both halves of a fraction at most: a common divisor of longer numbers takes too long. */
const MOST_FRACTION_BITS = 8_000;
const LARGEST_FACTORIAL = 20_000n;

/** The value as a fraction; undefined where it is none or too large. */
export function exactValue(node: Node): Rational | undefined {
  switch (node.kind) {
    case "number":
      return node.value;
    case "negative":
      return map(exactValue(node.of), ({ numerator, denominator }) => ({ numerator: -numerator, denominator }));
    case "percent":
      return map(exactValue(node.of), (value) => arithmetic(value, "/", rational(100n)));
    case "based":
      return exactValue(node.of);
    case "sum":
      return fold(node.terms, "+", rational(0n));
    case "product":
      return fold(node.factors, "*", rational(1n));
    case "quotient":
      return both(node.top, node.bottom, (top, bottom) => arithmetic(top, "/", bottom));
    case "ratio":
      return node.parts.length === 2 && node.parts[0] && node.parts[1]
        ? both(node.parts[0], node.parts[1], (top, bottom) => arithmetic(top, "/", bottom))
        : undefined;
    case "power":
      return both(node.base, node.exponent, powerOf);
    case "call":
      return exactCall(node.name, node.args);
    default:
      return undefined;
  }
}

function map(value: Rational | undefined, change: (value: Rational) => Rational | undefined): Rational | undefined {
  return value === undefined ? undefined : change(value);
}

function both(a: Node, b: Node, join: (a: Rational, b: Rational) => Rational | undefined): Rational | undefined {
  const left = exactValue(a);
  const right = left === undefined ? undefined : exactValue(b);
  return left === undefined || right === undefined ? undefined : join(left, right);
}

function fold(nodes: readonly Node[], operator: "+" | "*", start: Rational): Rational | undefined {
  let total: Rational | undefined = start;
  for (const node of nodes) {
    const value = exactValue(node);
    total = value === undefined || total === undefined ? undefined : arithmetic(total, operator, value);
    if (total === undefined) return undefined;
  }
  return total;
}

/** An operation whose result stays within the bounds. */
export function arithmetic(a: Rational, operator: "+" | "-" | "*" | "/", b: Rational): Rational | undefined {
  if (a.denominator === 1n && b.denominator === 1n && operator !== "/") {
    const size = operator === "*" ? bitsOf(a.numerator) + bitsOf(b.numerator) : 0;
    if (size > MOST_BITS) return undefined;
    const [x, y] = [a.numerator, b.numerator];
    return { numerator: operator === "+" ? x + y : operator === "-" ? x - y : x * y, denominator: 1n };
  }
  const small = [a, b].every(
    ({ numerator, denominator }) => bitsOf(numerator) + bitsOf(denominator) <= MOST_FRACTION_BITS,
  );
  if (small) return combine(a, operator, b);
  if (operator === "/" && isOne(a) && b.denominator === 1n && b.numerator !== 0n) return reciprocal(b.numerator);
  return undefined;
}

function isOne({ numerator, denominator }: Rational): boolean {
  return numerator === 1n && denominator === 1n;
}

function reciprocal(value: bigint): Rational {
  return value > 0n ? { numerator: 1n, denominator: value } : { numerator: -1n, denominator: -value };
}

const SMALL = 1n << 53n;

function bitsOf(value: bigint): number {
  const size = value < 0n ? -value : value;
  return size < SMALL ? 53 : size.toString(16).length * 4;
}

function powerOf(base: Rational, exponent: Rational): Rational | undefined {
  if (exponent.denominator !== 1n) {
    const root = rootOf(base, exponent.denominator);
    return root === undefined ? undefined : powerOf(root, { numerator: exponent.numerator, denominator: 1n });
  }
  const size = exponent.numerator < 0n ? -exponent.numerator : exponent.numerator;
  if (base.numerator === 0n) return size === 0n || exponent.numerator < 0n ? undefined : base;
  const isUnit = base.denominator === 1n && (base.numerator === 1n || base.numerator === -1n);
  if (isUnit) return base.numerator === 1n || size % 2n === 0n ? rational(1n) : base;
  const bits = Math.max(base.numerator.toString(2).length, base.denominator.toString(2).length) - 1;
  if (size > 1_000_000n || Math.max(1, bits) * Number(size) > MOST_BITS) return undefined;
  const [numerator, denominator] = [base.numerator ** size, base.denominator ** size];
  if (exponent.numerator >= 0n) return { numerator, denominator }; // powers of lowest terms are in lowest terms
  return numerator > 0n
    ? { numerator: denominator, denominator: numerator }
    : { numerator: -denominator, denominator: -numerator };
}

/** The real root of a fraction, where it is a fraction. */
function rootOf(value: Rational, degree: bigint): Rational | undefined {
  if (value.numerator < 0n) {
    if (degree % 2n === 0n) return undefined;
    return map(rootOf({ numerator: -value.numerator, denominator: value.denominator }, degree), (root) => ({
      numerator: -root.numerator,
      denominator: root.denominator,
    }));
  }
  const numerator = wholeRoot(value.numerator, degree);
  const denominator = wholeRoot(value.denominator, degree);
  return numerator === undefined || denominator === undefined ? undefined : { numerator, denominator };
}

/** The whole number whose power is `value`, by Newton's method; undefined where there is none. */
function wholeRoot(value: bigint, degree: bigint): bigint | undefined {
  if (value < 2n) return value;
  const bits = value.toString(16).length * 4;
  if (degree > 1000n || bits > MOST_FRACTION_BITS) return undefined;
  const n = degree;
  let guess = 1n << BigInt(Math.ceil(bits / Number(degree)) + 1);
  for (;;) {
    const next = ((n - 1n) * guess + value / guess ** (n - 1n)) / n;
    if (next >= guess) break;
    guess = next;
  }
  return guess ** n === value ? guess : undefined;
}

function exactCall(name: string, args: readonly Node[]): Rational | undefined {
  const values = args.map((arg) => exactValue(arg));
  const [x, y] = values;
  if (x === undefined) return undefined;
  switch (name) {
    case "sqrt":
      return rootOf(x, 2n);
    case "root":
      return y === undefined || y.denominator !== 1n || y.numerator < 1n ? undefined : rootOf(x, y.numerator);
    case "abs":
      return { numerator: x.numerator < 0n ? -x.numerator : x.numerator, denominator: x.denominator };
    case "floor":
      return rational(floorOf(x));
    case "ceil":
      return rational(-floorOf({ numerator: -x.numerator, denominator: x.denominator }));
    case "factorial":
      return x.denominator === 1n && x.numerator >= 0n && x.numerator <= LARGEST_FACTORIAL
        ? factorial(x.numerator, 1n)
        : undefined;
    case "doubleFactorial":
      return x.denominator === 1n && x.numerator >= 0n && x.numerator <= LARGEST_FACTORIAL
        ? factorial(x.numerator, 2n)
        : undefined;
    case "binom":
      return y === undefined ? undefined : binomial(x, y);
    default:
      return exactList(name, values);
  }
}

function exactList(name: string, values: readonly (Rational | undefined)[]): Rational | undefined {
  const known = values.filter((value) => value !== undefined);
  if (known.length !== values.length) return undefined;
  const [x, y] = known;
  if (name === "max" || name === "min")
    return known.reduce((best, value) => (isLess(value, best) === (name === "min") ? value : best));
  if (!known.every(({ denominator }) => denominator === 1n) || x === undefined) return undefined;
  if (name === "mod")
    return y === undefined || y.numerator <= 0n
      ? undefined
      : rational(((x.numerator % y.numerator) + y.numerator) % y.numerator);
  if (name !== "gcd" && name !== "lcm") return undefined;
  return rational(
    known
      .map(({ numerator }) => (numerator < 0n ? -numerator : numerator))
      .reduce((a, b) => (name === "gcd" ? gcd(a, b) : lcm(a, b))),
  );
}

export function isLess(a: Rational, b: Rational): boolean {
  return a.numerator * b.denominator < b.numerator * a.denominator;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y > 0n) [x, y] = [y, x % y];
  return x;
}

function lcm(a: bigint, b: bigint): bigint {
  return a === 0n || b === 0n ? 0n : (a / gcd(a, b)) * b;
}

function floorOf({ numerator, denominator }: Rational): bigint {
  const quotient = numerator / denominator;
  return numerator < 0n && quotient * denominator !== numerator ? quotient - 1n : quotient;
}

function factorial(n: bigint, step: bigint): Rational {
  return rational(productOf(n % step === 0n ? step : 1n, n, step));
}

/** The product of from, from + step, …, to, by halves, so that the factors stay of one size. */
function productOf(from: bigint, to: bigint, step: bigint): bigint {
  if (from > to) return 1n;
  const count = (to - from) / step;
  if (count < 8n) {
    let total = 1n;
    for (let k = from; k <= to; k += step) total *= k;
    return total;
  }
  const middle = from + (count / 2n) * step;
  return productOf(from, middle, step) * productOf(middle + step, to, step);
}

function binomial(n: Rational, k: Rational): Rational | undefined {
  if (n.denominator !== 1n || k.denominator !== 1n) return undefined;
  const [top, bottom] = [n.numerator, k.numerator];
  if (top < 0n || top > LARGEST_FACTORIAL || bottom < 0n) return undefined;
  if (bottom > top) return rational(0n);
  const low = 2n * bottom < top ? bottom : top - bottom;
  return rational(productOf(top - low + 1n, top, 1n) / productOf(1n, low, 1n));
}
