import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cliFolder } from "./support.ts";

const { folder, rlvr, notebook } = cliFolder();
const gain = (value: string): string[] => [
  `const gain = ${value};`,
  'import { check } from "rlvr-lab";\ncheck("gain", gain, [0.3, 1]);',
];

test("rlvr test: green within the bands, red when a number drifts, a report for CI", () => {
  notebook("good.ipynb", ...gain("0.5"));
  const { code, out, err } = rlvr("test", "good.ipynb", "--junit", "report.xml", "-p", "gain=0.6");
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^good\.ipynb ok: 4 of 4 passed in [\d.]+ s, \d+ MB\n1 passed, 0 failed\n$/);
  expect(readFileSync(join(folder, "report.xml"), "utf8")).toContain('name="gain" time="0.000"/>');
  expect(existsSync(join(folder, "out/test/good.ipynb"))).toBe(true);
  const red = rlvr("test", "good.ipynb", "-p", "gain=0.2", "--junit", "report.xml");
  expect(red.code).toBe(1);
  expect(red.out).toContain("  FAIL gain is 0.2, outside 0.3..1\n0 passed, 1 failed\n");
  expect(readFileSync(join(folder, "report.xml"), "utf8")).toContain('<failure message="gain is 0.2, outside 0.3..1">');
});

test("rlvr run: several notebooks side by side, parameters from a file, what happens as JSON", () => {
  notebook("a.ipynb", "const n = 1;", "console.log('a', n)");
  notebook("b.ipynb", "const n = 1;", "console.log('b', n)");
  writeFileSync(join(folder, "p.yaml"), "n: 7\n");
  const { code, out } = rlvr("run", "a.ipynb", "b.ipynb", "-j", "2", "-f", "p.yaml", "-o", "both", "--json");
  expect(code).toBe(0);
  const events = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const streams = events.filter(({ event }) => event === "stream").map(({ notebook: name, text }) => [name, text]);
  expect(streams.sort()).toEqual([
    ["a.ipynb", "a 7\n"],
    ["b.ipynb", "b 7\n"],
  ]);
  expect(
    events
      .filter(({ event }) => event === "end")
      .map(({ status, output }) => [status, output])
      .sort(),
  ).toEqual([
    ["ok", join("both", "a.ipynb")],
    ["ok", join("both", "b.ipynb")],
  ]);
  expect(readFileSync(join(folder, "both/a.ipynb"), "utf8")).toContain("a 7");
});

test.each([
  [["test"], "0 notebooks are named"],
  [["test", "good.ipynb", "--tolerance", "x"], '--tolerance: it is "x"; pass a number from 0.'],
  [["test", "good.ipynb", "sub/good.ipynb"], `two notebooks would become ${join("out", "test", "good.ipynb")}`],
  [["test", "good.ipynb", "-j", "0"], '--jobs: it is "0"; pass a whole number from 1.'],
  [["run", "good.ipynb", "--timeout", "0"], '--timeout: it is "0"; pass a number of seconds above 0.'],
  [["run", "good.ipynb", "-f", "gone.yaml"], "gone.yaml cannot be read"],
  [["run", "good.ipynb", "--from-cell", "x"], 'there is no code cell "x" to start from; pass one of 1 (c0), 2 (c1).'],
  [["run", "good.ipynb", "other.ipynb", "--html", "x.html"], "one page for several notebooks"],
])("rlvr %j exits 2 and runs nothing", (args, message) => {
  notebook("good.ipynb", ...gain("0.5"));
  const { code, out, err } = rlvr(...args);
  expect(err).toContain(message);
  expect([code, out]).toEqual([2, ""]);
});
