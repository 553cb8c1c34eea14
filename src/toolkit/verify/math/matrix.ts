/** Arithmetic of matrices whose entries are expressions: sums, products, powers, inverses, transposes, determinants. */

import { combine, type Rational, rational } from "../rational.ts";
import { exactValue } from "./exact.ts";
import { exact, type Node, negative } from "./node.ts";

type Rows = readonly (readonly Node[])[];

const LARGEST = 12;
const LARGEST_POWER = 64;

/** The matrix that the node computes to; undefined where it is none or sizes do not fit. */
export function matrixValue(node: Node): Rows | undefined {
  switch (node.kind) {
    case "matrix":
      return node.rows;
    case "negative":
      return scaled(matrixValue(node.of), { kind: "number", value: rational(-1n), raw: "-1" });
    case "sum":
      return node.terms.map(matrixValue).reduce((total, rows) => added(total, rows));
    case "product":
      return productOf(node.factors);
    case "quotient":
      return scaled(matrixValue(node.top), { kind: "quotient", top: exact(rational(1n)), bottom: node.bottom });
    case "power":
      return powerOf(node.base, node.exponent);
    default:
      return undefined;
  }
}

function scaled(rows: Rows | undefined, by: Node): Rows | undefined {
  return rows?.map((row) => row.map((entry) => folded({ kind: "product", factors: [by, entry] })));
}

/** An entry as a number where it is one. */
function folded(node: Node): Node {
  const value = exactValue(node);
  return value === undefined ? node : exact(value);
}

function added(a: Rows | undefined, b: Rows | undefined): Rows | undefined {
  if (a === undefined || b === undefined || a.length !== b.length || a[0]?.length !== b[0]?.length) return undefined;
  return a.map((row, i) => row.map((entry, j) => folded({ kind: "sum", terms: [entry, b[i]?.[j] ?? entry] })));
}

function productOf(factors: readonly Node[]): Rows | undefined {
  let rows: Rows | undefined;
  const scalars: Node[] = [];
  for (const factor of factors) {
    const next = matrixValue(factor);
    if (next === undefined) scalars.push(factor);
    else rows = rows === undefined ? next : multiplied(rows, next);
    if (next !== undefined && rows === undefined) return undefined;
  }
  if (rows === undefined) return undefined;
  return scalars.length === 0 ? rows : scaled(rows, { kind: "product", factors: scalars });
}

function multiplied(a: Rows, b: Rows): Rows | undefined {
  if (a[0]?.length !== b.length || a.length > LARGEST || b.length > LARGEST || (b[0]?.length ?? 0) > LARGEST)
    return undefined;
  return a.map((row) =>
    (b[0] ?? []).map((_, j) =>
      folded({
        kind: "sum",
        terms: row.map((entry, k) => ({ kind: "product", factors: [entry, b[k]?.[j] ?? entry] })),
      }),
    ),
  );
}

function powerOf(base: Node, exponent: Node): Rows | undefined {
  const rows = matrixValue(base);
  if (rows === undefined) return undefined;
  if (exponent.kind === "symbol" && /^(?:T|\\top|t|\\intercal|\\mathsf)$/.test(exponent.name)) return transposed(rows);
  const size = exactValue(exponent);
  if (size === undefined || size.denominator !== 1n || rows.length !== rows[0]?.length) return undefined;
  const count = Number(size.numerator);
  if (Math.abs(count) > LARGEST_POWER || count === 0) return undefined;
  const start = count < 0 ? inverse(rows) : rows;
  let total = start;
  for (let i = 1; i < Math.abs(count); i++)
    total = total === undefined || start === undefined ? undefined : multiplied(total, start);
  return total;
}

function transposed(rows: Rows): Rows {
  return (rows[0] ?? []).map((first, j) => rows.map((row) => row[j] ?? first));
}

/** By cofactors, to 4 × 4; for larger ones of numbers by elimination. */
export function determinant(rows: Rows): Node | undefined {
  const size = rows.length;
  if (size !== rows[0]?.length || size === 0) return undefined;
  if (size === 1) return rows[0]?.[0];
  if (size > 4) return undefined;
  const terms = (rows[0] ?? []).map((entry, j): Node | undefined => {
    const minor = determinant(rows.slice(1).map((row) => row.filter((_, k) => k !== j)));
    if (minor === undefined) return undefined;
    const term: Node = { kind: "product", factors: [entry, minor] };
    return j % 2 === 0 ? term : negative(term);
  });
  const known = terms.filter((term) => term !== undefined);
  return known.length === size ? folded({ kind: "sum", terms: known }) : undefined;
}

/** The inverse of a matrix of fractions, by Gauss and Jordan. */
function inverse(rows: Rows): Rows | undefined {
  const size = rows.length;
  if (size > LARGEST) return undefined;
  const table: Rational[][] = [];
  for (const [i, row] of rows.entries()) {
    const values = row.map((entry) => exactValue(entry));
    const known = values.filter((value) => value !== undefined);
    if (known.length !== size) return undefined;
    table.push([...known, ...known.map((_, j) => rational(i === j ? 1n : 0n))]);
  }
  for (let pivot = 0; pivot < size; pivot++) if (!eliminate(table, pivot)) return undefined;
  return table.map((row) => row.slice(size).map(exact));
}

function eliminate(table: Rational[][], pivot: number): boolean {
  const at = table.findIndex((row, i) => i >= pivot && row[pivot]?.numerator !== 0n);
  const [row, other] = [table[at], table[pivot]];
  const head = row?.[pivot];
  if (row === undefined || other === undefined || head === undefined) return false;
  [table[at], table[pivot]] = [other, row];
  const unit = row.map((value) => combine(value, "/", head) ?? value);
  table[pivot] = unit;
  for (const [i, line] of table.entries()) {
    const factor = line[pivot];
    if (i === pivot || factor === undefined) continue;
    table[i] = line.map((value, j) => combine(value, "-", combine(factor, "*", unit[j] ?? factor) ?? value) ?? value);
  }
  return true;
}
