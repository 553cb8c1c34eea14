/** What a compiled function consists of and costs. */
import type { Engine, Feed } from "./engine.ts";
import type { OpTime } from "./engine-program.ts";
import type { DType, GraphModel, IoSpec } from "./graph.ts";
import type { EngineMemory } from "./runtime.ts";

/** A compiled function's graph, its work, and where its time goes. */
export interface Explanation {
  readonly name: string;
  /** Operators by type, slowest first: nodes of that type and milliseconds per run. */
  readonly ops: readonly OpTime[];
  readonly nodeCount: number;
  /** Work of the matrix products of one run in GFLOP, a multiply-add counting two. */
  readonly gigaflop: number;
  /** Milliseconds of one run, summed over operators. */
  readonly ms: number;
  /** GFLOP/s of matrix products over the whole run. */
  readonly gigaflopPerSecond: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** The serialised graph with its constants. */
  readonly graphBytes: number;
  /** The engine's memory after the run. */
  readonly memory: EngineMemory;
}

const bytesPerEntry: Readonly<Record<DType, number>> = { float32: 4, int32: 4, int64: 8, bool: 1, float64: 8 };

/** Profiles a graph. */
export async function explainRun(
  model: GraphModel,
  engine: Engine,
  feeds: Readonly<Record<string, Feed>>,
): Promise<Explanation> {
  const ops = await engine.profile(model, feeds);
  const ms = ops.reduce((sum, op) => sum + op.ms, 0);
  const gigaflop = model.flops / 1e9;
  return {
    name: model.name,
    ops,
    nodeCount: model.nodeCount,
    gigaflop,
    ms,
    gigaflopPerSecond: ms > 0 ? gigaflop / (ms / 1000) : 0,
    inputBytes: bytesOf(model.inputs),
    outputBytes: bytesOf(model.outputs),
    graphBytes: model.bytes.length,
    memory: await engine.memory(),
  };
}

function bytesOf(specs: readonly IoSpec[]): number {
  return specs.reduce((sum, { dtype, shape }) => sum + shape.reduce((a, b) => a * b, bytesPerEntry[dtype]), 0);
}
