/**
 * A thread beside the executor's main thread. It hears of interrupts while the main thread is busy, raises the flag that
 * loops of cell code look at, tells the main thread, and terminates its JavaScript when it does not answer.
 */
import { readFileSync } from "node:fs";
import { Session } from "node:inspector";
import { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { type SharedState, Slot } from "./shared-state.ts";

export interface WatchdogInput {
  readonly state: SharedState;
  /** Descriptor on which the supervisor writes one byte per interrupt. */
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
  for await (const _ of socket) {
    if (Atomics.load(state, Slot.running) === 0) continue;
    await interrupt(state, session, ++number);
  }
}

async function interrupt(state: SharedState, session: Session, number: number): Promise<void> {
  const run = Atomics.load(state, Slot.running);
  const tell = (): void => parentPort?.postMessage({ type: "interrupt", number, run });
  const open = (): boolean => !heard(state, number) && Atomics.load(state, Slot.running) === run && run !== 0;
  Atomics.store(state, Slot.flag, 1);
  tell();
  waitForAnswer(state, number);
  for (let attempt = 0; attempt < attempts && open(); attempt++) {
    if (Atomics.load(state, Slot.critical) === 0) {
      Atomics.add(state, Slot.terminated, 1);
      session.post("Runtime.terminateExecution");
    }
    // In an idle thread the termination strikes the next code to run, which is the handler of a message.
    for (let message = 0; message < 3 && open(); message++) {
      await sleep(againMs);
      tell();
    }
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
