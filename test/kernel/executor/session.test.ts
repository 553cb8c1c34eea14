import { afterAll, beforeAll, expect, test } from "vitest";
import { type Notebook, openNotebook, pause, result, text } from "../support.ts";

let notebook: Notebook;

beforeAll(async () => {
  notebook = await openNotebook();
});

afterAll(() => notebook.executor.close());

/** Runs cells and returns the result of the last. */
async function last(...cells: readonly string[]): Promise<string | undefined> {
  let shown: string | undefined;
  for (const source of cells) {
    const record = await notebook.run(source);
    shown = record.outcome.error ? `${record.outcome.error.ename}: ${record.outcome.error.evalue}` : result(record);
  }
  return shown;
}

test.each<{ name: string; cells: readonly string[]; shown: string | undefined }>([
  { name: "the last expression is the result", cells: ["1; 2 + 3"], shown: "5" },
  { name: "promises are awaited", cells: ["Promise.resolve('p')"], shown: "'p'" },
  { name: "declarations and undefined show nothing", cells: ["const quiet = 1;"], shown: undefined },
  {
    name: "a rejected result is the cell's error",
    cells: ["Promise.reject(new RangeError('r'))"],
    shown: "RangeError: r",
  },
  {
    name: "comments and type declarations after the expression do not count",
    cells: ["41 + 1 // the answer\ntype Late = 1;"],
    shown: "42",
  },
  { name: "an empty cell", cells: ["", "  \n// nothing\n"], shown: undefined },
  { name: "a string alone is a value", cells: ["'only a string'"], shown: "'only a string'" },
  { name: "const may be declared again", cells: ["const x1 = 1;", "const x1 = 2;", "x1"], shown: "2" },
  {
    name: "let, const, var, function and class replace each other",
    cells: ["let x2 = 1", "class x2 {}", "function x2() { return 'f'; }", "x2()"],
    shown: "'f'",
  },
  {
    name: "classes may be declared again",
    cells: ["class C3 { v = 1 }", "class C3 { v = 2 }", "new C3().v"],
    shown: "2",
  },
  {
    name: "an enum of the same name is a new one",
    cells: ["enum E4 { A = 1 }", "enum E4 { B = 2 }", "Object.keys(E4).join()"],
    shown: "'2,B'",
  },
  {
    name: "closures see the newest definition",
    cells: [
      "function inner5() { return 1 } function outer5() { return inner5() }",
      "function inner5() { return 2 }",
      "outer5()",
    ],
    shown: "2",
  },
  {
    name: "a function may use what a later cell defines",
    cells: ["const f6 = () => later6 + 1;", "let later6 = 1;", "f6()"],
    shown: "2",
  },
  {
    name: "a later cell's function may assign an earlier variable",
    cells: ["let n7 = 1; const get7 = () => n7;", "function up7() { n7 += 5; } up7();", "[n7, get7()].join()"],
    shown: "'6,6'",
  },
  {
    name: "a loop's variable is kept",
    cells: ["let s8 = 0; for (let i = 0; i < 10; i++) s8 += i;", "s8"],
    shown: "45",
  },
  {
    name: "what ran before an error is kept",
    cells: ["let a9 = 1; for (const v of [1, 2]) a9 += v; throw 1;", "a9"],
    shown: "4",
  },
  {
    name: "a failed cell keeps the old value of what it did not reach",
    cells: ["let b10 = 1;", "null.x; let b10 = 2;", "b10"],
    shown: "1",
  },
  {
    name: "a const of an earlier cell cannot be assigned",
    cells: ["const k11 = 1;", "k11 = 2;"],
    shown: "TypeError: Assignment to constant variable.",
  },
  {
    name: "a const that became let can be assigned",
    cells: ["const k12 = 1;", "let k12 = 1;", "k12 = 5; k12"],
    shown: "5",
  },
  {
    name: "imports are shared with later cells",
    cells: ["import { join as j13 } from 'node:path'; import * as p13 from 'node:path';", "j13 === p13.join"],
    shown: "true",
  },
  {
    name: "an unused import stays for later cells",
    cells: ["import os14 from 'node:os';", "typeof os14.cpus"],
    shown: "'function'",
  },
  { name: "_ is the last result", cells: ["6 * 7", "_ + 1"], shown: "43" },
  { name: "globals are reached from all cells", cells: ["globalThis.g16 = 3;", "g16 + 1"], shown: "4" },
  {
    name: "destructuring makes session variables",
    cells: ["const { a17, ...r17 } = { a17: 1, b: 2 }; let [c17, d17 = 4] = [3];", "[a17, r17.b, c17, d17].join()"],
    shown: "'1,2,3,4'",
  },
  {
    name: "generic arrow functions and satisfies",
    cells: ["const id18 = <T,>(x: T): T => x; id18<number>(3) satisfies number"],
    shown: "3",
  },
  { name: "require resolves from the folder", cells: ["require('node:path').sep.length"], shown: "1" },
  {
    name: "a name that holds a kernel helper's",
    cells: ["const $S = 1, $aw = 2;", "const g20 = () => $S + $aw; g20()"],
    shown: "3",
  },
  {
    name: "methods of old instances see new functions",
    cells: [
      "function h21() { return 1 } class K21 { m() { return h21() } } const k21 = new K21();",
      "function h21() { return 2 }",
      "k21.m()",
    ],
    shown: "2",
  },
])("session: $name", async ({ cells, shown }) => {
  expect(await last(...cells)).toBe(shown);
});

