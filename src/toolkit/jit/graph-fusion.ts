/** The scale of a matrix product becomes part of the product: it then costs nothing. */
import type { Definition, Value } from "./graph.ts";
import type { OnnxAttribute } from "./onnx.ts";

/**
 * Nodes in which every float32 product that is only read by a multiplication with a constant scalar takes it as `alpha`.
 *
 * @param nodes live nodes, in order
 * @param outputs values that are outputs of the model
 * @param scalarOf the number a constant scalar stands for; undefined for any other value
 */
export function fuseScales(
  nodes: readonly Definition[],
  outputs: ReadonlySet<Value>,
  scalarOf: (value: Value) => number | undefined,
): readonly Definition[] {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const reads = new Map<Value, number>();
  for (const { inputs } of nodes) {
    for (const input of inputs) if (input !== undefined) reads.set(input, (reads.get(input) ?? 0) + 1);
  }
  const dropped = new Set<Definition>();
  const fused = nodes.map((node) => {
    const [factor, value] = scaled(node, scalarOf);
    if (factor === undefined || value === undefined || reads.get(value) !== 1 || outputs.has(value)) return node;
    const product = makers.get(value);
    const replacement = product && withAlpha(product, factor, node.outputs);
    if (product === undefined || replacement === undefined) return node;
    dropped.add(product);
    return replacement;
  });
  return fused.filter((node) => !dropped.has(node));
}

/** The constant and the other operand of a multiplication that keeps the other's shape. */
function scaled(
  { op, inputs, outputs }: Definition,
  scalarOf: (value: Value) => number | undefined,
): readonly [factor?: number | undefined, value?: Value] {
  const [a, b] = inputs;
  if (op !== "Mul" || a === undefined || b === undefined) return [];
  const [factor, value] = scalarOf(a) === undefined ? [scalarOf(b), a] : [scalarOf(a), b];
  return outputs[0]?.shape.length === value.shape.length ? [factor, value] : [];
}

/** The product times `factor`; undefined when the node is no product of two float32 matrices. */
function withAlpha(product: Definition, factor: number, outputs: readonly Value[]): Definition | undefined {
  const { op, inputs, attributes } = product;
  if (!["MatMul", "Gemm", "FusedMatMul"].includes(op) || inputs.length !== 2) return undefined;
  if (inputs.some((input) => input === undefined || input.dtype !== "float32" || input.shape.length < 2))
    return undefined;
  const before = attributes.alpha;
  const alpha: OnnxAttribute = { float: factor * (before !== undefined && "float" in before ? before.float : 1) };
  const flat = inputs.every((input) => input?.shape.length === 2);
  const target = flat ? { op: "Gemm", domain: "" } : { op: "FusedMatMul", domain: "com.microsoft" };
  return { ...target, inputs, outputs, attributes: { ...attributes, alpha } };
}
