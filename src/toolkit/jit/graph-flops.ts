/** Work of matrix products, counted exactly from their shapes. */
import type { Definition } from "./graph.ts";

/** Floating-point operations of a node's matrix product, a multiply-add counting two; 0 for any other node. */
export function productFlops(node: Definition): number {
  const [a, b] = node.inputs;
  const [out] = node.outputs;
  if (a === undefined || b === undefined || out === undefined) return 0;
  if (node.op === "Einsum") return einsumFlops(node);
  if (!["MatMul", "Gemm", "FusedMatMul"].includes(node.op)) return 0;
  const transA = node.attributes.transA;
  const transposed = transA !== undefined && "int" in transA && transA.int === 1;
  const depth = a.shape.length === 1 ? a.shape[0] : a.shape.at(transposed ? -2 : -1);
  return 2 * sizeOf(out.shape) * (depth ?? 1);
}

/** A contraction visits every combination of its labels once. */
function einsumFlops(node: Definition): number {
  const equation = node.attributes.equation;
  if (equation === undefined || !("string" in equation)) return 0;
  const sizes = new Map<string, number>();
  const terms = equation.string.replaceAll(" ", "").split("->")[0]?.split(",") ?? [];
  terms.forEach((term, i) => {
    [...term].forEach((label, axis) => {
      sizes.set(label, node.inputs[i]?.shape[axis] ?? 1);
    });
  });
  return 2 * sizeOf([...sizes.values()]);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
