import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Notebook, openNotebook, temporaryFolder, text, traceback } from "../support.ts";

let notebook: Notebook;
const folder = temporaryFolder();

beforeAll(async () => {
  const local = "export enum E { A }\n\nexport function boom(n: number): never {\n  if (n > 0) boom(n - 1);\n";
  writeFileSync(join(folder, "local.ts"), `${local}  throw new RangeError("from local");\n}\n`);
  writeFileSync(join(folder, "bad.ts"), "export const a = 1;\nexport const b: = 2;\n");
  notebook = await openNotebook({ cwd: folder });
});

afterAll(() => notebook.executor.close());

/** The last cell of each case fails; `#` stands for its number, `#1` for the one before it. */
const cases: readonly { name: string; cells: readonly string[]; expected: readonly string[] }[] = [
  {
    name: "types above the line do not shift it",
    cells: ["interface A {\n  a: number;\n}\ntype B = A;\n\nnull!.x;"],
    expected: [
      "TypeError: Cannot read properties of null (reading 'x')",
      "cell #, line 6, column 7",
      "> 6 | null!.x;",
      "    |       ^",
      "    at cell #, line 6, column 7",
    ],
  },
  {
    name: "an enum above the line does not shift it",
    cells: ["enum E {\n  A,\n  B,\n}\nE.A.x.y;"],
    expected: ["cell #, line 5, column 7", "> 5 | E.A.x.y;"],
  },
  {
    name: "a function of an earlier cell",
    cells: [
      "const one = 1;\nfunction helper(x: { a?: number }) {\n  return x.a!.toFixed();\n}",
      "const two = 2;\nhelper({});",
    ],
    expected: [
      "cell #1, line 3, column 15",
      "> 3 |   return x.a!.toFixed();",
      "    at helper (cell #1, line 3, column 15)",
      "    at cell #, line 2, column 1",
    ],
  },
  {
    name: "an async function keeps the line that awaits it",
    cells: ["async function work() {\n  await null;\n  throw new Error('late');\n}\nawait work();"],
    expected: ["Error: late", "    at work (cell #, line 3, column 9)", "    at cell #, line 5, column 1"],
  },
  {
    name: "an error of a library shows the line that awaited it",
    cells: ["import { readFile } from 'node:fs/promises';\n\nconst data = await readFile('/nope');"],
    expected: ["  code: 'ENOENT'", "cell #, line 3, column 14", "> 3 | const data = await readFile('/nope');"],
  },
  {
    name: "a rejection without an error shows the line that awaited it",
    cells: ["\nawait Promise.reject({ status: 404 });"],
    expected: ["Thrown: { status: 404 }", "cell #, line 2, column 1"],
  },
  {
    name: "a local module is shown in its own lines",
    cells: ["import { boom } from './local.ts';\nboom(1);"],
    expected: [
      "RangeError: from local",
      "cell #, line 2, column 1",
      `    at boom (file://${folder}/local.ts:5:9)`,
      `    at boom (file://${folder}/local.ts:4:14)`,
      "    at cell #, line 2, column 1",
    ],
  },
  {
    name: "a syntax error in a local module names the place in it",
    cells: ["import x from './bad.ts';"],
    expected: [
      "SyntaxError: Unexpected token",
      `${folder}/bad.ts:2:17`,
      "> 2 | export const b: = 2;",
      "cell #, line 1, column 1",
    ],
  },
  {
    name: "a missing module shows its import",
    cells: ["1;\nimport x from './missing.mjs';"],
    expected: ["  code: 'ERR_MODULE_NOT_FOUND'", "cell #, line 2, column 1", "> 2 | import x from './missing.mjs';"],
  },
  {
    name: "a missing export shows its import",
    cells: ["import { nope } from 'node:fs';"],
    expected: [
      "SyntaxError: The requested module 'node:fs' does not provide an export named 'nope'",
      "cell #, line 1, column 1",
    ],
  },
  {
    name: "an AggregateError shows its parts",
    cells: ["throw new AggregateError([new Error('one'),\n new TypeError('two')], 'many');"],
    expected: [
      "AggregateError: many",
      "error 1 of 2:",
      "  Error: one",
      "  cell #, line 1, column 27",
      "error 2 of 2:",
      "  TypeError: two",
      "  cell #, line 2, column 2",
    ],
  },
  {
    name: "Promise.any shows what was rejected",
    cells: ["await Promise.any([Promise.reject(new Error('p'))]);"],
    expected: ["AggregateError: All promises were rejected", "error 1 of 1:", "  Error: p"],
  },
  {
    name: "causes are shown with their own places",
    cells: ["try {\n  null.x;\n} catch (cause) {\n  throw new Error('outer', { cause });\n}"],
    expected: [
      "Error: outer",
      "cell #, line 4, column 9",
      "caused by:",
      "  TypeError: Cannot read properties of null (reading 'x')",
      "  cell #, line 2, column 8",
      "  > 2 |   null.x;",
    ],
  },
  {
    name: "a method that is none",
    cells: ["const o = { f() {} };\no.g();"],
    expected: ["TypeError: o.g is not a function", "cell #, line 2, column 3"],
  },
  {
    name: "a variable of an earlier cell that is no function keeps its name",
    cells: ["const before = 1;", "before();"],
    expected: ["TypeError: before is not a function", "cell #, line 1, column 1"],
  },
  {
    name: "an undefined name",
    cells: ["const ok = 1;\n  undefinedName.foo();"],
    expected: ["ReferenceError: undefinedName is not defined", "cell #, line 2, column 3"],
  },
  {
    name: "a callback",
    cells: ["[1].map((x) => {\n  return x.y.z;\n});"],
    expected: ["cell #, line 2, column 14", "    at Array.map (<anonymous>)", "    at cell #, line 1, column 5"],
  },
  {
    name: "built-in functions",
    cells: ["const text = '{a';\nJSON.parse(text);"],
    expected: ["cell #, line 2, column 6", "    at JSON.parse (<anonymous>)"],
  },
  { name: "a thrown string", cells: ["throw 'plain';"], expected: ["Thrown: 'plain'"] },
  {
    name: "a constructor and a method",
    cells: [
      "class A {\n  constructor() {\n    this.f();\n  }\n  f() {\n    throw new Error('deep');\n  }\n}\nnew A();",
    ],
    expected: [
      "    at A.f (cell #, line 6, column 11)",
      "    at new A (cell #, line 3, column 10)",
      "    at cell #, line 9, column 1",
    ],
  },
  {
    name: "endless recursion",
    cells: ["function rec(): number {\n  return rec() + 1;\n}\nrec();"],
    expected: ["RangeError: Maximum call stack size exceeded", "> 2 |   return rec() + 1;"],
  },
  {
    name: "an unterminated string",
    cells: ["const s = 'a\nb';"],
    expected: [
      "SyntaxError: Unterminated string",
      "cell #, line 1, column 11",
      "> 1 | const s = 'a",
      "    |           ^",
    ],
  },
  {
    name: "a second declaration in one cell",
    cells: ["let a = 1;\nlet a = 2;"],
    expected: ["SyntaxError: Identifier `a` has already been declared", "cell #, line 2, column 5"],
  },
  {
    name: "a syntax error after characters beyond the BMP",
    cells: ["const s = '\u{1F600}'; foo(;"],
    expected: ["SyntaxError: Unexpected token", "cell #, line 1, column 21"],
  },
  {
    name: "an unclosed brace",
    cells: ["function f() {\n  return 1;\n"],
    expected: ["cell #, line 3, column 1"],
  },
  {
    name: "return outside a function",
    cells: ["await 1;\nreturn 3;"],
    expected: [
      "SyntaxError: A 'return' statement can only be used within a function body.",
      "cell #, line 2, column 1",
    ],
  },
  {
    name: "syntax that the parser takes and V8 does not",
    cells: ["const one = 1;\n@frozen class A {}"],
    expected: ["SyntaxError: Invalid or unexpected token", "cell #, line 2, column 1", "> 2 | @frozen class A {}"],
  },
  {
    name: "an operator between two marks of the source map",
    cells: ["type T = 1;\n'x' in ('y' as any);"],
    expected: ["TypeError: Cannot use 'in' operator to search for 'x' in y", "cell #, line 2, column 5"],
  },
  {
    name: "a generator",
    cells: ["const it = (function* () {\n  throw new Error('gen');\n})();\nfor (const x of it) {\n}"],
    expected: ["cell #, line 2, column 9", "    at Generator.next (<anonymous>)", "    at cell #, line 4, column 12"],
  },
  {
    name: "fields of an error",
    cells: ["class MyError extends Error {\n  name = 'MyError';\n  detail = 4;\n}\nthrow new MyError('mine');"],
    expected: ["MyError: mine", "  detail: 4", "cell #, line 5, column 7"],
  },
  {
    name: "a message of several lines",
    cells: ["throw new Error('first\\nsecond');"],
    expected: ["Error: first", "second", "cell #, line 1, column 7"],
  },
  {
    name: "require of nothing",
    cells: ["require('./absent');"],
    expected: ["Error: Cannot find module './absent'", "cell #, line 1, column 1"],
  },
  {
    name: "a rejection from a timer",
    cells: ["await new Promise((_, reject) =>\n  setTimeout(() => reject(new Error('cb')), 1));"],
    expected: ["Error: cb", "cell #, line 2, column 27"],
  },
  {
    name: "an await inside a loop with patterns and guards on its line",
    cells: ["for (const [i, v] of [1, 2].entries()) { await null; if (i === 1) throw new Error('at ' + v); }"],
    expected: ["Error: at 2", "cell #, line 1, column 73"],
  },
];

