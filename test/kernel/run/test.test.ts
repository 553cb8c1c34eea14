import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { JsonObject } from "../../../kernel/notebook/format.ts";
import { junit } from "../../../kernel/run/junit.ts";
import { runNotebook } from "../../../kernel/run/run.ts";
import { inspectNotebook, type TestReport, testNotebook } from "../../../kernel/run/test.ts";

const folder = await mkdtemp(join(tmpdir(), "rlvr-test-"));
const output = join(folder, "out.ipynb");
const path = join(folder, "n.ipynb");
const host =
  'const check = (name, value, band, ok) => globalThis[Symbol.for("rlvr.check")]({ name, value, band, ok });';

async function write(cells: readonly [string, JsonObject?][], metadata: JsonObject = {}): Promise<string> {
  const list = cells.map(([source, own = {}], i) => ({
    cell_type: "code",
    id: `c${i + 1}`,
    metadata: own,
    source,
    outputs: [],
    execution_count: null,
  }));
  await writeFile(path, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells: list }));
  return path;
}

const failures = ({ cases }: TestReport): string[] =>
  cases.flatMap(({ status, message }) => (status === "failed" ? [message.split("\n")[0] ?? ""] : []));
const names = ({ cases }: TestReport): string[] => cases.map(({ name, status }) => `${name} ${status}`);

test("test: cells, checks and expectations are cases; those that hold pass", async () => {
  await write([
    [`${host}\nconst list = [{ k: 1, value: 0.5 }]; let name = "nano"; let none;`],
    ["check('gain', list[0].value, [0.3, Infinity], true)", { expect: { "list[0].value": [0.4, null], name: "nano" } }],
    [
      "list[0].value",
      { expect: { "list[0].value": { value: 0.51, relative: 0.1 }, "await Promise.resolve(list[0].k)": 1 } },
    ],
  ]);
  const report = await testNotebook(path, { output });
  expect(failures(report)).toEqual([]);
  expect(names(report)).toEqual([
    "cell 1 (c1) passed",
    "cell 2 (c2) passed",
    "gain passed",
    "list[0].value passed",
    "name passed",
    "cell 3 (c3) passed",
    "list[0].value passed",
    "await Promise.resolve(list[0].k) passed",
  ]);
  expect(report.cases[2]?.message).toBe("gain is 0.5, within 0.3..Infinity");
});

test("test: what is outside its band fails with the value, and names what was not run", async () => {
  await write([
    [
      `${host}\nlet gain = 0.2; let none; let nan = NaN;`,
      { expect: { gain: [0.3, 1], none: 0, nan: [0, 1], "gain.": 1, gone: 1 } },
    ],
    ["check('gain', gain, [0.3, 1], false); check('other', 1, [0, 1], true)"],
    ["gain", { expect: { gain: 1 } }],
  ]);
  const report = await testNotebook(path, { output });
  expect(failures(report)).toEqual([
    "gain is 0.2, outside 0.3..1",
    'none is "undefined", outside 0..0',
    'nan is "NaN", outside 0..1',
    expect.stringContaining("gain. cannot be evaluated (SyntaxError"),
    "gone cannot be evaluated (ReferenceError: gone is not defined)",
    "gain is 0.2, outside 0.3..1", // by check
  ]);
  expect(names(report).slice(-4)).toEqual(["cell 2 (c2) passed", "gain failed", "other passed", "cell 3 (c3) skipped"]);
});

test("test: stored outputs are compared, with tolerances of cell, notebook and options, and can be left out", async () => {
  const noisy = "globalThis.process.hrtime.bigint() > 0n && Math.random()";
  await write([
    ["0.5"],
    [noisy],
    [noisy, { tags: ["ignore-output"] }],
    ["console.log('a', 1.0001)", { tolerance: 1e-3 }],
  ]);
  await runNotebook(path, { output: join(folder, "stored.ipynb") });
  const stored = JSON.parse(await readFile(join(folder, "stored.ipynb"), "utf8"));
  stored.cells[0].source = ["0.25 * 2"]; // another way to the same number
  stored.cells[3].source = ["console.log('a', 1.0002)"];
  stored.metadata.rlvr = {}; // no record: nothing is stale
  await writeFile(path, JSON.stringify(stored));
  const report = await testNotebook(path, { output });
  expect(failures(report)).toEqual([expect.stringMatching(/^cell 2: the output: "0\.\d+" before, "0\.\d+" now$/)]);
  expect(names(report).slice(4)).toEqual(["cell 1 outputs passed", "cell 2 outputs failed", "cell 4 outputs passed"]);
  expect(failures(await testNotebook(path, { output, outputs: false }))).toEqual([]);
  expect(failures(await testNotebook(path, { output, tolerance: 1e9 }))).toEqual([]);
});

