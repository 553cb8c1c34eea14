import { readFileSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { readNotebook } from "../../../kernel/notebook/format.ts";
import { parseNotebook } from "../../../kernel/notebook/parse.ts";
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
  expect(result.failure).toMatchObject({ number: 2, cell: { id: "c1" }, error: { ename: "TypeError" } });
  expect(result.failure?.error.traceback.join("\n")).toMatch(/cell 2.*line 2|cell 2:2/);
  const [, failed, never] = await outputsOf(output);
  expect(failed).toMatchObject([{ text: "kept\n" }, { output_type: "error", ename: "TypeError" }]);
  expect(never).toEqual([]);
});

test("run: when a cell starts, the outputs of the cells before it are on disk", async () => {
  const path = await notebook("const seed = 1;", "'first'", "'second'");
  const onDisk: number[] = [];
  const count = (): number =>
    parseNotebook(readFileSync(output, "utf8"), output).cells.filter(
      (cell) => cell.cell_type === "code" && cell.outputs.length > 0,
    ).length;
  await runNotebook(path, { output, reporter: { cellStart: () => onDisk.push(count()) } });
  expect([...onDisk, count()]).toEqual([0, 0, 1, 2]);
});

test("run: a check out of its band fails the cell after all its lines", async () => {
  const source = "const host = globalThis[Symbol.for('rlvr.check')];";
  const checks =
    "for (const ok of [false, true]) host({ name: 'gain', value: 0.1, band: [0.3, 1], ok });\nconsole.log('after')";
  const result = await runNotebook(await notebook(source, checks, "1"), { output });
  expect(result).toMatchObject({ status: "failed", failure: { number: 2, error: { ename: "CheckFailed" } } });
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
  expect(result.failure?.error).toMatchObject({ ename: "ExecutorExit" });
  expect(result.failure?.error.evalue).toContain("3");
});

test("run: wrong use is refused before anything is written", async () => {
  const path = await notebook("const seed = 1;");
  await expect(runNotebook(path, { output, settings: ["sed=1"] })).rejects.toThrow('there is no parameter "sed"');
  await expect(runNotebook(path, { output: path })).rejects.toThrow("is the notebook itself");
  await expect(readFile(output)).rejects.toThrow("ENOENT");
  await expect(runNotebook(path, { output: join(path, "x.ipynb") })).rejects.toThrow("cannot write");
});
