/**
 * When a decimal stands for a number that it is not: 0.333333 for 1/3, 1.41421 for √2.
 *
 * It must show at least `precision` significant digits, and be the number rounded or cut there. One more digit than that is
 * checked, where one more is written; a number that ends after fewer digits (3/4, 12) has to be met exactly.
 */
import { type Rational, rational } from "../rational.ts";
import { arithmetic } from "./exact.ts";
import type { Node } from "./node.ts";

/** Digits to which two long decimals are taken to be the same number: the noise of floating-point arithmetic. */
const NOISE_DIGITS = 12;

/** Significant digits that were written, where the node is a decimal, perhaps times a power of ten; undefined elsewhere. */
export function writtenDigits(node: Node): number | undefined {
  switch (node.kind) {
    case "number":
      return node.digits;
    case "negative":
    case "percent":
    case "quantity":
      return writtenDigits(node.of);
    case "product": {
      const [first, second] = node.factors;
      if (node.factors.length !== 2 || first === undefined || second === undefined || !isPowerOfTen(second))
        return undefined;
      return writtenDigits(first) ?? (first.kind === "number" ? trimmedDigits(first.raw) : undefined);
    }
    default:
      return undefined;
  }
}

function isPowerOfTen(node: Node): boolean {
  return (
    node.kind === "power" &&
    node.base.kind === "number" &&
    node.base.value.numerator === 10n &&
    node.base.value.denominator === 1n
  );
}

function trimmedDigits(raw: string): number {
  return Math.max(1, raw.replace(/^0+/, "").length);
}

export interface Precision {
  /** Significant digits. */
  readonly precision: number;
  /** Whether it was asked for: then a number that ends after more digits may be rounded to it. */
  readonly stated: boolean;
}

/** Whether two different fractions are one number by their written digits. */
export function sameByDigits(
  gold: Rational,
  goldDigits: number | undefined,
  given: Rational,
  givenDigits: number | undefined,
  precision: Precision,
): boolean {
  if (goldDigits === undefined && givenDigits === undefined) return false;
  if (isNoise(gold, given, Math.max(goldDigits ?? 0, givenDigits ?? 0))) return true;
  if (givenDigits !== undefined && (goldDigits === undefined || givenDigits >= goldDigits)) {
    return standsFor(given, givenDigits, gold, goldDigits, precision);
  }
  return goldDigits !== undefined && standsFor(gold, goldDigits, given, givenDigits, precision);
}

function isNoise(a: Rational, b: Rational, digits: number): boolean {
  return digits >= NOISE_DIGITS && agree(a, b, NOISE_DIGITS);
}

/** Whether the decimal, of more digits than the other where that is one too, is the other number to the precision. */
function standsFor(
  decimal: Rational,
  digits: number,
  value: Rational,
  valueDigits: number | undefined,
  { precision, stated }: Precision,
): boolean {
  if (valueDigits !== undefined && valueDigits >= precision)
    return agree(decimal, value, stated ? Math.min(valueDigits, precision + 1) : valueDigits);
  if (digits < precision) return false;
  if (terminates(value, precision) && (valueDigits === undefined || !stated)) return false; // 3/4 and 12 are met exactly
  return agree(decimal, value, Math.min(digits, precision + 1));
}

/** Whether the fraction is a decimal of at most so many significant digits. */
function terminates(value: Rational, digits: number): boolean {
  const rounded = roundTo(value, digits, false);
  return rounded.numerator === value.numerator && rounded.denominator === value.denominator;
}

/** Whether both are the same number of so many significant digits, rounded or cut. */
function agree(decimal: Rational, value: Rational, digits: number): boolean {
  const same = (a: Rational, b: Rational): boolean => a.numerator === b.numerator && a.denominator === b.denominator;
  const rounded = roundTo(decimal, digits, true);
  return (
    same(rounded, roundTo(value, digits, true)) || same(roundTo(decimal, digits, false), roundTo(value, digits, false))
  );
}

/** The number with so many significant digits: rounded half away from 0, or cut. */
function roundTo(value: Rational, digits: number, half: boolean): Rational {
  const size = value.numerator < 0n ? -value.numerator : value.numerator;
  if (size === 0n) return value;
  const sign = value.numerator < 0n ? -1n : 1n;
  const shift = digits - 1 - exponentOf(size, value.denominator);
  const [top, bottom] =
    shift >= 0 ? [size * 10n ** BigInt(shift), value.denominator] : [size, value.denominator * 10n ** BigInt(-shift)];
  const whole = half ? (2n * top + bottom) / (2n * bottom) : top / bottom;
  return shift >= 0 ? rational(sign * whole, 10n ** BigInt(shift)) : rational(sign * whole * 10n ** BigInt(-shift));
}

/** The exponent of ten of the first significant digit. */
function exponentOf(size: bigint, denominator: bigint): number {
  let exponent = size.toString().length - denominator.toString().length;
  const below =
    exponent >= 0 ? size < denominator * 10n ** BigInt(exponent) : size * 10n ** BigInt(-exponent) < denominator;
  if (below) exponent--;
  return exponent;
}

/** The exact fraction that a double is. */
export function ofDouble(value: number): Rational | undefined {
  if (!Number.isFinite(value)) return undefined;
  if (Number.isInteger(value)) return rational(BigInt(value));
  let [top, shift] = [value, 0];
  while (!Number.isInteger(top) && shift < 1074) [top, shift] = [top * 2, shift + 1];
  return arithmetic(rational(BigInt(top)), "/", rational(1n << BigInt(shift)));
}
