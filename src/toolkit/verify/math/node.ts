/**
 * What an answer is read into: a tree of exact numbers, symbols, operations, collections and relations.
 *
 * Nothing is evaluated while reading, so a tree costs its text's length; every walk over it is bounded by that and by
 * `DEEPEST`.
 */
import { type Rational, rational } from "../rational.ts";
import type { Unit } from "./units.ts";

/** Bracket and argument nesting at most: above any answer, far below what the stack holds. */
export const DEEPEST = 160;

export type RelationSign = "=" | "<" | ">" | "<=" | ">=" | "!=" | "~" | "in" | "notin" | "mod" | "subset";
export type Opening = "(" | "[" | "<";
export type Closing = ")" | "]" | ">";

export type Node =
  /** `digits`: significant digits that were written, where it was written with a decimal point. */
  | { readonly kind: "number"; readonly value: Rational; readonly raw: string; readonly digits?: number }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "constant"; readonly name: ConstantName }
  | { readonly kind: "sum"; readonly terms: readonly Node[] }
  | { readonly kind: "product"; readonly factors: readonly Node[] }
  | { readonly kind: "quotient"; readonly top: Node; readonly bottom: Node }
  | { readonly kind: "power"; readonly base: Node; readonly exponent: Node }
  | { readonly kind: "negative"; readonly of: Node }
  /** ± (sign 1) or ∓ (sign -1) before a term. */
  | { readonly kind: "plusMinus"; readonly of: Node; readonly sign: 1 | -1 }
  /** A function with a meaning: `sqrt`, `root` (x, n), `log` (x, base), `sin`, … */
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Node[] }
  /** A function without one: f(x), or an indexed symbol such as F_{n-1}. */
  | { readonly kind: "apply"; readonly name: string; readonly args: readonly Node[] }
  | {
      readonly kind: "bound";
      readonly operator: "sum" | "product" | "integral" | "limit";
      readonly variable: string;
      readonly from?: Node;
      readonly to?: Node;
      readonly body: Node;
    }
  | { readonly kind: "derivative"; readonly variable: string; readonly order: number; readonly body: Node }
  | { readonly kind: "percent"; readonly of: Node }
  /** `unit` is absent where a noun follows that is no unit: "12 apples". */
  | { readonly kind: "quantity"; readonly of: Node; readonly unit?: Unit }
  /** 204_5: digits in a base of their own. */
  | { readonly kind: "based"; readonly of: Node; readonly digits: string; readonly base: number }
  | { readonly kind: "ratio"; readonly parts: readonly Node[] }
  /** Minutes after midnight or plain minutes and seconds, as written: "12:05". */
  | { readonly kind: "clock"; readonly parts: readonly number[]; readonly half?: "am" | "pm" }
  | { readonly kind: "text"; readonly text: string }
  /** "(C) 42": a choice's letter and what stands behind it. */
  | { readonly kind: "choice"; readonly label: string; readonly of?: Node }
  | { readonly kind: "list"; readonly items: readonly Node[] }
  | { readonly kind: "group"; readonly open: Opening; readonly close: Closing; readonly items: readonly Node[] }
  | { readonly kind: "set"; readonly items: readonly Node[] }
  | { readonly kind: "builder"; readonly variable: string; readonly condition: Node }
  | { readonly kind: "matrix"; readonly rows: readonly (readonly Node[])[] }
  | { readonly kind: "relation"; readonly parts: readonly Node[]; readonly signs: readonly RelationSign[] }
  | {
      readonly kind: "setOperation";
      readonly operator: "union" | "intersection" | "minus";
      readonly parts: readonly Node[];
    }
  /** "x > 3 or x < 1", "x > 1 and x < 3", of relations. */
  | { readonly kind: "connective"; readonly operator: "and" | "or"; readonly parts: readonly Node[] }
  | { readonly kind: "dots" };

export type ConstantName =
  | "pi"
  | "e"
  | "i"
  | "infinity"
  | "reals"
  | "integers"
  | "naturals"
  | "rationals"
  | "complexes"
  | "empty";

