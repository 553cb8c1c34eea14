/**
 * `jit(fn)`: the same TensorFlow.js function, compiled. The first call with arguments of given shapes traces the function
 * into one ONNX graph; this and every further call runs the graph in the engine's worker thread.
 */
import * as tf from "@tensorflow/tfjs";
import { refuse } from "../refuse.ts";
import { Engine, type Feed } from "./engine.ts";
import { type Explanation, explainRun } from "./explain.ts";
import type { HostTensor } from "./host-tensor.ts";
import type { ParameterStore } from "./parameter-store.ts";
import { Recent } from "./recent.ts";
import { buildStructure, leavesOf, type Structure, structureKey } from "./structure.ts";
import { isTracing } from "./trace.ts";
import { type ArgumentLeaf, hostType, readArguments, type Traced, traceFunction } from "./trace-function.ts";

export interface JitOptions {
  /** The function's name in messages and graphs. Default: the function's own. */
  readonly name?: string;
  /** Where it runs. Default: the engine of the stores among the arguments, else the shared one. */
  readonly engine?: Engine;
}

/** What a caller may pass for a parameter of type T: tensors also as host arrays, named tensors also as a store. */
export type Argument<T> = T extends tf.Tensor
  ? T | HostTensor
  : T extends string | number | boolean | undefined | null
    ? T
    : T extends readonly unknown[]
      ? { readonly [K in keyof T]: Argument<T[K]> }
      : { readonly [K in keyof T]: Argument<T[K]> } | (Record<string, tf.Tensor> extends T ? ParameterStore : never);

/** What a caller may pass for the parameters A. */
export type Arguments<A extends readonly unknown[]> = { readonly [K in keyof A]: Argument<A[K]> };

/** A compiled function. */
export interface Jitted<A extends readonly unknown[], R> {
  /**
   * Runs the graph; tensors of the result belong to the caller, on the current backend. Numbers, text and booleans
   * among the arguments are part of the graph: another value is another graph. Inside another traced function the plain
   * function runs and its result is returned as it is: write `inline` there, whose type says so.
   *
   * @throws UsageError when the function does what cannot be compiled
   */
  (...args: Arguments<A>): Promise<R>;
  /** Runs the function itself, operation by operation, on the current backend. */
  eager(...args: Arguments<A>): Promise<R>;
  /** The function itself, for use inside other functions that are compiled. */
  inline(...args: A): R;
  /** Compiles, runs a few times, and reports operators, work, memory and time per operator. */
  explain(...args: Arguments<A>): Promise<Explanation>;
  /** The graph and how its inputs and outputs belong to arguments and result; nothing runs. */
  trace(...args: Arguments<A>): Traced;
}

/** Graphs kept of one function; the least recently used goes first. A graph is small, its session is the engine's. */
const maxGraphs = 64;

/**
 * Compiles a function of tensors.
 *
 * @param fn synchronous, without side effects; takes and returns tensors in plain objects and lists. A ParameterStore
 *   argument is a record of tensors inside it
 */
export function jit<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  { name = fn.name || "jit", engine }: JitOptions = {},
): Jitted<A, R> {
  const graphs = new Recent<string, Traced>(maxGraphs);
  const traced = (args: readonly Structure<ArgumentLeaf>[]): Traced => {
    const key = args.map((arg) => structureKey(arg, leafKey)).join("|");
    return graphs.get(key, () => traceFunction(name, fn, args));
  };
  const prepare = async (args: readonly unknown[]) => {
    const read = readArguments(name, args);
    const graph = traced(read);
    return { graph, target: engineOf(name, read, engine), feeds: await feedsOf(graph, read) };
  };
  const run = async (args: readonly unknown[]): Promise<R> => {
    const { graph, target, feeds } = await prepare(args);
    const outputs = await target.run(graph.model, feeds);
    return buildStructure(graph.result, (output) => tensorOf(outputs[output])) as R;
  };
  const call = (...args: Arguments<A>): Promise<R> => {
    const plain: readonly unknown[] = args;
    const inner: unknown = isTracing() ? fn(...(plain as A)) : run(args);
    return inner as Promise<R>;
  };
  Object.defineProperty(call, "name", { value: name, configurable: true });
  return Object.assign(call, {
    eager: (...args: Arguments<A>) => runEagerly(name, fn, args),
    inline: fn,
    explain: async (...args: Arguments<A>) => {
      const { graph, target, feeds } = await prepare(args);
      return explainRun(graph.model, target, feeds);
    },
    trace: (...args: Arguments<A>) => traced(readArguments(name, args)),
  });
}

