/** Whole numbers of a problem's text that a variable could stand for. */
import { refuse } from "../../../refuse.ts";

export interface FoundInteger {
  readonly value: number;
  /** Indices in the text, the end behind the last digit. */
  readonly start: number;
  readonly end: number;
}

/**
 * Whole numbers above 0 in a text: runs of digits with no "." beside them (so no decimals, and none at a sentence's end), no letter
 * or digit glued before them and no letter behind.
 */
export function extractIntegers(text: string): FoundInteger[] {
  return [...text.matchAll(/\d+/g)].flatMap(({ 0: digits, index: start }) => {
    const end = start + digits.length;
    const [before, after] = [text.slice(0, start), text.slice(end)];
    const glued = /[\p{L}\p{N}.]$/u.test(before.slice(-2)) || /^[\p{L}.]/u.test(after);
    const value = Number(digits);
    return glued || value === 0 ? [] : [{ value, start, end }];
  });
}

/** Whether an answer is a whole number and nothing else: no command, letter, fraction or point; braces, backslashes, blanks allowed. */
export function isPureInteger(text: string): boolean {
  return !/[A-Za-z/.]/.test(text) && /^-?\d+$/.test(text.replace(/[\\{}\s]/g, ""));
}

export interface KeyCandidate extends FoundInteger {
  /** Inside LaTeX mathematics, where the placeholder stands in braces. */
  readonly inMath: boolean;
  /** No part of a function's argument or a fraction. */
  readonly independent: boolean;
}

/** What makes a number unfit: text before it (up to 24 characters), text behind it. */
const UNFIT: readonly (readonly [before: RegExp, behind: RegExp])[] = [
  [/[_^]\s*\{?\s*-?$/, /^/], // subscript, exponent
  [/\d(?:,|\{,\}|\\,)$/, /^/], // 1,000: the later group
  [/^|\D$/, /^(?:,|\{,\}|\\,)\d{3}(?!\d)/], // and the earlier one
  [/(?:step|problem|case|part|figure|chapter|section|question|table|example)\s*\(?$/i, /^/],
  [/(?:^|[\n.;])\s*\($/, /^\)/], // (2) at a line's start
  [/\(\s*-?$/, /^\s*,\s*-?[\w.]+\s*\)/], // (3, 4)
  [/\(\s*-?[\w.]+\s*,\s*-?$/, /^\s*\)/],
];

const CONTEXT = 24;

/** An argument begins: of a function of LaTeX, or the second of a fraction. */
const IN_FUNCTION =
  /(?:\\(?:[dt]?frac|sqrt|log|ln|sin|cos|tan|binom|exp)(?:_\{?\w+\}?|\[[^\]]*\])?\s*[{(]?|\\[dt]?frac\{[^{}]*\}\{)\s*$/;

/** Numbers that a variable may stand for, with what is known of each. The rules are a reconstruction of the released second step. */
export function keyCandidates(text: string): KeyCandidate[] {
  return extractIntegers(text).flatMap((found) => {
    const before = text.slice(Math.max(0, found.start - CONTEXT), found.start);
    const behind = text.slice(found.end, found.end + CONTEXT);
    if (UNFIT.some(([a, b]) => a.test(before) && b.test(behind))) return [];
    const inFunction = IN_FUNCTION.test(before);
    const independent = !inFunction && !/^\s*[/^]/.test(behind) && !/\/\s*$/.test(before);
    return [{ ...found, inMath: isInMath(text, found.start), independent }];
  });
}

/** Whether an index is between dollars, or between \( and \) or \[ and \]. */
function isInMath(text: string, at: number): boolean {
  const before = text.slice(0, at).replace(/\\\$/g, "");
  const dollars = before.replace(/\$\$/g, "$").split("$").length - 1;
  const open = (mark: string, end: string): boolean => before.lastIndexOf(mark) > before.lastIndexOf(end);
  return dollars % 2 === 1 || open("\\(", "\\)") || open("\\[", "\\]");
}

/** How sure a judge is that the problem cannot do without a number; undefined where it can. */
export type NumberJudge = (text: string, candidate: KeyCandidate) => "high" | "medium" | "low" | undefined;

const SURE = ["high", "medium", "low"] as const;

/**
 * The number that a variable will stand for: independent before not, outside of mathematics before inside, surer before less sure,
 * earlier before later. Undefined where there is none.
 *
 * @param judge Default: the rules alone, every candidate is taken as "high" (reconstruction; the paper asks a model).
 */
export function pickKey(text: string, judge: NumberJudge = () => "high"): KeyCandidate | undefined {
  if (typeof text !== "string") refuse("pickKey", "the problem is no text", "pass its text");
  const ranked = keyCandidates(text).flatMap((candidate) => {
    const sure = judge(text, candidate);
    if (sure === undefined) return [];
    const group = (candidate.independent ? 0 : 2) + (candidate.inMath ? 1 : 0);
    return [{ candidate, rank: group * SURE.length + SURE.indexOf(sure) }];
  });
  const [first, ...rest] = ranked;
  return first && rest.reduce((best, other) => (other.rank < best.rank ? other : best), first).candidate;
}