test("test: a planted stale cell is named, with and without running", async () => {
  await write([["const x = 1;"], ["const y = x + 1;"], ["y"]]);
  await runNotebook(path, { output: join(folder, "stored.ipynb") });
  const stored = JSON.parse(await readFile(join(folder, "stored.ipynb"), "utf8"));
  stored.cells[0].source = ["const x = 10;"];
  await writeFile(path, JSON.stringify(stored));
  const stale = [
    "cell 1 was edited after it ran",
    "cell 2 used x of an older cell 1 (cell 1 was edited since)",
    "cell 3 used y of cell 2, which is stale",
  ];
  expect(failures(await inspectNotebook(path))).toEqual(stale);
  expect(failures(await testNotebook(path, { output }))).toEqual([
    ...stale,
    'cell 3: the output: "2" before, "11" now',
  ]);
});

test("test: budgets of time and memory, and cells that have to raise", async () => {
  await write(
    [
      ["null.x", { tags: ["raises-exception"] }],
      ["1", { tags: ["raises-exception"] }],
    ],
    { budget: { memoryMB: 1 } },
  );
  const report = await testNotebook(path, { output });
  expect(failures(report)).toEqual([
    "it is tagged raises-exception and raised nothing",
    expect.stringMatching(/^\d+ MB of 1 MB$/),
  ]);
  await write([["await new Promise(() => {})"]], { budget: { seconds: 0.3, cellSeconds: 9, memoryMB: 4000 } });
  expect(failures(await testNotebook(path, { output }))).toEqual(["TimeoutError: the notebook ran longer than 0.3 s"]);
});

test.each<[JsonObject, JsonObject, string]>([
  [{ expect: [] }, {}, "expect of cell 1 (c1): it is no object"],
  [{ expect: { a: [1, 2, 3] } }, {}, "expect of cell 1 (c1): a has [1,2,3]"],
  [{ expect: { a: [2, 1] } }, {}, "the band of a is 2..1"],
  [{ expect: { a: { value: "x" } } }, {}, 'a has {"value":"x"}'],
  [{}, { budget: 3 }, "budget: it is 3"],
  [{}, { budget: { minutes: 3 } }, "budget: minutes is 3"],
  [{}, { budget: { seconds: "3" } }, 'budget: seconds is "3"'],
])("test: %j, %j is refused before anything runs", async (own, metadata, message) => {
  await write([["throw new Error('it ran')", own]], metadata);
  await expect(testNotebook(path, { output })).rejects.toThrow(message);
});

test("junit: a suite for each notebook, failures with their text, nothing that XML cannot hold", () => {
  const cases = [
    { name: 'a "b" <c>', status: "passed", message: "", ms: 1500 },
    { name: "d", status: "failed", message: "first & last\n\x1b[31msecond]]>" },
    { name: "e", status: "skipped", message: "not run" },
  ] as const;
  expect(
    junit([{ path: "n.ipynb", status: "failed", cases, ms: 2000, peakBytes: 0 }]),
  ).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="n.ipynb" tests="3" failures="1" skipped="1" time="2.000">
    <testcase classname="n.ipynb" name="a &quot;b&quot; &lt;c&gt;" time="1.500"/>
    <testcase classname="n.ipynb" name="d" time="0.000"><failure message="first &amp; last">first &amp; last&#10;?[31msecond]]&gt;</failure></testcase>
    <testcase classname="n.ipynb" name="e" time="0.000"><skipped message="not run"/></testcase>
  </testsuite>
</testsuites>
`);
});
