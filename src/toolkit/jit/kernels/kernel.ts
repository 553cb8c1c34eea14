/** What a kernel of the trace backend is: TensorFlow.js inputs and attributes in, nodes of the graph out. */
import type { GraphBuilder, Value } from "../graph.ts";

/** What `float32` of TensorFlow.js becomes in the graph. */
export type FloatType = "float32" | "float64";

/** What kernels work on. */
export interface KernelContext {
  /** The traced function's name. */
  readonly name: string;
  readonly graph: GraphBuilder;
  readonly float: FloatType;
  /** Index lists that a Gather has read already, which checks them: see `gatherKey`. */
  readonly gathered: Set<string>;
  /** Refuses what the traced function asks for, naming its line. */
  refuse(problem: string, remedy: string): never;
}

/** A kernel as the backend calls it: inputs by their TensorFlow.js names. */
export type Kernel = (
  context: KernelContext,
  inputs: Readonly<Record<string, Value>>,
  attributes: unknown,
) => Value | readonly Value[];

/** Kernels of one family by TensorFlow.js name. */
export type KernelTable = Readonly<Record<string, Kernel>>;

/** A kernel with named inputs, all present; the type of its attributes is TensorFlow.js's own (`CumsumAttrs` ...). */
export function kernel<const Names extends readonly string[], Attributes>(
  names: Names,
  emit: (
    context: KernelContext,
    inputs: Readonly<Record<Names[number], Value>>,
    attributes: Attributes,
  ) => Value | readonly Value[],
): Kernel {
  return (context, inputs, attributes) => {
    const missing = names.find((name) => inputs[name] === undefined);
    if (missing !== undefined) throw new Error(`internal: a kernel got no ${missing}`);
    return emit(context, inputs as Readonly<Record<Names[number], Value>>, attributes as Attributes);
  };
}

/** A kernel on a list of tensors. */
export function listKernel<Attributes>(
  emit: (context: KernelContext, inputs: readonly Value[], attributes: Attributes) => Value,
): Kernel {
  return (context, inputs, attributes) => emit(context, Object.values(inputs), attributes as Attributes);
}

/** A dtype of TensorFlow.js in the graph. */
export function graphType({ float, refuse }: KernelContext, dtype: string): FloatType | "int32" | "bool" {
  if (dtype === "float32") return float;
  if (dtype === "int32" || dtype === "bool") return dtype;
  return refuse(`dtype ${dtype} cannot be compiled`, "use float32, int32 or bool");
}
