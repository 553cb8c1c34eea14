/**
 * The engine: one worker thread that holds the ONNX Runtime sessions and all weights, seen from the main thread.
 *
 * Everything slow happens in the worker, so a training step never blocks the event loop. Calls run one at a time, in
 * the order they were made. The worker keeps the process alive while a call is pending, and only then.
 */
import { type Transferable, Worker } from "node:worker_threads";
import { entryPoint } from "../entry-point.ts";
import { UsageError } from "../refuse.ts";
import type { OpTime, ProfileResult, WireFeed } from "./engine-program.ts";
import type { GraphModel } from "./graph.ts";
import type { HostTensor } from "./host-tensor.ts";
import { ParameterStore } from "./parameter-store.ts";
import { Recent } from "./recent.ts";
import type { EngineMemory } from "./runtime.ts";
import { modelKey, type SessionOptions } from "./sessions.ts";
import type { ErrorRecord, WorkerMessage } from "./worker.ts";

/** Options of an engine: threads, and how much memory loaded graphs may hold. */
export interface EngineOptions extends SessionOptions {}

/** A weight that already lies in the worker, as an input of a graph: nothing is copied. */
export interface ParameterRef {
  readonly store: ParameterStore;
  readonly parameter: string;
}

/** An input of a graph. */
export type Feed = HostTensor | ParameterRef;

/** Options of one call. */
export interface CallOptions {
  /** Buffers inside the payload that are moved to the worker (and are empty here afterwards) instead of copied. */
  readonly transfer?: readonly Transferable[];
  /**
   * Stops the call: one that waits never starts, a running one stops at its next checkpoint. The promise then rejects
   * with the signal's reason. A call that passed its last checkpoint completes and resolves.
   */
  readonly signal?: AbortSignal | undefined;
  /** Receives what the program reports while it runs. */
  readonly onProgress?: ((value: never) => void) | undefined;
}

/** What the main thread sends. */
export type EngineMessage =
  | {
      readonly kind: "call";
      readonly id: number;
      readonly program: string;
      readonly method: string;
      readonly payload: unknown;
      readonly cancel?: SharedArrayBuffer;
    }
  | { readonly kind: "model"; readonly model: GraphModel }
  | { readonly kind: "forget"; readonly key: string }
  | { readonly kind: "release"; readonly id: number }
  | { readonly kind: "close" };

/** What the worker is started with. */
export interface WorkerData extends EngineOptions {
  /** One int32: not 0 once the engine is being closed, when calls stop at their next checkpoint. */
  readonly closing: SharedArrayBuffer;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
  readonly progress: ((value: never) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly abort: (() => void) | undefined;
}

/** Graphs that a worker knows by their keys; each costs its serialised bytes, a session is counted apart. */
const maxRegistered = 256;

/** One worker with its sessions and weights. Results are bit-identical for the same inputs and number of threads. */
export class Engine {
  static #shared: Engine | undefined;

  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  /** Keys of the graphs that the worker knows. */
  readonly #registered = new Recent<string, true>(maxRegistered, (key) => this.#post({ kind: "forget", key }));
  readonly #forgotten: FinalizationRegistry<number>;
  readonly #builtin: URL;
  readonly #closing = new SharedArrayBuffer(4);
  readonly #exited: Promise<void>;
  #nextId = 1;
  #ended: Error | undefined;

