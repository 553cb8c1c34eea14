/**
 * The engine's worker thread: one queue of calls, one runtime. Started by `Engine`, from built code only.
 */
import { parentPort, workerData } from "node:worker_threads";
import { UsageError } from "../refuse.ts";
import type { EngineMessage, WorkerData } from "./engine.ts";
import { CallAborted, type CallContext, type Program, type ProgramMethod } from "./program.ts";
import { Runtime } from "./runtime.ts";

/** What the worker sends back. */
export type WorkerMessage =
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | { readonly kind: "progress"; readonly id: number; readonly value: unknown }
  | { readonly kind: "aborted"; readonly id: number }
  | { readonly kind: "error"; readonly id: number; readonly error: ErrorRecord };

/** An error that crossed the thread boundary as data. */
export interface ErrorRecord {
  readonly usage: boolean;
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ErrorRecord;
}

type Call = Extract<EngineMessage, { kind: "call" }>;

if (parentPort === null) throw new Error("internal: worker.ts must be started by an Engine");
const port = parentPort;
const programs = new Map<string, Promise<Program>>();
const { closing, ...options }: WorkerData = workerData;
const closed = new Int32Array(closing);
let runtime: Runtime | undefined; // opened by the first call, so that its failure is that call's error
let tail: Promise<void> = Promise.resolve();

port.on("message", (message: EngineMessage) => {
  tail = tail.then(() => receive(message));
});

async function receive(message: EngineMessage): Promise<void> {
  switch (message.kind) {
    case "call":
      return answer(message);
    case "model":
      return openRuntime().register(message.model);
    case "forget":
      runtime?.forget(message.key);
      return;
    case "release":
      runtime?.release(message.id);
      return;
    case "close":
      runtime?.close();
      port.close(); // nothing else keeps the thread
      return;
    default:
      message satisfies never;
  }
}

function openRuntime(): Runtime {
  runtime ??= new Runtime(options);
  return runtime;
}

async function answer(call: Call): Promise<void> {
  const { id } = call;
  const context = contextOf(call);
  try {
    context.checkpoint();
    const method = await findMethod(call);
    const { result, transfer = [] } = await method(openRuntime(), call.payload as never, context);
    port.postMessage({ kind: "result", id, result } satisfies WorkerMessage, [...transfer]);
  } catch (error) {
    const reply: WorkerMessage =
      error instanceof CallAborted ? { kind: "aborted", id } : { kind: "error", id, error: errorRecord(error) };
    port.postMessage(reply);
  }
}

function contextOf({ id, cancel }: Call): CallContext {
  const flag = cancel === undefined ? undefined : new Int32Array(cancel);
  return {
    get aborted() {
      return Atomics.load(closed, 0) !== 0 || (flag !== undefined && Atomics.load(flag, 0) !== 0);
    },
    checkpoint() {
      if (this.aborted) throw new CallAborted("the caller's signal fired");
    },
    progress: (value) => port.postMessage({ kind: "progress", id, value } satisfies WorkerMessage),
  };
}

async function findMethod({ program: url, method: name }: Call): Promise<ProgramMethod> {
  let loading = programs.get(url);
  if (loading === undefined) {
    loading = loadProgram(url);
    programs.set(url, loading);
  }
  const program = await loading;
  const method = Object.hasOwn(program, name) ? program[name] : undefined;
  if (method !== undefined) return method;
  throw new UsageError(`engine.call: ${url} has no method ${name}; it has ${Object.keys(program).join(", ")}.`);
}

async function loadProgram(url: string): Promise<Program> {
  const module: { readonly program?: Program } = await import(url);
  if (module.program !== undefined) return module.program;
  throw new UsageError(`engine.call: ${url} exports no program; export \`const program: Program\` from it.`);
}

function errorRecord(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { usage: false, name: "Error", message: String(error) };
  const { name, message, stack, cause } = error;
  return {
    usage: error instanceof UsageError,
    name,
    message,
    ...(stack !== undefined && { stack }),
    ...(cause !== undefined && { cause: errorRecord(cause) }),
  };
}
