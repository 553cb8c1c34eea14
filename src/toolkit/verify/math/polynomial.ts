/** Fractions of polynomials of one variable with coefficients in double precision, and their real roots. */
import { exactValue } from "./exact.ts";
import { type Node, someNode } from "./node.ts";
import { numericValue } from "./numeric.ts";

/** Coefficients from the constant up. */
export type Polynomial = readonly number[];
export interface RationalFunction {
  readonly top: Polynomial;
  readonly bottom: Polynomial;
}

const HIGHEST = 12;
const ONE: Polynomial = [1];

/** The node as a function of the variable; undefined where it is no fraction of polynomials of a bounded degree. */
export function rationalFunctionOf(node: Node, variable: string): RationalFunction | undefined {
  if (!someNode(node, (part) => part.kind === "symbol")) {
    const value = numericValue(node, { symbols: new Map(), logBase: Math.E, budget: { steps: 20_000 } });
    return Number.isFinite(value.re) && value.im === 0 ? { top: [value.re], bottom: ONE } : undefined;
  }
  switch (node.kind) {
    case "symbol":
      return node.name === variable ? { top: [0, 1], bottom: ONE } : undefined;
    case "negative":
      return map(rationalFunctionOf(node.of, variable), ({ top, bottom }) => ({ top: top.map((c) => -c), bottom }));
    case "sum":
      return fold(node.terms, variable, add);
    case "product":
      return fold(node.factors, variable, multiply);
    case "quotient": {
      const bottom = rationalFunctionOf(node.bottom, variable);
      const top = rationalFunctionOf(node.top, variable);
      return top === undefined || bottom === undefined
        ? undefined
        : multiply(top, { top: bottom.bottom, bottom: bottom.top });
    }
    case "power":
      return powerOf(node.base, node.exponent, variable);
    default:
      return undefined;
  }
}

function map(
  f: RationalFunction | undefined,
  change: (f: RationalFunction) => RationalFunction | undefined,
): RationalFunction | undefined {
  return f === undefined ? undefined : change(f);
}

type Join = (a: RationalFunction, b: RationalFunction) => RationalFunction | undefined;

function fold(nodes: readonly Node[], variable: string, join: Join): RationalFunction | undefined {
  let total: RationalFunction | undefined;
  for (const [i, node] of nodes.entries()) {
    const next = rationalFunctionOf(node, variable);
    if (next === undefined) return undefined;
    total = i === 0 ? next : map(total, (before) => join(before, next));
    if (total === undefined) return undefined;
  }
  return total;
}

function powerOf(base: Node, exponent: Node, variable: string): RationalFunction | undefined {
  const size = exactValue(exponent);
  const of = rationalFunctionOf(base, variable);
  if (of === undefined || size === undefined || size.denominator !== 1n) return undefined;
  const count = Number(size.numerator);
  if (Math.abs(count) > HIGHEST) return undefined;
  const start = count < 0 ? { top: of.bottom, bottom: of.top } : of;
  let total: RationalFunction | undefined = { top: ONE, bottom: ONE };
  for (let i = 0; i < Math.abs(count); i++) total = map(total, (before) => multiply(before, start));
  return total;
}

function add(a: RationalFunction, b: RationalFunction): RationalFunction | undefined {
  if (a.bottom.length === 1 && b.bottom.length === 1) {
    const [x, y] = [a.bottom[0] ?? 1, b.bottom[0] ?? 1];
    return {
      top: plus(
        a.top.map((c) => c / x),
        b.top.map((c) => c / y),
      ),
      bottom: ONE,
    };
  }
  const [left, right, bottom] = [times(a.top, b.bottom), times(b.top, a.bottom), times(a.bottom, b.bottom)];
  return left && right && bottom ? { top: plus(left, right), bottom } : undefined;
}

function multiply(a: RationalFunction, b: RationalFunction): RationalFunction | undefined {
  const [top, bottom] = [times(a.top, b.top), times(a.bottom, b.bottom)];
  return top && bottom ? { top, bottom } : undefined;
}

function plus(a: Polynomial, b: Polynomial): Polynomial {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, k) => (a[k] ?? 0) + (b[k] ?? 0));
}

function times(a: Polynomial, b: Polynomial): Polynomial | undefined {
  if (a.length + b.length - 1 > HIGHEST + 1) return undefined;
  const out = new Array<number>(a.length + b.length - 1).fill(0);
  for (const [i, x] of a.entries()) for (const [j, y] of b.entries()) out[i + j] = (out[i + j] ?? 0) + x * y;
  return out;
}

function valueAt(polynomial: Polynomial, x: number): number {
  return polynomial.reduceRight((total, coefficient) => total * x + coefficient, 0);
}

/** The real roots in rising order: between those of the derivative the polynomial is monotone. */
export function realRoots(polynomial: Polynomial): readonly number[] {
  const largest = Math.max(...polynomial.map(Math.abs));
  let degree = polynomial.length - 1;
  while (degree >= 0 && Math.abs(polynomial[degree] ?? 0) <= 1e-13 * largest) degree--;
  if (degree < 1) return [];
  const [c = 0, b = 0, a = 0] = polynomial;
  if (degree === 1) return [-c / b];
  if (degree === 2) return quadraticRoots(a, b, c);
  const trimmed = polynomial.slice(0, degree + 1);
  const turns = realRoots(trimmed.slice(1).map((coefficient, k) => coefficient * (k + 1)));
  const reach =
    1 + Math.max(...trimmed.slice(0, -1).map((coefficient) => Math.abs(coefficient / (trimmed[degree] ?? 1))));
  const ends = [-reach, ...turns, reach];
  const roots: number[] = [];
  for (let i = 0; i + 1 < ends.length; i++) {
    const root = rootBetween(trimmed, ends[i] ?? 0, ends[i + 1] ?? 0, largest);
    if (root !== undefined && !roots.some((known) => Math.abs(known - root) <= 1e-9 * Math.max(1, Math.abs(root))))
      roots.push(root);
  }
  return roots;
}

function quadraticRoots(a: number, b: number, c: number): readonly number[] {
  const inside = b * b - 4 * a * c;
  const scale = b * b + Math.abs(4 * a * c);
  if (Math.abs(inside) <= 1e-14 * scale) return [-b / (2 * a)];
  if (inside < 0) return [];
  const q = -(b + (b < 0 ? -1 : 1) * Math.sqrt(inside)) / 2;
  const roots = [q / a, q === 0 ? 0 : c / q];
  return roots.sort((x, y) => x - y);
}

function rootBetween(polynomial: Polynomial, from: number, to: number, largest: number): number | undefined {
  const [start, end] = [valueAt(polynomial, from), valueAt(polynomial, to)];
  const isZero = (value: number, x: number): boolean =>
    Math.abs(value) <= 1e-12 * largest * Math.max(1, Math.abs(x)) ** (polynomial.length - 1);
  if (isZero(end, to)) return to;
  if (isZero(start, from)) return from;
  if (start > 0 === end > 0) return undefined;
  let [low, high] = [from, to];
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (valueAt(polynomial, middle) > 0 === start > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
