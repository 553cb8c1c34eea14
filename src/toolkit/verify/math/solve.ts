/** The set of real numbers that a condition, an interval or a set's name stands for. */

import { mapParts, type Node, type RelationSign, someNode, symbolsOf } from "./node.ts";
import { numericValue } from "./numeric.ts";
import { rationalFunctionOf, realRoots } from "./polynomial.ts";
import {
  ALL,
  complement,
  type End,
  intersection,
  interval,
  NONE,
  near,
  pointSet,
  type RealSet,
  union,
} from "./real-set.ts";

/** Absolute values in one condition at most: each doubles the polynomials to solve. */
const MOST_BARS = 4;
const MOST_PARTS = 64;

/**
 * The set; undefined where it is no set of real numbers that can be computed.
 *
 * @param condition whether relations of a variable count as the set of their solutions
 */
export function realSetOf(node: Node, condition: boolean): RealSet | undefined {
  switch (node.kind) {
    case "constant":
      return node.name === "reals" ? ALL : node.name === "empty" ? NONE : undefined;
    case "group":
      return intervalOf(node);
    case "set":
      return join(node.items.map(pointOf), union);
    case "setOperation":
      return operationOf(
        node.operator,
        node.parts.map((part) => realSetOf(part, condition)),
      );
    case "sum": {
      const [set, minus] = node.terms;
      if (node.terms.length !== 2 || set === undefined || minus?.kind !== "negative") return undefined;
      return operationOf("minus", [realSetOf(set, condition), realSetOf(minus.of, condition)]);
    }
    case "builder":
      return solutionsOf(node.condition, node.variable);
    case "relation":
    case "connective": {
      const variable = condition ? variableOf(node) : undefined;
      return variable === undefined ? undefined : solutionsOf(node, variable);
    }
    default:
      return undefined;
  }
}

function operationOf(
  operator: "union" | "intersection" | "minus",
  parts: readonly (RealSet | undefined)[],
): RealSet | undefined {
  return join(
    parts,
    operator === "union"
      ? union
      : operator === "intersection"
        ? intersection
        : (a, b) => intersection(a, complement(b)),
  );
}

function join(parts: readonly (RealSet | undefined)[], by: (a: RealSet, b: RealSet) => RealSet): RealSet | undefined {
  const known = parts.filter((part) => part !== undefined);
  const [first, ...rest] = known;
  if (first === undefined || known.length !== parts.length || known.length > MOST_PARTS) return undefined;
  return rest.reduce(by, first);
}

function intervalOf(node: Node & { readonly kind: "group" }): RealSet | undefined {
  const [low, high] = node.items;
  if (node.items.length !== 2 || low === undefined || high === undefined || node.open === "<") return undefined;
  const [from, to] = [constantOf(low), constantOf(high)];
  if (from === undefined || to === undefined || from > to) return undefined;
  return interval(
    { at: from, closed: node.open === "[", node: low },
    { at: to, closed: node.close === "]", node: high },
  );
}

function pointOf(node: Node): RealSet | undefined {
  const at = constantOf(node);
  return at === undefined ? undefined : pointSet(at, node);
}

/** The real value of a constant, infinite too. */
function constantOf(node: Node): number | undefined {
  if (symbolsOf(node).length > 0) return undefined;
  const { re, im } = numericValue(node, { symbols: new Map(), logBase: Math.E, budget: { steps: 20_000 } });
  return Number.isNaN(re) || Math.abs(im) > 1e-12 ? undefined : re;
}

/** The one variable of a condition: a symbol, or a function's value such as f(x). */
export function variableOf(node: Node): string | undefined {
  const names = symbolsOf(withFunctions(node));
  return names.length === 1 ? names[0] : undefined;
}

/** f(x) as a variable of its own. */
function withFunctions(node: Node): Node {
  if (node.kind === "apply") return { kind: "symbol", name: `${node.name}()` };
  return mapParts(node, withFunctions);
}

function solutionsOf(condition: Node, variable: string): RealSet | undefined {
  const node = withFunctions(condition);
  if (node.kind === "connective") return solveConnective(node, variable);
  if (node.kind === "list")
    return join(
      node.items.map((item) => solutionsOf(item, variable)),
      intersection,
    );
  if (node.kind !== "relation") return undefined;
  const pairs = node.signs.map((sign, i) => {
    const [left, right] = [node.parts[i], node.parts[i + 1]];
    return left === undefined || right === undefined ? undefined : solvePair(left, sign, right, variable);
  });
  return join(pairs, intersection);
}

/** Conditions joined by "and" that nothing meets are meant as "or": "x < -1 and x > 1". */
function solveConnective(node: Node & { readonly kind: "connective" }, variable: string): RealSet | undefined {
  const parts = node.parts.map((part) => solutionsOf(part, variable));
  if (node.operator === "or") return join(parts, union);
  const all = join(parts, intersection);
  return all !== undefined && all.length === 0 ? join(parts, union) : all;
}

