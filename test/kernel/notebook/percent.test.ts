import { expect, test } from "vitest";
import type { Notebook } from "../../../kernel/notebook/format.ts";
import { formatPercent, isPercent, parsePercent } from "../../../kernel/notebook/percent.ts";

const code = (id: string, source: string, metadata = {}): Notebook["cells"][number] => ({
  cell_type: "code",
  id,
  metadata,
  source,
  outputs: [],
  execution_count: null,
});
const text = (id: string, source: string, rest = {}): Notebook["cells"][number] => ({
  cell_type: "markdown",
  id,
  metadata: {},
  source,
  ...rest,
});

test("percent: a notebook reads as a script", () => {
  const notebook: Notebook = {
    metadata: { kernelspec: { name: "rlvr", language: "typescript" } },
    cells: [text("t", "# Title\n\nwords"), code("p", "const seed = 1;", { tags: ["parameters"] }), code("e", "seed")],
  };
  expect(formatPercent(notebook)).toBe(`// ---
// jupyter:
//   kernelspec:
//     name: rlvr
//     language: typescript
// ---

// %% [markdown] id="t"
// # Title
//
// words

// %% id="p" tags=["parameters"]
const seed = 1;

// %% id="e"
seed
`);
  expect(parsePercent(formatPercent(notebook), "n.ts")).toEqual(notebook);
});

test.each<[string, Notebook]>([
  ["no cells and no settings", { metadata: {}, cells: [] }],
  ["settings alone", { metadata: { a: { b: [1, "x: y", null, true] } }, cells: [] }],
  ["empty sources", { metadata: {}, cells: [code("a", ""), text("b", ""), code("c", "")] }],
  [
    "blank lines at both ends",
    { metadata: {}, cells: [code("a", "\n\nx\n\n"), text("b", "\n\ny\n\n"), code("c", "z\n\n")] },
  ],
  [
    "lines that look like markers",
    {
      metadata: {},
      cells: [code("a", "// %%\n//%% x\n// \\%% y\n // %% z\n// %%\\"), text("b", "%% x\n// %% y\n---")],
    },
  ],
  ["carriage returns", { metadata: {}, cells: [code("a", "x\r\ny\r"), text("b", "u\r\nv")] }],
  [
    "settings that are hard to write",
    {
      metadata: { "odd key": "---\n# no comment\n", yes: "no", n: "1", t: "\ttab ", "": "~" },
      cells: [
        code("a", "x", { id: "mine", "two words": [{ deep: '"] b=1' }] }),
        code("b", "y", { name: 'say "x=1" \\ \u2028', list: [], none: null }),
        text("c", "z", { attachments: { "a.png": { "image/png": "iVBO" } } }),
      ],
    },
  ],
])("percent: %s come back as they were", (_, notebook) => {
  expect(parsePercent(formatPercent(notebook), "n.ts")).toEqual(notebook);
});

test("percent: outputs and the record of a run stay behind", () => {
  const executed: Notebook = {
    metadata: { rlvr: { seed: 1 } },
    cells: [
      {
        ...code("a", "1"),
        execution_count: 3,
        outputs: [{ output_type: "stream", name: "stdout", text: "1" }],
      } as never,
    ],
  };
  expect(parsePercent(formatPercent(executed), "n.ts")).toEqual({ metadata: {}, cells: [code("a", "1")] });
});

test("percent: what others write is read: titles, no ids, code before the first marker, Windows line ends", () => {
  const script = 'const a = 1;\r\n\r\n// %% Some title [markdown]\r\n//text\r\n\r\n// %% Plot it tags=["x"]\r\nb\r\n';
  expect(parsePercent(`// a script\r\n${script}`, "n.ts").cells).toEqual([
    code("cell-0", "// a script\nconst a = 1;"),
    text("cell-1", "text"),
    code("cell-2", "b", { tags: ["x"] }),
  ]);
  expect(isPercent(script)).toBe(true);
  expect(isPercent("const a = 1; // 5 %% 3")).toBe(false);
});

test.each([
  ["// ---\n// a: 1", 'n.ts, line 1: the header has no end; close it with a line "// ---"'],
  ["// ---\n// a: [\n// ---", "n.ts, line 1: the header is not YAML"],
  ["// ---\n// jupyter: 7\n// ---", "n.ts, line 1: the header holds no settings"],
  ["// ---\n// jupyter: &a { b: *a }\n// ---", "n.ts, line 1"],
  ['// %%\n\n// %% id="a b"', 'n.ts, line 3: the id is "a b"'],
  ['// %% id="a"\n// %% id="a"', 'n.ts, line 2: the id "a" is taken'],
  ["// %% [sql]", 'n.ts, line 1: the cell is of kind "sql"'],
  ["// %% tags=[1", 'n.ts, line 1: "[1" does not start with a JSON value'],
  ["// %% a=1 b", 'n.ts, line 1: "b" is no name=value'],
  ["// %% [markdown]\n// a\nb", 'n.ts, line 3: "b" is in a text cell; start it with //'],
])("percent: %j is refused with its line", (script, message) => {
  expect(() => parsePercent(script, "n.ts")).toThrow(message);
});