  constructor({ threads, maxSessionBytes }: EngineOptions = {}) {
    this.#builtin = entryPoint("./engine-program.ts", import.meta.url);
    const limits = {
      ...(threads !== undefined && { threads }),
      ...(maxSessionBytes !== undefined && { maxSessionBytes }),
    };
    // onnxruntime's Linux library sends usage data to its maker unless this is set when it loads; its native code reads the
    // process's environment, not the worker's. Whoever wants to send sets it to 0.
    process.env.ORT_DISABLE_TELEMETRY ??= "1";
    // The host's own flags (loaders, inspectors, type stripping) are for its sources; the worker runs built code.
    this.#worker = new Worker(entryPoint("./worker.ts", import.meta.url), {
      name: "rlvr-engine",
      workerData: { ...limits, closing: this.#closing } satisfies WorkerData,
      execArgv: [],
    });
    this.#worker.unref();
    this.#worker.on("message", (message: WorkerMessage) => this.#receive(message));
    this.#worker.on("error", (error) => this.#end("failed", error));
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        this.#end(`exited with code ${code}`);
        resolve();
      });
    });
    this.#forgotten = new FinalizationRegistry((id) => this.release(id));
  }

  /** The process's common engine with default options, started on first use. */
  static shared(): Engine {
    if (Engine.#shared === undefined || Engine.#shared.#ended !== undefined) Engine.#shared = new Engine();
    return Engine.#shared;
  }

  /**
   * Runs a graph once.
   *
   * @throws UsageError when an input is missing, unknown, or of another shape or dtype than the graph's
   */
  async run(
    model: GraphModel,
    feeds: Readonly<Record<string, Feed>>,
    options: CallOptions = {},
  ): Promise<Record<string, HostTensor>> {
    return this.#call("run", { key: this.register(model), feeds: this.wireFeeds(feeds) }, options);
  }

  /** Loads a graph ahead of its first run. */
  async prepare(model: GraphModel): Promise<void> {
    await this.#call("load", { key: this.register(model) });
  }

  /** Runs a graph under ONNX Runtime's profiler: time per op type, slowest first, for one run. */
  async profile(model: GraphModel, feeds: Readonly<Record<string, Feed>>, runs = 3): Promise<readonly OpTime[]> {
    const payload = { key: this.register(model), feeds: this.wireFeeds(feeds), runs };
    return (await this.#call<ProfileResult>("profile", payload)).ops;
  }

  /** Copies weights into the worker. */
  async parameters(tensors: Readonly<Record<string, HostTensor>>): Promise<ParameterStore> {
    const id = await this.#call<number>("createStore", { tensors: packed(tensors) });
    const shapes = Object.entries(tensors).map(([name, { shape }]) => [name, [...shape]] as const);
    return new ParameterStore(this, id, Object.fromEntries(shapes));
  }

  /**
   * Runs a method of a program inside the worker.
   *
   * @param program the program's built module, from `entryPoint("./my-program.ts", import.meta.url)`
   * @param payload structured-clonable; it is copied, except the buffers named in `transfer`
   */
  async call<T>(program: URL, method: string, payload: unknown, options: CallOptions = {}): Promise<T> {
    const { signal, transfer = [], onProgress } = options;
    signal?.throwIfAborted();
    if (this.#ended !== undefined) throw this.#ended;
    const id = this.#nextId++;
    const cancel = signal === undefined ? undefined : new SharedArrayBuffer(4);
    const abort = cancel && (() => void Atomics.store(new Int32Array(cancel), 0, 1));
    const reply = new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, progress: onProgress, signal, abort });
    });
    try {
      const message = { kind: "call", id, program: program.href, method, payload, ...(cancel && { cancel }) } as const;
      this.#post(message, transfer);
    } catch (error) {
      this.#pending.delete(id);
      throw error;
    }
    if (abort) signal?.addEventListener("abort", abort, { once: true });
    this.#worker.ref();
    return reply;
  }

  /**
   * Makes a graph known to the worker and returns the key by which programs find it (`runtime.sessionOf`). The worker
   * forgets the graphs that were not registered for longest, so register before every call, in the same turn.
   */
  register(model: GraphModel): string {
    const key = modelKey(model);
    this.#registered.get(key, () => {
      this.#post({ kind: "model", model });
      return true;
    });
    return key;
  }

  /** Lets the worker forget a kept object once calls made before are done. */
  release(id: number): void {
    if (this.#ended === undefined) this.#post({ kind: "release", id });
  }

  /** Releases a kept object when `owner` is garbage collected. */
  releaseWith(owner: object, id: number): void {
    this.#forgotten.register(owner, id);
  }

  /** What the worker holds now. */
  memory(): Promise<EngineMemory> {
    return this.#call("memory", {});
  }

  /**
   * Ends the worker: pending calls reject at once, the one that runs stops at its next checkpoint, then memory is freed.
   * Weights in it are gone.
   */
  async close(): Promise<void> {
    if (this.#ended === undefined) {
      // Not terminate(): ending a thread inside ONNX Runtime ends the process.
      Atomics.store(new Int32Array(this.#closing), 0, 1);
      this.#post({ kind: "close" });
      this.#end("was closed");
      this.#worker.ref();
    }
    await this.#exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call<T>(method: string, payload: unknown, options?: CallOptions): Promise<T> {
    return this.call(this.#builtin, method, payload, options);
  }

  #post(message: EngineMessage, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Inputs as they cross to the worker. */
  wireFeeds(feeds: Readonly<Record<string, Feed>>): Record<string, WireFeed> {
    const wire: Record<string, WireFeed> = {};
    for (const [name, feed] of Object.entries(feeds)) {
      wire[name] = "store" in feed ? { store: feed.store.idIn(this), parameter: feed.parameter } : pack(feed);
    }
    return wire;
  }

  #receive(message: WorkerMessage): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if (message.kind === "progress") {
      pending.progress?.(message.value as never);
      return;
    }
    this.#pending.delete(message.id);
    if (pending.abort) pending.signal?.removeEventListener("abort", pending.abort);
    if (this.#pending.size === 0) this.#worker.unref();
    if (message.kind === "result") pending.resolve(message.result as never);
    else if (message.kind === "aborted") pending.reject(pending.signal?.reason);
    else pending.reject(revive(message.error));
  }

  #end(how: string, cause?: unknown): void {
    if (this.#ended !== undefined) return;
    const detail = cause instanceof Error ? `: ${cause.message}` : "";
    const lost = "its weights and unfinished calls are lost; make a new Engine and load a checkpoint";
    this.#ended = new Error(`engine: the worker ${how}${detail}; ${lost}.`, { cause });
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}

/** A view of a larger buffer would be cloned with all of it. */
function pack({ data, shape }: HostTensor): HostTensor {
  return { data: data.byteLength === data.buffer.byteLength ? data : data.slice(), shape: [...shape] };
}

/** The tensors as they are best sent to the worker. */
export function packed(tensors: Readonly<Record<string, HostTensor>>): Record<string, HostTensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, pack(tensor)]));
}

function revive(record: ErrorRecord): Error {
  const options = record.cause === undefined ? undefined : { cause: revive(record.cause) };
  const error = record.usage ? new UsageError(record.message, options) : new Error(record.message, options);
  if (!record.usage) Object.defineProperty(error, "name", { value: record.name, configurable: true });
  if (record.stack !== undefined) error.stack = `${record.stack}\n    in the engine's worker`;
  return error;
}
