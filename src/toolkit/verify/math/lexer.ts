/** LaTeX or plain text, cut into tokens. Styles, sizes and blanks are dropped; what is unknown becomes a symbol of its name. */
import { pushCommand, readCommand } from "./lexer-commands.ts";
import { type CommaReading, type NumberLiteral, readNumber } from "./number-literal.ts";
import { FUNCTIONS, PLAIN_COMMANDS } from "./vocabulary.ts";

export type Token =
  | { readonly kind: "number"; readonly literal: NumberLiteral; readonly spaced: boolean }
  /** One letter or a named symbol. */
  | { readonly kind: "letter"; readonly name: string; readonly spaced: boolean }
  /** Several letters that are no product: "apples", "or". */
  | { readonly kind: "word"; readonly text: string; readonly spaced: boolean }
  /** What stood in \text{…}. */
  | { readonly kind: "text"; readonly text: string; readonly spaced: boolean }
  /** A command with a meaning, such as "frac". */
  | { readonly kind: "command"; readonly name: string; readonly spaced: boolean }
  /** The beginning or end of an environment. */
  | { readonly kind: "begin" | "end"; readonly name: string; readonly spaced: boolean }
  /** A sign: brackets, operators, separators. */
  | { readonly kind: "sign"; readonly sign: string; readonly spaced: boolean };

/** Tokens at most: a text of more is not read. */
const MOST_TOKENS = 20_000;

const SIGNS = ["<=>", "+/-", "...", "**", "<=", ">=", "!=", "==", "=>", "->", "<>", ":="];
const SIGN_MEANS: Readonly<Record<string, string>> = {
  "**": "^",
  "==": "=",
  "+/-": "pm",
  "<>": "!=",
  ":=": "=",
  "<=>": "=>",
};
const LETTERS = /[A-Za-z]+/y;
const OTHER_LETTERS = /[\p{L}\p{M}]+/uy;
const BLANKS = /[\s~]+/y;

/** The tokens; undefined where there are too many, or a number is too long. */
export function tokenize(text: string, comma: CommaReading): readonly Token[] | undefined {
  const state: Lexer = { text, at: 0, comma, tokens: [], spaced: false, brackets: [], grouped: /\d,\d{3}/.test(text) };
  while (state.at < text.length) {
    if (state.tokens.length > MOST_TOKENS) return undefined;
    if (!readToken(state)) return undefined;
  }
  return state.tokens;
}

export interface Lexer {
  readonly text: string;
  at: number;
  readonly comma: CommaReading;
  readonly tokens: Token[];
  spaced: boolean;
  /** For each open bracket, how a comma between digits reads inside it. */
  readonly brackets: CommaReading[];
  /** Whether any comma could group digits. */
  readonly grouped: boolean;
}

function readToken(state: Lexer): boolean {
  const blanks = matchAt(BLANKS, state);
  if (blanks !== null) {
    state.spaced = true;
    return true;
  }
  const sign = state.text[state.at] ?? "";
  if (isDigit(sign) || (sign === "." && isDigit(state.text[state.at + 1] ?? ""))) return pushNumber(state);
  if (sign === "\\") readCommand(state);
  else if (/[A-Za-z]/.test(sign)) readLetters(state);
  else readSign(state);
  return true;
}

function pushNumber(state: Lexer): boolean {
  const literal = readNumber(state.text, state.at, state.brackets.at(-1) ?? state.comma);
  if (literal === undefined) return false;
  state.at = literal.end;
  push(state, { kind: "number", literal, spaced: state.spaced });
  return true;
}

export function push(state: Lexer, token: Token): void {
  state.tokens.push(token);
  state.spaced = false;
}

export function pushSign(state: Lexer, sign: string): void {
  if (sign === "(" || sign === "[" || sign === "\\{") state.brackets.push(commaInside(state));
  else if (sign === ")" || sign === "]" || sign === "\\}") state.brackets.pop();
  push(state, { kind: "sign", sign, spaced: state.spaced });
}

/** Inside brackets a comma separates, unless others there have a blank behind them and this one groups three digits. */
function commaInside({ text, at, comma, grouped }: Lexer): CommaReading {
  if (!grouped || comma !== "thousands") return comma === "decimal" ? "decimal" : "separator";
  const close = text.slice(at, at + 400).search(/[)\]}]/);
  const inside = close < 0 ? "" : text.slice(at, at + close);
  return /,\s/.test(inside) || /\d,\d{3},\d{3}(?!\d)/.test(inside) ? "thousands" : "separator";
}