export function whole(value: number | bigint): Node {
  return { kind: "number", value: rational(BigInt(value)), raw: String(value) };
}

export function exact(value: Rational): Node {
  return { kind: "number", value, raw: "" };
}

export function call(name: string, ...args: readonly Node[]): Node {
  return { kind: "call", name, args };
}

export function negative(of: Node): Node {
  return { kind: "negative", of };
}

/** The parts of a node that are nodes, in reading order. */
function partsOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "sum":
      return node.terms;
    case "product":
      return node.factors;
    case "quotient":
      return [node.top, node.bottom];
    case "power":
      return [node.base, node.exponent];
    case "negative":
    case "plusMinus":
    case "percent":
    case "quantity":
    case "based":
      return [node.of];
    case "choice":
      return node.of === undefined ? [] : [node.of];
    case "call":
    case "apply":
      return node.args;
    case "bound":
      return [node.from, node.to, node.body].filter((part) => part !== undefined);
    case "derivative":
      return [node.body];
    case "list":
    case "group":
    case "set":
      return node.items;
    case "matrix":
      return node.rows.flat();
    case "ratio":
    case "relation":
    case "setOperation":
    case "connective":
      return node.parts;
    case "builder":
      return [node.condition];
    case "number":
    case "symbol":
    case "constant":
    case "text":
    case "clock":
    case "dots":
      return [];
    default:
      return node satisfies never;
  }
}

/** Whether the node or a part of it, at any depth, fits. */
export function someNode(node: Node, fits: (node: Node) => boolean): boolean {
  return fits(node) || partsOf(node).some((part) => someNode(part, fits));
}

/** The node with each of its parts replaced; itself where nothing changes. */
export function mapParts(node: Node, change: (part: Node) => Node): Node {
  switch (node.kind) {
    case "sum":
      return { ...node, terms: node.terms.map(change) };
    case "product":
      return { ...node, factors: node.factors.map(change) };
    case "quotient":
      return { ...node, top: change(node.top), bottom: change(node.bottom) };
    case "power":
      return { ...node, base: change(node.base), exponent: change(node.exponent) };
    case "negative":
    case "plusMinus":
    case "percent":
    case "quantity":
    case "based":
      return { ...node, of: change(node.of) };
    case "choice":
      return node.of === undefined ? node : { ...node, of: change(node.of) };
    case "call":
    case "apply":
      return { ...node, args: node.args.map(change) };
    case "bound":
      return {
        ...node,
        ...(node.from === undefined ? {} : { from: change(node.from) }),
        ...(node.to === undefined ? {} : { to: change(node.to) }),
        body: change(node.body),
      };
    case "derivative":
      return { ...node, body: change(node.body) };
    case "list":
    case "group":
    case "set":
      return { ...node, items: node.items.map(change) };
    case "matrix":
      return { ...node, rows: node.rows.map((row) => row.map(change)) };
    case "ratio":
    case "relation":
    case "setOperation":
    case "connective":
      return { ...node, parts: node.parts.map(change) };
    case "builder":
      return { ...node, condition: change(node.condition) };
    case "number":
    case "symbol":
    case "constant":
    case "text":
    case "clock":
    case "dots":
      return node;
    default:
      return node satisfies never;
  }
}

/** Names of the free symbols, of unknown functions too (as "f()"), sorted. */
export function symbolsOf(node: Node): readonly string[] {
  const found = new Set<string>();
  collect(node, new Set(), found);
  return [...found].sort();
}

function collect(node: Node, bound: ReadonlySet<string>, found: Set<string>): void {
  if (node.kind === "symbol") {
    if (!bound.has(node.name)) found.add(node.name);
    return;
  }
  if (node.kind === "apply") found.add(`${node.name}()`);
  const hides = node.kind === "bound" || node.kind === "builder";
  const inner = hides ? new Set([...bound, node.variable]) : bound;
  for (const part of partsOf(node)) collect(part, inner, found);
}
