/** The worker thread of `TensorPool`: one job after the other. */
import { parentPort } from "node:worker_threads";
import { Gemm } from "../linear/gemm.ts";
import { UsageError } from "../refuse.ts";
import { Blocks } from "./blocks.ts";
import { factorsOf, trajectoryGram, writeSum, writeTruncated } from "./factors.ts";
import { measurePair, type Tools } from "./measure.ts";
import type { TensorJob, TensorReply } from "./tensor-pool.ts";

if (parentPort === null) throw new Error("internal: tensor-program.ts must be started by a TensorPool");
const port = parentPort;
let tools: Tools | undefined; // opened by the first job, so that its failure is that job's error

port.on("message", (job: TensorJob) => {
  let reply: TensorReply;
  try {
    tools ??= { gemm: new Gemm(1), blocks: new Blocks() };
    reply = { kind: "result", result: perform(tools, job) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    reply = { kind: "error", usage: error instanceof UsageError, message };
  }
  port.postMessage(reply);
});

function perform(tools: Tools, job: TensorJob): unknown {
  switch (job.kind) {
    case "measure":
      return measurePair(tools, job.pair, job.options);
    case "factors":
      return factorsOf(tools, job.pair, job.options);
    case "truncate":
      return writeTruncated(tools, job.pair, job.options, job.target);
    case "sum":
      return writeSum(tools.blocks, job.tensors, job.weights, job.target);
    case "gram":
      return trajectoryGram(tools, job.tensors);
    default:
      return job satisfies never;
  }
}
