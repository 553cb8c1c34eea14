/**
 * Stop-gradients seen from outside: an operation of its own gradient whose value is its argument. Where they are, the
 * gradient is not the slope of the loss, but of the loss with what they hold kept as it was; that one can be evaluated.
 */
import * as tf from "@tensorflow/tfjs";
import type { Value } from "../../../src/toolkit/jit/graph.ts";
import { tensorOfValue, valueOfTensor } from "../../../src/toolkit/jit/trace.ts";

type Custom = (...args: unknown[]) => { value: tf.Tensor; gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor };

/** Runs a traced function, taking down what its stop-gradients hold. */
export function recordStops<T>(held: Value[], body: () => T): T {
  return withCustomGradients((result) => {
    held.push(valueOfTensor(result.value));
    return result;
  }, body);
}

/** Runs it again on other inputs with its stop-gradients holding what they held before. */
export function replayStops<T>(held: readonly Value[], body: () => T): T {
  let next = 0;
  return withCustomGradients((result) => {
    const value = held[next++];
    if (value === undefined) throw new Error("the function has more stop-gradients the second time");
    return { ...result, value: tensorOfValue(value) };
  }, body);
}

/** Changes the results of stop-gradients while `body` runs. `tf.customGrad` asks the engine at every call. */
function withCustomGradients<T>(change: (result: ReturnType<Custom>) => ReturnType<Custom>, body: () => T): T {
  const engine = tf.engine();
  const original = Reflect.get(engine, "customGrad") as (f: Custom) => (...inputs: tf.Tensor[]) => tf.Tensor;
  const changed =
    (f: Custom) =>
    (...inputs: tf.Tensor[]) =>
      original.call(engine, (...args) => {
        const result = f(...args);
        const [input] = inputs;
        const identity = input !== undefined && valueOfTensor(result.value) === valueOfTensor(input);
        return identity ? change(result) : result;
      })(...inputs);
  Reflect.set(engine, "customGrad", changed);
  try {
    return body();
  } finally {
    Reflect.deleteProperty(engine, "customGrad"); // the method of the prototype is there again
  }
}
