import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { readNotebook } from "../../../kernel/notebook/format.ts";
import { runNotebook } from "../../../kernel/run/run.ts";

let folder = "";
let output = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rlvr-run-"));
  output = join(folder, "out", "n.ipynb");
});

/** Writes a notebook whose first cell holds parameters; returns its path. */
async function notebook(...sources: string[]): Promise<string> {
  const cells = sources.map((source, i) => ({
    cell_type: "code",
    id: `c${i}`,
    metadata: i === 0 ? { tags: ["parameters"] } : {},
    source,
    outputs: [{ output_type: "stream", name: "stdout", text: "from an earlier run" }],
    execution_count: 9,
  }));
  const path = join(folder, "n.ipynb");
  await writeFile(path, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }));
  return path;
}

async function outputsOf(path: string): Promise<unknown[]> {
  return (await readNotebook(path)).cells.map((cell) => (cell.cell_type === "code" ? cell.outputs : []));
}

test("run: cells share names, results and streams are saved, parameters replace defaults", async () => {
  const path = await notebook("const seed = 1;", "console.log(seed);\nawait Promise.resolve(seed * 2)", "seed + 0.5");
  const before = await readFile(path, "utf8");
  const result = await runNotebook(path, { output, settings: ["seed=3"] });
  expect(result.status).toBe("ok");
  expect(await outputsOf(output)).toEqual([
    [],
    [],
    [
      { output_type: "stream", name: "stdout", text: "3\n" },
      { output_type: "execute_result", data: { "text/plain": "6" }, metadata: {}, execution_count: 3 },
    ],
    [{ output_type: "execute_result", data: { "text/plain": "3.5" }, metadata: {}, execution_count: 4 }],
  ]);
  expect((await readNotebook(output)).metadata.rlvr).toMatchObject({ parameters: { seed: 3 } });
  expect(await readFile(path, "utf8")).toBe(before);
});

test("run: the first failing cell ends the run, is named, and what came before is saved", async () => {
  const path = await notebook("const seed = 1;", "console.log('kept');\nnull.x", "console.log('never')");
  const result = await runNotebook(path, { output });
  expect(result.status).toBe("failed");
  expect(result.failures).toMatchObject([{ number: 2, cell: { id: "c1" }, error: { ename: "TypeError" } }]);
  expect(result.failures[0]?.error.traceback.join("\n")).toMatch(/cell 2.*line 2|cell 2:2/);
  const [, failed, never] = await outputsOf(output);
  expect(failed).toMatchObject([{ text: "kept\n" }, { output_type: "error", ename: "TypeError" }]);
  expect(never).toEqual([]);
});

test("run: while a cell runs, the outputs of the cells before it come to the disk", async () => {
  const count = "parse(read('out/n.ipynb', 'utf8')).cells.filter(({ outputs = [] }) => outputs.length > 0).length";
  const wait = `let n; for (let i = 0; i < 200 && n !== WANTED; i++) { await new Promise((r) => setTimeout(r, 25)); n = ${count}; }\nn`;
  const path = await notebook(
    "import { readFileSync as read } from 'node:fs'; const { parse } = JSON;",
    "'first'",
    wait.replace("WANTED", "1").replace("let n", "var n"),
    wait.replace("WANTED", "2").replace("let n", "var n"),
  );
  await runNotebook(path, { output });
  expect((await outputsOf(output)).map((list) => JSON.stringify(list).match(/"text\/plain":"(.*?)"/)?.[1])).toEqual([
    undefined,
    "'first'",
    "1",
    "2",
  ]);
});

test("run: a check out of its band fails the cell after all its lines", async () => {
  const source = "const host = globalThis[Symbol.for('rlvr.check')];";
  const checks =
    "for (const ok of [false, true]) host({ name: 'gain', value: 0.1, band: [0.3, 1], ok });\nconsole.log('after')";
  const result = await runNotebook(await notebook(source, checks, "1"), { output });
  expect(result).toMatchObject({ status: "failed", failures: [{ number: 2, error: { ename: "CheckFailed" } }] });
  expect((await outputsOf(output))[1]).toMatchObject([{ text: "after\n" }, { ename: "CheckFailed" }]);
});

test("run: an abort stops the running cell, saves, and leaves the rest unrun", async () => {
  const path = await notebook("const seed = 1;", "console.log('on');\nwhile (true) {}", "2");
  const stop = new AbortController();
  const result = await runNotebook(path, {
    output,
    signal: stop.signal,
    reporter: { event: (event) => event.kind === "stream" && stop.abort() },
  });
  expect(result.status).toBe("interrupted");
  expect((await outputsOf(output))[1]).toMatchObject([{ text: "on\n" }, { output_type: "error" }]);
  expect((await outputsOf(output))[2]).toEqual([]);
});

