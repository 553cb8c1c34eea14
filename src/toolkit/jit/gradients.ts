/**
 * Gradients that TensorFlow.js 4.22 lacks or has wrong, for eager and compiled functions alike.
 *
 * - Comparisons and logic: none at all, so that `tf.where(ratio.greater(1), ...)` could not be differentiated.
 * - Maximum, Minimum, SquaredDifference, BatchMatMul: the gradient of a broadcast operand had the result's shape.
 * - Cumsum along any axis but the last: its gradient came out with axes exchanged.
 * - GatherNd, ScatterNd: none at all.
 */
import * as tf from "@tensorflow/tfjs";

/** Sums a gradient over the axes along which its operand was broadcast. */
function unbroadcast(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
  return (axes.length > 0 ? gradient.sum(axes) : gradient).reshape(shape);
}

/** Registers the gradient of a kernel from two of its inputs. */
function register(
  kernelName: string,
  names: readonly [string, string],
  gradients: (
    dy: tf.Tensor,
    first: tf.Tensor,
    second: tf.Tensor,
    attrs: tf.NamedAttrMap,
  ) => readonly [() => tf.Tensor, () => tf.Tensor],
): void {
  const gradFunc: tf.GradFunc = (dy, saved, attrs) => {
    const [first, second] = saved;
    if (first === undefined || second === undefined || Array.isArray(dy)) {
      throw new Error(`internal: the gradient of ${kernelName} lacks what was saved`);
    }
    const [a, b] = gradients(dy, first, second, attrs);
    return { [names[0]]: a, [names[1]]: b };
  };
  tf.registerGradient({ kernelName, inputsToSave: [...names], gradFunc });
}

const operands = ["a", "b"] as const;

/** Maximum or Minimum: the gradient goes to the operand that was taken, at equality to the first, as in TensorFlow.js. */
function registerChoice(kernelName: string, first: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): void {
  register(kernelName, operands, (dy, a, b) => {
    const mask = () => first(a, b).cast(dy.dtype);
    return [() => unbroadcast(dy.mul(mask()), a.shape), () => unbroadcast(dy.mul(tf.scalar(1).sub(mask())), b.shape)];
  });
}

function registerProduct(): void {
  register("BatchMatMul", operands, (dy, a, b, { transposeA, transposeB }) => {
    const [tA, tB] = [transposeA === true, transposeB === true];
    return [
      () => unbroadcast(tA ? tf.matMul(b, dy, tB, true) : tf.matMul(dy, b, false, !tB), a.shape),
      () => unbroadcast(tB ? tf.matMul(dy, a, true, tA) : tf.matMul(a, dy, !tA, false), b.shape),
    ];
  });
}

function registerRunningSum(): void {
  const gradFunc: tf.GradFunc = (dy, _, attrs) => {
    const { axis, exclusive, reverse } = attrs;
    if (Array.isArray(dy) || typeof axis !== "number") throw new Error("internal: Cumsum has one result and one axis");
    return { x: () => tf.cumsum(dy, axis, exclusive === true, reverse !== true) };
  };
  tf.registerGradient({ kernelName: "Cumsum", gradFunc });
}

function registerNot(): void {
  const gradFunc: tf.GradFunc = (dy) => {
    if (Array.isArray(dy)) throw new Error("internal: LogicalNot has one result");
    return { x: () => tf.zeros(dy.shape) };
  };
  tf.registerGradient({ kernelName: "LogicalNot", gradFunc });
}

/** Replaces and adds the gradients above. Doing so twice changes nothing. */
export function completeGradients(): void {
  for (const name of ["Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "LogicalAnd", "LogicalOr"]) {
    register(name, operands, (_, a, b) => [() => tf.zeros(a.shape), () => tf.zeros(b.shape)]);
  }
  registerNot();
  registerChoice("Maximum", tf.greaterEqual);
  registerChoice("Minimum", tf.lessEqual);
  register("SquaredDifference", operands, (dy, a, b) => {
    const slope = () => dy.mul(tf.scalar(2)).mul(a.sub(b));
    return [() => unbroadcast(slope(), a.shape), () => unbroadcast(slope().neg(), b.shape)];
  });
  registerProduct();
  registerRunningSum();
  register("GatherNd", ["params", "indices"], (dy, params, indices) => [
    () => tf.scatterND(indices, dy, params.shape),
    () => tf.zeros(indices.shape),
  ]);
  register("ScatterNd", ["indices", "updates"], (dy, indices) => [
    () => tf.zeros(indices.shape),
    () => tf.gatherND(dy, indices),
  ]);
}
