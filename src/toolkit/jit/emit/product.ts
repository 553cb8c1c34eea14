/** Matrix products: transposes become attributes of the product. */
import type { GraphBuilder, Value } from "../graph.ts";
import { broadcastShape } from "./expand.ts";
import { transpose, transposition } from "./layout.ts";

/** Operands as they are multiplied: the last two axes swapped first, or not. */
interface Side {
  readonly value: Value;
  readonly transposed: boolean;
}

/** op(a) op(b) over the last two axes, the others broadcast. */
export function matrixProduct(
  graph: GraphBuilder,
  a: Value,
  b: Value,
  { transposeA = false, transposeB = false }: { readonly transposeA?: boolean; readonly transposeB?: boolean } = {},
): Value {
  const [left, right] = [absorb(graph, a, transposeA), absorb(graph, b, transposeB)];
  const outer = broadcastShape(left.value.shape.slice(0, -2), right.value.shape.slice(0, -2));
  const rows = left.value.shape.at(left.transposed ? -1 : -2) ?? 1;
  const columns = right.value.shape.at(right.transposed ? -2 : -1) ?? 1;
  const out = { dtype: a.dtype, shape: [...outer, rows, columns] };
  const plain = !left.transposed && !right.transposed;
  if (plain || a.dtype !== "float32") {
    return graph.node("MatMul", [explicit(graph, left), explicit(graph, right)], out);
  }
  const attributes = { transA: Number(left.transposed), transB: Number(right.transposed) };
  const inputs = [left.value, right.value];
  const both2d = inputs.every(({ shape }) => shape.length === 2);
  if (both2d) return graph.node("Gemm", inputs, out, { attributes });
  return graph.node("FusedMatMul", inputs, out, { attributes, domain: "com.microsoft" });
}

/** A Transpose of the last two axes turns into the flag. */
function absorb(graph: GraphBuilder, value: Value, transposed: boolean): Side {
  const inner = transposition(graph, value);
  if (inner === undefined) return { value, transposed };
  const rank = inner.permutation.length;
  const swapsLast = inner.permutation.every((axis, i) => axis === (i < rank - 2 ? i : 2 * rank - 3 - i));
  return swapsLast ? { value: inner.source, transposed: !transposed } : { value, transposed };
}

function explicit(graph: GraphBuilder, { value, transposed }: Side): Value {
  if (!transposed) return value;
  const rank = value.shape.length;
  const swap = value.shape.map((_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  return transpose(graph, value, swap);
}
