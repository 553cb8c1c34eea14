/** Reads what an operator stands between: numbers, symbols, brackets, functions, roots, fractions. */
import type { Token } from "./lexer.ts";
import { type Closing, type ConstantName, call, type Node, negative, type Opening, someNode, whole } from "./node.ts";
import { readBound, readDerivative, readIntegral, readLimit } from "./parse-calculus.ts";
import { readSum } from "./parse-expression.ts";
import { readFunction } from "./parse-function.ts";
import { readEnvironment } from "./parse-matrix.ts";
import { readLetter } from "./parse-symbol.ts";
import { readNumberWords, readWords } from "./parse-words.ts";
import {
  deeper,
  isCommand,
  isSign,
  nameOf,
  nesting,
  type Parser,
  peek,
  takeSign,
  unreadable,
  within,
} from "./parser-state.ts";
import { parseUnit } from "./units.ts";
import { FUNCTIONS, LIST_FUNCTIONS } from "./vocabulary.ts";

const CONSTANTS: Readonly<Record<string, ConstantName>> = {
  pi: "pi",
  infty: "infinity",
  emptyset: "empty",
  R: "reals",
  Z: "integers",
  N: "naturals",
  Q: "rationals",
  C: "complexes",
  "set R": "reals",
  "set Z": "integers",
  "set N": "naturals",
  "set Q": "rationals",
  "set C": "complexes",
};

const STARTS = new Set("frac sqrt cbrt binom int sum prod lim lfloor lceil langle overline bar dot overbar".split(" "));
const CURRENCY = "$€£¥₹";

/** Whether a primary can start here without an operator before it. */
export function isPrimaryStart(parser: Parser, token: Token | undefined): boolean {
  switch (token?.kind) {
    case "number":
    case "letter":
      return true;
    case "begin":
      return true;
    case "command":
      return (
        STARTS.has(token.name) ||
        token.name in CONSTANTS ||
        FUNCTIONS.has(token.name) ||
        (LIST_FUNCTIONS.has(token.name) && token.name !== "mod")
      );
    case "sign":
      return (
        "({".includes(token.sign) ||
        (token.sign === "[" && isFactorBracket(parser)) ||
        ((token.sign === "|" || token.sign === "\\|") && parser.bars === 0)
      );
    default:
      return false;
  }
}

/** "2[x+1]" multiplies; what has a comma inside is an interval of its own. */
function isFactorBracket(parser: Parser): boolean {
  let depth = 0;
  for (let at = parser.at; at < parser.limit; at++) {
    const token = parser.tokens[at];
    depth += nesting(token);
    if (depth === 0) return isSign(token, "]");
    if (depth === 1 && isSign(token, ",", ";")) return false;
  }
  return false;
}

export function readPrimary(parser: Parser): Node {
  const token = peek(parser);
  switch (token?.kind) {
    case "number":
      parser.at++;
      return readNumber(parser, token);
    case "letter":
      return (
        (/^[aA]$/.test(token.name) && peek(parser, 1)?.kind === "word" ? readNumberWords(parser) : undefined) ??
        readLetter(parser)
      );
    case "word":
    case "text":
      return readWords(parser);
    case "begin":
      return deeper(parser, () => readEnvironment(parser));
    case "command":
      parser.at++;
      return deeper(parser, () => readCommand(parser, token.name));
    case "sign":
      return deeper(parser, () => readBracket(parser, token.sign));
    default:
      return unreadable(`${nameOf(token)} is not expected`);
  }
}

/** A number, perhaps with its base as an index: 204_5. */
function readNumber(parser: Parser, token: Token & { readonly kind: "number" }): Node {
  const { value, raw, digits } = token.literal;
  const of: Node = { kind: "number", value, raw, ...(digits === undefined ? {} : { digits }) };
  if (!isSign(peek(parser), "_")) return of;
  parser.at++;
  const base = readArgument(parser, false);
  if (base.kind !== "number" || base.value.denominator !== 1n || !/^\d+$/.test(raw))
    return unreadable("an index of a number is no base");
  const size = Number(base.value.numerator);
  if (size < 2 || size > 36 || raw.length > 400) return unreadable(`there is no base ${size}`);
  return basedNumber(raw, size);
}

function basedNumber(digits: string, base: number): Node {
  let value = 0n;
  for (const digit of digits) {
    if (Number(digit) >= base) return unreadable(`${digit} is no digit in base ${base}`);
    value = value * BigInt(base) + BigInt(digit);
  }
  return { kind: "based", of: whole(value), digits, base };
}

/**
 * The argument of \frac, \sqrt, ^ or _: a group in braces, or what comes next alone.
 *
 * @param digit whether only one digit of a number is meant, as in \frac12
 */
export function readArgument(parser: Parser, digit: boolean): Node {
  const token = peek(parser);
  if (isSign(token, "-")) {
    parser.at++;
    return negative(readArgument(parser, digit));
  }
  if (token?.kind === "number") {
    if (digit && token.literal.raw.length > 1) return readDigit(parser, token);
    parser.at++;
    return readPlainNumber(token);
  }
  if (token?.kind === "letter" && !isSign(peek(parser, 1), "(")) return readLetter(parser);
  return readPrimary(parser);
}

