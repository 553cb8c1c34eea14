import { afterAll, beforeAll, expect, test } from "vitest";
import { type Notebook, openNotebook, pause, result } from "../support.ts";

let notebook: Notebook;

beforeAll(async () => {
  notebook = await openNotebook();
  await notebook.run("import { setTimeout as sleep } from 'node:timers/promises'; const kept = 42;");
});

afterAll(() => notebook.executor.close());

/** Cells that never end, and what is left of their own variables. */
const cells: readonly { name: string; source: string; after: string }[] = [
  { name: "a sync loop", source: "let a = 0; while (true) a++;", after: "a > 0" },
  { name: "a sync loop in a function", source: "let b = 7; function spin() { for (;;); } spin();", after: "b === 7" },
  { name: "an async loop", source: "let c = 0; while (true) { c++; await sleep(1); }", after: "c > 0" },
  { name: "await, then spin", source: "let d = 0; await sleep(2); while (true) d++;", after: "d > 0" },
  {
    name: "a loop of a library",
    source: "let e = 5; await sleep(1); Array.from({ length: 2e8 }, (_, i) => i).sort();",
    after: "e === 5",
  },
  {
    name: "an await that never settles",
    source: "let f = 1; try { await new Promise(() => {}); } finally { f = 2; }",
    after: "f === 2",
  },
  { name: "a loop of microtasks", source: "let g = 0; for (;;) { g++; await null; }", after: "g > 0" },
  {
    name: "for await over an endless generator",
    source: "let h = 0; for await (const x of (async function* () { for (;;) yield await sleep(1, 1); })()) h += x;",
    after: "h > 0",
  },
  { name: "a loop that prints", source: "let k = 0; while (true) console.log(k++);", after: "k > 0" },
  {
    name: "a library that prints",
    source: "let l = 3; [...Array(2e6).keys()].forEach(globalThis.console.log);",
    after: "l === 3",
  },
  {
    name: "a spin in a timer",
    source: "let m = 4; await new Promise(() => setTimeout(() => { for (;;); }, 1));",
    after: "m === 4",
  },
];

test.each(cells)("interrupt: $name stops at once and keeps the variables", async ({ source, after }) => {
  for (let round = 0; round < 2; round++) {
    const shown = notebook.all.length;
    const running = notebook.run(`console.log('go'); ${source}`);
    while (notebook.all.length === shown) await pause(5);
    await pause(60);
    await notebook.executor.interrupt();
    const { outcome } = await running;
    expect(outcome).toMatchObject({ status: "error", interrupted: true, error: { ename: "Interrupted" } });
    expect(outcome.executorLost).toBeUndefined(); // nobody had to kill it
    expect(result(await notebook.run(`kept === 42 && (${after})`))).toBe("true");
  }
});

test("interrupt: the cell's signal fires, so that cooperative code stops", async () => {
  const running = notebook.run(
    "let aborted = ''; signal.addEventListener('abort', () => { aborted = signal.reason.name; }); await sleep(1e6);",
  );
  await pause(30);
  await notebook.executor.interrupt();
  await running;
  expect(result(await notebook.run("aborted"))).toBe("'Interrupted'");
});

test("interrupt: a background loop of an earlier cell goes on", async () => {
  await notebook.run("let ticks = 0; void (async () => { while (ticks >= 0) { ticks++; await sleep(1); } })();");
  const running = notebook.run("await new Promise(() => {});");
  await pause(30);
  await notebook.executor.interrupt();
  await running;
  await notebook.run("const before = ticks; await sleep(30);");
  expect(result(await notebook.run("ticks > before"))).toBe("true");
  await notebook.run("ticks = -1e9;");
});

test("interrupt: a loop of the cell that was not awaited stops with it", async () => {
  const running = notebook.run(
    "let zombie = 0; const p = (async () => { for (;;) { zombie++; await sleep(1); } })(); p.catch(() => {}); await new Promise(() => {});",
  );
  await pause(30);
  await notebook.executor.interrupt();
  await running;
  await notebook.run("const seen = zombie; await sleep(20);");
  expect(result(await notebook.run("zombie === seen"))).toBe("true");
});

test("interrupt: a cell that swallows it is given up after its grace", async () => {
  const running = notebook.run("let swallowed = 0; while (true) { try { await sleep(1e6); } catch { swallowed++; } }");
  await pause(30);
  await notebook.executor.interrupt();
  expect((await running).outcome.interrupted).toBe(true);
  expect(result(await notebook.run("kept"))).toBe("42");
});

test("interrupt: one that comes before the cell has begun stops it when it does", async () => {
  for (let round = 0; round < 20; round++) {
    const running = notebook.run("for (;;) await null;");
    await pause(0);
    await notebook.executor.interrupt();
    expect((await running).outcome).toMatchObject({ interrupted: true, error: { ename: "Interrupted" } });
  }
  expect(result(await notebook.run("kept"))).toBe("42");
});

test("interrupt: nothing happens when no cell runs", async () => {
  await notebook.executor.interrupt();
  expect(result(await notebook.run("kept"))).toBe("42");
});

test("interrupt: native code that does not return is killed; a new executor goes on", async () => {
  await using own = await openNotebook();
  const running = own.run("require('node:child_process').execSync('sleep 30');");
  await pause(50);
  await own.executor.interrupt();
  const { outcome } = await running;
  expect(outcome).toMatchObject({ status: "error", executorLost: true, error: { ename: "ExecutorExit" } });
  expect(own.executor.alive).toBe(false);
});
