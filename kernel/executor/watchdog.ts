/**
 * A thread beside the executor's main thread. It hears of interrupts while the main thread is busy, raises the flag that
 * loops of cell code look at, tells the main thread, and terminates its JavaScript when it does not answer.
 */
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
const answerCpuMs = 8;
const answerMs = 80;
const unwindMs = 300;
const againMs = 10;
const attempts = 200;

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
  const open = (): boolean =>
    Atomics.load(state, Slot.heard) < number && Atomics.load(state, Slot.running) === run && run !== 0;
  Atomics.store(state, Slot.flag, 1);
  const tell = (): void => parentPort?.postMessage({ type: "interrupt", number, run });
  tell();
  waitForAnswer(state, number);
  for (let attempt = 0; attempt < attempts && open(); attempt++) {
    if (Atomics.load(state, Slot.critical) === 0) {
      Atomics.add(state, Slot.terminated, 1);
      session.post("Runtime.terminateExecution");
    }
    // The termination may have hit the handler of the last message.
    tell();
    await sleep(againMs);
  }
}

function waitForAnswer(state: SharedState, number: number): void {
  const before = process.cpuUsage();
  const started = performance.now();
  for (;;) {
    if (Atomics.wait(state, Slot.heard, number - 1, 2) !== "timed-out") return;
    const wall = performance.now() - started;
    const { user, system } = process.cpuUsage(before);
    const unwinding = Atomics.load(state, Slot.seen) === 1;
    if (wall >= (unwinding ? unwindMs : answerMs)) return;
    if (!unwinding && (user + system) / 1000 >= answerCpuMs) return;
  }
}

const input: WatchdogInput = workerData;
await watch(input);
