import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ExecutorEvent } from "../../kernel/executor/events.ts";
import { ExecutorProcess } from "../../kernel/session/supervisor.ts";
import { plotlyMime } from "../../src/plot/index.ts";

const cells = [
  `import { figure, liveCurves } from "rlvr-lab/plot";
   const data = [{ type: "scatter", mode: "lines", x: [1, 2], y: [1, 2] }];
   figure({ data, layout: { title: { text: "One" } }, summary: "One figure" })`,
  `const records = [], listeners = [];
   let end;
   const finished = new Promise((resolve) => (end = resolve));
   const run = { records, finished, onStep: (listener) => (listeners.push(listener), () => {}) };
   display(liveCurves(run))`,
  `for (let step = 1; step <= 20; step++) {
     records.push({ step, metrics: { reward: step / 20 } });
     for (const listener of listeners) listener();
     await new Promise((resolve) => setTimeout(resolve, 100));
   }
   end({ stopped: "finished" });
   void (await finished);`,
];

test("our kernel: a figure's samples are a display under it, as a result, displayed, and updated by its id", async () => {
  const executor = await ExecutorProcess.spawn({ cwd: join(import.meta.dirname, "../..") });
  const events: ExecutorEvent[] = [];
  const source = `import { figure, sampleBook } from "rlvr-lab/plot";
    const made = (text) => {
      const book = sampleBook({ base: { problems: [{ id: "p", completions: [{ text, score: 1 }] }] } });
      const data = [{ type: "scatter", mode: "markers", x: [1], y: [1], meta: { samples: [book.point("p", book.problem("p"))] } }];
      return figure({ data, layout: {}, summary: "One", samples: book.finish() });
    };
    await display(made("first"), { id: "mine" });
    await display(made("second"), { id: "mine" });
    made("third")`;
  try {
    const outcome = await executor.execute({ index: 0, id: "cell", source }, (event) => events.push(event));
    expect(outcome).toMatchObject({ status: "ok" });
  } finally {
    await executor.close();
  }
  expect(events.map((event) => [event.kind, Reflect.get(event, "displayId")])).toEqual([
    ["display", "mine"],
    ["display", "mine/below"],
    ["updateDisplay", "mine"],
    ["updateDisplay", "mine/below"],
    ["result", undefined],
    ["display", undefined],
  ]);
  for (const [i, event] of events.entries()) {
    const { data } = event as { data: Readonly<Record<string, unknown>> };
    const text = ["first", "second", "third"][Math.floor(i / 2)] ?? "";
    if (i % 2 === 1) expect(data["text/html"]).toContain(text);
    else expect(Object.keys(data)).toEqual([plotlyMime, "image/svg+xml", "text/plain"]);
  }
});

test("our kernel: a figure is a result with all its forms; live curves are one output of the cell that showed them", async () => {
  const executor = await ExecutorProcess.spawn({ cwd: join(import.meta.dirname, "../..") });
  const events: ExecutorEvent[] = [];
  try {
    for (const [index, source] of cells.entries()) {
      const outcome = await executor.execute({ index, id: `cell-${index}`, source }, (event) => events.push(event));
      expect(outcome).toMatchObject({ status: "ok" });
    }
    const done = () =>
      events.some(
        (event) => event.kind === "updateDisplay" && plotlyMime in event.data && Object.keys(event.data).length === 3,
      );
    for (let i = 0; i < 200 && !done(); i++) await sleep(50);
  } finally {
    await executor.close();
  }
  const [result, shown, ...updates] = events;
  expect(result).toMatchObject({ kind: "result", cell: 0, data: { "text/plain": "One figure" } });
  expect(Object.keys((result as { data: object }).data)).toEqual([plotlyMime, "image/svg+xml", "text/plain"]);
  expect(shown).toMatchObject({ kind: "display", cell: 1 });
  const id = (shown as { displayId: string }).displayId;
  for (const update of updates) expect(update).toMatchObject({ kind: "updateDisplay", cell: 1, displayId: id });
  expect(updates.length).toBeGreaterThan(2); // at least a picture, the figure, the figure with its picture
  const last = updates.at(-1) as { data: Readonly<Record<string, unknown>> };
  expect(last.data[plotlyMime]).toHaveProperty(["data", 0, "y", 19], 1); // reward 20 / 20 at the last step
});
