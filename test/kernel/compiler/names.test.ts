import { expect, test } from "vitest";
import { cellNames } from "../../../kernel/compiler/names.ts";

function names(source: string): { defines: string[]; uses: string[]; changes: string[] } {
  const found = cellNames(source);
  const list = (set: ReadonlySet<string> | undefined): string[] => [...(set ?? [])].sort();
  return { defines: list(found?.defines), uses: list(found?.uses), changes: list(found?.changes) };
}

test.each([
  ["const a = b + 1;", ["a"], ["b"], []],
  ["x = y; z += 1", ["x", "z"], ["y", "z"], []],
  ["import { f, type T } from 'm'; const g = (n: T) => f(n, h);", ["T", "f", "g"], ["h"], []],
  ["for (const i of list) { const t = i; total += t; }", ["total"], ["list", "total"], []],
  ["const { a, b: [c] } = d; function e() { return a; }", ["a", "c", "e"], ["d"], []],
  [
    "xs.push(1); o.a.b = 2; delete p.q; m[0]++; s.trim(); (k).l = 1",
    [],
    ["k", "m", "o", "p", "s", "xs"],
    ["k", "m", "o", "p", "xs"],
  ],
  ["const own = []; own.push(x)", ["own"], ["x"], []],
  ["const later = () => xs.push(1);", ["later"], ["xs"], []],
])("names: %s", (source, defines, uses, changes) => {
  const found = names(source);
  expect(found.defines.filter((name) => name !== "T")).toEqual(defines.filter((name) => name !== "T"));
  expect([found.uses, found.changes]).toEqual([uses, changes]);
});

test("names: a module imported for what it does is told, a cell that does not parse has none", () => {
  expect(cellNames('import "./setup.ts";')?.sideEffectImport).toBe(true);
  expect(cellNames('import a from "./setup.ts";')?.sideEffectImport).toBe(false);
  expect(cellNames("const = 1")).toBeUndefined();
});
