import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cliFolder } from "./support.ts";

const { folder, rlvr, notebook } = cliFolder();

test("rlvr run: a notebook that works exits 0 and writes both files", () => {
  const path = notebook("good.ipynb", "const n = 2;", "console.log('n is', n)");
  const { code, out, err } = rlvr("run", path, "-p", "n=5", "-o", "o/good.ipynb", "--html", "o/good.html");
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toContain("n is 5\n");
  expect(out).toContain("open o/good.html\n");
  expect(readFileSync(join(folder, "o/good.html"), "utf8")).toContain("n is 5");
  expect(rlvr("export", "o/good.ipynb", "-o", "o/again.html").code).toBe(0);
  expect(readFileSync(join(folder, "o/again.html"), "utf8")).toContain("n is 5");
});

test("rlvr run: a failing cell exits 1 with the cell and its line", () => {
  const { code, err } = rlvr("run", notebook("bad.ipynb", "const n = 2;", "const a = 1;\nthrow new Error('broken');"));
  expect(code).toBe(1);
  expect(err).toContain("bad.ipynb, cell 2 (c1) failed");
  expect(err).toContain("broken");
});

test("rlvr run: wrong use of the toolkit in a cell exits 2 and says what to do", () => {
  const source = 'import { chainAddition } from "rlvr-lab";\nchainAddition({ digits: 99 });';
  const { code, err } = rlvr("run", notebook("level.ipynb", "const n = 2;", source));
  expect(err).toContain("chainAddition: digits is 99; pass 1 to 9.");
  expect(code).toBe(2);
});

test("rlvr --version: prints the package's version", () => {
  expect(rlvr("--version")).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: "" });
});

test.each([
  [["run", "good.ipynb", "-o", "o.ipynb", "--html", "good.ipynb"], "the page good.ipynb is the notebook itself"],
  [["run", "good.ipynb", "-o", "good.ipynb"], "the output good.ipynb is the notebook itself"],
  [["run", "good.ipynb", "-o", "good.ipynb/x", "--html", "o.html"], "cannot write"],
  [["run", "good.ipynb", "-o", "o.ipynb", "--html", "good.ipynb/x"], "cannot write"],
  [["run", "good.ipynb", "-o", "o.ipynb", "--html", "o.ipynb"], "the page o.ipynb is the output notebook"],
  [["export", "good.ipynb", "-o", "good.ipynb"], "good.ipynb is the notebook itself"],
])("rlvr %j exits 2 and touches nothing", (args, message) => {
  const before = readFileSync(join(folder, notebook("good.ipynb", "const n = 2;")), "utf8");
  const { code, err } = rlvr(...args);
  expect(err).toContain(message);
  expect(code).toBe(2);
  expect(readFileSync(join(folder, "good.ipynb"), "utf8")).toBe(before);
  for (const name of ["o.ipynb", "o.html"]) expect(existsSync(join(folder, name))).toBe(false);
});

test.each([
  [["run", "good.ipynb", "-p", "m=5"], 'there is no parameter "m"; known: n.'],
  [["run", "good.ipynb", "-p", "n=x"], 'n is "x"; pass a number'],
  [["run", "missing.ipynb"], "missing.ipynb cannot be read"],
  [["run", "text.ipynb"], "text.ipynb is not JSON"],
  [["run"], "0 notebooks are named"],
  [["run", "good.ipynb", "--colour"], "--colour"],
  [["run", "good.ipynb", "-o", "text.ipynb/x.ipynb"], "cannot write"],
  [["walk"], 'there is no command "walk"; known: run, train, test, diff, analyse, runs, clean, convert, export.'],
])("rlvr %j exits 2 and leaves nothing behind", (args, message) => {
  notebook("good.ipynb", "const n = 2;");
  writeFileSync(join(folder, "text.ipynb"), "plain text");
  const { code, out, err } = rlvr(...args);
  expect(err).toContain(message);
  expect(err.trim().split("\n")).toHaveLength(1);
  expect(out).toBe("");
  expect(code).toBe(2);
  expect(existsSync(join(folder, "out", "good.ipynb"))).toBe(false);
});
