/** Reads a letter with its index, its primes and, where it names a function, its arguments: x, a_1, F_{n-1}, f(x), P(A). */
import type { Token } from "./lexer.ts";
import { call, type Node } from "./node.ts";
import { readPrimary } from "./parse-primary.ts";
import { deeper, isSign, nesting, type Parser, peek, unreadable } from "./parser-state.ts";

/** Letters that name functions where a bracket follows at once; other letters are multiplied by it. */
const FUNCTION_LETTERS = new Set(["f", "g", "h", "F", "G", "H", "W", "P", "Q", "T", "Gamma", "zeta", "E", "D", "V"]);

export function readLetter(parser: Parser): Node {
  const token = peek(parser);
  if (token?.kind !== "letter") return unreadable("a symbol is missing");
  parser.at++;
  let name = token.name;
  const index = isSign(peek(parser), "_") ? readIndex(parser) : undefined;
  if (index?.kind === "name") name = `${name}_${index.name}`;
  while (isSign(peek(parser), "'")) {
    parser.at++;
    name += "'";
  }
  if (index?.kind === "node") return { kind: "apply", name: `${name}_`, args: itemsOf(index.node) };
  const bracket = peek(parser);
  if (isSign(bracket, "(") && bracket?.spaced === false) {
    const applied = readApplication(parser, name, token.name);
    if (applied !== undefined) return applied;
  }
  if (name === "e") return { kind: "constant", name: "e" };
  return name === "i" ? { kind: "constant", name: "i" } : { kind: "symbol", name };
}

function itemsOf(node: Node): readonly Node[] {
  return node.kind === "list" || node.kind === "group" ? node.items : [node];
}

/** f(x) is a function's value; x(x+1) a product; C(5,2) a binomial; d(a,b) a function since it has two arguments. */
function readApplication(parser: Parser, name: string, letter: string): Node | undefined {
  const several = hasComma(parser);
  if (!several && !FUNCTION_LETTERS.has(letter)) return undefined;
  const argument = deeper(parser, () => readPrimary(parser));
  const args = several ? itemsOf(argument) : [argument];
  const [n, k] = args;
  if (name === "C" && args.length === 2 && n?.kind === "number" && k?.kind === "number") return call("binom", n, k);
  return { kind: "apply", name, args };
}

function hasComma(parser: Parser): boolean {
  let depth = 0;
  for (let at = parser.at; at < parser.limit; at++) {
    const token = parser.tokens[at];
    if (depth === 1 && isSign(token, ",")) return true;
    depth += nesting(token);
    if (depth === 0) return false;
  }
  return false;
}

type Index = { readonly kind: "name"; readonly name: string } | { readonly kind: "node"; readonly node: Node };

/** An index of digits or several letters is a part of the name; one that counts (i, j, k, m, n, an expression) is an argument. */
function readIndex(parser: Parser): Index {
  parser.at++;
  const open = peek(parser);
  if (!isSign(open, "{")) {
    const token = peek(parser);
    if (token?.kind === "number" && token.literal.raw.length > 1 && /^\d+$/.test(token.literal.raw)) {
      parser.at++;
      return { kind: "name", name: token.literal.raw };
    }
    return indexOf(parser, [token], () => readPrimary(parser));
  }
  const end = closing(parser);
  const inside = parser.tokens.slice(parser.at + 1, end);
  return indexOf(parser, inside, () => readPrimary(parser), end + 1);
}

function indexOf(parser: Parser, tokens: readonly (Token | undefined)[], read: () => Node, end?: number): Index {
  const name = tokens.map(nameIn).join("");
  const isName = tokens.every((token) => nameIn(token) !== "") && !/^[ijkmn]$/.test(name);
  if (!isName) return { kind: "node", node: read() };
  parser.at = end ?? parser.at + 1;
  return { kind: "name", name };
}

function nameIn(token: Token | undefined): string {
  if (token?.kind === "number") return token.literal.raw;
  if (token?.kind === "letter") return token.name;
  if (token?.kind === "command") return token.name;
  return token?.kind === "word" || token?.kind === "text" ? token.text : "";
}

function closing(parser: Parser): number {
  let depth = 0;
  for (let at = parser.at; at < parser.limit; at++) {
    depth += nesting(parser.tokens[at]);
    if (depth === 0) return at;
  }
  return unreadable("{ is not closed");
}
