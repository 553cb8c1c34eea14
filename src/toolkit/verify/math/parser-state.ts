/** Where a parser stands in its tokens, and the small questions that every rule asks. */
import type { Token } from "./lexer.ts";
import { DEEPEST, type Node } from "./node.ts";

/** Why a text is no answer; thrown inside the parser only and caught where it starts. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
}

export interface Parser {
  readonly tokens: Token[];
  at: number;
  /** Tokens from here on are not this rule's. */
  limit: number;
  depth: number;
  /** Open absolute values: inside one, a bar closes it. */
  bars: number;
  /** Whether a colon is a ratio here, not the middle of a set. */
  colon: boolean;
  /** Whether "&" separates the cells of a matrix; elsewhere it only aligns lines. */
  cells: boolean;
  /** Whether it is LaTeX, where "5m" is a product; in text it is a length. */
  readonly latex: boolean;
  /** Reads a comma-separated list up to what `closes` names; one item is itself. */
  readonly list: (parser: Parser, closes: (token: Token) => boolean) => Node;
}

export function unreadable(reason: string): never {
  throw new Unreadable(reason);
}

export function peek(parser: Parser, ahead = 0): Token | undefined {
  const at = parser.at + ahead;
  return at < parser.limit ? parser.tokens[at] : undefined;
}

export function isSign(token: Token | undefined, ...signs: readonly string[]): boolean {
  return token?.kind === "sign" && signs.includes(token.sign);
}

export function isCommand(token: Token | undefined, ...names: readonly string[]): boolean {
  return token?.kind === "command" && names.includes(token.name);
}

/** Takes the sign where it comes next. */
export function takeSign(parser: Parser, ...signs: readonly string[]): string | undefined {
  const token = peek(parser);
  if (token?.kind !== "sign" || !signs.includes(token.sign)) return undefined;
  parser.at++;
  return token.sign;
}

/** Runs a rule one level deeper; nesting beyond the limit is unreadable. */
export function deeper<T>(parser: Parser, rule: () => T): T {
  if (++parser.depth > DEEPEST) unreadable(`it is nested deeper than ${DEEPEST}`);
  const result = rule();
  parser.depth--;
  return result;
}

/** Runs a rule on the tokens before `limit` alone, all of which it must read. */
export function within<T>(parser: Parser, limit: number, rule: () => T): T {
  const outer = parser.limit;
  parser.limit = limit;
  const result = rule();
  if (parser.at !== limit) unreadable("something is left over inside");
  parser.limit = outer;
  return result;
}

const OPENING = new Set(["(", "[", "{", "\\{"]);
const CLOSING = new Set([")", "]", "}", "\\}"]);

/** How the token changes the nesting: 1, 0 or -1. */
export function nesting(token: Token | undefined): number {
  if (token?.kind === "begin") return 1;
  if (token?.kind === "end") return -1;
  if (token?.kind !== "sign") return 0;
  return OPENING.has(token.sign) ? 1 : CLOSING.has(token.sign) ? -1 : 0;
}

/** What a token is called in a reason. */
export function nameOf(token: Token | undefined): string {
  if (token === undefined) return "the end";
  switch (token.kind) {
    case "number":
      return token.literal.raw.slice(0, 20);
    case "letter":
    case "command":
    case "begin":
    case "end":
      return token.name.slice(0, 20);
    case "word":
    case "text":
      return token.text.slice(0, 20);
    case "sign":
      return token.sign;
    default:
      return token satisfies never;
  }
}
