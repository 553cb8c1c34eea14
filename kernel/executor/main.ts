/** The executor process: takes cells from the supervisor on descriptor 4, runs them, writes frames to descriptor 3. */
import { Socket } from "node:net";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { MessageChannel, Worker } from "node:worker_threads";
import { captureProcessStreams, cellConsole } from "./console.ts";
import { ownerContext } from "./context.ts";
import { Displays } from "./display.ts";
import type { RunCommand } from "./frames.ts";
import { installHosts } from "./hosts.ts";
import { cellImports, pickExport } from "./imports.ts";
import { Interrupted, Interrupts } from "./interrupts.ts";
import { locateInLocal } from "./local-modules.ts";
import { OutputPipe } from "./output.ts";
import { reportExit, reportFailures, silenceOwnWarnings } from "./process-events.ts";
import { CellRun } from "./run.ts";
import type { CellServices } from "./services.ts";
import { Session } from "./session.ts";
import { newSharedState, Slot } from "./shared-state.ts";
import { installStacks } from "./stack.ts";
import { describeError } from "./tracebacks.ts";
import { tslabModule } from "./tslab.ts";
import type { WatchdogInput } from "./watchdog.ts";

const outputFd = 3;
const commandFd = 4;
const interruptFd = 5;

const folder = process.cwd();
const state = newSharedState();
const output = new OutputPipe(outputFd, Buffer.from(process.argv[2] ?? "", "hex"), state);
const runs = new Map<number, CellRun>();
const context = ownerContext<CellRun>();
const stacks = installStacks(runs, locateInLocal);
const interrupts = new Interrupts(state);
const displays = new Displays((run, body) => output.event(run, body));
/** Output before the first cell belongs to a cell 0, which is none of the notebook's. */
let latest = new CellRun(0, { index: 0, id: "", source: "" }, 0);

const owner = (): CellRun => context.current() ?? latest;
/** Without a context (a callback of the operating system) code belongs to the cell that it is written in. */
const ownerFrom = (lexical: CellRun): CellRun => context.current() ?? lexical;

const services: CellServices = {
  output,
  context,
  interrupts,
  state,
  stacks,
  ownerFrom,
  imports: cellImports(folder, { tslab: tslabModule(displays, owner) }),
  meta: cellMeta(),
  injected,
  pick(run, module, name, specifier, offset) {
    try {
      return pickExport(module, name, specifier);
    } catch (error) {
      stacks.note(error, run, offset);
      throw error;
    }
  },
  describe: (error, run) => describeError(error, stacks, run),
};
const session = new Session(services);

function cellMeta(): object {
  const filename = join(folder, "notebook.ipynb");
  return { url: pathToFileURL(filename).href, filename, dirname: folder };
}

function injected(run: CellRun): Readonly<Record<string, unknown>> {
  const credit = (): CellRun => ownerFrom(run);
  const filename = join(folder, run.cell.name ?? "notebook.ipynb");
  return {
    console: cellConsole(
      (name, text) => output.stream(credit(), name, text),
      () => displays.clear(credit(), false),
    ),
    display: displays.forCells(credit),
    signal: run.controller.signal,
    require: services.imports.require,
    __filename: filename,
    __dirname: dirname(filename),
  };
}

/** Cells start from a message, whose stack holds nothing of Node's that an interrupt's termination could corrupt. */
const starter = new MessageChannel();
starter.port2.on("message", ({ run: number, cell }: RunCommand) => {
  const run = new CellRun(number, cell, performance.now());
  runs.set(number, run);
  latest = run;
  Atomics.store(state, Slot.flag, 0);
  Atomics.store(state, Slot.seen, 0);
  Atomics.store(state, Slot.terminated, 0);
  Atomics.store(state, Slot.running, number);
  Atomics.store(state, Slot.begun, number);
  void session.run(run);
});

const commands = new Socket({ fd: commandFd, readable: true, writable: false });
createInterface({ input: commands }).on("line", (line) => starter.port1.postMessage(JSON.parse(line)));
/** The supervisor has gone. */
commands.on("close", () => process.exit(0));
commands.on("error", () => process.exit(0));

function startWatchdog(): void {
  const workerData: WatchdogInput = { state, fd: interruptFd };
  const watchdog = new Worker(new URL("./watchdog.js", import.meta.url), { workerData });
  watchdog.unref();
  watchdog.on("message", (message: { type: string; number?: number; run?: number }) => {
    if (message.type === "watching") return output.ready();
    const number = message.number ?? 0;
    const struckNext = Atomics.load(state, Slot.running) < 0;
    if (struckNext || number <= Atomics.load(state, Slot.heard)) return;
    Atomics.store(state, Slot.heard, number);
    Atomics.notify(state, Slot.heard);
    context.reset();
    const run = runs.get(message.run ?? 0);
    if (!run || run.finished) return Atomics.store(state, Slot.flag, 0);
    void interrupts.stop(run, () => session.finish(run, { error: new Interrupted() }));
  });
}

silenceOwnWarnings();
captureProcessStreams((name, text) => output.stream(owner(), name, text));
installHosts(displays, output, owner);
reportFailures({ output, context, stacks, owner });
reportExit({ output, stacks, owner });
startWatchdog();
