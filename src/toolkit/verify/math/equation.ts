/** Whether two equations or inequalities hold at the same places. */
import { type Complex, divide, modulus, multiply, real, subtract } from "./complex.ts";
import { weightOf } from "./functions.ts";
import { type Node, type RelationSign, symbolsOf } from "./node.ts";
import { numericValue } from "./numeric.ts";

const POINTS = 6;
const CLOSE = 1e-8;

/**
 * Whether left1 − right1 is a constant times left2 − right2, or, where a symbol stands in both to the first power, whether
 * solving one for it solves the other.
 */
export function sameEquation(gold: readonly [Node, Node], given: readonly [Node, Node]): boolean {
  const [a, b] = [difference(gold), difference(given)];
  const names = symbolsOf(a);
  if (names.length === 0 || names.join() !== symbolsOf(b).join()) return false;
  if (factorBetween(a, b, names) !== undefined) return true;
  return names.some((name) => solves(a, b, name, names) && solves(b, a, name, names));
}

/** The same for "<" and its kin: the constant has to be positive, or negative where the signs face each other. */
export function sameInequality(
  gold: readonly [Node, Node],
  goldSign: RelationSign,
  given: readonly [Node, Node],
  givenSign: RelationSign,
): boolean {
  const [a, b] = [difference(gold), difference(given)];
  const names = symbolsOf(a);
  if (names.join() !== symbolsOf(b).join()) return false;
  const factor = factorBetween(a, b, names);
  if (factor === undefined) return false;
  if (goldSign === "!=") return givenSign === "!=";
  return factor > 0 ? goldSign === givenSign : goldSign === FACING[givenSign];
}

const FACING: Readonly<Partial<Record<RelationSign, RelationSign>>> = { "<": ">", ">": "<", "<=": ">=", ">=": "<=" };

function difference([left, right]: readonly [Node, Node]): Node {
  return { kind: "sum", terms: [left, { kind: "negative", of: right }] };
}

function valueAt(
  node: Node,
  names: readonly string[],
  k: number,
  replaced?: { readonly name: string; readonly value: Complex },
): Complex {
  const symbols = new Map(
    names.map((name) => [name, real((k % 2 === 0 ? 1 : -1) * (weightOf(`${name}#${k}`) + 0.31 * k))]),
  );
  if (replaced !== undefined) symbols.set(replaced.name, replaced.value);
  return numericValue(node, { symbols, logBase: Math.E, budget: { steps: 60_000 } });
}

/** The real number that the first is of the second, at every point. */
function factorBetween(a: Node, b: Node, names: readonly string[]): number | undefined {
  let factor: number | undefined;
  let compared = 0;
  for (let k = 0; k < POINTS; k++) {
    const ratio = divide(valueAt(a, names, k), valueAt(b, names, k));
    if (!Number.isFinite(ratio.re) || !Number.isFinite(ratio.im)) continue;
    if (Math.abs(ratio.im) > CLOSE * Math.abs(ratio.re) || ratio.re === 0) return undefined;
    if (factor !== undefined && Math.abs(ratio.re - factor) > CLOSE * Math.abs(factor)) return undefined;
    factor ??= ratio.re;
    compared++;
  }
  return compared >= 3 ? factor : undefined;
}

/** Whether what the first equation gives for a symbol that it is linear in fulfils the second. */
function solves(a: Node, b: Node, name: string, names: readonly string[]): boolean {
  let compared = 0;
  for (let k = 0; k < POINTS; k++) {
    const at = (x: number): Complex => valueAt(a, names, k, { name, value: real(x) });
    const [zero, one, two] = [at(0), at(1), at(2)];
    const slope = subtract(one, zero);
    const bend = subtract(subtract(two, one), slope);
    if (!Number.isFinite(modulus(zero)) || !Number.isFinite(modulus(two))) continue;
    if (modulus(slope) < 1e-9 || modulus(bend) > 1e-9 * Math.max(1, modulus(slope))) return false;
    const root = divide(multiply(real(-1), zero), slope);
    const rest = modulus(valueAt(b, names, k, { name, value: root }));
    const beside = modulus(valueAt(b, names, k, { name, value: real(root.re + 1) }));
    if (!Number.isFinite(rest)) continue;
    if (rest > CLOSE * Math.max(1, beside)) return false;
    compared++;
  }
  return compared >= 3;
}
