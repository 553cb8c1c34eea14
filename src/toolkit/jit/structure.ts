/** Nested plain objects and lists, with leaves of one kind: what compiled functions take and return. */
import { refuse } from "../refuse.ts";

/** A value taken apart. */
export type Structure<Leaf> =
  | { readonly kind: "leaf"; readonly path: string; readonly leaf: Leaf }
  | { readonly kind: "list"; readonly items: readonly Structure<Leaf>[] }
  | { readonly kind: "record"; readonly fields: readonly (readonly [string, Structure<Leaf>])[] }
  | { readonly kind: "static"; readonly value: Static };

/** Values that are part of a graph rather than inputs of it. */
export type Static = string | number | boolean | undefined | null;

/** What taking apart needs to know. */
export interface Reading<Leaf> {
  /** Subject of error messages. */
  readonly where: string;
  /** The leaf that a value is, if it is one. */
  leafOf(value: unknown, path: string): Leaf | undefined;
  /** What may be passed instead of a value that is nothing of the kind. */
  readonly remedy: string;
}

/** Takes a value apart. @param path of the value in messages and leaves, such as `arg0.ids` */
export function readStructure<Leaf>(value: unknown, path: string, reading: Reading<Leaf>): Structure<Leaf> {
  const leaf = reading.leafOf(value, path);
  if (leaf !== undefined) return { kind: "leaf", path, leaf };
  if (isStatic(value)) return { kind: "static", value };
  const inside = (key: string | number) => (path === "" ? `${key}` : `${path}.${key}`);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return { kind: "list", items: items.map((item, i) => readStructure(item, inside(i), reading)) };
  }
  if (!isPlainObject(value)) {
    return refuse(reading.where, `${path || "the result"} is ${describe(value)}`, reading.remedy);
  }
  const fields = Object.entries(value).map(([key, item]) => [key, readStructure(item, inside(key), reading)] as const);
  return { kind: "record", fields };
}

/** Puts a value together again, its leaves replaced. */
export function buildStructure<Leaf>(
  structure: Structure<Leaf>,
  replace: (leaf: Leaf, path: string) => unknown,
): unknown {
  switch (structure.kind) {
    case "leaf":
      return replace(structure.leaf, structure.path);
    case "static":
      return structure.value;
    case "list":
      return structure.items.map((item) => buildStructure(item, replace));
    case "record":
      return Object.fromEntries(structure.fields.map(([key, item]) => [key, buildStructure(item, replace)]));
    default:
      return structure satisfies never;
  }
}

/** All leaves with their paths, in order. */
export function leavesOf<Leaf>(structure: Structure<Leaf>): readonly { readonly path: string; readonly leaf: Leaf }[] {
  switch (structure.kind) {
    case "leaf":
      return [structure];
    case "static":
      return [];
    case "list":
      return structure.items.flatMap(leavesOf);
    case "record":
      return structure.fields.flatMap(([, item]) => leavesOf(item));
    default:
      return structure satisfies never;
  }
}

/** A text that is equal for structures alike: same nesting, static values, and leaves of equal text. */
export function structureKey<Leaf>(structure: Structure<Leaf>, leafKey: (leaf: Leaf) => string): string {
  switch (structure.kind) {
    case "leaf":
      return leafKey(structure.leaf);
    case "static":
      return typeof structure.value === "string" ? JSON.stringify(structure.value) : numberText(structure.value);
    case "list":
      return `[${structure.items.map((item) => structureKey(item, leafKey)).join(";")}]`;
    case "record": {
      const fields = structure.fields.map(([key, item]) => `${JSON.stringify(key)}:${structureKey(item, leafKey)}`);
      return `{${fields.join(";")}}`;
    }
    default:
      return structure satisfies never;
  }
}

function numberText(value: Exclude<Static, string>): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function isStatic(value: unknown): value is Static {
  return value === null || ["string", "number", "boolean", "undefined"].includes(typeof value);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function describe(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return `of class ${value.constructor.name}`;
  return `a ${typeof value}`;
}
