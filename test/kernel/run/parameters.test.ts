import { expect, test } from "vitest";
import type { Notebook } from "../../../kernel/notebook/format.ts";
import { declaredParameters, injectParameters, readSettings } from "../../../kernel/run/parameters.ts";

function notebook(source: string, tags: string[] = ["parameters"]): Notebook {
  const rest = { outputs: [], execution_count: null };
  return {
    metadata: {},
    cells: [
      { cell_type: "markdown", id: "t", metadata: {}, source: "# T" },
      { cell_type: "code", id: "p", metadata: { tags }, source, ...rest },
      { cell_type: "code", id: "x", metadata: {}, source: "seed", ...rest },
    ],
  };
}

const declared = declaredParameters(
  notebook(`const seed = 1; // the seed
let rate: number = -2.5e-3;
const name = "base", deep = true;
const levels = [1, 2];
const big = 10_000;
const made = seed + 1;`),
);

test("parameters: literals of the tagged cell are parameters, expressions are not", () => {
  expect(declared).toEqual([
    { name: "seed", value: 1 },
    { name: "rate", value: -0.0025 },
    { name: "name", value: "base" },
    { name: "deep", value: true },
    { name: "levels", value: [1, 2] },
    { name: "big", value: 10000 },
  ]);
  expect(declaredParameters(notebook("const seed = 1;", []))).toEqual([]);
});

test("parameters: settings take the type of their default", () => {
  const settings = ["seed=3", "rate=1e-4", "name=a=b", "deep=false", "levels=[3]", "seed=4"];
  expect(readSettings(settings, declared)).toEqual([
    { name: "seed", value: 4 },
    { name: "rate", value: 1e-4 },
    { name: "name", value: "a=b" },
    { name: "deep", value: false },
    { name: "levels", value: [3] },
  ]);
});

test.each([
  ["sed=3", 'there is no parameter "sed"; known: seed, rate, name, deep, levels, big.'],
  ["seed", '"seed" has no name and value; write -p name=value.'],
  ["seed=abc", 'seed is "abc"; pass a number, such as seed=1.'],
  ["seed=", 'seed is ""; pass a number, such as seed=1.'],
  ["seed=Infinity", 'seed is "Infinity"'],
  ["deep=yes", 'deep is "yes"; pass true or false, such as deep=true.'],
  ["levels=3", 'levels is "3"; pass a JSON list, such as levels=[1,2].'],
])("parameters: %s is refused", (setting, message) => {
  expect(() => readSettings([setting], declared)).toThrow(message);
});

test("parameters: the injected cell follows the parameters cell and replaces an earlier one", () => {
  const once = injectParameters(notebook("const seed = 1;"), [{ name: "seed", value: 3 }]);
  const twice = injectParameters(once, [{ name: "seed", value: "a</script>" }]);
  expect(twice.cells.map((cell) => cell.id)).toEqual(["t", "p", "injected-parameters", "x"]);
  expect(twice.cells[2]?.source).toBe('// set from outside\nconst seed = "a</script>";');
  expect(injectParameters(twice, []).cells.map((cell) => cell.id)).toEqual(["t", "p", "x"]);
});