function readPlainNumber(token: Token & { readonly kind: "number" }): Node {
  const { value, raw, digits } = token.literal;
  return { kind: "number", value, raw, ...(digits === undefined ? {} : { digits }) };
}

/** Takes one digit and leaves the others. */
function readDigit(parser: Parser, token: Token & { readonly kind: "number" }): Node {
  const { raw } = token.literal;
  if (!/^\d+$/.test(raw)) {
    parser.at++;
    return readPlainNumber(token);
  }
  const rest = raw.slice(1);
  parser.tokens[parser.at] = {
    kind: "number",
    spaced: false,
    literal: { value: { numerator: BigInt(rest), denominator: 1n }, raw: rest, end: 0 },
  };
  return whole(Number(raw[0]));
}

function readCommand(parser: Parser, name: string): Node {
  const constant = CONSTANTS[name];
  if (constant !== undefined) return { kind: "constant", name: constant };
  if (FUNCTIONS.has(name) || LIST_FUNCTIONS.has(name)) return readFunction(parser, name);
  switch (name) {
    case "frac":
      return readFraction(parser);
    case "sqrt":
      return readRoot(parser);
    case "cbrt":
      return call("root", readArgument(parser, false), whole(3));
    case "binom":
      return call("binom", readArgument(parser, true), readArgument(parser, true));
    case "int":
      return readIntegral(parser);
    case "sum":
    case "prod":
      return readBound(parser, name === "sum" ? "sum" : "product");
    case "lim":
      return readLimit(parser);
    case "lfloor":
      return readFenced(parser, "floor", "rfloor");
    case "lceil":
      return readFenced(parser, "ceil", "rceil");
    case "langle":
      return readAngles(parser);
    case "dots":
      return { kind: "dots" };
    case "overline":
    case "bar":
    case "dot":
    case "overbar":
      return overlined(readArgument(parser, false));
    case "euro":
    case "pound":
      return readMoney(parser, name === "euro" ? "€" : "£");
    case "circ":
    case "star":
    case "forall":
    case "exists":
    case "neg":
    case "perp":
    case "parallel":
    case "complement":
      return { kind: "symbol", name };
    default:
      return unreadable(`\\${name} is not expected`);
  }
}

/** A bar over one symbol makes another one (z̄); over several it names a segment (AB). */
function overlined(node: Node): Node {
  if (someNode(node, (part) => part.kind === "constant" && part.name === "i")) return call("conj", node);
  return node.kind === "symbol" ? { kind: "symbol", name: `${node.name}̄` } : node;
}

function readFraction(parser: Parser): Node {
  const derivative = readDerivative(parser);
  if (derivative !== undefined) return derivative;
  const top = readArgument(parser, true);
  return { kind: "quotient", top, bottom: readArgument(parser, true) };
}

function readRoot(parser: Parser): Node {
  if (takeSign(parser, "[") === undefined) return call("sqrt", readArgument(parser, false));
  const degree = parser.list(parser, (token) => isSign(token, "]"));
  if (takeSign(parser, "]") === undefined) unreadable("] is missing");
  return call("root", readArgument(parser, false), degree);
}

function readFenced(parser: Parser, name: string, close: string): Node {
  const inner = parser.list(parser, (token) => isCommand(token, close));
  if (!isCommand(peek(parser), close)) unreadable(`\\${close} is missing`);
  parser.at++;
  return call(name, inner);
}

function readAngles(parser: Parser): Node {
  const node = parser.list(parser, (token) => isCommand(token, "rangle"));
  if (!isCommand(peek(parser), "rangle")) unreadable("\\rangle is missing");
  parser.at++;
  return { kind: "group", open: "<", close: ">", items: itemsOf(node) };
}

function itemsOf(node: Node): readonly Node[] {
  return node.kind === "list" ? node.items : [node];
}

function readMoney(parser: Parser, sign: string): Node {
  const of = readArgument(parser, false);
  const unit = parseUnit(sign);
  return unit === undefined ? { kind: "quantity", of } : { kind: "quantity", of, unit };
}

function readBracket(parser: Parser, sign: string): Node {
  switch (sign) {
    case "(":
    case "[":
      parser.at++;
      return readGroup(parser, sign);
    case "]":
      parser.at++;
      return readGroup(parser, "("); // ]0, 1[
    case "{":
      parser.at++;
      return readBraces(parser);
    case "\\{":
      parser.at++;
      return readSetBraces(parser);
    case "|":
    case "\\|":
      parser.at++;
      return readBars(parser, sign);
    default:
      if (!CURRENCY.includes(sign)) return unreadable(`${sign} is not expected`);
      parser.at++;
      return isSign(peek(parser), "-") ? negative(readMoneyAfterSign(parser, sign)) : readMoney(parser, sign);
  }
}

