/**
 * Arithmetic expressions over whole numbers: a parser that accepts exactly this grammar and an exact evaluator.
 *
 *     sum     = product (("+" | "-") product)*      left to right
 *     product = atom (("*" | "/") atom)*            left to right
 *     atom    = number | "(" sum ")"
 *     number  = ASCII digits without a leading zero
 *
 * No signs, no spaces, no powers, no implied product. Nothing is evaluated while parsing, so a huge input costs its
 * length; nesting and digits are bounded.
 */
import { excerpt } from "./excerpt.ts";
import { combine, type Rational, rational } from "./rational.ts";

export type Operator = "+" | "-" | "*" | "/";

export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "operation"; readonly operator: Operator; readonly left: Expression; readonly right: Expression };

export type ParsedExpression =
  | { readonly kind: "expression"; readonly expression: Expression; readonly numbers: readonly number[] }
  | { readonly kind: "unparsed"; readonly reason: string };

/** Brackets inside brackets at most: far more than any solution needs, far less than the stack holds. */
const DEEPEST = 32;
/** Digits of a number at most: every such number is exact as a float. */
const LONGEST = 9;
/** Characters of an expression at most: a sum is a tree as deep as it is long, and evaluation walks down it. */
const LONGEST_TEXT = 400;

/** Parses a whole text; `numbers` are its numbers from left to right. */
export function parseExpression(text: string): ParsedExpression {
  if (text.length > LONGEST_TEXT) return { kind: "unparsed", reason: `${excerpt(text)} is too long` };
  const state: State = { text, at: 0, depth: 0, numbers: [], problem: undefined };
  const expression = readSum(state);
  if (expression === undefined) return { kind: "unparsed", reason: state.problem ?? unexpected(state) };
  if (state.at < text.length) return { kind: "unparsed", reason: unexpected(state) };
  return { kind: "expression", expression, numbers: state.numbers };
}

/** The exact value; undefined where something is divided by 0. */
export function evaluateExpression(expression: Expression): Rational | undefined {
  if (expression.kind === "number") return rational(BigInt(expression.value));
  const left = evaluateExpression(expression.left);
  const right = evaluateExpression(expression.right);
  return left === undefined || right === undefined ? undefined : combine(left, expression.operator, right);
}

/** The text with as few brackets as keep the tree, so `parseExpression` gives the same tree back. */
export function formatExpression(expression: Expression): string {
  if (expression.kind === "number") return `${expression.value}`;
  const { operator, left, right } = expression;
  const rank = rankOf(expression);
  const head = formatExpression(left);
  const tail = formatExpression(right);
  return `${rankOf(left) < rank ? `(${head})` : head}${operator}${rankOf(right) <= rank ? `(${tail})` : tail}`;
}

/** How tightly an expression binds: sums 1, products 2, numbers 3. */
function rankOf(expression: Expression): number {
  if (expression.kind === "number") return 3;
  return expression.operator === "+" || expression.operator === "-" ? 1 : 2;
}

interface State {
  readonly text: string;
  at: number;
  depth: number;
  readonly numbers: number[];
  problem: string | undefined;
}

function readSum(state: State): Expression | undefined {
  return readChain(state, "+", "-", () => readChain(state, "*", "/", () => readAtom(state)));
}

function readChain(
  state: State,
  one: Operator,
  other: Operator,
  readPart: () => Expression | undefined,
): Expression | undefined {
  let left = readPart();
  while (left !== undefined) {
    const sign = state.text[state.at];
    if (sign !== one && sign !== other) return left;
    state.at++;
    const right = readPart();
    left = right && { kind: "operation", operator: sign, left, right };
  }
  return undefined;
}

function readAtom(state: State): Expression | undefined {
  if (state.text[state.at] !== "(") return readNumber(state);
  if (++state.depth > DEEPEST) {
    state.problem = `${excerpt(state.text)} has brackets deeper than ${DEEPEST}`;
    return undefined;
  }
  state.at++;
  const inner = readSum(state);
  if (inner === undefined || state.text[state.at] !== ")") return undefined;
  state.at++;
  state.depth--;
  return inner;
}

function readNumber(state: State): Expression | undefined {
  const start = state.at;
  while (isDigit(state.text.charCodeAt(state.at))) state.at++;
  const digits = state.text.slice(start, state.at);
  if (digits === "") return undefined;
  if (digits.length > LONGEST || (digits.length > 1 && digits.startsWith("0"))) {
    const problem = digits.length > LONGEST ? `more than ${LONGEST} digits` : "a leading zero";
    state.problem = `the number ${excerpt(digits)} has ${problem}`;
    return undefined;
  }
  const value = Number(digits);
  state.numbers.push(value);
  return { kind: "number", value };
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57; // NaN past the end is neither
}

function unexpected({ text, at }: State): string {
  return at < text.length
    ? `${excerpt(text)} cannot be read at character ${at + 1}, ${excerpt(text[at] ?? "")}`
    : `${excerpt(text)} ends too early`;
}
