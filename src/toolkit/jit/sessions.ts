/**
 * Loaded graphs, kept by the content of the graph and dropped least recently used first.
 *
 * A session owns an arena as large as the graph's activations (hundreds of megabytes for a training step), so the cache
 * counts bytes, not sessions. ONNX Runtime does not say how large an arena is: a session is charged with the growth of
 * the process's resident memory while it was created and during its first runs, and at least with its graph and outputs.
 */
import { createHash } from "node:crypto";
import { availableParallelism, totalmem } from "node:os";
import { refuse } from "../refuse.ts";
import type { GraphModel, IoSpec } from "./graph.ts";
import type { HostTensor } from "./host-tensor.ts";
import {
  type NativeSession,
  type OnnxRuntime,
  type OrtTensor,
  openOnnxRuntime,
  refuseFailure,
  silent,
} from "./onnxruntime.ts";

/** How sessions run and how many are kept. */
export interface SessionOptions {
  /** Threads of one run. Default: the cores this process may use. Results are bit-identical for a fixed number. */
  readonly threads?: number;
  /**
   * Sessions are dropped, least recently used first, when together they hold more bytes than this. Default: a quarter
   * of the machine's (or container's) memory, which leaves room for weights, optimizer state and the caller's data.
   */
  readonly maxSessionBytes?: number;
}

/** A graph ready to run. The handle stays valid when the cache drops the native session: the next run loads it again. */
export interface Session {
  readonly key: string;
  readonly model: GraphModel;
  /**
   * Computes the graph, blocking this thread. Inputs are read in place; outputs are arrays of the caller's own.
   *
   * @throws UsageError when an input is missing, unknown, or of another shape or dtype than the graph's, and when ONNX
   *   Runtime cannot load or run the graph
   */
  run(feeds: Readonly<Record<string, HostTensor>>): Record<string, HostTensor>;
}

interface Loaded {
  readonly native: NativeSession;
  bytes: number;
  runs: number;
}

/** A session's arena grows during its first runs; later growth of the process is somebody else's. */
const measuredRuns = 2;

const keys = new WeakMap<GraphModel, string>();

/** The identity of a graph: a hash of its ONNX bytes, computed once per object. */
export function modelKey(model: GraphModel): string {
  let key = keys.get(model);
  if (key === undefined) {
    key = createHash("sha256").update(model.bytes).digest("hex").slice(0, 32);
    keys.set(model, key);
  }
  return key;
}

/** All sessions of one thread. */
export class Sessions {
  readonly threads: number;
  readonly maxBytes: number;
  readonly #ort: OnnxRuntime;
  /** In order of last use: the first entry is the next to go. */
  readonly #loaded = new Map<string, Loaded>();
  readonly #tensors = new WeakMap<HostTensor, OrtTensor>();

  constructor({ threads = availableParallelism(), maxSessionBytes = defaultMaxBytes() }: SessionOptions = {}) {
    if (!Number.isInteger(threads) || threads < 1) {
      refuse("engine", `threads is ${threads}`, "pass a whole number of threads, at least 1");
    }
    if (!(maxSessionBytes > 0)) {
      refuse("engine", `maxSessionBytes is ${maxSessionBytes}`, "pass the bytes that loaded graphs may hold");
    }
    this.threads = threads;
    this.maxBytes = maxSessionBytes;
    this.#ort = openOnnxRuntime();
  }

  /** Number of native sessions held. */
  get count(): number {
    return this.#loaded.size;
  }

  /** Estimated bytes of the native sessions held. */
  get bytes(): number {
    let total = 0;
    for (const { bytes } of this.#loaded.values()) total += bytes;
    return total;
  }

  /** A handle of a graph; nothing is loaded before {@link load} or its first run. Handles of one graph share a session. */
  handle(model: GraphModel): Session {
    const key = modelKey(model);
    return { key, model, run: (feeds) => this.#run(key, model, feeds) };
  }

  /** Loads a graph now, so that its first run does not have to. */
  load(session: Session): void {
    this.#open(session.key, session.model);
  }

  /** Runs a graph under ONNX Runtime's profiler, which writes a JSON file that starts with `prefix`. */
  profile(model: GraphModel, feeds: Readonly<Record<string, HostTensor>>, prefix: string, runs: number): void {
    const inputs = this.#inputs(model, feeds);
    const native = this.#create(model, { enableProfiling: true, profileFilePrefix: prefix });
    try {
      for (let i = 0; i < runs; i++) compute(native, model, inputs);
    } finally {
      native.endProfiling();
      native.dispose();
    }
  }

  /** Drops the native session of a graph, if it is loaded. */
  unload(key: string): void {
    this.#loaded.get(key)?.native.dispose();
    this.#loaded.delete(key);
  }

  /** Drops every native session. */
  clear(): void {
    for (const { native } of this.#loaded.values()) native.dispose();
    this.#loaded.clear();
  }

  #run(key: string, model: GraphModel, feeds: Readonly<Record<string, HostTensor>>): Record<string, HostTensor> {
    const inputs = this.#inputs(model, feeds);
    const entry = this.#open(key, model);
    const before = entry.runs < measuredRuns ? process.memoryUsage.rss() : undefined;
    const results = compute(entry.native, model, inputs);
    if (before !== undefined) {
      entry.runs++;
      entry.bytes += Math.max(0, process.memoryUsage.rss() - before);
      this.#evict(key);
    }
    return hostTensors(model, results);
  }

  #open(key: string, model: GraphModel): Loaded {
    let entry = this.#loaded.get(key);
    if (entry === undefined) {
      const before = process.memoryUsage.rss();
      const native = this.#create(model, {});
      const grown = process.memoryUsage.rss() - before;
      entry = { native, bytes: Math.max(grown, minimumBytes(model)), runs: 0 };
      this.#loaded.set(key, entry);
      this.#evict(key);
    } else {
      this.#loaded.delete(key); // and back in, as the last used
      this.#loaded.set(key, entry);
    }
    return entry;
  }

  #evict(keep: string): void {
    let total = this.bytes;
    for (const [key, { native, bytes }] of this.#loaded) {
      if (total <= this.maxBytes) return;
      if (key === keep) continue;
      native.dispose();
      this.#loaded.delete(key);
      total -= bytes;
    }
  }

