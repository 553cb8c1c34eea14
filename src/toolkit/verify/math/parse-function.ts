/** Functions: \sin^2 x, \sin^{-1} x, \log_2 8, \ln(x+1), \max(1, 2), \det A. */
import type { Token } from "./lexer.ts";
import { call, type Node, someNode, whole } from "./node.ts";
import { isPrimaryStart, readArgument, readPrimary } from "./parse-primary.ts";
import { deeper, isCommand, isSign, nesting, type Parser, peek, unreadable } from "./parser-state.ts";
import { ALIASES, FUNCTIONS, LIST_FUNCTIONS } from "./vocabulary.ts";

const INVERSE: Readonly<Record<string, string>> = {
  sin: "arcsin",
  cos: "arccos",
  tan: "arctan",
  cot: "arccot",
  sec: "arcsec",
  csc: "arccsc",
  sinh: "arcsinh",
  cosh: "arccosh",
  tanh: "arctanh",
};

/** The function whose name was just read. */
export function readFunction(parser: Parser, name: string): Node {
  if (LIST_FUNCTIONS.has(name)) return readListFunction(parser, name);
  const canonical = ALIASES[name] ?? name;
  let base: Node | undefined;
  let exponent: Node | undefined;
  for (;;) {
    if (isSign(peek(parser), "_") && base === undefined) {
      parser.at++;
      base = readArgument(parser, true);
    } else if (isSign(peek(parser), "^") && exponent === undefined) {
      parser.at++;
      exponent = readArgument(parser, true);
    } else break;
  }
  const argument = readFunctionArgument(parser);
  const inverse = exponent !== undefined && isMinusOne(exponent) ? INVERSE[canonical] : undefined;
  if (inverse !== undefined) return call(inverse, argument);
  const node = functionOf(canonical, base, argument);
  return exponent === undefined ? node : { kind: "power", base: node, exponent };
}

function functionOf(name: string, base: Node | undefined, argument: Node): Node {
  if (name === "lg") return call("log", argument, whole(10));
  if (name === "log") return base === undefined ? call("log", argument) : call("log", argument, base);
  if (name === "exp") return { kind: "power", base: { kind: "constant", name: "e" }, exponent: argument };
  return call(name, argument);
}

function isMinusOne(node: Node): boolean {
  return (
    node.kind === "negative" &&
    node.of.kind === "number" &&
    node.of.value.numerator === 1n &&
    node.of.value.denominator === 1n
  );
}

/** A bracket alone, or the product up to the next operator or function: "sin 2x cos y" is sin(2x) · cos y. */
function readFunctionArgument(parser: Parser): Node {
  const first = peek(parser);
  if (isSign(first, "(", "[", "{", "|") || isCommand(first, "lfloor", "lceil")) return readPrimary(parser);
  if (isSign(first, "-")) {
    parser.at++;
    return { kind: "negative", of: readFunctionArgument(parser) };
  }
  const factors: Node[] = [deeper(parser, () => readArgumentFactor(parser))];
  while (continues(parser, peek(parser))) factors.push(readArgumentFactor(parser));
  let node: Node = factors.length === 1 && factors[0] !== undefined ? factors[0] : { kind: "product", factors };
  const hasPi = someNode(node, (part) => part.kind === "constant" && part.name === "pi");
  if (hasPi && isSign(peek(parser), "/") && peek(parser, 1)?.kind === "number") {
    parser.at++; // sin π/6
    node = { kind: "quotient", top: node, bottom: readArgument(parser, false) };
  }
  return node;
}

function continues(parser: Parser, token: Token | undefined): boolean {
  if (token?.kind === "command" && (FUNCTIONS.has(token.name) || LIST_FUNCTIONS.has(token.name))) return false;
  return isPrimaryStart(parser, token) && !isSign(token, "(", "[", "|");
}

/** A factor of an argument with its power and degree sign, but no unit. */
function readArgumentFactor(parser: Parser): Node {
  let node = readPrimary(parser);
  for (;;) {
    const token = peek(parser);
    if (isSign(token, "^")) {
      parser.at++;
      node = { kind: "power", base: node, exponent: readArgument(parser, true) };
    } else if (isCommand(token, "degree")) {
      parser.at++;
      node = {
        kind: "product",
        factors: [node, { kind: "quotient", top: { kind: "constant", name: "pi" }, bottom: whole(180) }],
      };
    } else if (isSign(token, "!")) {
      parser.at++;
      node = call("factorial", node);
    } else return node;
  }
}

function readListFunction(parser: Parser, name: string): Node {
  if (!isSign(peek(parser), "(", "{", "\\{")) unreadable(`${name} has no arguments`);
  const set = isSign(peek(parser), "\\{");
  const end = matching(parser);
  const node = readPrimary(parser);
  if (!set && parser.at !== end + 1) unreadable(`${name} has no arguments`);
  const args = node.kind === "group" || node.kind === "set" || node.kind === "list" ? node.items : [node];
  if (name === "binom" && isSign(peek(parser), "{")) return call(name, ...args, readArgument(parser, false));
  return call(name, ...args);
}

function matching(parser: Parser): number {
  let depth = 0;
  for (let at = parser.at; at < parser.limit; at++) {
    depth += nesting(parser.tokens[at]);
    if (depth === 0) return at;
  }
  return unreadable("a bracket is not closed");
}
