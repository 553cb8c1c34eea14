/**
 * Reads expressions.
 *
 *     ratio   = sum (":" sum)*
 *     sum     = ["+"|"-"|"±"|"∓"] product (("+"|"-"|"±"|"∓") product)*
 *     product = factor (("*"|"/")? factor)*        left to right; nothing between two factors is a product
 *     factor  = primary ("^" exponent | "!" | "%" | "°" | unit)*
 */
import { combine } from "../rational.ts";
import type { Token } from "./lexer.ts";
import { call, exact, type Node, negative } from "./node.ts";
import { isPrimaryStart, readArgument, readPrimary } from "./parse-primary.ts";
import { readUnit } from "./parse-unit.ts";
import { deeper, isCommand, isSign, nameOf, type Parser, peek, unreadable } from "./parser-state.ts";
import { DEGREE } from "./units.ts";

export function readRatio(parser: Parser): Node {
  const start = parser.at;
  const first = readSum(parser);
  if (!parser.colon || !isSign(peek(parser), ":")) return first;
  const parts = [first];
  while (isSign(peek(parser), ":")) {
    parser.at++;
    parts.push(readSum(parser));
  }
  if (first.kind === "text" && parts.length === 2 && parts[1] !== undefined) return parts[1]; // "Answer: 5"
  return clockOf(parser, start, parts) ?? { kind: "ratio", parts };
}

/** "12:05", "7:30 pm", "1:02:03": numbers of two digits behind the colon, one of which begins with 0, or am or pm. */
function clockOf(parser: Parser, start: number, parts: readonly Node[]): Node | undefined {
  const half = halfOfDay(parser);
  const tokens = parser.tokens.slice(start, parser.at).filter((token) => token.kind === "number");
  const raws = tokens.map((token) => token.literal.raw);
  const isClock =
    raws.length === parts.length &&
    raws.every((raw, i) => /^\d{1,2}$/.test(raw) && (i === 0 || (raw.length === 2 && Number(raw) < 60)));
  if (!isClock || (half === undefined && !raws.some((raw) => raw.length === 2 && raw.startsWith("0"))))
    return undefined;
  if (half !== undefined) parser.at += half.length;
  return { kind: "clock", parts: raws.map(Number), ...(half === undefined ? {} : { half: half.half }) };
}

function halfOfDay(parser: Parser): { readonly half: "am" | "pm"; readonly length: number } | undefined {
  const token = peek(parser);
  if (token?.kind !== "word" && token?.kind !== "text" && token?.kind !== "letter") return undefined;
  if (token.kind !== "letter") {
    const half = token.text.toLowerCase().replace(/[^a-z]/g, "");
    return half === "am" || half === "pm" ? { half, length: 1 } : undefined;
  }
  const rest = [0, 1, 2, 3]
    .map((ahead) => peek(parser, ahead))
    .map((part) => (part?.kind === "letter" ? part.name : part?.kind === "sign" ? part.sign : " "));
  const match = /^([ap])\.?m\.?/i.exec(rest.join(""));
  if (match === null) return undefined;
  return { half: match[1]?.toLowerCase() === "a" ? "am" : "pm", length: match[0].length };
}

export function readSum(parser: Parser): Node {
  return deeper(parser, () => {
    const terms: Node[] = [readTerm(parser, true)];
    while (isTermSign(peek(parser))) terms.push(readTerm(parser, false));
    return terms.length === 1 && terms[0] !== undefined ? terms[0] : { kind: "sum", terms };
  });
}

function isTermSign(token: Token | undefined): boolean {
  return isSign(token, "+", "-", "pm") || isCommand(token, "pm", "mp");
}

/** A product with the signs before it: "- x", "+ -3", "± 2". */
function readTerm(parser: Parser, first: boolean): Node {
  const token = peek(parser);
  if (!isTermSign(token)) {
    if (!first) unreadable(`${nameOf(token)} is not expected`);
    return readProduct(parser);
  }
  parser.at++;
  const next = peek(parser);
  if (!isTermSign(next)) return signed(token, readProduct(parser));
  if (first && isSign(token, "+") && isSign(next, "-") && !next?.spaced) {
    parser.at++; // "x = +-2"
    return { kind: "plusMinus", of: readProduct(parser), sign: 1 };
  }
  return signed(
    token,
    deeper(parser, () => readTerm(parser, true)),
  );
}

function signed(token: Token | undefined, of: Node): Node {
  if (isSign(token, "+")) return of;
  if (isSign(token, "-")) return negative(of);
  return { kind: "plusMinus", of, sign: isCommand(token, "mp") ? -1 : 1 };
}

export function readProduct(parser: Parser): Node {
  let left = readFactor(parser);
  for (;;) {
    const token = peek(parser);
    if (isSign(token, "*", "/")) {
      parser.at++;
      const right = readOperand(parser);
      left = isSign(token, "/") ? { kind: "quotient", top: left, bottom: right } : times(left, right);
    } else if (isCommand(token, "mod") && isPrimaryStart(parser, peek(parser, 1))) {
      parser.at++;
      left = call("mod", left, readFactor(parser));
    } else if (isPrimaryStart(parser, token)) {
      if (left.kind === "text") return unreadable(`${nameOf(token)} is not expected behind words`);
      left = beside(parser, left);
    } else return left;
  }
}

/** What an operator stands before; it may have a sign of its own. */
function readOperand(parser: Parser): Node {
  if (isSign(peek(parser), "-")) {
    parser.at++;
    return negative(deeper(parser, () => readOperand(parser)));
  }
  if (isSign(peek(parser), "+")) parser.at++;
  return readFactor(parser);
}

