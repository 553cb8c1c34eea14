/** The executor's output and interrupts, against what the machine does without a kernel. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ExecutorProcess } from "../kernel/session/supervisor.ts";
import { median, report } from "./support/figure.ts";

const rounds = 7;
const lines = 100_000;
const print = `for (let i = 0; i < ${lines}; i++) console.log(i);`;

const cwd = mkdtempSync(join(tmpdir(), "rlvr-bench-"));
const executor = await ExecutorProcess.spawn({ cwd });
let index = 0;
let bytes = 0;
const run = async (source: string): Promise<number> => {
  index++;
  const start = performance.now();
  await executor.execute({ index, id: `c${index}`, source }, (event) => {
    if (event.kind === "stream") bytes += event.text.length;
  });
  return performance.now() - start;
};

/** The same loop in a plain child process, its output read through a pipe; the start of the process is not counted. */
async function plain(): Promise<number> {
  const child = spawn(process.execPath, ["-e", `process.stdin.once("data", () => { ${print} process.exit(); })`]);
  await pause(200);
  const start = performance.now();
  child.stdin.end("go");
  for await (const _chunk of child.stdout);
  return performance.now() - start;
}

async function interrupt(): Promise<number> {
  const running = run("for (;;);");
  await pause(60);
  const start = performance.now();
  await executor.interrupt();
  const ms = performance.now() - start;
  await running;
  return ms;
}

await run("1 + 1");
const [printed, piped, small, stopped]: [number[], number[], number[], number[]] = [[], [], [], []];
for (let round = 0; round < rounds; round++) {
  bytes = 0;
  printed.push(await run(print));
  if (bytes !== 588_890) throw new Error(`internal: ${bytes} of 588890 bytes arrived`);
  piped.push(await plain());
  small.push(await run("1 + 1"));
  stopped.push(await interrupt());
}
const name = (what: string): string => `${what}, median of ${rounds}`;
const figure = { bench: "kernel", unit: "ms" } as const;
report({ ...figure, name: name(`${lines} lines`), value: median(printed), against: "pipe", reference: median(piped) });
report({
  ...figure,
  name: name("interrupt of a spin"),
  value: median(stopped),
  against: "1 + 1",
  reference: median(small),
});
await executor.close();
rmSync(cwd, { recursive: true, force: true });
