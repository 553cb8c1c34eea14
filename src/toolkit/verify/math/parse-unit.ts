/** Units and nouns behind a value: "5 cm", "15\text{ cm}^2", "3 m/s", "28 percent", "12 apples", "$5", "20 dollars". */
import type { Token } from "./lexer.ts";
import { type Node, whole } from "./node.ts";
import { readArgument } from "./parse-primary.ts";
import { isSign, type Parser, peek } from "./parser-state.ts";
import { LETTER_UNITS } from "./unit-table.ts";
import { parseUnit, type Unit } from "./units.ts";

const PERCENT = /^(?:percent|percents|percentage|pct|per cent)\.?$/i;
const CURRENCY = "$€£¥₹";
/** Tokens of a unit at most: "km / h ^ { 2 }". */
const LONGEST = 12;

/** The value with the unit that comes next; undefined where none does. */
export function readUnit(parser: Parser, node: Node): Node | undefined {
  const token = peek(parser);
  if (token === undefined) return undefined;
  const scaled = readScale(parser, token, node);
  if (scaled !== undefined || !isValue(node)) return scaled;
  if (token.kind === "sign" && CURRENCY.includes(token.sign)) {
    parser.at++;
    return quantity(node, parseUnit(token.sign));
  }
  if ((token.kind === "word" || token.kind === "text") && PERCENT.test(token.text.trim())) {
    parser.at++;
    return { kind: "percent", of: node };
  }
  if (!canBeginUnit(parser, token)) return undefined;
  if ((token.kind === "word" || token.kind === "text") && NO_UNIT.test(token.text.trim()))
    return withoutUnit(parser, node);
  for (let length = Math.min(LONGEST, parser.limit - parser.at); length >= 1; length--) {
    const unit = unitOf(parser, length);
    if (unit === undefined) continue;
    parser.at += length;
    return quantity(node, unit);
  }
  return undefined;
}

const SCALES: Readonly<Record<string, number>> = {
  dozen: 12,
  hundred: 100,
  thousand: 1000,
  million: 1e6,
  billion: 1e9,
};
/** "32 million", "$5 billion". */
function readScale(parser: Parser, token: Token, node: Node): Node | undefined {
  const scale = token.kind === "word" || token.kind === "text" ? SCALES[token.text.trim().toLowerCase()] : undefined;
  if (scale === undefined || (node.kind !== "number" && node.kind !== "quantity")) return undefined;
  parser.at++;
  const times = (of: Node): Node => ({ kind: "product", factors: [of, whole(scale)] });
  return node.kind === "quantity" ? { ...node, of: times(node.of) } : times(node);
}

/** "24 square units": no unit, but it may have an exponent. */
const NO_UNIT = /^(?:(?:square|sq\.?|cubic|cu\.?)\s+)?units?\.?$/i;

function withoutUnit(parser: Parser, of: Node): Node {
  parser.at++;
  if (isSign(peek(parser), "^")) {
    parser.at++;
    readArgument(parser, true);
  }
  return { kind: "quantity", of };
}

function canBeginUnit(parser: Parser, token: Token): boolean {
  if (token.kind === "word" || token.kind === "text") return true;
  return token.kind === "letter" && !parser.latex && LETTER_UNITS.includes(token.name.toLowerCase());
}

function quantity(of: Node, unit: Unit | undefined): Node {
  return unit === undefined ? { kind: "quantity", of } : { kind: "quantity", of, unit };
}

/** Only a number has a unit: "x cm" is none. */
function isValue(node: Node): boolean {
  if (node.kind === "symbol" || node.kind === "text") return false;
  return (
    node.kind !== "quantity" &&
    node.kind !== "percent" &&
    node.kind !== "group" &&
    node.kind !== "matrix" &&
    node.kind !== "set"
  );
}

/** The unit that the next tokens spell, all of them. */
function unitOf(parser: Parser, length: number): Unit | undefined {
  const tokens = parser.tokens.slice(parser.at, parser.at + length);
  const [first] = tokens;
  const last = tokens.at(-1);
  if (first === undefined || last === undefined || isSign(last, "/", "*", "^", "{")) return undefined;
  if (!tokens.every((token) => isUnitToken(token)) || first.kind === "sign" || first.kind === "number")
    return undefined;
  if (first.kind === "letter" && !lettersAllowed(parser, tokens, length)) return undefined;
  return parseUnit(tokens.map(spelling).join(""));
}

function isUnitToken(token: Token): boolean {
  if (token.kind === "sign") return "/^{}*-()".includes(token.sign) || CURRENCY.includes(token.sign);
  if (token.kind === "number") return /^\d$/.test(token.literal.raw);
  return token.kind === "word" || token.kind === "text" || (token.kind === "letter" && /^[a-zA-Z]$/.test(token.name));
}

/** A single letter is a unit in text alone, where nothing but the end or a separator follows. */
function lettersAllowed(parser: Parser, tokens: readonly Token[], length: number): boolean {
  const [first] = tokens;
  if (first?.kind !== "letter") return false;
  const after = peek(parser, length);
  return after === undefined || isSign(after, ",", ";", ".") || after.kind === "word" || after.kind === "text";
}

function spelling(token: Token): string {
  const space = token.spaced ? " " : "";
  if (token.kind === "sign") return token.sign;
  if (token.kind === "number") return space + token.literal.raw;
  return (
    space + (token.kind === "letter" ? token.name : token.kind === "word" || token.kind === "text" ? token.text : "")
  );
}
