/** Whether two answers are the same by the conventions of `docs/verifiers.md`. */
import { combine, equals, type Rational } from "../rational.ts";
import { entriesOf, isSeveral, sameLists, sameOrdered, sameUnordered } from "./compare-lists.ts";
import type { Precision } from "./digits.ts";
import { sameEquation, sameInequality } from "./equation.ts";
import { exactValue, isLess } from "./exact.ts";
import { type Named, namedValue } from "./named-value.ts";
import { exact, mapParts, type Node, symbolsOf } from "./node.ts";
import { sameSet } from "./real-set.ts";
import { sameScalar } from "./scalar.ts";
import { realSetOf, variableOf } from "./solve.ts";
import { lettersOf, sameWords } from "./text.ts";
import type { Unit } from "./units.ts";

export interface CompareOptions {
  readonly precision: Precision;
  /** Whether the names of symbols matter. */
  readonly strict: boolean;
  /** Whether an inequality may stand for the interval that is asked for. */
  readonly allowSetRelation: boolean;
}

/** Different symbols renamed at most where names do not matter. */
const MOST_RENAMED = 4;

export function sameAnswer(gold: Node, given: Node, options: CompareOptions): boolean {
  if (sameNamed(gold, given, options)) return true;
  return !options.strict && renamings(gold, given).some((renamed) => sameNamed(gold, renamed, options));
}

/** The given answer with its symbols called as the gold's, in every order. */
function renamings(gold: Node, given: Node): readonly Node[] {
  const [names, others] = [symbolsOf(gold), symbolsOf(given)];
  if (others.length === 0 || others.length !== names.length || names.length > MOST_RENAMED) return [];
  return permutations(names).map((order) => {
    const renamed = new Map(others.map((name, i) => [name, order[i] ?? name]));
    return rename(given, renamed);
  });
}

function permutations(names: readonly string[]): readonly (readonly string[])[] {
  if (names.length <= 1) return [names];
  return names.flatMap((name, i) => permutations(names.filter((_, k) => k !== i)).map((rest) => [name, ...rest]));
}

function rename(node: Node, names: ReadonlyMap<string, string>): Node {
  if (node.kind === "symbol") return { ...node, name: names.get(node.name) ?? node.name };
  const inner = mapParts(node, (part) => rename(part, names));
  return inner.kind === "apply"
    ? { ...inner, name: (names.get(`${inner.name}()`) ?? inner.name).replace("()", "") }
    : inner;
}

function sameNamed(gold: Node, given: Node, options: CompareOptions): boolean {
  const same = (a: Node, b: Node): boolean => sameNamed(a, b, options);
  if (gold.kind === "group" && given.kind === "list")
    return sameOrdered(gold.items, given.items.map(meantValue), same) || sameTuples(gold, given, same);
  if (gold.kind === "list" && given.kind === "group" && gold.items.length === given.items.length && !isRecord(gold)) {
    return sameOrdered(gold.items.map(meantValue), given.items, same);
  }
  const byName = sameByName(gold, given, same);
  if (byName !== undefined) return byName;
  if (isSeveral(gold) || isSeveral(given)) return sameLists(gold, given, same, options.strict);
  if (
    gold.kind === "relation" ||
    given.kind === "relation" ||
    gold.kind === "connective" ||
    given.kind === "connective"
  ) {
    return sameRelations(gold, given, options);
  }
  return sameValues(gold, given, options);
}

/** (a, b) = (1, 2) against "a = 1 and b = 2"; undefined for all else. */
function sameByName(gold: Node, given: Node, same: (a: Node, b: Node) => boolean): boolean | undefined {
  const tuple = namedValue(gold);
  if (tuple?.value.kind !== "group" || given.kind !== "list" || !given.items.every((item) => item.kind === "relation"))
    return undefined;
  const names = tuple.name.split(",");
  const values = new Map(
    given.items.map(namedValue).flatMap((named) => (named === undefined ? [] : [[named.name, named.value] as const])),
  );
  if (names.length !== tuple.value.items.length || values.size !== names.length) return undefined;
  return tuple.value.items.every((item, i) => {
    const value = values.get(names[i] ?? "");
    return value !== undefined && same(item, value);
  });
}

