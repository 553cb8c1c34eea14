/** Matrix products and contractions. */
import type * as tf from "@tensorflow/tfjs";
import { add, unary } from "../emit/arithmetic.ts";
import { matrixProduct } from "../emit/product.ts";
import type { Value } from "../graph.ts";
import { binaryKernels } from "./binary.ts";
import { type Kernel, type KernelContext, type KernelTable, kernel, listKernel } from "./kernel.ts";
import { sigmoid, unaryKernels } from "./unary.ts";

/** activation(a b + bias), the form that tf.fused.matMul takes. */
const fusedMatMul: Kernel = (context, inputs, attributes) => {
  const { a, b, bias, preluActivationWeights } = inputs;
  if (a === undefined || b === undefined) throw new Error("internal: _FusedMatMul needs a and b");
  const attrs = attributes as tf._FusedMatMulAttrs;
  const product = matrixProduct(context.graph, a, b, attrs);
  const sum = bias === undefined ? product : add(context.graph, product, bias);
  return activate(context, sum, attrs, preluActivationWeights);
};

/** TensorFlow.js leaves this check to the kernels. */
function checkInner({ refuse }: KernelContext, a: Value, b: Value, attrs: tf.BatchMatMulAttrs): void {
  const [left, right] = [a.shape.at(attrs.transposeA ? -2 : -1), b.shape.at(attrs.transposeB ? -1 : -2)];
  if (left === right) return;
  const flags = attrs.transposeA || attrs.transposeB ? `, transposed ${attrs.transposeA}, ${attrs.transposeB}` : "";
  const operands = `a matrix product of shapes [${a.shape.join(", ")}] and [${b.shape.join(", ")}]${flags}`;
  refuse(`${operands} has inner sizes ${left} and ${right}`, "transpose one of them or pass sizes that are equal");
}

function activate(
  context: KernelContext,
  x: Value,
  { activation, leakyreluAlpha }: tf._FusedMatMulAttrs,
  alpha: Value | undefined,
): Value | readonly Value[] {
  const { graph } = context;
  switch (activation) {
    case undefined:
    case "linear":
      return x;
    case "relu":
      return unary(graph, "Relu", x);
    case "relu6":
      return named(unaryKernels, "Relu6")(context, { x }, {});
    case "elu":
      return unary(graph, "Elu", x);
    case "sigmoid":
      return sigmoid(graph, x);
    case "leakyrelu":
      return unary(graph, "LeakyRelu", x, { alpha: { float: leakyreluAlpha ?? 0.2 } });
    case "prelu":
      if (alpha === undefined) throw new Error("internal: prelu has no weights");
      return named(binaryKernels, "Prelu")(context, { x, alpha }, {});
    default:
      return activation satisfies never;
  }
}

function named(table: KernelTable, name: string): Kernel {
  const found = table[name];
  if (found === undefined) throw new Error(`internal: there is no kernel ${name}`);
  return found;
}

function einsum(context: KernelContext, inputs: readonly Value[], { equation }: tf.EinsumAttrs): Value {
  const compact = equation.replaceAll(" ", "");
  const [left = "", right = ""] = compact.split("->");
  const sizes = new Map<string, number>();
  left.split(",").forEach((term, i) => {
    [...term].forEach((label, axis) => {
      const size = inputs[i]?.shape[axis] ?? 1;
      const known = sizes.get(label) ?? size;
      if (known !== size) {
        context.refuse(`${label} in "${equation}" is ${known} and ${size}`, "give each label one size");
      }
      sizes.set(label, size);
    });
  });
  const shape = [...right].map((label) => sizes.get(label) ?? 1);
  const [first] = inputs;
  if (first === undefined) throw new Error("internal: Einsum needs an operand");
  return context.graph.node("Einsum", inputs, { dtype: first.dtype, shape }, { attributes: { equation: compact } });
}

export const productKernels: KernelTable = {
  BatchMatMul: kernel(["a", "b"], (context, { a, b }, attrs: tf.BatchMatMulAttrs) => {
    checkInner(context, a, b, attrs);
    return matrixProduct(context.graph, a, b, attrs);
  }),
  _FusedMatMul: fusedMatMul,
  Einsum: listKernel((context, inputs, attrs: tf.EinsumAttrs) => einsum(context, inputs, attrs)),
};
