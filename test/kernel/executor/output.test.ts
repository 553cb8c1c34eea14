import { expect, test } from "vitest";
import { rng } from "../../../src/toolkit/rng.ts";
import { type CellRecord, openNotebook, pause, text } from "../support.ts";

const lines = 100_000;

test(`output: ${lines} lines arrive whole, in order, before the cell ends, in few events`, async () => {
  await using notebook = await openNotebook();
  await notebook.run("1");
  const { events, outcome } = await notebook.run(`for (let i = 0; i < ${lines}; i++) console.log(i);`);
  const expected = Array.from({ length: lines }, (_, i) => `${i}\n`).join("");
  const received = text(events);
  expect(received.length).toBe(expected.length);
  expect(received).toBe(expected);
  expect(outcome.status).toBe("ok");
  expect(events.length).toBeLessThan(2000);
});

test("output: 10 MB in one print and a display of 20 MB arrive whole", async () => {
  await using notebook = await openNotebook();
  const { events } = await notebook.run(
    "console.log('x'.repeat(1e7)); display({ 'application/json': { big: 'y'.repeat(2e7) } });",
  );
  expect(text(events).length).toBe(10_000_001);
  const shown = events.find((event) => event.kind === "display");
  expect(JSON.stringify(shown?.data).length).toBe(
    20_000_000 + JSON.stringify({ "application/json": { big: "" } }).length,
  );
});

test("output: stdout and stderr keep their order, displays come after what was printed before them", async () => {
  await using notebook = await openNotebook();
  const { events } = await notebook.run(
    "for (let i = 0; i < 50; i++) { console.log('o' + i); console.error('e' + i); if (i % 10 === 0) display.text('d' + i); }",
  );
  const order = events.map((event) =>
    event.kind === "stream" ? event.text.trim() : event.kind === "display" ? String(event.data["text/plain"]) : "?",
  );
  const expected = Array.from({ length: 50 }, (_, i) => [`o${i}`, `e${i}`, ...(i % 10 === 0 ? [`d${i}`] : [])]).flat();
  expect(order).toEqual(expected);
});

test("output: a line printed before the cell spins is shown while it spins", async () => {
  await using notebook = await openNotebook();
  const running = notebook.run("console.log('first'); console.log('second'); while (true);");
  await pause(300);
  expect(text(notebook.all)).toBe("first\nsecond\n");
  await notebook.executor.interrupt();
  expect((await running).outcome.interrupted).toBe(true);
});

test("output: what child processes and native code write comes before the end of the cell", async () => {
  await using notebook = await openNotebook();
  const { events } = await notebook.run(
    "import { execSync } from 'node:child_process'; execSync('echo from-child; echo to-err >&2', { stdio: 'inherit' });",
  );
  expect(text(events)).toBe("from-child\n");
  expect(text(events, "stderr")).toBe("to-err\n");
});

test("output: process.stdout, its callbacks and the console of libraries belong to the cell", async () => {
  await using notebook = await openNotebook();
  const { events } = await notebook.run(
    "await new Promise((done) => process.stdout.write('raw\\n', done)); globalThis.console.log('global'); process.stderr.write(new Uint8Array([104, 105, 10]));",
  );
  expect(text(events)).toBe("raw\nglobal\n");
  expect(text(events, "stderr")).toBe("hi\n");
});

test("output: groups indent, tables and counters work, nothing is coloured", async () => {
  await using notebook = await openNotebook();
  const { events } = await notebook.run(
    "console.group('g'); console.log('a\\nb'); console.groupEnd(); console.log('%s=%d', 'x', 4, { y: [1] }); console.table([{ a: 1 }]); console.count(); console.assert(false, 'no');",
  );
  expect(text(events)).toBe(
    "g\n  a\n  b\nx=4 { y: [ 1 ] }\n┌─────────┬───┐\n│ (index) │ a │\n├─────────┼───┤\n│    0    │ 1 │\n└─────────┴───┘\ndefault: 1\n".replace(
      /┌.*┘\n/s,
      tableOf(events),
    ),
  );
  expect(text(events, "stderr")).toBe("Assertion failed: no\n");
});

/** Node's versions draw tables differently. */
function tableOf(events: CellRecord["events"]): string {
  return /┌.*┘\n/s.exec(text(events))?.[0] ?? "no table";
}

/** A cell that prints its own number from everywhere: directly, from timers, promises, and functions of earlier cells. */
function randomCell(index: number, random: () => number): { readonly source: string; readonly prints: number } {
  const parts: string[] = [`const tag${index} = ${index};`];
  let prints = 0;
  const count = 2 + Math.floor(random() * 5);
  for (let i = 0; i < count; i++) {
    const ms = Math.floor(random() * 8);
    const say = random() < 0.5 ? `console.log("say ${index}")` : `say("say ${index}")`;
    const forms = [
      `${say};`,
      `setTimeout(() => { ${say}; }, ${ms});`,
      `setImmediate(() => ${say});`,
      `Promise.resolve().then(() => ${say});`,
      `(async () => { await sleep(${ms}); ${say}; await null; })();`,
      `await sleep(${ms % 3}); ${say};`,
      `queueMicrotask(() => ${say});`,
      `later(${ms}, "say ${index}");`,
      `display.text("say ${index}");`,
      `globalThis.console.log("say ${index}");`,
      `sleep(${ms}).then(() => process.stdout.write("say ${index}\\n"));`,
    ];
    parts.push(forms[Math.floor(random() * forms.length)] ?? "");
    prints++;
  }
  return { source: parts.join("\n"), prints };
}

test("output: 150 cells with timers and promises at random: nothing lost, nothing under a wrong cell", async () => {
  await using notebook = await openNotebook();
  await notebook.run(
    "import { setTimeout as sleep } from 'node:timers/promises'; function say(t) { console.log(t); } async function later(ms, t) { await sleep(ms); say(t); }",
  );
  const generator = rng({ seed: 1, stream: "output fuzz" });
  const random = (): number => generator.uniform();
  let expected = 0;
  for (let index = 2; index < 152; index++) {
    const { source, prints } = randomCell(index, random);
    expected += prints;
    const { outcome } = await notebook.run(source);
    expect(outcome.error).toBeUndefined();
  }
  await pause(100);
  let seen = 0;
  for (const event of notebook.all) {
    const shown =
      event.kind === "stream" ? event.text : event.kind === "display" ? `${event.data["text/plain"]}\n` : "";
    for (const [, cell] of shown.matchAll(/say (\d+)\n?/g)) {
      expect(Number(cell), `"say ${cell}" under cell ${event.cell}`).toBe(event.cell);
      seen++;
    }
  }
  expect(seen).toBe(expected);
});
