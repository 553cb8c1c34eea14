/** Parsing and generic access to ESTree nodes: what the scope analysis needs, without a type per node kind. */
import { parseSync } from "oxc-parser";

/** An ESTree node with its range: offsets are UTF-16 code units of the parsed text. */
export interface AstNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

function isNode(value: unknown): value is AstNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** The child node under a key, if there is one. */
export function child(node: AstNode, key: string): AstNode | undefined {
  const value = node[key];
  return isNode(value) ? value : undefined;
}

/** The child nodes of a list; holes of array patterns are left out. */
export function children(node: AstNode, key: string): readonly AstNode[] {
  const value = node[key];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** A string field such as an identifier's `name` or an operator. */
export function text(node: AstNode | undefined, key: string): string {
  const value = node?.[key];
  return typeof value === "string" ? value : "";
}

/** All child nodes, in source order of their keys. */
export function everyChild(node: AstNode): readonly AstNode[] {
  const found: AstNode[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (key === "type" || key === "start" || key === "end") continue;
    if (isNode(value)) found.push(value);
    else if (Array.isArray(value)) found.push(...value.filter(isNode));
  }
  return found;
}

/** The node inside any number of parentheses. */
export function unwrap(node: AstNode): AstNode {
  const inner = node.type === "ParenthesizedExpression" ? child(node, "expression") : undefined;
  return inner ? unwrap(inner) : node;
}

export function isFunction(node: AstNode): boolean {
  return (
    node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression"
  );
}

/** Parses a plain JavaScript module that is known to be valid. */
export function parseModule(code: string): AstNode {
  const { program, errors } = parseSync("cell.js", code, { lang: "js", sourceType: "module", preserveParens: true });
  const fatal = errors.find((error) => error.severity === "Error");
  if (fatal) throw new Error(`internal: stripped code does not parse: ${fatal.message}`);
  if (!isNode(program)) throw new Error("internal: the parser returned no program");
  return program;
}
