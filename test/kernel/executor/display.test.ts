import { afterAll, beforeAll, expect, test } from "vitest";
import type { ExecutorEvent } from "../../../kernel/executor/events.ts";
import { type Notebook, openNotebook } from "../support.ts";

let notebook: Notebook;

beforeAll(async () => {
  notebook = await openNotebook();
});

afterAll(() => notebook.executor.close());

async function shown(source: string): Promise<readonly ExecutorEvent[]> {
  const { events, outcome } = await notebook.run(source);
  expect(outcome.error).toBeUndefined();
  return events;
}

test.each<{ name: string; source: string; data: Readonly<Record<string, unknown>> }>([
  { name: "html", source: "display.html('<b>x</b>')", data: { "text/html": "<b>x</b>" } },
  { name: "markdown", source: "display.markdown('# x')", data: { "text/markdown": "# x" } },
  { name: "latex", source: "display.latex('x^2')", data: { "text/latex": "x^2" } },
  { name: "svg", source: "display.svg('<svg/>')", data: { "image/svg+xml": "<svg/>" } },
  { name: "png bytes as base64", source: "display.png(new Uint8Array([1, 2, 3]))", data: { "image/png": "AQID" } },
  {
    name: "any type",
    source: "display.raw('application/x-own', { a: [1] })",
    data: { "application/x-own": { a: [1] } },
  },
  { name: "text", source: "display.text('plain')", data: { "text/plain": "plain" } },
  { name: "a value", source: "display({ a: [1, 'x'] }); undefined", data: { "text/plain": "{ a: [ 1, 'x' ] }" } },
  {
    name: "a bundle",
    source: "display({ 'text/plain': 't', 'application/json': { n: 1 } }); 0;",
    data: { "text/plain": "t", "application/json": { n: 1 } },
  },
  {
    name: "an object that shows itself",
    source: "display({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<i>own</i>' }) });",
    data: { "text/html": "<i>own</i>" },
  },
  {
    name: "an object that shows itself later",
    source: "display({ [Symbol.for('Jupyter.display')]: async () => ({ 'text/html': 'async' }) });",
    data: { "text/html": "async" },
  },
  { name: "a promise", source: "display(Promise.resolve(7));", data: { "text/plain": "7" } },
])("display: $name", async ({ source, data }) => {
  const [first] = await shown(source);
  expect(first).toMatchObject({ kind: "display", data });
  expect(first?.kind === "display" && Object.keys(first.data)).toEqual(Object.keys(data));
});

test("display: arrays of objects and data frames are tables, long ones are cut with a count", async () => {
  const [records] = await shown("[{ a: 1, b: '<x>' }, { a: 22, c: true }]");
  expect(records).toMatchObject({
    kind: "result",
    data: {
      "text/plain": " a  b    c\n 1  <x>\n22       true",
      "text/html":
        "<table>\n<thead><tr><th>a</th><th>b</th><th>c</th></tr></thead>\n<tbody>\n<tr><td>1</td><td>&lt;x&gt;</td><td></td></tr>\n<tr><td>22</td><td></td><td>true</td></tr>\n</tbody>\n</table>",
    },
  });
  const [frame] = await shown("({ $data: [[1, 'x']], columns: ['n', 's'], index: ['r0'] })");
  expect(JSON.stringify(frame)).toContain("<tr><th>r0</th><td>1</td><td>x</td></tr>");
  const [long] = await shown("Array.from({ length: 500 }, (_, i) => ({ i }))");
  expect(JSON.stringify(long)).toContain("500 rows × 1 columns");
  expect(JSON.stringify(long)).not.toContain("<td>60</td>");
});

test("display: values that are not ready keep their order, and the cell waits for them", async () => {
  const events = await shown(
    "const slow = (ms, v) => new Promise((r) => setTimeout(() => r(v), ms)); display(slow(20, 'first')); display('second'); 'result'",
  );
  expect(events.map((event) => ("data" in event ? event.data["text/plain"] : ""))).toEqual([
    "'first'",
    "'second'",
    "'result'",
  ]);
});

test("display: a value that fails is the cell's error", async () => {
  const { outcome } = await notebook.run("display(Promise.reject(new Error('not to be had'))); 1");
  expect(outcome.error).toMatchObject({ ename: "Error", evalue: "not to be had" });
});

test("display: the same id replaces in place, clear says so", async () => {
  const events = await shown("display('a', { id: 'x' }); display('b', { id: 'x' }); display.clear(true);");
  expect(events).toMatchObject([
    { kind: "display", displayId: "x" },
    { kind: "updateDisplay", displayId: "x", data: { "text/plain": "'b'" } },
    { kind: "clear", wait: true },
  ]);
});

test("display: tslab's module is served", async () => {
  const events = await shown(
    "import * as tslab from 'tslab'; tslab.display.html('<p>'); const d = tslab.newDisplay(); d.text('1'); d.text('2');",
  );
  expect(events.map(({ kind }) => kind)).toEqual(["display", "display", "updateDisplay"]);
});

test("display: errors as values are shown with their cell lines", async () => {
  const [event] = await shown("\nnew Error('a value')");
  expect(event).toMatchObject({
    kind: "result",
    data: { "text/plain": expect.stringMatching(/^Error: a value\n {4}at cell \d+, line 2, column 1$/) },
  });
});
