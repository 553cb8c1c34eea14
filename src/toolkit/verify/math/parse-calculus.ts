/** Reads sums, products, integrals, limits and derivatives; they bind a variable and stay as they are. */
import { type Node, whole } from "./node.ts";
import { readProduct, readSum } from "./parse-expression.ts";
import { readArgument } from "./parse-primary.ts";
import { isCommand, isSign, nesting, type Parser, peek, unreadable, within } from "./parser-state.ts";

/** \sum_{k=1}^{n} body, whose name was just read. */
export function readBound(parser: Parser, operator: "sum" | "product"): Node {
  const { below, above } = readScripts(parser);
  const [variable, from] = below?.kind === "relation" && below.signs[0] === "=" ? below.parts : [below];
  if (
    variable !== undefined &&
    variable.kind !== "symbol" &&
    !(variable.kind === "constant" && variable.name === "i")
  ) {
    unreadable("a sum's index is no symbol");
  }
  const name = variable?.kind === "symbol" ? variable.name : variable?.kind === "constant" ? "i" : "";
  const body = asSymbol(readProduct(parser), name);
  return {
    kind: "bound",
    operator,
    variable: name,
    ...(from === undefined ? {} : { from }),
    ...(above === undefined ? {} : { to: above }),
    body,
  };
}

/** Under a sum over i, i is an index and no imaginary unit. */
function asSymbol(node: Node, name: string): Node {
  if (name !== "i") return node;
  return renameImaginary(node);
}

function renameImaginary(node: Node): Node {
  if (node.kind === "constant" && node.name === "i") return { kind: "symbol", name: "i" };
  switch (node.kind) {
    case "sum":
      return { ...node, terms: node.terms.map(renameImaginary) };
    case "product":
      return { ...node, factors: node.factors.map(renameImaginary) };
    case "quotient":
      return { ...node, top: renameImaginary(node.top), bottom: renameImaginary(node.bottom) };
    case "power":
      return { ...node, base: renameImaginary(node.base), exponent: renameImaginary(node.exponent) };
    case "negative":
      return { ...node, of: renameImaginary(node.of) };
    case "call":
    case "apply":
      return { ...node, args: node.args.map(renameImaginary) };
    default:
      return node;
  }
}

/** What stands below and above a large operator, in either order. */
function readScripts(parser: Parser): { readonly below?: Node; readonly above?: Node } {
  let below: Node | undefined;
  let above: Node | undefined;
  for (;;) {
    if (isSign(peek(parser), "_") && below === undefined) {
      parser.at++;
      below = readScript(parser);
    } else if (isSign(peek(parser), "^") && above === undefined) {
      parser.at++;
      above = readScript(parser);
    } else break;
  }
  return { ...(below === undefined ? {} : { below }), ...(above === undefined ? {} : { above }) };
}

function readScript(parser: Parser): Node {
  if (!isSign(peek(parser), "{")) return readArgument(parser, true);
  parser.at++;
  const node = parser.list(parser, (token) => isSign(token, "}"));
  if (!isSign(peek(parser), "}")) unreadable("} is missing");
  parser.at++;
  return node;
}

/** \lim_{x \to a} body. */
export function readLimit(parser: Parser): Node {
  if (!isSign(peek(parser), "_")) unreadable("a limit has no variable");
  parser.at++;
  if (!isSign(peek(parser), "{")) unreadable("a limit has no variable");
  parser.at++;
  const letter = peek(parser);
  if (letter?.kind !== "letter" || !isSign(peek(parser, 1), "->")) return unreadable("a limit has no variable");
  parser.at += 2;
  const from = readSum(parser);
  const close = peek(parser);
  if (!isSign(close, "}")) unreadable("} is missing");
  parser.at++;
  return { kind: "bound", operator: "limit", variable: letter.name, from, body: readProduct(parser) };
}

/** \int_a^b body dx; the differential may stand in the body's numerator. */
export function readIntegral(parser: Parser): Node {
  const { below, above } = readScripts(parser);
  const { at, depth, name } = findDifferential(parser);
  let body: Node;
  if (depth > 0) {
    const replacement = isSign(parser.tokens[at - 1], "{") && isSign(parser.tokens[at + 2], "}");
    const one = {
      kind: "number",
      spaced: false,
      literal: { value: { numerator: 1n, denominator: 1n }, raw: "1", end: 0 },
    } as const;
    parser.tokens.splice(at, 2, ...(replacement ? [one] : []));
    parser.limit -= replacement ? 1 : 2;
    body = readProduct(parser);
  } else {
    body = at === parser.at ? whole(1) : within(parser, at, () => readSum(parser));
    parser.at = at + 2;
  }
  return {
    kind: "bound",
    operator: "integral",
    variable: name,
    ...(below === undefined ? {} : { from: below }),
    ...(above === undefined ? {} : { to: above }),
    body,
  };
}

function findDifferential(parser: Parser): { readonly at: number; readonly depth: number; readonly name: string } {
  let depth = 0;
  for (let at = parser.at; at < parser.limit; at++) {
    const token = parser.tokens[at];
    const next = at + 1 < parser.limit ? parser.tokens[at + 1] : undefined;
    if (token?.kind === "letter" && token.name === "d" && next?.kind === "letter")
      return { at, depth, name: next.name };
    depth += nesting(token);
    if (depth < 0) break;
  }
  return unreadable("an integral has no differential");
}

/** \frac{d}{dx} body, \frac{d^2}{dx^2} body; undefined where the fraction that comes is another one. */
export function readDerivative(parser: Parser): Node | undefined {
  const start = parser.at;
  const order = takeOperator(parser, false)?.order;
  const below = order === undefined ? undefined : takeOperator(parser, true);
  if (order === undefined || below === undefined || below.order !== order) {
    parser.at = start;
    return undefined;
  }
  return { kind: "derivative", variable: below.variable, order, body: readProduct(parser) };
}

/** "{d}", "{d^2}", and below the line "{dx}", "{dx^2}". */
function takeOperator(
  parser: Parser,
  below: boolean,
): { readonly order: number; readonly variable: string } | undefined {
  if (!isSign(peek(parser), "{")) return undefined;
  const d = peek(parser, 1);
  if (d?.kind !== "letter" || (d.name !== "d" && d.name !== "partial")) return undefined;
  const letter = below ? peek(parser, 2) : undefined;
  if (below && letter?.kind !== "letter") return undefined;
  let ahead = below ? 3 : 2;
  let order = 1;
  const power = peek(parser, ahead + 1);
  if (isSign(peek(parser, ahead), "^") && power?.kind === "number") {
    order = Number(power.literal.raw);
    ahead += 2;
  }
  if (!isSign(peek(parser, ahead), "}") || isCommand(peek(parser, ahead), "}")) return undefined;
  parser.at += ahead + 1;
  return { order, variable: letter?.kind === "letter" ? letter.name : "" };
}