function readMoneyAfterSign(parser: Parser, sign: string): Node {
  parser.at++;
  return readMoney(parser, sign);
}

/** What stands in round or square brackets: one thing is itself, several are a tuple or an interval. */
function readGroup(parser: Parser, open: Opening): Node {
  const outer = { bars: parser.bars, colon: parser.colon };
  [parser.bars, parser.colon] = [0, true];
  const node = parser.list(
    parser,
    (token) => isSign(token, ")", "]") || (open === "(" && isSign(token, "[") && !isFactorBracket(parser)),
  );
  [parser.bars, parser.colon] = [outer.bars, outer.colon];
  const sign = takeSign(parser, ")", "]", "[") ?? unreadable(`${open} is not closed`);
  const close: Closing = sign === "]" ? "]" : ")";
  if (node.kind === "list") return { kind: "group", open, close, items: node.items };
  return (open === "[") === (close === "]") ? node : unreadable("one thing stands in two kinds of brackets");
}

/** TeX's braces: nothing but a group; {a \over b} is a fraction. */
function readBraces(parser: Parser): Node {
  if (takeSign(parser, "}") !== undefined) return unreadable("braces are empty");
  const close = closingOf(parser);
  const over = findAtTop(parser, close, (token) => isCommand(token, "over", "choose", "atop"));
  const outer = parser.bars;
  parser.bars = 0;
  const node =
    over === undefined ? within(parser, close, () => parser.list(parser, () => false)) : readOver(parser, over, close);
  parser.bars = outer;
  parser.at = close + 1;
  return node;
}

function readOver(parser: Parser, over: number, close: number): Node {
  const isFraction = isCommand(parser.tokens[over], "over");
  const top = within(parser, over, () => readSum(parser));
  parser.at = over + 1;
  const bottom = within(parser, close, () => readSum(parser));
  return isFraction ? { kind: "quotient", top, bottom } : call("binom", top, bottom);
}

/** The index of the bracket that closes the group that the parser stands in. */
function closingOf(parser: Parser): number {
  let depth = 1;
  for (let at = parser.at; at < parser.limit; at++) {
    depth += nesting(parser.tokens[at]);
    if (depth === 0) return at;
  }
  return unreadable("{ is not closed");
}

function findAtTop(parser: Parser, end: number, fits: (token: Token | undefined) => boolean): number | undefined {
  let depth = 0;
  for (let at = parser.at; at < end; at++) {
    const token = parser.tokens[at];
    if (depth === 0 && fits(token)) return at;
    depth += nesting(token);
  }
  return undefined;
}

/** {1, 2, 3} or {x | x > 3}. */
function readSetBraces(parser: Parser): Node {
  if (takeSign(parser, "\\}") !== undefined) return { kind: "constant", name: "empty" };
  const close = closingOf(parser);
  const middle = builderBar(parser, close);
  if (middle !== undefined) return readBuilder(parser, middle, close);
  const outer = { bars: parser.bars, colon: parser.colon };
  [parser.bars, parser.colon] = [0, true];
  const node = within(parser, close, () => parser.list(parser, () => false));
  [parser.bars, parser.colon] = [outer.bars, outer.colon];
  parser.at = close + 1;
  return { kind: "set", items: itemsOf(node) };
}

/** The bar or colon between a set's variable and its condition. */
function builderBar(parser: Parser, close: number): number | undefined {
  let bars = 0;
  for (let at = parser.at; at < close; at++) if (isSign(parser.tokens[at], "|")) bars++;
  const isStart = peek(parser)?.kind === "letter" && !isSign(peek(parser, 1), ",");
  const colon = findAtTop(parser, close, (token) => isSign(token, ":"));
  if (isStart && colon !== undefined) return colon;
  return bars % 2 === 1 ? findAtTop(parser, close, (token) => isSign(token, "|")) : undefined;
}

function readBuilder(parser: Parser, middle: number, close: number): Node {
  const head = within(parser, middle, () => parser.list(parser, () => false));
  parser.at = middle + 1;
  const condition = within(parser, close, () => parser.list(parser, () => false));
  parser.at = close + 1;
  const element = head.kind === "relation" ? head.parts[0] : head;
  if (element?.kind !== "symbol") return unreadable("a set's variable is no symbol");
  const domain = head.kind === "relation" ? head.parts[1] : undefined;
  const free = domain === undefined || (domain.kind === "constant" && domain.name === "reals");
  if (free) return { kind: "builder", variable: element.name, condition };
  return {
    kind: "builder",
    variable: element.name,
    condition: { kind: "connective", operator: "and", parts: [head, condition] },
  };
}

function readBars(parser: Parser, sign: string): Node {
  parser.bars++;
  const node = parser.list(parser, (token) => isSign(token, sign));
  parser.bars--;
  if (takeSign(parser, sign) === undefined) unreadable(`${sign} is not closed`);
  return call(node.kind === "matrix" ? "det" : sign === "|" ? "abs" : "norm", node);
}
