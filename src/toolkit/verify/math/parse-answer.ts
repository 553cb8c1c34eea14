/**
 * Reads a whole answer: a list of relations of expressions.
 *
 *     answer   = item ((","|";"|"and"|"or"|newline) item)*      ";" outside of groups of ","
 *     item     = set (("="|"<"|"≤"|"∈"|…) set)*
 *     set      = ratio (("∪"|"∩"|"∖") ratio)*
 */

import { type Token, tokenize } from "./lexer.ts";
import type { Node, RelationSign } from "./node.ts";
import type { CommaReading } from "./number-literal.ts";
import { readRatio } from "./parse-expression.ts";
import { isCommand, isSign, nameOf, type Parser, peek, Unreadable, unreadable } from "./parser-state.ts";

export type Parsed =
  | { readonly kind: "parsed"; readonly node: Node }
  | { readonly kind: "unreadable"; readonly reason: string };

export interface ParseOptions {
  /** What a comma between digits means. */
  readonly comma: CommaReading;
  /** Whether it is LaTeX, where "5m" is a product; in text it is a length. */
  readonly latex: boolean;
}

/** Never throws; a text that is no answer says why. */
export function parseAnswer(text: string, { comma, latex }: ParseOptions): Parsed {
  const tokens = tokenize(text, comma);
  if (tokens === undefined) return { kind: "unreadable", reason: "it is too long" };
  if (tokens.length === 0) return { kind: "unreadable", reason: "it is empty" };
  const parser: Parser = {
    tokens: [...tokens],
    at: 0,
    limit: tokens.length,
    depth: 0,
    bars: 0,
    colon: true,
    cells: false,
    latex,
    list: readList,
  };
  try {
    const node = readList(parser, () => false);
    if (parser.at < parser.limit) return { kind: "unreadable", reason: `${nameOf(peek(parser))} is not expected` };
    return { kind: "parsed", node };
  } catch (error) {
    if (error instanceof Unreadable) return { kind: "unreadable", reason: error.message };
    throw error;
  }
}

type Separator = "," | ";" | "and" | "or";

function separatorOf(token: Token | undefined): Separator | undefined {
  if (token?.kind === "sign")
    return token.sign === "," || token.sign === "\\\\" ? "," : token.sign === ";" ? ";" : undefined;
  if (token?.kind === "command")
    return token.name === "quad" ? "," : token.name === "wedge" ? "and" : token.name === "vee" ? "or" : undefined;
  if (token?.kind !== "text" && token?.kind !== "word") return undefined;
  const words = token.text
    .toLowerCase()
    .replace(/[^a-z/]/g, " ")
    .trim();
  if (words === "or" || words === "and/or" || words === "or else") return "or";
  return /^(?:and|and also|as well as|along with)$/.test(words) ? "and" : undefined;
}

/** Items up to the end or a token that `closes`; a single one is itself. */
function readList(parser: Parser, closes: (token: Token) => boolean): Node {
  const groups: Node[][] = [[]];
  let joined: "and" | "or" | "," = ",";
  for (let token = peek(parser); token !== undefined && !closes(token); token = peek(parser)) {
    const separator = separatorOf(token);
    if (separator !== undefined) {
      parser.at++;
      if (separator === ";" && groups.at(-1)?.length !== 0) groups.push([]);
      if (separator === "or" || (separator === "and" && joined === ",")) joined = separator;
      continue;
    }
    if (isSign(token, "&") || isCommand(token, "therefore", "because")) {
      parser.at++;
      continue;
    }
    groups.at(-1)?.push(readItem(parser));
    skipNoun(parser);
    const next = peek(parser);
    if (next !== undefined && !closes(next) && separatorOf(next) === undefined && !isSign(next, "&")) {
      unreadable(`${nameOf(next)} is not expected`);
    }
  }
  return listOf(
    groups.filter((group) => group.length > 0),
    joined,
  );
}

/** Words behind an item that are no part of it: "12 distinct values", "1/3 of the cake". */
function skipNoun(parser: Parser): void {
  const first = peek(parser);
  if ((first?.kind !== "word" && first?.kind !== "text") || separatorOf(first) !== undefined) return;
  if (/\d/.test(first.text)) return;
  for (let token = peek(parser); token !== undefined; token = peek(parser)) {
    const isWord =
      token.kind === "word" ||
      (token.kind === "text" && !/\d/.test(token.text)) ||
      (token.kind === "letter" && token.spaced);
    if (!isWord || separatorOf(token) !== undefined) return;
    parser.at++;
  }
}