function solvePair(left: Node, sign: RelationSign, right: Node, variable: string): RealSet | undefined {
  if (sign === "in" || sign === "notin") {
    if (left.kind !== "symbol" || left.name !== variable) return undefined;
    const set = realSetOf(right, false);
    return set === undefined ? undefined : sign === "in" ? set : complement(set);
  }
  if (sign === "~" || sign === "mod" || sign === "subset") return undefined;
  if (left.kind === "symbol" && left.name === variable) return halfLine(sign, right);
  if (right.kind === "symbol" && right.name === variable) return halfLine(FLIPPED[sign], left);
  return solveByRoots({ kind: "sum", terms: [left, { kind: "negative", of: right }] }, sign, variable);
}

type Comparison = "=" | "<" | ">" | "<=" | ">=" | "!=";
const FLIPPED: Readonly<Record<Comparison, Comparison>> = {
  "=": "=",
  "!=": "!=",
  "<": ">",
  ">": "<",
  "<=": ">=",
  ">=": "<=",
};

/** x < a and the like, with the end as written. */
function halfLine(sign: Comparison, bound: Node): RealSet | undefined {
  const at = constantOf(bound);
  if (at === undefined) return undefined;
  const end = (closed: boolean): End => ({ at, closed, node: bound });
  const [low, high]: [End, End] = [
    { at: Number.NEGATIVE_INFINITY, closed: false },
    { at: Number.POSITIVE_INFINITY, closed: false },
  ];
  switch (sign) {
    case "=":
      return pointSet(at, bound);
    case "!=":
      return complement(pointSet(at, bound));
    case "<":
      return interval(low, end(false));
    case "<=":
      return interval(low, end(true));
    case ">":
      return interval(end(false), high);
    case ">=":
      return interval(end(true), high);
    default:
      return sign satisfies never;
  }
}

/** Where the difference changes sign is found as roots; between them one place tells for all. */
function solveByRoots(difference: Node, sign: Comparison, variable: string): RealSet | undefined {
  const critical = criticalPoints(difference, variable);
  if (critical === undefined) return undefined;
  const test = (x: number, root: boolean): boolean => {
    const symbols = new Map([[variable, { re: x, im: 0 }]]);
    const { re, im } = numericValue(difference, { symbols, logBase: Math.E, budget: { steps: 20_000 } });
    return Number.isFinite(re) && im === 0 && holds(re, sign, root);
  };
  const ends = [Number.NEGATIVE_INFINITY, ...critical, Number.POSITIVE_INFINITY];
  let set: RealSet = NONE;
  for (let i = 0; i + 1 < ends.length; i++) {
    const [from, to] = [ends[i] ?? 0, ends[i + 1] ?? 0];
    if (test(between(from, to), false))
      set = union(set, interval({ at: from, closed: false }, { at: to, closed: false }));
    if (Number.isFinite(to) && test(to, true)) set = union(set, pointSet(to));
  }
  return set;
}

function between(from: number, to: number): number {
  if (Number.isFinite(from) && Number.isFinite(to)) return (from + to) / 2;
  if (Number.isFinite(from)) return from + 1 + Math.abs(from);
  return Number.isFinite(to) ? to - 1 - Math.abs(to) : 0;
}

/** At a root, a value within rounding of 0 is 0. */
function holds(value: number, sign: Comparison, root: boolean): boolean {
  const zero = root && Math.abs(value) < 1e-7;
  switch (sign) {
    case "=":
      return zero;
    case "!=":
      return !zero;
    case "<":
      return !zero && value < 0;
    case "<=":
      return zero || value < 0;
    case ">":
      return !zero && value > 0;
    case ">=":
      return zero || value > 0;
    default:
      return sign satisfies never;
  }
}

/** Roots and poles, for each sign that each absolute value may have. */
function criticalPoints(node: Node, variable: string): readonly number[] | undefined {
  let bars = 0;
  someNode(node, (part) => {
    if (part.kind === "call" && part.name === "abs") bars++;
    return false;
  });
  if (bars > MOST_BARS) return undefined;
  const points: number[] = [];
  for (let way = 0; way < 2 ** bars; way++) {
    const f = rationalFunctionOf(withoutBars(node, way), variable);
    if (f === undefined) return undefined;
    points.push(...realRoots(f.top), ...realRoots(f.bottom));
  }
  const sorted = points.sort((a, b) => a - b);
  return sorted.filter((x, i) => i === 0 || !near(x, sorted[i - 1] ?? 0));
}

function withoutBars(node: Node, way: number): Node {
  let index = 0;
  const replace = (part: Node): Node => {
    if (part.kind !== "call" || part.name !== "abs") return mapParts(part, replace);
    const isNegative = ((way >> index++) & 1) === 1;
    const of = replace(part.args[0] ?? part);
    return isNegative ? { kind: "negative", of } : of;
  };
  return replace(node);
}