/** Two factors with nothing between: a mixed number, or a product. Two plain numbers side by side are neither. */
function beside(parser: Parser, left: Node): Node {
  const before = parser.tokens[parser.at - 1];
  const token = peek(parser);
  const afterNumber = before?.kind === "number" && left.kind === "number";
  if (token?.kind === "number" && before?.kind === "number") {
    const mixed = afterNumber ? plainMixed(parser, left) : undefined;
    if (mixed === undefined) unreadable(`${nameOf(before)} and ${nameOf(token)} stand side by side`);
    return withSuffixes(parser, mixed);
  }
  if (!afterNumber || !isCommand(token, "frac")) return times(left, readFactor(parser));
  const right = deeper(parser, () => readPrimary(parser));
  const mixed = mixedNumber(left, right);
  return mixed === undefined ? times(left, withSuffixes(parser, right)) : withSuffixes(parser, mixed);
}

/** "4 4/9". */
function plainMixed(parser: Parser, left: Node): Node | undefined {
  const [top, slash, bottom] = [peek(parser), peek(parser, 1), peek(parser, 2)];
  if (top?.kind !== "number" || bottom?.kind !== "number" || !isSign(slash, "/") || !top.spaced) return undefined;
  if (peek(parser, 3)?.kind === "number") return undefined;
  parser.at += 3;
  const fraction: Node = { kind: "quotient", top: numberNode(top), bottom: numberNode(bottom) };
  return mixedNumber(left, fraction) ?? unreadable("a mixed number needs a proper fraction");
}

function numberNode(token: Token & { readonly kind: "number" }): Node {
  const { value, raw, digits } = token.literal;
  return { kind: "number", value, raw, ...(digits === undefined ? {} : { digits }) };
}

/** A whole number and a proper fraction of whole numbers, written side by side; undefined where they are none. */
function mixedNumber(left: Node, right: Node): Node | undefined {
  if (left.kind !== "number" || left.digits !== undefined || right.kind !== "quotient") return undefined;
  const { top, bottom } = right;
  if (top.kind !== "number" || bottom.kind !== "number" || top.digits !== undefined || bottom.digits !== undefined)
    return undefined;
  if (left.value.denominator !== 1n || bottom.value.numerator <= top.value.numerator) return undefined;
  const fraction = combine(top.value, "/", bottom.value);
  const value = fraction === undefined ? undefined : combine(left.value, "+", fraction);
  return value === undefined ? undefined : exact(value);
}

function times(left: Node, right: Node): Node {
  return left.kind === "product"
    ? { kind: "product", factors: [...left.factors, right] }
    : { kind: "product", factors: [left, right] };
}

function readFactor(parser: Parser): Node {
  return deeper(parser, () => withSuffixes(parser, readPrimary(parser)));
}

function withSuffixes(parser: Parser, primary: Node): Node {
  let node = primary;
  for (let next = readSuffix(parser, node); next !== undefined; next = readSuffix(parser, node)) node = next;
  return node;
}

/** The node with the suffix that comes next; undefined where none does. */
function readSuffix(parser: Parser, node: Node): Node | undefined {
  const token = peek(parser);
  if (isSign(token, "^")) {
    parser.at++;
    return readExponent(parser, node);
  }
  if (isSign(token, "!")) {
    parser.at++;
    const double = isSign(peek(parser), "!");
    if (double) parser.at++;
    return call(double ? "doubleFactorial" : "factorial", node);
  }
  if (isSign(token, "%")) {
    parser.at++;
    return { kind: "percent", of: node };
  }
  if (isSign(token, "'") || isCommand(token, "prime")) {
    parser.at++;
    return node.kind === "symbol" || node.kind === "apply" ? { ...node, name: `${node.name}'` } : node;
  }
  if (isCommand(token, "degree")) return readDegree(parser, node);
  return readUnit(parser, node);
}

function readDegree(parser: Parser, node: Node): Node {
  parser.at++;
  const token = peek(parser);
  const scale = token?.kind === "letter" ? token.name : token?.kind === "text" ? token.text : "";
  if (scale === "C" || scale === "F") {
    parser.at++;
    const dimension = scale === "C" ? "celsius^1" : "fahrenheit^1";
    return {
      kind: "quantity",
      of: node,
      unit: { name: `°${scale}`, dimension, factor: { numerator: 1n, denominator: 1n } },
    };
  }
  return { kind: "quantity", of: node, unit: DEGREE };
}

function readExponent(parser: Parser, base: Node): Node {
  const token = peek(parser);
  if (token?.kind === "text" || (token?.kind === "word" && /^(?:st|nd|rd|th)$/.test(token.text))) {
    parser.at++; // 5^{th}
    return base;
  }
  const ordinal = isSign(token, "{") ? peek(parser, 1) : undefined;
  if ((ordinal?.kind === "text" || ordinal?.kind === "word") && isSign(peek(parser, 2), "}")) {
    parser.at += 3;
    return base;
  }
  if (isSign(token, "+") || (isSign(token, "{") && isSign(peek(parser, 1), "+") && isSign(peek(parser, 2), "}"))) {
    parser.at += isSign(token, "{") ? 3 : 1; // Z^+
    return call("positive", base);
  }
  if (isSign(token, "-")) {
    parser.at++;
    return { kind: "power", base, exponent: negative(readArgument(parser, false)) };
  }
  if (isSign(token, "(")) {
    // x^(1/2): the bracket alone is the exponent
    return { kind: "power", base, exponent: readPrimary(parser) };
  }
  return { kind: "power", base, exponent: readArgument(parser, false) };
}
