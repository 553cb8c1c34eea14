/** An answer's text, ready for the lexer: delimiters, markup and separators of digits gone, one spelling for each sign. */
import { toLatex } from "./unicode.ts";
import { COMMANDS } from "./vocabulary.ts";

const OVER_ESCAPED = /(?<!\\)\\\\(?=([a-zA-Z]{2,}))/g;
const DIGIT_GROUPS = /(?<=\d)(?:\s*\{\s*,\s*\}\s*|,\\[!,]\s*|\\[,!;:]\s?|~|')(?=\d{3}(?!\d))/g;
const DECIMAL_BRACES = /(?<=\d)\{,\}(?=\d)/g;
const SPACED_GROUPS = /(?<![\d.,^_{]|\d\s)\d{1,3}(?:\s\d{3})+(?![\d]|,\d)/g;
const DEGREES = /\^\s*(?:\\circ|\{\s*\\circ\s*\}|\{\s*\\degree\s*\}|\\degree|\{\s*o\s*\})/g;
const GLUED_WORDS = /(?<=[\d)\]}])(or|and)(?=[A-Za-z\d(\\[{-])/g;
const TIMES_TEN = /(?<=\d\s?)[xX](?=\s?10\s?\^)/g;
const TRAILING = /(?:\s|\\[,;:! ]|\\\\|[.,;:。])+$/;
const LEADING = /^(?:\s|\\[,;:! ]|[:=,;~]|\\\\|\\(?:approx|simeq|sim)(?![a-zA-Z]))+/;
const WRAPPED_SIGNS = /\\(?:text|textbf|mathrm|mbox|textrm)\s*\{\s*(\\?[$€£¥%])\s*\}/g;
const HALF_OF_DAY = /(?<=\d)\s*([ap])\.?\s?m\b\.?/gi;
const ODDS = /^\s*(\d+)\s*(?:to|\\text\{\s*to\s*\})\s*(\d+)\s*$/;
const UNION = /(?<=[)\]}])\s*U\s*(?=[([{\\])/g;

export function clean(text: string): string {
  let out = toLatex(text).replace(OVER_ESCAPED, (slashes, name: string) => (isCommand(name) ? "\\" : slashes));
  out = out.replace(/\*\*([^*]+)\*\*/g, "$1").replace(/^[`*]+|[`*]+$/g, "");
  out = out.replace(WRAPPED_SIGNS, "$1");
  out = withoutDollars(out).replace(/(?<!\\)\\[()[\]]/g, " ");
  out = out.replace(DIGIT_GROUPS, "").replace(DECIMAL_BRACES, ".").replace(/\{,\}/g, ",");
  if (/\d\s\d{3}/.test(out)) out = out.replace(SPACED_GROUPS, (digits) => digits.replace(/\s/g, ""));
  out = out.replace(TIMES_TEN, "\\times ");
  out = out.replace(DEGREES, "\\degree ").replace(GLUED_WORDS, " $1 ");
  if (out.includes(":")) out = out.replace(HALF_OF_DAY, (_, half: string) => ` ${half.toLowerCase()}m `);
  out = out.replace(UNION, "\\cup ").replace(ODDS, "$1:$2");
  return withoutEnds(out);
}

function isCommand(name: string): boolean {
  for (let length = name.length; length >= 2; length--) if (COMMANDS.has(name.slice(0, length))) return true;
  return false;
}

function withoutEnds(text: string): string {
  const start = text.replace(LEADING, "");
  return /\.\.\.\s*$/.test(start) ? start.trim() : start.replace(TRAILING, "");
}

/** Pairs of dollar signs enclose mathematics; a single one beside a number is money. */
function withoutDollars(text: string): string {
  if (!text.includes("$")) return text;
  const plain = [...text.matchAll(/(?<!\\)\$/g)].length;
  if (plain % 2 === 0) return text.replace(/(?<!\\)\$/g, " ");
  const isMoney = plain === 1 && /(?<!\\)\$\s*[\d.]|\d\s*\$/.test(text);
  return isMoney ? text.replace(/(?<!\\)\$/g, "\\$") : text.replace(/(?<!\\)\$/g, " ");
}