test("session: top-level names are plain data properties", async () => {
  await notebook.run("let plain = 1; const seen = () => plain;");
  const { variables } = { variables: await last("plain = 2; seen()") };
  expect(variables).toBe("2");
});

test("session: output of a helper of an earlier cell belongs to the cell that calls it", async () => {
  await notebook.run("function helper() { console.log('helped'); display.text('shown'); }");
  const record = await notebook.run("helper(); await null; helper();");
  expect(record.events.map(({ kind, cell }) => [kind, cell])).toEqual(
    ["stream", "display", "stream", "display"].map((kind) => [kind, record.index]),
  );
});

test("session: failed checks fail the cell after all its output, by name", async () => {
  const record = await notebook.run(
    "const check = globalThis[Symbol.for('rlvr.check')]; check({ name: 'good', value: 1, band: [0, 2], ok: true }); check({ name: 'bad', value: 3, band: [0, 2], ok: false }); console.log('after'); 'value'",
  );
  expect(record.outcome.error).toMatchObject({ ename: "CheckFailed", evalue: "check outside the band: bad" });
  expect(record.events.map(({ kind }) => kind)).toEqual(["check", "check", "stream", "result", "error"]);
  expect(record.events[1]).toMatchObject({ name: "bad", value: 3, band: [0, 2], ok: false });
});

test("session: progress reaches the supervisor as it is", async () => {
  const { events } = await notebook.run(
    "globalThis[Symbol.for('rlvr.progress')]({ task: 'train', done: 3, total: 9, unit: 'steps', metrics: { reward: 0.5 }, secondsLeft: 2 });",
  );
  expect(events).toMatchObject([{ kind: "progress", task: "train", done: 3, total: 9, metrics: { reward: 0.5 } }]);
});

test("session: the same loop is as fast at the top level as in a function", async () => {
  const loop = "let t = 0; for (let i = 0; i < 3e7; i++) { t += i & 3; }";
  const time = async (source: string): Promise<number> =>
    Math.min(...(await Promise.all([1, 2, 3].map(async () => (await notebook.run(source)).outcome.ms))));
  const [top, inFunction] = [await time(`${loop} t`), await time(`(() => { ${loop} return t; })()`)];
  console.log(`session: 3e7 turns at the top level ${top.toFixed(0)} ms, in a function ${inFunction.toFixed(0)} ms`);
  expect(top / inFunction).toBeLessThan(3);
});

test("session: late displays and updates go to the cell that showed them", async () => {
  const shown = await notebook.run(
    "const host = globalThis[Symbol.for('rlvr.display')]; host.display({ 'text/plain': 'one' }, { id: 'live' });",
  );
  const other = await notebook.run("host.update({ 'text/plain': 'two' }, { id: 'live' }); console.log('mine');");
  await pause(10);
  expect(shown.events.at(-1)).toMatchObject({
    kind: "updateDisplay",
    displayId: "live",
    cell: shown.index,
    data: { "text/plain": "two" },
  });
  expect(other.events.map(({ kind }) => kind)).toEqual(["stream"]);
  expect(text(other.events)).toBe("mine\n");
});
