import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { jit } from "../../../src/toolkit/jit/jit.ts";

const x = { data: new Float32Array([1, 2, 3, 4]), shape: [2, 2] };
const noise = "draw the noise before the call, from rng(key), and pass it as an argument.";
const captured = tf.tensor1d([1, 2]);
const variable = tf.variable(tf.tensor1d([1, 2]));

/** The refusal of a function, which must name a line of this file. */
function refusal(fn: (x: tf.Tensor) => unknown): string {
  const before = { backend: tf.getBackend(), ...tf.memory() };
  let message = "";
  try {
    jit(fn, { name: "f" }).trace(x);
  } catch (error) {
    message = String(error);
  }
  expect(message).toMatch(/^UsageError: f: .* \(at [^ ]*guards\.test\.ts:\d+:\d+\); /);
  expect(tf.getBackend()).toBe(before.backend);
  expect(tf.memory()).toEqual(expect.objectContaining({ numTensors: before.numTensors, numBytes: before.numBytes }));
  return message.replace(/ \(at [^ ]*\)/, "");
}

test.each([
  ["randomNormal", () => tf.randomNormal([2, 2])],
  ["randomNormal", () => tf.randomNormal([2, 2], 0, 1, "float32", 7)],
  ["randomUniform", () => tf.randomUniform([2, 2])],
  ["randomUniformInt", () => tf.randomUniformInt([2, 2], 0, 9)],
  ["randomGamma", () => tf.randomGamma([2, 2], 1)],
  ["truncatedNormal", () => tf.truncatedNormal([2, 2])],
  ["rand", () => tf.rand([2, 2], () => 0.5)],
  ["dropout", (t: tf.Tensor) => tf.dropout(t, 0.5)],
  ["dropout", (t: tf.Tensor) => tf.dropout(t, 0.5, undefined, 7)],
])("guards: tf.%s is refused", (name, fn) => {
  expect(refusal(fn)).toBe(`UsageError: f: tf.${name} would give the same numbers at every call; ${noise}`);
});

test("guards: tf.multinomial is refused", () => {
  expect(refusal((t) => tf.multinomial(t as tf.Tensor2D, 3))).toMatch(/^UsageError: f: tf.multinomial would give/);
});

test("guards: Math.random is refused, and works again afterwards", () => {
  const message = refusal((t) => t.mul(Math.random()));
  expect(message).toBe(`UsageError: f: Math.random would give the same number at every call; ${noise}`);
  expect(Math.random()).toBeLessThan(1);
});

const clock = "read it before the call and pass it as an argument; to time the function, time the awaited call.";

test.each([
  ["Date.now", "time", clock, () => Date.now()],
  ["performance.now", "time", clock, () => performance.now()],
  ["crypto.getRandomValues", "numbers", noise, () => crypto.getRandomValues(new Uint8Array(1))[0] ?? 0],
  ["crypto.randomUUID", "text", noise, () => crypto.randomUUID().length],
])("guards: %s is refused, and works again afterwards", (name, what, remedy, call) => {
  const keys = () => [Date, performance, crypto].map((owner) => Object.getOwnPropertyNames(owner));
  const before = keys();
  const message = refusal((t) => t.mul(call()));
  expect(message).toBe(`UsageError: f: ${name} would give the same ${what} at every call; ${remedy}`);
  expect(keys()).toEqual(before);
  expect(call()).toBeGreaterThanOrEqual(0);
});

/** Reads the clock in a function that stands in another file. */
function stampIn(file: string): () => number {
  return Object.assign(new Function(`return Date.now()\n//# sourceURL=${file}`));
}

const root = fileURLToPath(new URL("../../../", import.meta.url));

test.each([
  "/somewhere/node_modules/logger/index.js",
  `${root}src/toolkit/progress.ts`,
  `${root}kernel/executor/output.ts`,
])("guards: the use of the clock in %s is not refused", (file) => {
  const stamp = stampIn(file);
  let stamped = 0;
  jit((t: tf.Tensor) => {
    stamped = stamp();
    return t;
  }).trace(x);
  expect(stamped).toBeGreaterThan(0);
});

test("guards: the use of the clock beside the library is refused", () => {
  const stamp = stampIn(`${root}src-of-mine/objective.ts`);
  expect(() => jit((t: tf.Tensor) => t.mul(stamp())).trace(x)).toThrow("Date.now would give the same time");
});

test("guards: shapes that do not broadcast are refused", () => {
  const message = refusal((t) => t.add(tf.ones([3])));
  expect(message).toContain("f: the shapes [2,2] and [3] do not broadcast; make each extent equal or 1");
});