test.each(cases)("tracebacks: $name", async ({ cells, expected }) => {
  let record = await notebook.run(cells[0] ?? "");
  for (const source of cells.slice(1)) record = await notebook.run(source);
  expect(record.outcome.status).toBe("error");
  const lines = traceback(record).split("\n");
  const wanted = expected.map((line) =>
    line.replace("#1", String(record.index - 1)).replace("#", String(record.index)),
  );
  let from = 0;
  for (const line of wanted) {
    const at = lines.indexOf(line, from);
    expect(at, `no line ${JSON.stringify(line)} in\n${lines.join("\n")}`).toBeGreaterThanOrEqual(0);
    from = at + 1;
  }
  expect(lines.filter((line) => /node:internal|dist\/kernel|\$S|\$aw|cell:\d/.test(line))).toEqual([]);
});

test("tracebacks: errors that are printed have cell lines too", async () => {
  const { events, index } = await notebook.run("\nconsole.log(new Error('printed').stack);");
  expect(text(events)).toBe(`Error: printed\n    at cell ${index}, line 2, column 13\n`);
});

test("tracebacks: failures in timers and promises go to stderr of their cell, which goes on", async () => {
  const { events, index, outcome } = await notebook.run(
    "setTimeout(() => {\n  throw new Error('in timer');\n}, 1);\nPromise.reject(new Error('unhandled'));\nawait new Promise((r) => setTimeout(r, 20));",
  );
  expect(outcome.status).toBe("ok");
  expect(text(events, "stderr")).toContain(`Unhandled rejection: Error: unhandled\ncell ${index}, line 4, column 16`);
  expect(text(events, "stderr")).toContain(`Uncaught Error: in timer\ncell ${index}, line 2, column 9`);
});