function isRecord(node: Node & { readonly kind: "list" }): boolean {
  return node.items.some((item) => item.kind === "relation");
}

function meantValue(node: Node): Node {
  return namedValue(node)?.value ?? node;
}

/** A list of one tuple, as where the items of a box are one each. */
function sameTuples(gold: Node, given: Node & { readonly kind: "list" }, same: (a: Node, b: Node) => boolean): boolean {
  return given.items.every((item) => item.kind === "group") && given.items.every((item) => same(gold, item));
}

function sameRelations(gold: Node, given: Node, options: CompareOptions): boolean {
  const [a, b] = [membership(gold) ?? gold, membership(given) ?? given];
  if (a !== gold || b !== given) return sameMembers(a, b, options);
  const [named, other] = [namedValue(gold), namedValue(given)];
  if (named !== undefined && other !== undefined)
    return sameDefinitions(named, other, options) || sameEquations(gold, given, options);
  if (named !== undefined && given.kind !== "relation" && given.kind !== "connective")
    return sameNamed(named.value, given, options);
  if (other !== undefined && gold.kind !== "relation" && gold.kind !== "connective")
    return sameNamed(gold, other.value, options);
  // The solutions of conditions of one variable decide; a factor is looked for where they cannot be found.
  return sameSolutions(gold, given, options) ?? sameEquations(gold, given, options);
}

/** x ∈ S, as S. */
function membership(node: Node): Node | undefined {
  if (node.kind !== "relation" || node.signs.length !== 1 || node.signs[0] !== "in") return undefined;
  return node.parts[1];
}

function sameMembers(gold: Node, given: Node, options: CompareOptions): boolean {
  return sameNamed(gold, given, options);
}

function sameDefinitions(gold: Named, given: Named, options: CompareOptions): boolean {
  if (options.strict && gold.symbol && given.symbol && gold.name !== given.name && !isFunctionAndY(gold, given))
    return false;
  const renamed =
    gold.parameters.length === given.parameters.length
      ? new Map(given.parameters.map((name, i) => [name, gold.parameters[i] ?? name]))
      : new Map();
  return sameNamed(gold.value, renamed.size === 0 ? given.value : rename(given.value, renamed), options);
}

/** f(x) = … and y = … define the same. */
function isFunctionAndY(a: Named, b: Named): boolean {
  return (a.parameters.length === 1 && b.name === "y") || (b.parameters.length === 1 && a.name === "y");
}

function sameEquations(gold: Node, given: Node, options: CompareOptions): boolean {
  if (gold.kind !== "relation" || given.kind !== "relation" || gold.signs.length !== given.signs.length) return false;
  if (gold.signs.length === 1) return samePair(gold, given, options);
  const straight =
    gold.signs.every((sign, i) => sign === given.signs[i]) &&
    sameOrdered(gold.parts, given.parts, (a, b) => sameNamed(a, b, options));
  if (straight) return true;
  const flipped = {
    parts: [...given.parts].reverse(),
    signs: [...given.signs].reverse().map((sign) => FLIPPED[sign] ?? sign),
  };
  return (
    gold.signs.every((sign, i) => sign === flipped.signs[i]) &&
    sameOrdered(gold.parts, flipped.parts, (a, b) => sameNamed(a, b, options))
  );
}

const FLIPPED: Readonly<Record<string, string>> = { "<": ">", ">": "<", "<=": ">=", ">=": "<=" };

type Relation = Node & { readonly kind: "relation" };

function samePair(gold: Relation, given: Relation, options: CompareOptions): boolean {
  const [a, b] = [pairOf(gold), pairOf(given)];
  const [sign, other] = [gold.signs[0], given.signs[0]];
  if (a === undefined || b === undefined || sign === undefined || other === undefined) return false;
  const same = (x: Node, y: Node): boolean => sameNamed(x, y, options);
  if (sign === other && same(a[0], b[0]) && same(a[1], b[1])) return true;
  if (sign === "mod" || other === "mod") return false;
  if (sign === "=" && other === "=") return sameEquation(a, b);
  return sign !== "=" && other !== "=" && sameInequality(a, sign, b, other);
}

function pairOf(node: Relation): readonly [Node, Node] | undefined {
  const [left, right] = node.parts;
  return left === undefined || right === undefined ? undefined : [left, right];
}

