import { expect, test } from "vitest";
import { cellNames } from "../../../kernel/compiler/names.ts";
import type { Notebook } from "../../../kernel/notebook/format.ts";
import { parseParameters } from "../../../kernel/run/parameter-files.ts";
import { declaredParameters, injectParameters, type Parameter, readSettings } from "../../../kernel/run/parameters.ts";
import { rng } from "../../../src/toolkit/rng.ts";
import { INPUTS, mutated } from "../fuzz.ts";

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

test("parameters: an annotation of literals lists what is allowed", () => {
  const typed = declaredParameters(
    notebook('const size: "nano" | "micro" = "nano"; let rank: 1 | -2 = 1; const n: number = 3;'),
  );
  expect(typed).toEqual([
    { name: "size", value: "nano", allowed: ["nano", "micro"] },
    { name: "rank", value: 1, allowed: [1, -2] },
    { name: "n", value: 3 },
  ]);
  expect(readSettings(["size=micro", "rank=-2"], typed)).toEqual([
    { name: "size", value: "micro" },
    { name: "rank", value: -2 },
  ]);
  expect(() => readSettings(["size=huge"], typed)).toThrow(
    'size is "huge"; pass one of "nano", "micro", such as size="nano".',
  );
});

test("parameters: values of files are checked like settings, which win", async () => {
  const yaml = await parseParameters("seed: 7\nname: base 2 # a name\nlevels: [3, 4]\n", "p.yaml");
  expect(readSettings(["seed=8"], declared, [yaml, { deep: false }])).toEqual([
    { name: "seed", value: 8 },
    { name: "name", value: "base 2" },
    { name: "levels", value: [3, 4] },
    { name: "deep", value: false },
  ]);
  expect(await parseParameters('{"seed": 7}', "p.json")).toEqual({ seed: 7 });
  expect(await parseParameters("", "p.yaml")).toEqual({});
});

test.each([
  ["seed: text", 'seed is "text"; pass a number, such as seed=1.'],
  ["seed: .inf", "seed is null; pass a number"],
  ["name: 3", "name is 3; pass a text"],
  ["deep: yes", 'deep is "yes"; pass true or false'],
  ["levels: { a: 1 }", 'levels is {"a":1}; pass a JSON list'],
  ["sed: 1", 'there is no parameter "sed"'],
  ["- seed", "p.yaml holds no names; write name: value, one a line"],
  ["seed: [1", "p.yaml is not YAML"],
  ["seed: 1\nseed: 2", "p.yaml is not YAML"],
  ["levels: &a [*a]", "p.yaml is not YAML"],
  [`levels: ${"[".repeat(80)}${"]".repeat(80)}`, "levels is [[["],
])("parameters: the file %j is refused", async (text, message) => {
  await expect(parseParameters(text, "p.yaml").then((file) => readSettings([], declared, [file]))).rejects.toThrow(
    message,
  );
});

test("parameters: what the parameters cell works out of a parameter that is set is refused", () => {
  const file = notebook("const seed = 1;\nconst other = 2;\nconst twice = seed * 2;");
  expect(() => injectParameters(file, [{ name: "seed", value: 3 }])).toThrow(
    '"twice" is worked out of seed in the parameters cell and would not follow it; move "twice" to the next cell.',
  );
  expect(injectParameters(file, [{ name: "other", value: 3 }]).cells).toHaveLength(4);
});

const SETTINGS = "seed=3\nrate=1e-4\nname=a=b\ndeep=false\nlevels=[3,[4]]";
const YAML = "seed: 3\nrate: 1e-4\nname: &x 'a: b'\ndeep: false\nlevels:\n  - 3\n  - [4, {a: *x}]\n";
const SOURCE = "const seed: 1 | 2 = 1; // the seed\nlet rate = -2.5e-3, name = `base`;\nconst levels = [1, 2];\n";

test.each<[string, string, (text: string) => Promise<readonly Parameter[]> | readonly Parameter[]]>([
  ["settings", SETTINGS, (text) => readSettings(text.split("\n"), declared)],
  ["YAML files", YAML, async (text) => readSettings([], declared, [await parseParameters(text, "p.yaml")])],
  [
    "JSON files",
    '{"seed": 3, "rate": 1e-4, "name": "a", "deep": false, "levels": [3, [4]]}',
    async (text) => readSettings([], declared, [await parseParameters(text, "p.json")]),
  ],
  ["parameters cells", SOURCE, (text) => declaredParameters(notebook(text))],
])("fuzz: mutated %s are read or refused, and what is read can be injected", async (name, text, read) => {
  const random = rng({ seed: 1, stream: name });
  let refused = 0;
  for (let i = 0; i < INPUTS; i++) {
    const input = mutated(text, random);
    try {
      const settings = await read(input);
      const injected = injectParameters(notebook("const seed = 1;"), settings);
      expect(cellNames(injected.cells[2]?.source ?? ""), input).toBeDefined();
    } catch (error) {
      expect(error, input).toMatchObject({ name: "UsageError" });
      refused++;
    }
  }
  expect(refused / INPUTS).toBeGreaterThan(0.1);
  expect(refused / INPUTS).toBeLessThan(1);
});