function listOf(groups: readonly (readonly Node[])[], joined: "and" | "or" | ","): Node {
  const [only] = groups;
  if (only === undefined) return unreadable("it is empty");
  if (groups.length > 1) {
    const several = groups.some((group) => group.length > 1);
    if (!several) return { kind: "list", items: groups.flat() };
    return {
      kind: "list",
      items: groups.map((items) =>
        items.length === 1 && items[0] ? items[0] : { kind: "group", open: "(", close: ")", items },
      ),
    };
  }
  if (only.length === 1 && only[0] !== undefined) return only[0];
  const conditions = only.filter(isCondition).length;
  if (conditions > 0 && only.every((item) => item.kind === "relation")) {
    return { kind: "connective", operator: joined === "or" ? "or" : "and", parts: only };
  }
  return { kind: "list", items: only };
}

/** Whether it restricts a variable rather than naming a value. */
function isCondition(node: Node): boolean {
  return (
    node.kind === "relation" &&
    node.signs.some((sign) => sign !== "=" && sign !== "~" && sign !== "in" && sign !== "mod")
  );
}

const RELATIONS: Readonly<Record<string, RelationSign>> = {
  "=": "=",
  "<": "<",
  ">": ">",
  "<=": "<=",
  ">=": ">=",
  "!=": "!=",
  "~": "~",
};

function relationOf(token: Token | undefined): RelationSign | undefined {
  if (token?.kind === "sign") return RELATIONS[token.sign];
  if (token?.kind === "command" && (token.name === "in" || token.name === "notin" || token.name === "subset"))
    return token.name;
  if (token?.kind === "word" && token.text === "in") return "in";
  return token?.kind === "command" && token.name === "equiv" ? "mod" : undefined;
}

function readItem(parser: Parser): Node {
  let parts: Node[] = [];
  let signs: RelationSign[] = [];
  for (;;) {
    skipAlignment(parser);
    parts.push(readModulo(parser, readSet(parser)));
    skipAlignment(parser);
    const token = peek(parser);
    if (isSign(token, "=>", "->") && parser.at + 1 < parser.limit) {
      parser.at++; // what follows is the conclusion
      [parts, signs] = [[], []];
      continue;
    }
    const sign = relationOf(token);
    if (sign === undefined) break;
    parser.at++;
    if (isSign(peek(parser), "=") && sign !== "=") parser.at++; // "> =" with a blank
    signs.push(sign);
    if (peek(parser) === undefined && parts.length > 0) return unreadable("a relation has no right side");
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: "relation", parts, signs };
}

function skipAlignment(parser: Parser): void {
  while (!parser.cells && isSign(peek(parser), "&")) parser.at++;
}

/** "3 (mod 5)", "3 \pmod{5}". */
function readModulo(parser: Parser, node: Node): Node {
  const token = peek(parser);
  if (isCommand(token, "pmod", "pod")) {
    parser.at++;
    return { kind: "call", name: "pmod", args: [node, readRatio(parser)] };
  }
  if (isSign(token, "(") && isCommand(peek(parser, 1), "mod")) {
    parser.at += 2;
    const modulus = readRatio(parser);
    if (!isSign(peek(parser), ")")) unreadable(") is missing");
    parser.at++;
    return { kind: "call", name: "pmod", args: [node, modulus] };
  }
  return node;
}

const SET_OPERATORS = { cup: "union", cap: "intersection", setminus: "minus" } as const;

function readSet(parser: Parser): Node {
  let left = readRatio(parser);
  for (;;) {
    const token = peek(parser);
    const name = token?.kind === "command" ? token.name : isSign(token, "\\") ? "setminus" : "";
    if (name !== "cup" && name !== "cap" && name !== "setminus") {
      if (token?.kind === "letter" && token.name === "U" && isSetLike(left)) {
        parser.at++; // "(1,2) U (3,4)"
        left = { kind: "setOperation", operator: "union", parts: [left, readRatio(parser)] };
        continue;
      }
      return left;
    }
    parser.at++;
    left = { kind: "setOperation", operator: SET_OPERATORS[name], parts: [left, readRatio(parser)] };
  }
}

function isSetLike(node: Node): boolean {
  return node.kind === "group" || node.kind === "set" || node.kind === "setOperation";
}
