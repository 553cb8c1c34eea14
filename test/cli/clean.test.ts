import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cliFolder } from "./support.ts";

const { folder, rlvr, pipe, notebook } = cliFolder();
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

test("rlvr clean: a notebook that ran is brought back to what its author wrote, once", () => {
  notebook("n.ipynb", "const n = 1;", "n + 1");
  expect(rlvr("run", "n.ipynb", "-p", "n=2", "-o", "ran.ipynb", "--quiet").code).toBe(0);
  const [ran, original] = [read("ran.ipynb"), read("n.ipynb")];
  expect(rlvr("clean", "--check", "ran.ipynb")).toEqual({ code: 1, out: "ran.ipynb is not clean\n", err: "" });
  expect(read("ran.ipynb")).toBe(ran);
  expect(rlvr("clean", "ran.ipynb").code).toBe(0);
  expect(JSON.parse(read("ran.ipynb")).cells).toEqual(
    JSON.parse(original).cells.map((cell: { source: string }) => ({ ...cell, source: [cell.source] })),
  );
  expect(rlvr("clean", "--check", "ran.ipynb")).toEqual({ code: 0, out: "", err: "" });
  expect(pipe(ran, "clean", "-")).toEqual({ code: 0, out: read("ran.ipynb"), err: "" });
});

test("rlvr convert: there and back, outputs kept for cells that are the same", () => {
  notebook("c.ipynb", "const n = 1;", "n + 1", "n + 2");
  rlvr("run", "c.ipynb", "-o", "made.ipynb", "--quiet");
  const before = read("made.ipynb");
  expect(rlvr("convert", "made.ipynb")).toEqual({ code: 0, out: "made.ts\n", err: "" });
  expect(read("made.ts")).toContain('// %% id="c0" tags=["parameters"]\nconst n = 1;\n\n// %% id="c1"\nn + 1\n');
  expect(rlvr("convert", "made.ts").code).toBe(0);
  expect(read("made.ipynb")).toBe(before);
  expect(rlvr("run", "made.ts", "-p", "n=4", "-o", "from-script.ipynb").code).toBe(0);
  expect(read("from-script.ipynb")).toContain('"5"');
});

test.each([
  [["clean"], "no notebook is named"],
  [["clean", "missing.ipynb"], "missing.ipynb cannot be read"],
  [["clean", "dirty.ipynb", "script.ts"], "script.ts is not JSON"],
  [["convert", "dirty.ipynb", "-o", "script.ts"], "script.ts is there and is no percent script"],
  [["convert", "dirty.ipynb", "-o", "x.ipynb"], "dirty.ipynb to x.ipynb; one of both has to be a notebook"],
  [["convert", "dirty.ipynb", "other.ipynb", "-o", "x.ts"], "-o x.ts for 2 files"],
])("rlvr %j exits 2 and touches nothing", (args, message) => {
  writeFileSync(join(folder, "script.ts"), "console.log(1);\n");
  const names = [notebook("dirty.ipynb", "const n = 2;"), notebook("other.ipynb", "1"), "script.ts"];
  const before = names.map(read);
  const { code, out, err } = rlvr(...args);
  expect(err).toContain(message);
  expect([code, out]).toEqual([2, ""]);
  expect(names.map(read)).toEqual(before);
});