/** First signs of those that are written with several. */
const LONG_STARTS = "<+.*>!=-:";

function readSign(state: Lexer): void {
  const first = state.text[state.at] ?? "";
  if (first < "\u0080" && !LONG_STARTS.includes(first)) {
    state.at++;
    pushSign(state, first);
    return;
  }
  const long = SIGNS.find((sign) => state.text.startsWith(sign, state.at));
  if (long !== undefined && !(long === "!=" && isFactorial(state))) {
    state.at += long.length;
    if (long === "...") push(state, { kind: "command", name: "dots", spaced: state.spaced });
    else pushSign(state, SIGN_MEANS[long] ?? long);
    return;
  }
  OTHER_LETTERS.lastIndex = state.at;
  const letters = OTHER_LETTERS.exec(state.text);
  if (letters !== null) {
    state.at = OTHER_LETTERS.lastIndex;
    push(state, { kind: "word", text: letters[0], spaced: state.spaced });
    return;
  }
  const code = state.text.codePointAt(state.at) ?? 0;
  const sign = String.fromCodePoint(code);
  state.at += sign.length;
  pushSign(state, sign);
}

/** "5!=120" is 5! = 120, "x != 5" is not. */
function isFactorial({ text, at }: Lexer): boolean {
  return /[\d)]/.test(text[at - 1] ?? "") && /[\s\d]/.test(text[at + 2] ?? "");
}

function readLetters(state: Lexer): void {
  const run = matchAt(LETTERS, state)?.[0] ?? "";
  const { spaced } = state;
  const lower = run.toLowerCase();
  const plain = PLAIN_COMMANDS.has(run) ? run : PLAIN_COMMANDS.has(lower) && run.length > 2 ? lower : undefined;
  if (plain !== undefined) pushCommand(state, plain === "union" ? "cup" : plain);
  else if (run.length === 1) push(state, { kind: "letter", name: run, spaced });
  else if (isWord(run)) push(state, { kind: "word", text: run, spaced });
  else {
    const head = functionPrefix(run);
    if (head !== undefined) {
      pushCommand(state, head);
      state.at -= run.length - head.length;
      return;
    }
    for (const [i, name] of [...run].entries()) push(state, { kind: "letter", name, spaced: spaced && i === 0 });
  }
}

/** "sinx", "ln2x": a function written against its argument. */
function functionPrefix(run: string): string | undefined {
  if (run.length > 6) return undefined;
  for (let length = run.length - 1; length >= 2; length--) {
    const head = run.slice(0, length);
    if (FUNCTIONS.has(head) && /^[a-z]/.test(head)) return head;
  }
  return undefined;
}

const SHORT_WORDS = new Set(
  "or and in no yes not is if for per the of to by at am pm cm mm km kg mg ml ft lb lbs oz hr hrs min mins sec secs pct mph kph in are all any but odd even one two six ten off usd eur gbp day days".split(
    " ",
  ),
);

/** Whether a run of letters is a word rather than a product: it has a vowel and is not in alphabetical order (abc, abde). */
export function isWord(run: string): boolean {
  const lower = run.toLowerCase();
  if (SHORT_WORDS.has(lower)) return run !== run.toUpperCase() || run.length > 2;
  if (run.length < 3 || !/[aeiouy]/.test(lower)) return run.length > 6;
  if (run === run.toUpperCase()) return run.length > 5;
  if (run.length === 3) return /^[A-Z]?[a-z]+$/.test(run) && !isOrdered(lower) && !/[xyz]/.test(lower);
  return !isOrdered(lower);
}

/** abc, xyz, pqrs: letters that follow one another, none more than three places on. */
function isOrdered(lower: string): boolean {
  const steps = [...lower].slice(1).map((letter, i) => letter.charCodeAt(0) - lower.charCodeAt(i));
  return lower.length <= 5 && steps.every((step) => step > 0 && step <= 3);
}

function isDigit(sign: string): boolean {
  return sign >= "0" && sign <= "9";
}

export function matchAt(pattern: RegExp, state: Lexer): RegExpExecArray | null {
  pattern.lastIndex = state.at;
  const match = pattern.exec(state.text);
  if (match !== null) state.at = pattern.lastIndex;
  return match;
}