test.each([
  ["tf.matMul", (t: tf.Tensor) => tf.matMul(t as tf.Tensor2D, tf.ones([3, 2]))],
  ["tf.matMul", (t: tf.Tensor) => tf.matMul(t as tf.Tensor2D, tf.ones([2, 3]), false, true)],
  ["tf.einsum", (t: tf.Tensor) => tf.einsum("ij,jk->ik", t, tf.ones([3, 2]))],
])("guards: %s of sizes that do not fit is refused", (_, fn) => {
  expect(refusal(fn)).toMatch(/2.*3.*; (transpose one|give each label)/);
});

test.each([-1, 2])("guards: the constant index %i of 2 is refused", (index) => {
  const message = refusal((t) => tf.gather(t, tf.tensor1d([0, index], "int32")));
  expect(message).toContain(`f: index ${index} lies outside of 0 to 1; check the indices that tf.gather gets.`);
});

test.each([
  ["floorDiv", (t: tf.Tensor) => tf.floorDiv(t.toInt(), tf.scalar(0, "int32"))],
  ["mod", (t: tf.Tensor) => tf.mod(t.toInt(), tf.scalar(0, "int32"))],
])("guards: int32 %s by 0 is refused", (_, fn) => {
  expect(refusal(fn)).toContain("f: an int32 is divided by 0; ");
});

test.each([
  ["dataSync", (t: tf.Tensor) => t.dataSync()],
  ["arraySync", (t: tf.Tensor) => t.arraySync()],
  ["print", (t: tf.Tensor) => t.print()],
  ["data", (t: tf.Tensor) => void t.data().catch(() => {})],
  ["array", (t: tf.Tensor) => void t.array().catch(() => {})],
  ["an awaited array", async (t: tf.Tensor) => await t.array()],
])("guards: reading by %s is refused", (_, fn) => {
  expect(refusal(fn)).toMatch(
    /f: a traced tensor is read \(.*\); return the tensor and read the result of the call, or/,
  );
});

test("guards: a refusal that the function swallows is refused all the same", () => {
  const message = refusal((t) => {
    try {
      return t.dataSync()[0];
    } catch {
      return t;
    }
  });
  expect(message).toContain("a traced tensor is read");
});

test("guards: tf.memory and tf.time are refused", () => {
  expect(refusal(() => tf.memory())).toContain("tf.memory says nothing of a compiled function; use `.explain(...)`.");
  expect(refusal((t) => void tf.time(() => t.square()).catch(() => {}))).toContain("tf.time says nothing");
});

test("guards: captured tensors and variables are refused and stay usable", () => {
  const remedy = "pass it as an argument, so that each call sees its current values.";
  const expected = `UsageError: f: a float32 tensor of shape [2] was made outside of the function and captured by it; ${remedy}`;
  expect(refusal((t) => t.add(captured))).toBe(expected);
  expect(refusal((t) => t.add(variable))).toBe(expected);
  expect(captured.arraySync()).toEqual([1, 2]);
  expect(variable.arraySync()).toEqual([1, 2]);
});

test("guards: a tensor kept inside is disposed of with the trace", () => {
  let escaped: tf.Tensor | undefined;
  jit((t: tf.Tensor) => {
    escaped = tf.keep(t.square());
    return t;
  }).trace(x);
  expect(escaped?.isDisposed).toBe(true);
});

test("guards: a kernel that cannot be compiled names itself", () => {
  const message = refusal((t) => tf.image.resizeBilinear(t.reshape([1, 2, 2, 1]) as tf.Tensor4D, [4, 4]));
  expect(message).toContain("f: the kernel ResizeBilinear cannot be compiled; write it with other tfjs ops");
});

test("guards: a missing gradient names its kernel", () => {
  const message = refusal((t) => tf.grad((a: tf.Tensor) => tf.cumprod(a).sum())(t));
  expect(message).toContain("f: TensorFlow.js has no gradient for Cumprod; write it with ops that have a gradient");
});

test("guards: gather with batchDims is refused", () => {
  const fn = (t: tf.Tensor) => tf.gather(t, tf.tensor2d([0, 1], [2, 1], "int32"), 1, 1);
  expect(refusal(fn)).toContain("use tokenLogProbs for log-probabilities of tokens, or a product with tf.oneHot.");
});

test("guards: the function's own error passes, and nothing is left behind", () => {
  const before = { backend: tf.getBackend(), ...tf.memory() };
  const failing = jit((t: tf.Tensor) => {
    tf.keep(t.square());
    tf.variable(t.square(), true, "left behind");
    tf.grad((a: tf.Tensor) => {
      if (a.rank > 0) throw new RangeError("mine");
      return a;
    })(t.square());
    return t;
  });
  expect(() => failing.trace(x)).toThrow(new RangeError("mine"));
  expect({ backend: tf.getBackend(), ...tf.memory() }).toEqual(before);
  expect(tf.engine().registeredVariables["left behind"]).toBeUndefined();
  expect(
    tf
      .grad((a: tf.Tensor) => a.square().sum())(captured)
      .arraySync(),
  ).toEqual([2, 4]);
});