function leafKey(leaf: ArgumentLeaf): string {
  if (leaf.kind === "tensor") return `${leaf.tensor.dtype}(${leaf.tensor.shape.join()})`;
  if (leaf.kind === "host") return `${hostType(leaf.host)}(${leaf.host.shape.join()})`;
  return `store${JSON.stringify(leaf.store.shapes)}`;
}

function engineOf(name: string, args: readonly Structure<ArgumentLeaf>[], chosen: Engine | undefined): Engine {
  let engine = chosen;
  for (const { leaf, path } of args.flatMap(leavesOf)) {
    if (leaf.kind !== "store") continue;
    engine ??= leaf.store.engine;
    if (leaf.store.engine !== engine) refuse(name, `${path} lies in another engine`, "use stores of one engine");
  }
  return engine ?? Engine.shared();
}

async function feedsOf(graph: Traced, args: readonly Structure<ArgumentLeaf>[]): Promise<Record<string, Feed>> {
  const leaves = new Map(args.flatMap(leavesOf).map(({ path, leaf }) => [path, leaf]));
  const feeds = graph.inputs.map(async ({ name, path, parameter }) => {
    const leaf = leaves.get(path);
    if (leaf === undefined) throw new Error(`internal: no argument at ${path}`);
    if (leaf.kind === "host") return [name, leaf.host] as const;
    if (leaf.kind === "tensor") return [name, await hostTensor(leaf.tensor)] as const;
    return [name, leaf.store.ref(parameter ?? "")] as const;
  });
  return Object.fromEntries(await Promise.all(feeds));
}

/** Backends may keep a tensor's values in an array of another type: tfjs-cpu does after a cast from bool. */
async function hostTensor(tensor: tf.Tensor): Promise<HostTensor> {
  const values = await tensor.data();
  const type = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[tensor.dtype as "float32"];
  return { data: values instanceof type ? values : type.from(values), shape: tensor.shape };
}

function tensorOf(host: HostTensor | undefined): tf.Tensor {
  if (host === undefined) throw new Error("internal: an output is missing");
  return quietly(() => tf.tensor(host.data, [...host.shape], hostType(host)));
}

/** tfjs-cpu greets its first tensor with advice to install another backend, which is not what computes here. */
function quietly<T>(act: () => T): T {
  const before = tf.env().getBool("IS_TEST");
  tf.env().set("IS_TEST", true); // the flag that silences warnings; nothing else reads it during a write
  try {
    return act();
  } finally {
    tf.env().set("IS_TEST", before);
  }
}

async function runEagerly<A extends readonly unknown[], R>(
  name: string,
  fn: (...args: A) => R,
  args: readonly unknown[],
): Promise<R> {
  const read = readArguments(name, args);
  const stores = new Map<ParameterStore, Record<string, HostTensor>>();
  for (const { leaf } of read.flatMap(leavesOf)) {
    if (leaf.kind === "store") stores.set(leaf.store, await leaf.store.read());
  }
  return tf.tidy(() => {
    const values = read.map((arg) =>
      buildStructure(arg, (leaf) => {
        if (leaf.kind === "tensor") return leaf.tensor.clone(); // a returned argument is the caller's, like any result
        if (leaf.kind === "host") return tensorOf(leaf.host);
        const tensors = Object.entries(stores.get(leaf.store) ?? {});
        return Object.fromEntries(tensors.map(([parameter, host]) => [parameter, tensorOf(host)]));
      }),
    );
    return fn(...(values as readonly unknown[] as A)) as R & tf.TensorContainer;
  });
}