  #create(model: GraphModel, profiling: object): NativeSession {
    const native = this.#ort.createSession();
    const { buffer, byteOffset, byteLength } = model.bytes;
    // Basic optimisation: all that helps these graphs at a third of the time to load. A spinning thread pool steals
    // the cores from the main thread, and from other processes, between two operators.
    const options = {
      intraOpNumThreads: this.threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "basic",
      logSeverityLevel: silent,
      extra: { session: { intra_op: { allow_spinning: "0" } } },
      ...profiling,
    };
    try {
      native.loadModel(buffer, byteOffset, byteLength, options);
    } catch (error) {
      return refuseFailure(model, "load", error); // nothing was loaded that could be disposed of
    }
    return native;
  }

  #inputs(model: GraphModel, feeds: Readonly<Record<string, HostTensor>>): Record<string, OrtTensor> {
    const inputs: Record<string, OrtTensor> = {};
    for (const spec of model.inputs) {
      const feed = feeds[spec.name];
      if (feed === undefined) {
        const given = Object.keys(feeds).join(", ") || "none";
        return refuse(model.name, `input ${spec.name} is missing (given: ${given})`, "pass every input of the graph");
      }
      checkFeed(model, spec, feed);
      inputs[spec.name] = this.#tensors.get(feed) ?? this.#convert(feed);
    }
    if (Object.keys(feeds).length !== model.inputs.length) {
      const extra = Object.keys(feeds).find((name) => !model.inputs.some((spec) => spec.name === name));
      refuse(
        model.name,
        `${extra} is no input of the graph`,
        `pass ${model.inputs.map(({ name }) => name).join(", ")}`,
      );
    }
    return inputs;
  }

  #convert(feed: HostTensor): OrtTensor {
    const tensor = this.#ort.tensor(dtypeOf(feed), feed.data, feed.shape);
    this.#tensors.set(feed, tensor);
    return tensor;
  }
}

function compute(
  native: NativeSession,
  model: GraphModel,
  inputs: Record<string, OrtTensor>,
): Record<string, OrtTensor> {
  try {
    return native.run(inputs, fetchesOf(model), { logSeverityLevel: silent });
  } catch (error) {
    return refuseFailure(model, "run", error);
  }
}

function checkFeed(model: GraphModel, spec: IoSpec, feed: HostTensor): void {
  const dtype = dtypeOf(feed);
  const size = feed.shape.reduce((product, extent) => product * extent, 1);
  const same = feed.shape.length === spec.shape.length && feed.shape.every((extent, i) => extent === spec.shape[i]);
  if (same && dtype === spec.dtype && feed.data.length === size) return;
  const given = `${dtype} [${feed.shape.join(", ")}] with ${feed.data.length} values`;
  refuse(model.name, `input ${spec.name} is ${given}`, `pass ${spec.dtype} [${spec.shape.join(", ")}]`);
}

function dtypeOf({ data }: HostTensor): "float32" | "int32" | "bool" {
  if (data instanceof Float32Array) return "float32";
  return data instanceof Int32Array ? "int32" : "bool";
}

const fetchCache = new WeakMap<GraphModel, Record<string, null>>();

function fetchesOf(model: GraphModel): Record<string, null> {
  let fetches = fetchCache.get(model);
  if (fetches === undefined) {
    fetches = Object.fromEntries(model.outputs.map(({ name }) => [name, null]));
    fetchCache.set(model, fetches);
  }
  return fetches;
}

function hostTensors(model: GraphModel, results: Record<string, OrtTensor>): Record<string, HostTensor> {
  const outputs: Record<string, HostTensor> = {};
  for (const { name } of model.outputs) {
    const result = results[name];
    if (result === undefined) throw new Error(`internal: ${model.name} returned no output ${name}`);
    const { data, dims } = result;
    if (!(data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array)) {
      throw new Error(`internal: ${model.name} returned ${name} as ${result.type}; cast it to float32, int32 or bool`);
    }
    outputs[name] = { data, shape: dims };
  }
  return outputs;
}

function minimumBytes(model: GraphModel): number {
  const outputs = model.outputs.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
  return model.bytes.byteLength + outputs;
}

function defaultMaxBytes(): number {
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return memory / 4;
}
