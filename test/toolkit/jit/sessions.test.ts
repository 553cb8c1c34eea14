import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { entryPoint } from "../../../src/toolkit/entry-point.ts";
import { GraphBuilder, type GraphModel } from "../../../src/toolkit/jit/graph.ts";
import type { HostTensor } from "../../../src/toolkit/jit/host-tensor.ts";
import { jit } from "../../../src/toolkit/jit/jit.ts";
import { Sessions } from "../../../src/toolkit/jit/sessions.ts";
import { UsageError } from "../../../src/toolkit/refuse.ts";

const sessions = new Sessions({ threads: 1 });

const floats = (...data: number[]): HostTensor => ({ data: Float32Array.from(data), shape: [data.length] });
const whole = (...data: number[]): HostTensor => ({ data: Int32Array.from(data), shape: [data.length] });

function failure(model: GraphModel, feeds: Record<string, HostTensor>): Error {
  try {
    sessions.handle(model).run(feeds);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error("it ran");
}

const pick = jit((x: tf.Tensor, i: tf.Tensor) => tf.gather(x, i as tf.Tensor1D), { name: "pick" });
const ratio = jit((a: tf.Tensor, b: tf.Tensor) => tf.floorDiv(a, b), { name: "ratio" });
const badIndex = { arg0: floats(1, 2, 3), arg1: whole(0, 7) };

test("sessions: an index outside of the tensor is named with the function, the failure is the cause", () => {
  const { model } = pick.trace(badIndex.arg0, badIndex.arg1);
  const error = failure(model, badIndex);
  expect(error.message).toBe(
    "pick: index 7 lies outside of 0 to 2; check the indices that tf.gather or a scatter gets.",
  );
  expect(String(error.cause)).toContain("Gather node");
});

test.each([-1, -3, -100, 3])("sessions: index %i of 3 is refused as it was given", (index) => {
  const feeds = { arg0: floats(1, 2, 3), arg1: whole(0, index) };
  const { message } = failure(pick.trace(feeds.arg0, feeds.arg1).model, feeds);
  expect(message).toContain(`pick: index ${index} lies outside of 0 to 2; `);
});

test("sessions: a division of integers by 0 is named with the function", () => {
  const feeds = { arg0: whole(4, 4), arg1: whole(2, 0) };
  const { message } = failure(ratio.trace(feeds.arg0, feeds.arg1).model, feeds);
  expect(message).toBe("ratio: an int32 is divided by 0; divide float32 tensors, or by what is not 0.");
});

test("sessions: a graph that does not load is named", () => {
  const graph = new GraphBuilder("misfit");
  const a = graph.input("a", "float32", [2, 3]);
  graph.output("y", graph.node("MatMul", [a, a], { dtype: "float32", shape: [2, 3] }));
  const error = failure(graph.build(), { a: { data: new Float32Array(6), shape: [2, 3] } });
  expect(error.message).toMatch(/^misfit: ONNX Runtime cannot load its graph \(.*ShapeInferenceError.*\); check the/);
  expect(String(error.cause)).toContain("MatMul_0");
});

test("sessions: a profile whose run fails is closed", () => {
  const folder = mkdtempSync(join(tmpdir(), "rlvr-sessions-"));
  const { model } = pick.trace(badIndex.arg0, badIndex.arg1);
  expect(() => sessions.profile(model, badIndex, join(folder, "run"), 1)).toThrow("pick: index 7");
  const [file = ""] = readdirSync(folder);
  expect(JSON.parse(readFileSync(join(folder, file), "utf8"))).toBeInstanceOf(Array); // the end is written
  rmSync(folder, { recursive: true });
});

test("sessions: ONNX Runtime prints nothing of a failure", async () => {
  const url = (file: string) =>
    JSON.stringify(entryPoint(file, new URL("../../../src/toolkit/jit/sessions.ts", import.meta.url).href).href);
  const script = `
    const [{ Sessions }, { GraphBuilder }] = [await import(${url("./sessions.ts")}), await import(${url("./graph.ts")})];
    const graph = new GraphBuilder("pick");
    const [x, i] = [graph.input("x", "float32", [3]), graph.input("i", "int32", [1])];
    graph.output("y", graph.node("Gather", [x, i], { dtype: "float32", shape: [1] }));
    const feeds = { x: { data: new Float32Array(3), shape: [3] }, i: { data: Int32Array.of(7), shape: [1] } };
    try { new Sessions({ threads: 1 }).handle(graph.build()).run(feeds); } catch (error) { console.log(error.message); }
  `;
  const ended = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  expect(ended.stdout).toMatch(/^pick: index 7 lies outside/);
  expect(ended.stderr).toBe("");
});
