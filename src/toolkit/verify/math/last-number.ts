/**
 * The number, or list of numbers, that a text without mathematics ends on: "so there are 12 of them", "P(A) = 2/3", "they are
 * 1, 2 and 3". A number that is a part of a word, an index or an expression is not taken out of it.
 */
import type { Span } from "./math-spans.ts";

const CURRENCY = "[$€£¥₹]";
const NUMBER = String.raw`(?:\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?(?![\d])|\d+(?:[.,]\d+)*|\.\d+)`;
const TAIL = String.raw`(?:[eE][+-]?\d+(?![\w.])|\s?(?:\\?%|percent\b|per cent\b|pct\b)|\s?[€£¥]|\s?\$(?!\S)|\s?°)?`;
const FRACTION = String.raw`(?:\s?\/\s?${NUMBER})?`;
const MIXED = String.raw`(?:\d+ \d+\/\d+)`;
const POWER = String.raw`(?:\s?[x×*·]\s?10\s?\^\s?\{?[-−]?\d+\}?)?`;
const UNITS = String.raw`(?:\s?(?:cm|mm|km|kg|mg|m|g|ft|hours?|minutes?|seconds?|dollars?|cents?|degrees?|meters?|metres?|feet|inches|miles|square \w+|cubic \w+)(?:\^?[23²³])?(?![\w]))?`;
const PATTERN = new RegExp(
  String.raw`(?<![\w.,\\^_{]|\d[.,])(?:[-−+]\s?)?(?:${CURRENCY}\s?)?(?:${MIXED}|${NUMBER}${FRACTION})${POWER}${TAIL}${UNITS}(?![A-Za-z\d_^])`,
  "g",
);
/** Characters before the last digit that are read: longer lists and expressions are no answer in a sentence. */
const REACH = 600;
const OPERAND_BEFORE_SIGN = /[\w)\]}]\s*$/;
const OPERATOR_BEFORE = /[-−+*/^×·÷|([]\s*$/;
const JOINED = /\d%?\s*(?:,|;|,?\s*(?:and|or|&))\s*$/;
const BESIDE = /\d\s+$/;
/** Where an expression can begin at the earliest: behind a relation or a word. */
const BEGINNING = /[\s\S]*(?:[=:≈<>≤≥?!]|\.\s|\n|(?<![A-Za-z])[A-Za-z]{2,}(?![A-Za-z(]))/;

export interface Ending {
  readonly at: number;
  readonly text: string;
}

export function lastNumber(text: string, spans: readonly Span[]): Ending | undefined {
  const whole = withoutSpans(text, spans);
  const last = lastDigit(whole);
  const offset = Math.max(0, last - REACH);
  const masked = whole.slice(offset, last + REACH);
  let found: RegExpExecArray | undefined;
  for (const match of masked.matchAll(PATTERN)) found = match;
  if (found === undefined) return undefined;
  const before = masked.slice(0, found.index);
  const end = found.index + found[0].length;
  const signed = /^[-−+]/.test(found[0]);
  if (BESIDE.test(before)) return undefined;
  const isPart = signed ? OPERAND_BEFORE_SIGN.test(before) : OPERATOR_BEFORE.test(before);
  const isList = JOINED.test(before) && /^\s*[.!]?\s*$/.test(masked.slice(end));
  const start = isPart || isList ? (BEGINNING.exec(before)?.[0].length ?? 0) : found.index;
  const ending = isList ? listStart(before) : start;
  return {
    at: offset + ending,
    text: masked
      .slice(ending, end)
      .replace(/[.,]+$/, "")
      .trim(),
  };
}

function lastDigit(text: string): number {
  let at = text.length - 1;
  while (at >= 0 && !(text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57)) at--;
  return at;
}

/** Where a list of numbers begins: "1, 2, " and "3 or " are parts of it. */
function listStart(before: string): number {
  const list = /(?:[-−+]?[\d./%]+\s*(?:,|;|,?\s*(?:and|or|&))\s*)+$/.exec(before);
  return list === null ? before.length : before.length - list[0].length;
}

/** The text with its mathematics, and mathematics broken over lines, blanked out. */
function withoutSpans(text: string, spans: readonly Span[]): string {
  let out = "";
  let at = 0;
  for (const { start, end } of spans) {
    out += text.slice(at, start) + "\u0000".repeat(end - start);
    at = end;
  }
  out += text.slice(at);
  return out.replace(/\$[^\S\n]*\n[^$]*\$|\\\([^\S\n]*\n[\s\S]*?\\\)/g, (part) => "\u0000".repeat(part.length));
}