test("run: a lost executor is a failure with its reason", async () => {
  const result = await runNotebook(await notebook("const seed = 1;", "process.exit(3)", "2"), { output });
  expect(result.status).toBe("failed");
  expect(result.failures[0]?.error).toMatchObject({ ename: "ExecutorExit" });
  expect(result.failures[0]?.error.evalue).toContain("3");
});

test("run: wrong use is refused before anything is written", async () => {
  const path = await notebook("const seed = 1;");
  await expect(runNotebook(path, { output, settings: ["sed=1"] })).rejects.toThrow('there is no parameter "sed"');
  await expect(runNotebook(path, { output: path })).rejects.toThrow("is the notebook itself");
  await expect(readFile(output)).rejects.toThrow("ENOENT");
  await expect(runNotebook(path, { output: join(path, "x.ipynb") })).rejects.toThrow("cannot write");
});

test.each([
  [{ cellMs: 300 }, "await new Promise(() => {})", "the cell ran longer than 0.3 s"],
  [{ cellMs: 300 }, "for (;;);", "the cell ran longer than 0.3 s"],
  [{ silentMs: 300 }, "await new Promise(() => {})", "the cell was silent for 0.3 s"],
  [{ totalMs: 300 }, "await new Promise(() => {})", "the notebook ran longer than 0.3 s"],
])("run: the limit %j stops a cell, which says so", async (limits, source, words) => {
  const result = await runNotebook(await notebook("const seed = 1;", source, "seed"), { output, limits });
  expect(result).toMatchObject({
    status: "failed",
    failures: [{ number: 2, error: { ename: "TimeoutError", evalue: words } }],
  });
  expect((await outputsOf(output)).slice(1)).toMatchObject([[{ output_type: "error", evalue: words }], []]);
});

test("run: a cell that prints is not silent, one that is quick is not over its time", async () => {
  const source = "for (let i = 0; i < 8; i++) { await new Promise((r) => setTimeout(r, 100)); console.log(i); }";
  const result = await runNotebook(await notebook("1", source), { output, limits: { silentMs: 600, cellMs: 60_000 } });
  expect(result.status).toBe("ok");
});

test("run: keep going runs all cells and names each that failed; a limit does not end it", async () => {
  const path = await notebook("const seed = 1;", "null.x", "await new Promise(() => {})", "seed + 1");
  const result = await runNotebook(path, { output, keepGoing: true, limits: { cellMs: 300 } });
  expect(result.status).toBe("failed");
  expect(result.failures.map(({ number, error }) => [number, error.ename])).toEqual([
    [2, "TypeError"],
    [3, "TimeoutError"],
  ]);
  expect((await outputsOf(output))[3]).toMatchObject([{ data: { "text/plain": "2" } }]);
});

test("run: a cell tagged raises-exception may fail, not one whose process dies", async () => {
  const path = await notebook("const seed = 1;", "null.x", "seed");
  const tag = async (source: string): Promise<void> => {
    const file: { cells: { metadata: object; source: string }[] } = JSON.parse(await readFile(path, "utf8"));
    Object.assign(file.cells[1] ?? {}, { metadata: { tags: ["raises-exception"] }, source });
    await writeFile(path, JSON.stringify(file));
  };
  await tag("null.x");
  expect((await runNotebook(path, { output })).status).toBe("ok");
  expect((await outputsOf(output))[2]).toHaveLength(1);
  await tag("process.exit(3)");
  expect((await runNotebook(path, { output })).status).toBe("failed");
});

test("run: from a cell on, what it needs is run and the rest keeps its outputs", async () => {
  const sources = ["const seed = 1;", "const a = seed + 1;\na", "console.log('side')", "const b = 10;\nb", "a * 100"];
  const path = await notebook(...sources);
  await runNotebook(path, { output });
  const ran: number[] = [];
  const skipped: number[] = [];
  const reporter = {
    cellStart: (_: unknown, { number }: { number: number }) => ran.push(number),
    skipped: (cells: readonly { number: number }[]) => skipped.push(...cells.map(({ number }) => number)),
  };
  const { notebook: made } = await runNotebook(path, { output, fromCell: "c4", reporter });
  expect([ran, skipped]).toEqual([
    [1, 2, 5],
    [3, 4],
  ]);
  expect((await outputsOf(output)).map((list) => JSON.stringify(list).match(/"10"|"200"|side/)?.[0])).toEqual([
    undefined,
    undefined,
    "side",
    '"10"',
    '"200"',
  ]);
  expect(made.metadata.rlvr).toMatchObject({ skipped: ["c2", "c3"], cells: { c3: { source: expect.any(String) } } });
  await runNotebook(path, { output, fromCell: "5", settings: ["seed=2"] }); // other parameters: nothing is kept
  expect((await outputsOf(output)).map((list) => (list as unknown[]).length)).toEqual([0, 0, 1, 0, 0, 1]);
  await expect(runNotebook(path, { output, fromCell: "9" })).rejects.toThrow('no code cell "9"');
});
