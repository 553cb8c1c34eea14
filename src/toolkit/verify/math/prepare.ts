/** Rewrites that keep what an answer means: units to the outside, ± as two values, matrices computed. */
import { determinant, matrixValue } from "./matrix.ts";
import { mapParts, type Node, someNode } from "./node.ts";

/** Signs of ± expanded at most; more are left as they stand. */
const MOST_SIGNS = 3;

/** The answer with its units outside and its matrices computed. */
export function prepare(node: Node): Node {
  const inner = mapParts(node, prepare);
  const hoisted = hoist(nestedRows(inner) ?? inner);
  if (hoisted.kind === "call" && (hoisted.name === "det" || hoisted.name === "abs") && hoisted.args[0] !== undefined) {
    const rows = matrixValue(hoisted.args[0]);
    const value = rows === undefined ? undefined : determinant(rows);
    if (value !== undefined) return value;
  }
  if (
    hoisted.kind === "sum" ||
    hoisted.kind === "product" ||
    hoisted.kind === "power" ||
    hoisted.kind === "negative" ||
    hoisted.kind === "quotient"
  ) {
    const rows = someNode(hoisted, (part) => part.kind === "matrix") ? matrixValue(hoisted) : undefined;
    if (rows !== undefined) return { kind: "matrix", rows };
  }
  return hoisted;
}

/** [[1, 2], [3, 4]] as a matrix. */
function nestedRows(node: Node): Node | undefined {
  if (node.kind !== "group" || node.open !== "[" || node.close !== "]") return undefined;
  const rows = node.items.map((item) =>
    item.kind === "group" && item.open === "[" && item.close === "]" ? item.items : [],
  );
  const width = rows[0]?.length ?? 0;
  return width > 0 && rows.every((row) => row.length === width) ? { kind: "matrix", rows } : undefined;
}

/** -(5 cm) is (-5) cm, 2 (√3 cm) is (2√3) cm, 3 h 20 min stays a sum of both. */
function hoist(node: Node): Node {
  switch (node.kind) {
    case "negative":
    case "plusMinus":
      if (node.of.kind === "quantity") return { ...node.of, of: { ...node, of: node.of.of } };
      return node.of.kind === "percent" ? { kind: "percent", of: { ...node, of: node.of.of } } : node;
    case "product":
      return hoistProduct(node.factors) ?? node;
    case "sum":
      return hoistSum(node.terms) ?? node;
    default:
      return node;
  }
}

function hoistProduct(factors: readonly Node[]): Node | undefined {
  const quantities = factors.filter((factor) => factor.kind === "quantity");
  if (quantities.length === factors.length && factors.length > 1) return { kind: "sum", terms: factors }; // 5 ft 6 in
  const last = factors.at(-1);
  const [first] = factors;
  if (quantities.length === 1 && last?.kind === "quantity")
    return { ...last, of: { kind: "product", factors: [...factors.slice(0, -1), last.of] } };
  if (
    quantities.length === 1 &&
    first?.kind === "quantity" &&
    first.unit !== undefined &&
    first.unit.dimension !== "angle^1"
  ) {
    return { ...first, of: { kind: "product", factors: [first.of, ...factors.slice(1)] } }; // $5 × 10^3
  }
  if (last?.kind === "percent" && !factors.slice(0, -1).some((factor) => factor.kind === "percent")) {
    return { kind: "percent", of: { kind: "product", factors: [...factors.slice(0, -1), last.of] } };
  }
  return undefined;
}

function hoistSum(terms: readonly Node[]): Node | undefined {
  const last = terms.at(-1);
  if (last?.kind !== "quantity" && last?.kind !== "percent") return undefined;
  if (terms.slice(0, -1).some((term) => term.kind === "quantity" || term.kind === "percent")) return undefined;
  return { ...last, of: { kind: "sum", terms: [...terms.slice(0, -1), last.of] } };
}

/** The values that ± and ∓ stand for: each sign on its own, all together where there is a ∓. */
export function expandSigns(node: Node): readonly Node[] {
  let count = 0;
  let linked = false;
  const visit = (part: Node): boolean => {
    if (part.kind === "plusMinus") {
      count++;
      if (part.sign === -1) linked = true;
    }
    return false;
  };
  someNode(node, visit);
  if (count === 0 || (count > MOST_SIGNS && !linked)) return [node];
  const ways = linked ? 2 : 2 ** count;
  return Array.from({ length: ways }, (_, way) => choose(node, way, linked));
}

function choose(node: Node, way: number, linked: boolean): Node {
  let index = 0;
  const replace = (part: Node): Node => {
    if (part.kind !== "plusMinus") return mapParts(part, replace);
    const bit = linked ? way : (way >> index++) & 1;
    const of = replace(part.of);
    const positive = (bit === 0) === (part.sign === 1);
    return positive ? of : { kind: "negative", of };
  };
  return replace(node);
}