/** Conditions by the sets that fulfil them; a set may stand for a condition, the reverse has to be allowed. */
function sameSolutions(gold: Node, given: Node, options: CompareOptions): boolean | undefined {
  const isCondition = (node: Node): boolean => node.kind === "relation" || node.kind === "connective";
  if (!isCondition(gold) && isCondition(given) && !options.allowSetRelation) return false;
  const named = isCondition(gold) && isCondition(given) && options.strict;
  if (named && variableOf(gold) !== variableOf(given)) return undefined;
  const a = realSetOf(gold, true);
  const b = a === undefined ? undefined : realSetOf(given, true);
  if (a !== undefined && b !== undefined) return sameSet(a, b, options.precision);
  if (gold.kind !== "connective" || given.kind !== "connective" || gold.operator !== given.operator) return undefined;
  return sameUnordered(gold.parts, given.parts, (x, y) => sameNamed(x, y, options));
}

function isSet(node: Node): boolean {
  if (node.kind === "constant") return node.name === "reals" || node.name === "empty";
  if (node.kind === "sum") return node.terms.some(isSet);
  return node.kind === "setOperation" || node.kind === "builder";
}

function sameValues(gold: Node, given: Node, options: CompareOptions): boolean {
  const same = (a: Node, b: Node): boolean => sameNamed(a, b, options);
  const [goldText, givenText] = [gold.kind === "text", given.kind === "text"];
  if (goldText || givenText) {
    const [a, b] = [lettersOf(gold), lettersOf(given)];
    return a !== undefined && b !== undefined && sameWords(a, b);
  }
  const [letters, others] = [capitalsOf(gold), capitalsOf(given)];
  if (letters !== undefined && others !== undefined) return letters === others;
  if (isSet(gold) || isSet(given)) return sameSets(gold, given, options);
  if (gold.kind === "set" || given.kind === "set") {
    return sameUnordered(values(gold), values(given), same) || sameSets(gold, given, options); // {1} is 1 and [1, 1]
  }
  if (gold.kind === "matrix" || given.kind === "matrix") return sameMatrices(gold, given, same);
  const [vector, tuple] = [componentsOf(gold, given), componentsOf(given, gold)];
  if (vector !== undefined || tuple !== undefined) return sameValues(vector ?? gold, tuple ?? given, options);
  if (gold.kind === "group" || given.kind === "group")
    return gold.kind === "group" && given.kind === "group" && sameGroups(gold, given, same);
  if (gold.kind === "clock" || given.kind === "clock") return sameClocks(gold, given);
  if (gold.kind === "ratio" && given.kind === "ratio") return sameRatios(gold.parts, given.parts, options);
  if (gold.kind === "call" && gold.name === "pmod") return sameResidues(gold, given, options);
  if (given.kind === "call" && given.name === "pmod") return false;
  if (gold.kind === "dots" || given.kind === "dots") return gold.kind === given.kind;
  return sameQuantities(gold, given, options);
}

/** Three capitals or more side by side are an order or a figure, no product. */
function capitalsOf(node: Node): string | undefined {
  const letters = node.kind === "product" ? lettersOf(node) : undefined;
  return letters !== undefined && /^[A-Z]{3,}$/.test(letters) ? letters : undefined;
}

function values(node: Node): readonly Node[] {
  return entriesOf(node).map(({ value }) => value);
}

function sameSets(gold: Node, given: Node, options: CompareOptions): boolean {
  const [a, b] = [realSetOf(gold, false), realSetOf(given, false)];
  if (a !== undefined && b !== undefined) return sameSet(a, b, options.precision);
  if (gold.kind === "constant" || given.kind === "constant")
    return gold.kind === "constant" && given.kind === "constant" && gold.name === given.name;
  if (gold.kind !== "setOperation" || given.kind !== "setOperation" || gold.operator !== given.operator) return false;
  const same = (x: Node, y: Node): boolean => sameNamed(x, y, options);
  if (gold.operator === "minus") return sameOrdered(gold.parts, given.parts, same);
  return sameUnordered(flat(gold), flat(given), same);
}

function flat(node: Node & { readonly kind: "setOperation" }): readonly Node[] {
  return node.parts.flatMap((part) =>
    part.kind === "setOperation" && part.operator === node.operator ? flat(part) : [part],
  );
}

