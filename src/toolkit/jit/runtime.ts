/**
 * What programs see inside the engine's worker: sessions, weight stores, and objects of their own that live between
 * calls.
 */
import { createHash } from "node:crypto";
import { refuse } from "../refuse.ts";
import type { GraphModel } from "./graph.ts";
import type { HostTensor } from "./host-tensor.ts";
import { modelKey, type Session, type SessionOptions, Sessions } from "./sessions.ts";

export type { Session } from "./sessions.ts";

/** A weight as it lies in the worker: the array is updated in place, so graphs always read the newest values. */
export interface Weight extends HostTensor {
  readonly data: Float32Array;
}

/** Named weights of one {@link ParameterStore}. */
export class WeightStore {
  readonly weights: ReadonlyMap<string, Weight>;

  /** Takes over the arrays of `tensors`. */
  constructor(tensors: Readonly<Record<string, HostTensor>>) {
    const weights = new Map<string, Weight>();
    for (const [name, { data, shape }] of Object.entries(tensors)) {
      if (!(data instanceof Float32Array)) refuse("parameters", `${name} is not float32`, "pass a Float32Array");
      weights.set(name, { data, shape });
    }
    this.weights = weights;
  }

  get bytes(): number {
    return [...this.weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  }

  /** One weight. @throws UsageError when the store has none of that name */
  get(name: string): Weight {
    const weight = this.weights.get(name);
    if (weight !== undefined) return weight;
    const names = [...this.weights.keys()].join(", ");
    return refuse("parameters", `there is no parameter ${name}`, `name one of ${names}`);
  }

  /** Copies of the named weights, all by default. */
  read(names: readonly string[] = [...this.weights.keys()]): Record<string, Weight> {
    return Object.fromEntries(
      names.map((name) => {
        const { data, shape } = this.get(name);
        return [name, { data: data.slice(), shape }];
      }),
    );
  }

  /** Overwrites weights in place. @throws UsageError, with nothing written, when a name or shape does not fit */
  write(values: Readonly<Record<string, HostTensor>>): void {
    for (const [name, { data, shape }] of Object.entries(values)) {
      const weight = this.get(name);
      const given = `${name} has shape [${shape.join(", ")}] and ${data.length} values`;
      const fits = shape.join() === weight.shape.join() && data.length === weight.data.length;
      if (!fits) refuse("parameters.write", given, `pass shape [${weight.shape.join(", ")}]`);
      if (!(data instanceof Float32Array)) refuse("parameters.write", `${name} is not float32`, "pass a Float32Array");
    }
    for (const [name, { data }] of Object.entries(values)) this.get(name).data.set(data);
  }

  /** SHA-256 over names, shapes and bytes, in order of name; its first 128 bits in hex. */
  fingerprint(): string {
    const hash = createHash("sha256");
    for (const name of [...this.weights.keys()].sort()) {
      const { data, shape } = this.get(name);
      hash.update(`${name}\0${shape.join()}\0`);
      hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    return hash.digest("hex").slice(0, 32);
  }
}

/** Memory of an engine, in bytes. */
export interface EngineMemory {
  /** Native sessions held. */
  readonly sessions: number;
  /** Their graphs and arenas, as estimated from the growth of resident memory. */
  readonly sessionBytes: number;
  /** Weights of all parameter stores. */
  readonly parameterBytes: number;
  /** Other objects that programs keep in the worker and that tell their size: gradients, moments, caches. */
  readonly programBytes: number;
  /** Resident memory of the whole process. */
  readonly rss: number;
}

/** The worker's side of an engine. */
export class Runtime {
  readonly #sessions: Sessions;
  readonly #registered = new Map<string, Session>();
  readonly #kept = new Map<number, object>();
  #nextId = 1;

  constructor(options: SessionOptions = {}) {
    this.#sessions = new Sessions(options);
  }

  /** Threads of one run. */
  get threads(): number {
    return this.#sessions.threads;
  }

  /** The session of a graph. What it loads is shared by everybody who asks for a graph of the same bytes. */
  session(model: GraphModel): Session {
    return this.#sessions.handle(model);
  }

  /** Makes a graph known to {@link sessionOf} until it is forgotten. */
  register(model: GraphModel): void {
    this.#registered.set(modelKey(model), this.session(model));
  }

  /** Forgets a graph by its key and unloads it; a session that somebody holds loads it again when it runs. */
  forget(key: string): void {
    this.#registered.delete(key);
    this.#sessions.unload(key);
  }

  /** The session registered by `engine.register`. */
  sessionOf(key: string): Session {
    const session = this.#registered.get(key);
    if (session === undefined) throw new Error(`internal: no graph is registered as ${key}`);
    return session;
  }

  /** Loads a graph now instead of at its first run. */
  load(session: Session): void {
    this.#sessions.load(session);
  }

  /** Runs a graph under the profiler, which writes a file whose name starts with `prefix`. */
  profile(model: GraphModel, feeds: Readonly<Record<string, HostTensor>>, prefix: string, runs: number): void {
    this.#sessions.profile(model, feeds, prefix, runs);
  }

  /** The weights of a parameter store: feed them to sessions as they are. */
  store(id: number): ReadonlyMap<string, Weight> {
    return this.resource(WeightStore, id).weights;
  }

  /** Keeps an object between calls; a field `bytes` on it is counted in {@link memory}. Returns its number. */
  keep(object: object): number {
    const id = this.#nextId++;
    this.#kept.set(id, object);
    return id;
  }

  /** An object kept before. @throws UsageError when it was disposed of */
  resource<T extends object>(kind: abstract new (...args: never[]) => T, id: number): T {
    const object = this.#kept.get(id);
    if (object instanceof kind) return object;
    return refuse(kind.name, `number ${id} is not in this engine`, "do not use it after dispose(), nor across engines");
  }

  /** Forgets a kept object; forgetting one twice is fine. */
  release(id: number): void {
    this.#kept.delete(id);
  }

  /** What is held now. */
  memory(): EngineMemory {
    const [stores, others] = [[0], [0]];
    for (const object of this.#kept.values()) {
      if (object instanceof WeightStore) stores.push(object.bytes);
      else if ("bytes" in object && typeof object.bytes === "number") others.push(object.bytes);
    }
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    return {
      sessions: this.#sessions.count,
      sessionBytes: this.#sessions.bytes,
      parameterBytes: sum(stores),
      programBytes: sum(others),
      rss: process.memoryUsage.rss(),
    };
  }

  /** Drops every native session. */
  close(): void {
    this.#sessions.clear();
  }
}
