/** A TensorFlow.js function and its arguments become one graph: names of inputs, structure of the result. */
import * as tf from "@tensorflow/tfjs";
import { refuse } from "../refuse.ts";
import { GraphBuilder, type GraphModel } from "./graph.ts";
import type { HostTensor } from "./host-tensor.ts";
import { ParameterStore } from "./parameter-store.ts";
import { buildStructure, leavesOf, readStructure, type Structure } from "./structure.ts";
import { record, type TraceOptions, tensorOfValue, valueOfTensor } from "./trace.ts";

/** A tensor argument. */
export type ArgumentLeaf =
  | { readonly kind: "tensor"; readonly tensor: tf.Tensor }
  | { readonly kind: "host"; readonly host: HostTensor }
  | { readonly kind: "store"; readonly store: ParameterStore };

/** Where an input of a traced graph comes from. */
export interface TracedInput {
  /** The graph's input. */
  readonly name: string;
  /** The argument: `arg0`, `arg1.ids` ... */
  readonly path: string;
  /** The parameter's name, where the argument is a {@link ParameterStore}. */
  readonly parameter?: string;
}

/** A function as a graph. */
export interface Traced {
  readonly model: GraphModel;
  readonly inputs: readonly TracedInput[];
  /** The function's result, with names of the graph's outputs in place of tensors. */
  readonly result: Structure<string>;
}

const argumentRemedy =
  "pass tensors, { data, shape }, a ParameterStore, numbers, text, booleans, and plain objects and lists of these";

/** Takes an argument list apart. @throws UsageError for what is neither a tensor nor plain data */
export function readArguments(name: string, args: readonly unknown[]): readonly Structure<ArgumentLeaf>[] {
  const leafOf = (value: unknown, path: string) => argumentLeaf(name, value, path);
  return args.map((arg, i) => readStructure(arg, `arg${i}`, { where: name, leafOf, remedy: argumentRemedy }));
}

/**
 * Runs `fn` once with placeholders and returns its graph.
 *
 * Parameters of a store are inputs under their own names (when there are several stores, under `arg0.` and the name),
 * other tensors under their paths. Outputs are named by their paths in the result: `loss`, `metrics.kl`, `0`; the result
 * itself is `result`, and a name that is an input already gets `result.` in front.
 *
 * @throws UsageError when `fn` does what cannot be compiled, or returns what is neither tensors nor plain data
 */
export function traceFunction(
  name: string,
  fn: (...args: never[]) => unknown,
  args: readonly Structure<ArgumentLeaf>[],
  options: TraceOptions = {},
): Traced {
  const graph = new GraphBuilder(name);
  const inputs: TracedInput[] = [];
  const result = record(
    name,
    graph,
    () => {
      const placeholders = args.map((arg) => placeholder(graph, arg, inputs, severalStores(args), options));
      const value: unknown = fn(...(placeholders as never[]));
      if (value instanceof Promise) {
        value.catch(() => {}); // the reason is said here, and better
        refuse(name, "the function is asynchronous", "pass one that returns tensors, and await what it needs before");
      }
      return declareOutputs(name, graph, value, new Set(inputs.map((input) => input.name)));
    },
    options,
  );
  return { model: graph.build(), inputs, result };
}

function argumentLeaf(where: string, value: unknown, path: string): ArgumentLeaf | undefined {
  if (value instanceof tf.Tensor) {
    if (value.dtype === "string" || value.dtype === "complex64") {
      refuse(where, `${path} has dtype ${value.dtype}`, "use float32, int32 or bool");
    }
    return { kind: "tensor", tensor: value };
  }
  if (value instanceof ParameterStore) return { kind: "store", store: value };
  if (!isHostTensor(value)) return undefined;
  const size = value.shape.reduce((a, b) => a * b, 1);
  if (value.data.length !== size) {
    const given = `${path} has ${value.data.length} values for shape [${value.shape.join(", ")}]`;
    refuse(where, given, `pass ${size} values`);
  }
  return { kind: "host", host: value };
}

function isHostTensor(value: unknown): value is HostTensor {
  if (typeof value !== "object" || value === null || !("data" in value) || !("shape" in value)) return false;
  const { data, shape } = value;
  const numbers = data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array;
  return numbers && Array.isArray(shape);
}

/** Element type of a host tensor. */
export function hostType({ data }: HostTensor): "float32" | "int32" | "bool" {
  if (data instanceof Float32Array) return "float32";
  return data instanceof Int32Array ? "int32" : "bool";
}

function severalStores(args: readonly Structure<ArgumentLeaf>[]): boolean {
  return args.flatMap(leavesOf).filter(({ leaf }) => leaf.kind === "store").length > 1;
}

function placeholder(
  graph: GraphBuilder,
  arg: Structure<ArgumentLeaf>,
  inputs: TracedInput[],
  prefixed: boolean,
  { precision = "float32" }: TraceOptions,
): unknown {
  const input = (spec: TracedInput, dtype: string, shape: readonly number[]): tf.Tensor => {
    inputs.push(spec);
    const type = dtype === "int32" || dtype === "bool" ? dtype : precision;
    return tensorOfValue(graph.input(spec.name, type, shape));
  };
  return buildStructure(arg, (leaf, path) => {
    if (leaf.kind === "tensor") return input({ name: path, path }, leaf.tensor.dtype, leaf.tensor.shape);
    if (leaf.kind === "host") return input({ name: path, path }, hostType(leaf.host), leaf.host.shape);
    const tensors = Object.entries(leaf.store.shapes).map(([parameter, shape]) => {
      const name = prefixed ? `${path}.${parameter}` : parameter;
      return [parameter, input({ name, path, parameter }, "float32", shape)] as const;
    });
    return Object.fromEntries(tensors);
  });
}

function declareOutputs(
  where: string,
  graph: GraphBuilder,
  value: unknown,
  taken: ReadonlySet<string>,
): Structure<string> {
  const leafOf = (leaf: unknown, path: string): string | undefined => {
    if (!(leaf instanceof tf.Tensor)) return undefined;
    const name = path === "" ? "result" : path;
    const free = taken.has(name) ? `result.${name}` : name;
    graph.output(free, valueOfTensor(leaf));
    return free;
  };
  const remedy = "return tensors, numbers, text, booleans, and plain objects and lists of these";
  return readStructure(value, "", { where, leafOf, remedy });
}
