/**
 * Values in double precision at a point: symbols are given, functions without a meaning stand for fixed smooth ones, and what
 * stays unevaluated (a limit, a sum to n) for a fixed functional of its body. So two expressions that are equal by the rules of
 * algebra have equal values, whatever the functions in them are.
 */

import { add, type Complex, divide, multiply, NOTHING, power, real, subtract } from "./complex.ts";
import { exactValue } from "./exact.ts";
import { functionValue } from "./functions.ts";
import type { Node } from "./node.ts";
import { boundValue, derivativeValue } from "./unevaluated.ts";

export interface Point {
  readonly symbols: ReadonlyMap<string, Complex>;
  /** The base of a logarithm without one: e, or 10. */
  readonly logBase: number;
  /** Nodes that may still be evaluated, over all points of a comparison; below 0 every value is undefined. */
  readonly budget: { steps: number };
}

export function numericValue(node: Node, point: Point): Complex {
  if (--point.budget.steps < 0) return NOTHING;
  switch (node.kind) {
    case "number":
      return real(toNumber(node.value.numerator, node.value.denominator));
    case "symbol":
      return point.symbols.get(node.name) ?? NOTHING;
    case "constant":
      return constantValue(node.name);
    case "sum":
      return node.terms.reduce((total, term) => add(total, numericValue(term, point)), real(0));
    case "product":
      return node.factors.reduce((total, factor) => multiply(total, numericValue(factor, point)), real(1));
    case "quotient":
      return divide(numericValue(node.top, point), numericValue(node.bottom, point));
    case "ratio":
      return node.parts.length === 2 ? node.parts.map((part) => numericValue(part, point)).reduce(divide) : NOTHING;
    case "power":
      return powerValue(node.base, node.exponent, point);
    case "negative":
      return subtract(real(0), numericValue(node.of, point));
    case "percent":
      return divide(numericValue(node.of, point), real(100));
    case "quantity":
      return quantityValue(node, point);
    case "based":
      return numericValue(node.of, point);
    case "call":
    case "apply":
      return functionValue(node, point);
    case "bound":
      return boundValue(node, point);
    case "derivative":
      return derivativeValue(node, point);
    default:
      return NOTHING;
  }
}

function constantValue(name: string): Complex {
  switch (name) {
    case "pi":
      return real(Math.PI);
    case "e":
      return real(Math.E);
    case "i":
      return { re: 0, im: 1 };
    case "infinity":
      return real(Number.POSITIVE_INFINITY);
    default:
      return NOTHING;
  }
}

/** An angle in degrees is one in radians; other units count as they are. */
function quantityValue(node: Node & { readonly kind: "quantity" }, point: Point): Complex {
  const value = numericValue(node.of, point);
  return node.unit?.dimension === "angle^1" ? multiply(value, real(Math.PI / 180)) : value;
}

/** A root of odd degree of a negative number is the real one: symbols are real. */
function powerValue(base: Node, exponent: Node, point: Point): Complex {
  const value = numericValue(base, point);
  if (value.im === 0 && value.re < 0) {
    const fraction = exactValue(exponent);
    if (fraction !== undefined && fraction.denominator > 1n && fraction.denominator % 2n === 1n) {
      const size = (-value.re) ** toNumber(fraction.numerator, fraction.denominator);
      return real(fraction.numerator % 2n === 0n ? size : -size);
    }
  }
  return power(value, numericValue(exponent, point));
}

/** The nearest double of a fraction, of whatever size its parts are. */
function toNumber(numerator: bigint, denominator: bigint): number {
  const [top, bottom] = [Number(numerator), Number(denominator)];
  if (Number.isSafeInteger(top) && Number.isSafeInteger(bottom)) return top / bottom;
  if (denominator === 1n) return top;
  const size = numerator < 0n ? -numerator : numerator;
  if (size === 0n) return 0;
  const shift = BigInt(size.toString(2).length - denominator.toString(2).length - 64);
  const scaled = shift < 0n ? (size << -shift) / denominator : size / (denominator << shift);
  const value = Number(scaled) * 2 ** Number(shift);
  return numerator < 0n ? -value : value;
}
