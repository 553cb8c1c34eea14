/**
 * A thread beside the executor's main thread. It hears of interrupts while the main thread is busy, raises the flag that
 * loops of cell code look at, tells the main thread, and terminates its JavaScript when it does not answer.
 */
import { readFileSync } from "node:fs";
import { Session } from "node:inspector";
import { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { type SharedState, Slot } from "./shared-state.ts";

export interface WatchdogInput {
  readonly state: SharedState;
  /** Descriptor on which the supervisor writes the number of the run to interrupt, a line each. */
  readonly fd: number;
}

/**
 * How long the main thread may take to answer before its JavaScript is terminated: processor time, since a loaded
 * machine may not let it run, or wall time, since it may be blocked. Cell code that has seen the flag unwinds (its
 * `finally` blocks run) and gets longer.
 */
const answerCpuMs = 12;
const answerMs = 250;
const unwindMs = 300;
const againMs = 4;
const attempts = 250;

async function watch({ state, fd }: WatchdogInput): Promise<void> {
  const session = new Session();
  session.connectToMainThread();
  let number = 0;
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.on("error", () => undefined);
  parentPort?.postMessage({ type: "watching" });
  for await (const line of createInterface({ input: socket })) {
    await interrupt(state, session, ++number, Number(line));
  }
}

async function interrupt(state: SharedState, session: Session, number: number, run: number): Promise<void> {
  const tell = (): void => parentPort?.postMessage({ type: "interrupt", number, run });
  // The command to run may still be on its way.
  while (Atomics.load(state, Slot.begun) < run) await sleep(1);
  if (Atomics.load(state, Slot.running) !== run) return;
  Atomics.store(state, Slot.flag, 1);
  tell();
  waitForAnswer(state, number);
  for (let attempt = 0; attempt < attempts && !heard(state, number); attempt++) {
    const calm = Atomics.load(state, Slot.critical) === 0;
    if (calm && Atomics.compareExchange(state, Slot.running, run, -run) === run) {
      await terminate(state, session, tell);
      Atomics.compareExchange(state, Slot.running, -run, run);
      Atomics.notify(state, Slot.running);
    }
    tell();
    await sleep(againMs);
    if (Atomics.load(state, Slot.running) !== run) return;
  }
}

/** Resolves when the termination has struck. In an idle thread it strikes the next code to run: a message's handler. */
async function terminate(state: SharedState, session: Session, tell: () => void): Promise<void> {
  let struck = false;
  Atomics.add(state, Slot.terminated, 1);
  session.post("Runtime.terminateExecution", () => {
    struck = true;
  });
  for (let wait = 0; wait < attempts && !struck; wait++) {
    await sleep(1);
    if (wait % againMs === againMs - 1) tell();
  }
}

function heard(state: SharedState, number: number): boolean {
  return Atomics.load(state, Slot.heard) >= number;
}

function waitForAnswer(state: SharedState, number: number): void {
  const before = cpuMs();
  const started = performance.now();
  while (!heard(state, number)) {
    Atomics.wait(state, Slot.heard, Atomics.load(state, Slot.heard), 2);
    const wall = performance.now() - started;
    const unwinding = Atomics.load(state, Slot.seen) === 1;
    if (wall >= (unwinding ? unwindMs : answerMs)) return;
    if (!unwinding && cpuMs() - before >= answerCpuMs) return;
  }
}

/** Processor time of the main thread where the system tells it (Linux), else of the process, ms. */
function cpuMs(): number {
  try {
    const [nanoseconds = ""] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1").split(" ");
    return Number(nanoseconds) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
}

const input: WatchdogInput = workerData;
await watch(input);