const UNIT_VECTORS = ["unit i", "unit j", "unit k"];

/** 3i − 2j as (3, −2), where the other is a tuple. */
function componentsOf(node: Node, other: Node): Node | undefined {
  if (other.kind !== "group" || node.kind === "group" || !symbolsOf(node).some((name) => UNIT_VECTORS.includes(name)))
    return undefined;
  const items = UNIT_VECTORS.slice(0, other.items.length).map((unit) => {
    const component = (part: Node): Node => {
      if (part.kind !== "symbol" || !UNIT_VECTORS.includes(part.name)) return mapParts(part, component);
      return exact({ numerator: part.name === unit ? 1n : 0n, denominator: 1n });
    };
    return component(node);
  });
  return { kind: "group", open: "(", close: ")", items };
}

type Group = Node & { readonly kind: "group" };

/** Two items may be an interval, whose brackets say what belongs to it. */
function sameGroups(gold: Group, given: Group, same: (a: Node, b: Node) => boolean): boolean {
  const isPair = gold.items.length === 2 && gold.open !== "<" && given.open !== "<";
  if (isPair && (openness(gold, 0) !== openness(given, 0) || openness(gold, 1) !== openness(given, 1))) return false;
  return sameOrdered(gold.items.map(meantValue), given.items.map(meantValue), same);
}

/** A bracket beside infinity tells nothing. */
function openness(group: Group, end: 0 | 1): string {
  const item = group.items[end];
  const inner = item?.kind === "negative" ? item.of : item;
  const bracket = end === 0 ? group.open : group.close;
  return (inner?.kind === "constant" && inner.name === "infinity") || bracket === "(" || bracket === ")"
    ? "open"
    : "closed";
}

function sameMatrices(gold: Node, given: Node, same: (a: Node, b: Node) => boolean): boolean {
  if (gold.kind === "matrix" && given.kind === "matrix") {
    return (
      gold.rows.length === given.rows.length && gold.rows.every((row, i) => sameOrdered(row, given.rows[i] ?? [], same))
    );
  }
  const [matrix, group] = gold.kind === "matrix" ? [gold, given] : [given, gold];
  if (matrix.kind !== "matrix" || group.kind !== "group") return false;
  const isVector = matrix.rows.length === 1 || matrix.rows.every((row) => row.length === 1);
  const items = matrix.rows.flat();
  return (
    isVector && (gold.kind === "matrix" ? sameOrdered(items, group.items, same) : sameOrdered(group.items, items, same))
  );
}

function sameClocks(gold: Node, given: Node): boolean {
  const [a, b] = [clockParts(gold), clockParts(given)];
  if (a === undefined || b === undefined || a.join() !== b.join()) return false;
  const [first, second] = [
    gold.kind === "clock" ? gold.half : undefined,
    given.kind === "clock" ? given.half : undefined,
  ];
  return first === undefined || second === undefined || first === second;
}

function clockParts(node: Node): readonly number[] | undefined {
  if (node.kind === "clock") return node.parts;
  if (node.kind !== "ratio") return undefined;
  return node.parts.map((part) => (part.kind === "number" ? Number(part.value.numerator) : Number.NaN));
}

/** a : b : c, each to the first. */
function sameRatios(gold: readonly Node[], given: readonly Node[], { precision }: CompareOptions): boolean {
  const [a, b] = [gold[0], given[0]];
  if (gold.length !== given.length || a === undefined || b === undefined) return false;
  return gold.every((part, i) => {
    const other = given[i];
    return (
      other !== undefined &&
      sameScalar({ kind: "product", factors: [part, b] }, { kind: "product", factors: [other, a] }, precision)
    );
  });
}

/** a (mod n) against b (mod n), or a number. */
function sameResidues(gold: Node & { readonly kind: "call" }, given: Node, options: CompareOptions): boolean {
  const [value, modulus] = gold.args;
  if (value === undefined || modulus === undefined) return false;
  const isModular = given.kind === "call" && given.name === "pmod";
  const [other, otherModulus] = isModular ? given.args : [given, modulus];
  if (other === undefined || otherModulus === undefined || !sameNamed(modulus, otherModulus, options)) return false;
  const [a, b, n] = [exactValue(value), exactValue(other), exactValue(modulus)];
  if (a === undefined || b === undefined || n === undefined || !isModular) return sameNamed(value, other, options);
  const difference = combine(a, "-", b);
  const quotient = difference === undefined ? undefined : combine(difference, "/", n);
  return quotient !== undefined && quotient.denominator === 1n;
}

