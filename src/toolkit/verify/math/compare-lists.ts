/** Lists of answers: in any order, each given once or more; named values by their names; tuples in order. */
import { exactValue } from "./exact.ts";
import { type Named, namedValue } from "./named-value.ts";
import type { Node } from "./node.ts";
import { expandSigns } from "./prepare.ts";

/** Comparisons of items at most: longer lists are compared where all items are fractions. */
const MOST_PAIRS = 10_000;

export type Same = (gold: Node, given: Node) => boolean;

interface Entry {
  readonly name: string | undefined;
  readonly value: Node;
}

/** The answers that a node lists: a list's or a set's items, and both values of ±. */
export function entriesOf(node: Node): readonly Entry[] {
  if (node.kind === "list" || node.kind === "set") return node.items.flatMap(entriesOf);
  const named = namedValue(node);
  const value = named?.value ?? node;
  if (value.kind === "list" || value.kind === "set")
    return entriesOf(value).map((entry) => ({ ...entry, name: entry.name ?? keyOf(named) }));
  return expandSigns(value).map((one) => ({ name: keyOf(named), value: one }));
}

function keyOf(named: Named | undefined): string | undefined {
  return named === undefined || named.name === "" ? undefined : named.name;
}

/** Whether several values are listed, so that it has to be compared as a list. */
export function isSeveral(node: Node): boolean {
  if (node.kind === "list") return true;
  const value = namedValue(node)?.value ?? node;
  return (
    value.kind === "list" ||
    (value.kind !== "relation" &&
      value.kind !== "connective" &&
      value.kind !== "builder" &&
      expandSigns(value).length > 1)
  );
}

export function sameLists(gold: Node, given: Node, same: Same, strict: boolean): boolean {
  const [a, b] = [entriesOf(gold), entriesOf(given)];
  const [record, other] = [namesOf(a), namesOf(b)];
  if (record !== undefined && other !== undefined && strict) {
    if (record.join() === other.join() && record.length > 1) {
      return record.every((name) => sameUnordered(valuesOf(a, name), valuesOf(b, name), same));
    }
    if (stemsOf(record) !== stemsOf(other)) return false;
  }
  const [left, right] = [a.map(({ value }) => value), b.map(({ value }) => value)];
  if (record !== undefined && record.length > 1 && other === undefined)
    return sameOrdered(left, tupleItems(right), same);
  return sameUnordered(left, right, same);
}

/** The names, sorted, where every value has one. */
function namesOf(entries: readonly Entry[]): readonly string[] | undefined {
  const names = entries.map(({ name }) => name);
  return names.every((name) => name !== undefined) ? [...new Set(names)].sort() : undefined;
}

/** x_1 and x_2 are two values of x. */
function stemsOf(names: readonly string[]): string {
  return [...new Set(names.map((name) => name.replace(/[_'\d].*$/, "")))].join();
}

function valuesOf(entries: readonly Entry[], name: string): readonly Node[] {
  return entries.filter((entry) => entry.name === name).map(({ value }) => value);
}

/** (4, 5) for x = 4, y = 5. */
function tupleItems(values: readonly Node[]): readonly Node[] {
  const [only] = values;
  return values.length === 1 && only?.kind === "group" ? only.items : values;
}

export function sameOrdered(gold: readonly Node[], given: readonly Node[], same: Same): boolean {
  return (
    gold.length === given.length &&
    gold.every((node, i) => {
      const other = given[i];
      return other !== undefined && same(node, other);
    })
  );
}

/** Every item of each stands in the other. */
export function sameUnordered(gold: readonly Node[], given: readonly Node[], same: Same): boolean {
  const [a, b] = [keysOf(gold), keysOf(given)];
  if (a !== undefined && b !== undefined && a.size === b.size && [...a].every((key) => b.has(key))) return true;
  if (gold.length * given.length > MOST_PAIRS) return false;
  const met = new Set<number>();
  const all = gold.every((node) => {
    let found = false;
    for (const [i, other] of given.entries()) {
      if ((met.has(i) && found) || !same(node, other)) continue;
      met.add(i);
      found = true;
    }
    return found;
  });
  return all && met.size === given.length;
}

/** The items as texts, where all are fractions without a unit. */
function keysOf(nodes: readonly Node[]): ReadonlySet<string> | undefined {
  const keys = new Set<string>();
  for (const node of nodes) {
    const value = node.kind === "percent" || node.kind === "based" ? undefined : exactValue(node);
    if (value === undefined) return undefined;
    keys.add(`${value.numerator}/${value.denominator}`);
  }
  return keys;
}
