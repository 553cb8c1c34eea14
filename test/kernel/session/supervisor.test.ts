import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type ExecutorExit, ExecutorProcess } from "../../../kernel/session/supervisor.ts";
import { openNotebook, pause, result, temporaryFolder, text, traceback } from "../support.ts";

test.each([
  {
    name: "process.exit",
    source: "console.log('last words');\nprocess.exit(3);",
    reason: /^process\.exit\(3\) was called in cell 1, line 2/,
  },
  {
    name: "process.abort",
    source: "console.log('last words'); process.abort();",
    reason: /^process\.abort\(\) was called in cell 1/,
  },
  {
    name: "a signal",
    source: "console.log('last words'); process.kill(process.pid, 'SIGKILL'); for (;;);",
    reason: /SIGKILL/,
  },
  {
    name: "out of memory",
    source: "console.log('last words'); const keep = []; for (;;) keep.push(new Array(1e5).fill(Math.PI));",
    reason: /^out of memory \(JavaScript heap at \d+ MB\)/,
  },
])("supervisor: $name in a cell is an error of that cell with its reason", async ({ source, reason }) => {
  const notebook = await openNotebook({ execArgv: ["--max-old-space-size=80"] });
  const exits: ExecutorExit[] = [];
  notebook.executor.onExit((exit) => exits.push(exit));
  const record = await notebook.run(source);
  expect(record.outcome).toMatchObject({ status: "error", executorLost: true, error: { ename: "ExecutorExit" } });
  expect(text(record.events)).toBe("last words\n");
  expect(record.events.at(-1)).toMatchObject({ kind: "error", ename: "ExecutorExit", cell: 1 });
  expect(exits).toHaveLength(1);
  expect(exits[0]?.reason).toMatch(reason);
  expect(traceback(record)).toContain("all variables are lost");
  expect(notebook.executor.alive).toBe(false);
  expect((await notebook.run("1")).outcome.executorLost).toBe(true);
});

test("supervisor: cells queue, late output comes under its own cell", async () => {
  await using notebook = await openNotebook();
  const [first, second] = await Promise.all([
    notebook.run("setTimeout(() => console.log('late'), 20); 'first'"),
    notebook.run("await new Promise((r) => setTimeout(r, 60)); 'second'"),
  ]);
  expect([result(first), result(second)]).toEqual(["'first'", "'second'"]);
  expect(first.events.map(({ cell }) => cell)).toEqual([1, 1]);
  expect(text(first.events)).toBe("late\n");
  expect(text(second.events)).toBe("");
});

test("supervisor: close ends the process and what it started", async () => {
  const notebook = await openNotebook();
  const child = await notebook.run(
    "import { spawn } from 'node:child_process'; const c = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); c.pid",
  );
  const pid = Number(result(child));
  expect(runs(pid)).toBe(true);
  await notebook.executor.close();
  await pause(50);
  expect(runs(pid)).toBe(false);
  await notebook.executor.close();
});

test("supervisor: a Node that cannot be started is an error with its name", async () => {
  const options = { cwd: temporaryFolder(), nodePath: "/nonexistent/node" };
  await expect(ExecutorProcess.spawn(options)).rejects.toThrow(/did not start.*ENOENT/s);
});

/** A process that nobody has waited for is over too. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, "utf8"));
}
