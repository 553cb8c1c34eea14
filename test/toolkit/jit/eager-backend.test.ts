import { spawnSync } from "node:child_process";
import * as tf from "@tensorflow/tfjs";
import { afterAll, expect, test } from "vitest";
import { eagerBackend } from "../../../src/toolkit/jit/eager-backend.ts";
import { jit } from "../../../src/toolkit/jit/jit.ts";

afterAll(async () => void (await tf.setBackend("cpu")));

test("eagerBackend: the fastest backend that is there is used; each missing one has a reason and a remedy", async () => {
  const chosen = await eagerBackend();
  expect(tf.getBackend()).toBe(chosen.backend);
  expect(chosen.backend).toBe(chosen.package === "@tensorflow/tfjs" ? "cpu" : "tensorflow");
  const names = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node", "@tensorflow/tfjs"];
  expect(chosen.missing.map((one) => one.package)).toEqual(names.slice(0, names.indexOf(chosen.package)));
  for (const { reason, remedy } of chosen.missing) {
    expect(reason).toMatch(/can not be found|Cannot find|without TensorFlow's library|did not start/);
    expect(remedy).toContain("npm ");
  }
});

test("eagerBackend: what runs on it agrees with the compiled function", async () => {
  await eagerBackend();
  const f = jit((x: tf.Tensor2D) => x.matMul(x, false, true).softmax().sum(0));
  const x = tf.tensor2d([0.1, -0.4, 0.7, 0.2, 1.1, -0.3], [3, 2]);
  const [eager, compiled] = [(await f.eager(x)).arraySync(), (await f(x)).arraySync()];
  for (const [i, value] of [eager].flat(2).entries()) expect([compiled].flat(2)[i]).toBeCloseTo(Number(value), 6);
});

test("eager: the first tensor of a process that uses the lab prints no advice", () => {
  const code =
    'import "./dist/src/index.js"; import * as tf from "@tensorflow/tfjs"; console.log(tf.tensor1d([1]).add(1).dataSync()[0])';
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  expect([stdout, stderr]).toEqual(["2\n", ""]);
});