/** Numbers with units and percent signs: what one of the two leaves out is not asked for. */
function sameQuantities(gold: Node, given: Node, { precision }: CompareOptions): boolean {
  const [a, b] = [measureOf(gold), measureOf(given)];
  if (a.unit !== undefined && b.unit !== undefined) {
    if (a.unit.dimension !== b.unit.dimension) return sameAngles(a, b, precision);
    if (equals(a.unit.factor, b.unit.factor)) return sameScalar(a.value, b.value, precision);
    return sameScalar(scaled(a.value, a.unit.factor), scaled(b.value, b.unit.factor), precision);
  }
  if (gold.kind === "percent" || given.kind === "percent") return samePercent(gold, given, precision);
  if (gold.kind === "based" || given.kind === "based") return sameBased(gold, given, precision);
  return sameScalar(a.value, b.value, precision) || sameAngles(a, b, precision);
}

interface Measure {
  readonly value: Node;
  readonly unit: Unit | undefined;
}

/** A value in its unit; a sum of several units ("5 ft 6 in") in the first one's. */
function measureOf(node: Node): Measure {
  if (node.kind === "quantity") return { value: node.of, unit: node.unit };
  if (node.kind !== "sum") return { value: node, unit: undefined };
  const parts = node.terms.map((term) => (term.kind === "quantity" ? term : undefined));
  const [first] = parts;
  const unit = first?.unit;
  if (unit === undefined || !parts.every((part) => part?.unit?.dimension === unit.dimension))
    return { value: node, unit: undefined };
  const terms = parts.flatMap((part) =>
    part?.unit === undefined ? [] : [scaled(part.of, combine(part.unit.factor, "/", unit.factor) ?? unit.factor)],
  );
  return { value: { kind: "sum", terms }, unit };
}

function scaled(node: Node, factor: Rational): Node {
  return { kind: "product", factors: [node, exact(factor)] };
}

/** 90° against π/2 radians, with or without the word. */
function sameAngles(a: Measure, b: Measure, precision: Precision): boolean {
  const isDegree = (measure: Measure): boolean => measure.unit?.dimension === "angle^1";
  if (isDegree(a) === isDegree(b)) return false;
  const [degrees, other] = isDegree(a) ? [a, b] : [b, a];
  if (other.unit !== undefined && other.unit.dimension !== "radian^1") return false;
  const radians: Node = {
    kind: "product",
    factors: [
      degrees.value,
      { kind: "constant", name: "pi" },
      exact(degrees.unit?.factor ?? { numerator: 1n, denominator: 180n }),
    ],
  };
  return isDegree(a) ? sameScalar(radians, other.value, precision) : sameScalar(other.value, radians, precision);
}

/** 28% is 28 per cent and 0.28. */
function samePercent(gold: Node, given: Node, precision: Precision): boolean {
  const number = (node: Node): Node => (node.kind === "percent" ? node.of : measureOf(node).value);
  // 25% may stand for 25, since a sign is forgiven; 0.5% is not 0.5.
  const size = exactValue(number(gold));
  const isShare = gold.kind !== "percent" && size !== undefined && !isLess(ONE, size) && !isLess(size, MINUS_ONE);
  if (!isShare && sameScalar(number(gold), number(given), precision)) return true;
  return gold.kind !== given.kind && sameScalar(gold, given, precision);
}

const ONE: Rational = { numerator: 1n, denominator: 1n };
const MINUS_ONE: Rational = { numerator: -1n, denominator: 1n };

/** 204_5 is 54, and its digits with the base left out. */
function sameBased(gold: Node, given: Node, precision: Precision): boolean {
  if (sameScalar(gold, given, precision)) return true;
  if (gold.kind === "based" && given.kind === "based") return false;
  const [based, other] = gold.kind === "based" ? [gold, given] : [given, gold];
  return based.kind === "based" && other.kind === "number" && other.raw === based.digits;
}
