/** Numbers as people write them: "1,234,567.5", "1.234,56", "1 000", "0,75", ".5", "2.5e-3", "0.1\overline{6}". */
import { type Rational, rational } from "../rational.ts";

/**
 * What a comma between digits means: `thousands` where groups of three follow and a separator of answers elsewhere;
 * always a `separator`; or a `decimal` mark.
 */
export type CommaReading = "thousands" | "separator" | "decimal";

export interface NumberLiteral {
  readonly value: Rational;
  /** Significant digits written; absent for a whole number. */
  readonly digits?: number;
  readonly raw: string;
  /** Where the text after the number starts. */
  readonly end: number;
}

/** Digits at most: above any answer, and a number of so many digits is still read in a moment. */
const LONGEST = 20_000;
/** 10 to a written exponent, such as 1e400, is exact to here; beyond it the number is not read. */
const LARGEST_EXPONENT = 5000;

const THOUSANDS = /(?:\d{1,3}(?:,\d{3})+)(?![\d,]\d|\d)/y;
const EUROPEAN = /\d{1,3}(?:\.\d{3})+(?:,\d+(?![,\d])|(?=(?:[^\d.,]|[.,](?!\d)|$)))/y;
const DECIMAL_COMMA = /\d+,\d+(?![,\d])/y;
const DIGITS = /\d*/y;
const FRACTION = /\.\d+/y;
const REPEATING = /\s*\\(?:overline|bar|dot|overbar)\s*(?:\{\s*(\d+)\s*\}|(\d))/y;
const EXPONENT = /[eE]([+-]?\d{1,5})(?![\d.]|[a-zA-Z])/y;

/** The number that starts at `at`, a digit or a point before one; undefined where none of bounded size does. */
export function readNumber(text: string, at: number, comma: CommaReading): NumberLiteral | undefined {
  const grouped = readGrouped(text, at, comma);
  const { raw, end } = grouped ?? readPlain(text, at);
  if (raw.length > LONGEST) return undefined;
  const repeating =
    raw.includes(".") || text[end] === "." ? matchAt(REPEATING, text, text[end] === "." ? end + 1 : end) : null;
  if (repeating !== null) {
    const cycle = repeating[1] ?? repeating[2] ?? "";
    return { value: repeatingValue(raw, cycle), raw: `${raw}(${cycle})`, end: REPEATING.lastIndex };
  }
  const power = matchAt(EXPONENT, text, end);
  const exponent = power === null ? 0 : Number(power[1]);
  if (Math.abs(exponent) > LARGEST_EXPONENT) return undefined;
  const digits = significantDigits(raw);
  return {
    value: decimalValue(raw, exponent),
    raw,
    end: power === null ? end : EXPONENT.lastIndex,
    ...(digits === undefined ? {} : { digits }),
  };
}

function readGrouped(text: string, at: number, comma: CommaReading): { raw: string; end: number } | undefined {
  if (comma === "separator") return undefined;
  if (comma === "decimal") {
    const decimal = matchAt(DECIMAL_COMMA, text, at);
    return decimal === null ? undefined : { raw: decimal[0].replace(",", "."), end: DECIMAL_COMMA.lastIndex };
  }
  const thousands = matchAt(THOUSANDS, text, at);
  if (thousands !== null) {
    const fraction = matchAt(FRACTION, text, THOUSANDS.lastIndex);
    const end = fraction === null ? THOUSANDS.lastIndex : FRACTION.lastIndex;
    return { raw: thousands[0].replaceAll(",", "") + (fraction?.[0] ?? ""), end };
  }
  const european = matchAt(EUROPEAN, text, at);
  const points = european?.[0].split(".").length ?? 0;
  if (european === null || (points < 3 && !european[0].includes(","))) return undefined; // "1.234" is a decimal
  return { raw: european[0].replaceAll(".", "").replace(",", "."), end: EUROPEAN.lastIndex };
}

function readPlain(text: string, at: number): { raw: string; end: number } {
  const before = matchAt(DIGITS, text, at)?.[0] ?? "";
  const fraction = matchAt(FRACTION, text, at + before.length)?.[0] ?? "";
  return { raw: before + fraction, end: at + before.length + fraction.length };
}

/** A whole number has none: it is exact. Leading zeros do not count. */
function significantDigits(raw: string): number | undefined {
  if (!raw.includes(".")) return undefined;
  return Math.max(1, raw.replace(".", "").replace(/^0+/, "").length);
}

function decimalValue(raw: string, exponent: number): Rational {
  const [before = "", after = ""] = raw.split(".");
  const shift = exponent - after.length;
  const digits = BigInt(before + after || "0");
  return shift >= 0 ? rational(digits * 10n ** BigInt(shift)) : rational(digits, 10n ** BigInt(-shift));
}

function repeatingValue(raw: string, cycle: string): Rational {
  const [before = "", after = ""] = raw.split(".");
  const nines = 10n ** BigInt(cycle.length) - 1n;
  const scale = 10n ** BigInt(after.length);
  return rational(BigInt(before + after || "0") * nines + BigInt(cycle), scale * nines);
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
