/**
 * What an objective costs: the loss and its gradient by log-probs (and entropies, logits, values, where it needs them),
 * against a whole training step of a 0.8 M decoder (d128 L4) on the same 2048 tokens. `value` and `reference` are ms,
 * `ratio` is the objective's share; repetitions of both alternate, so that both meet the same load of the machine.
 */
import * as tf from "@tensorflow/tfjs";
import type { Algorithm } from "../src/toolkit/algorithm.ts";
import { Engine } from "../src/toolkit/jit/engine.ts";
import { gradientStep } from "../src/toolkit/jit/gradient-step.ts";
import type { HostTensor } from "../src/toolkit/jit/host-tensor.ts";
import { readArguments, traceFunction } from "../src/toolkit/jit/trace-function.ts";
import type { PolicyBatch } from "../src/toolkit/objective.ts";
import { rng } from "../src/toolkit/rng.ts";
import { emptyBatch, type MicroBatch } from "../src/toolkit/train/micro-batch.ts";
import { allAlgorithms } from "./support/algorithms.ts";
import { decoderBatch, decoderLoss, decoderParameters, STATED_SIZE } from "./support/decoder.ts";
import { median, report } from "./support/figure.ts";

const size = STATED_SIZE;
const [rows, tokens, group] = [size.batch, size.length, 8];
const rounds = 15;

type Open = "logProbs" | "entropies" | "logits" | "values";

/** What the gradient flows to. */
function openColumns({ objective: { needs } }: Algorithm): Open[] {
  const further: (Open | false)[] = [
    needs.entropy === "gradient" && "entropies",
    needs.logits === true && "logits",
    needs.values === true && "values",
  ];
  return ["logProbs", ...further.filter((path) => path !== false)];
}

/** A batch of what the objective needs: numbers near those of a policy that moved a little since it sampled. */
function batchOf({ objective: { needs } }: Algorithm): Record<string, unknown> {
  const random = rng({ seed: 1, stream: "objective" });
  const fill = ({ shape }: HostTensor, value: (i: number) => number): HostTensor => {
    const length = shape.reduce((a, b) => a * b, 1);
    return { data: Float32Array.from({ length }, (_, i) => value(i)), shape };
  };
  const { ids: _, ...empty } = emptyBatch({ rows, tokens }, needs, size.vocabulary);
  const old = fill(empty.mask, () => -0.1 - 3 * random.uniform());
  const near = (): HostTensor => fill(old, (i) => (old.data[i] ?? 0) + 0.2 * random.normal());
  const normal = (of: HostTensor): HostTensor => fill(of, () => random.normal());
  const columns = Object.entries(empty.columns).map(([name, column]) => [name, fill(column, () => random.uniform())]);
  const logits = { data: new Float32Array(), shape: [rows, tokens, size.vocabulary] };
  return {
    ...empty,
    logProbs: near(),
    oldLogProbs: old,
    sampleLogProbs: near(),
    ...(needs.referenceLogProbs === true && { referenceLogProbs: near() }),
    ...(needs.entropy && { entropies: fill(old, () => random.uniform()) }),
    ...(needs.logits === true && { logits: normal(logits) }),
    ...(needs.referenceLogits === true && { referenceLogits: normal(logits) }),
    ...(needs.values === true && { values: normal(old) }),
    advantages: normal(old),
    mask: fill(old, (i) => (i % tokens >= tokens / 4 ? 1 : 0)),
    rewards: fill(empty.rewards, (b) => (b % 3 === 0 ? 1 : 0)),
    group: { data: Int32Array.from({ length: rows }, (_, b) => Math.floor(b / group)), shape: [rows] },
    rowMask: fill(empty.rowMask, () => 1),
    columns: Object.fromEntries(columns),
    totals: totals({ rows, tokens: (rows * tokens * 3) / 4, maxTokens: tokens, groups: rows / group }),
  };
}

function totals(values: Record<keyof MicroBatch["totals"], number>): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { data: Float32Array.of(value), shape: [] }]),
  );
}

/**
 * One call of the objective with its gradients, compiled. Logits are in the engine already, and their gradient stays there as
 * its sum, as in a step, whose graph makes the one and takes the other further: what is measured is work, not copying.
 */
async function objectiveCall(name: string, algorithm: Algorithm): Promise<() => Promise<unknown>> {
  const batch = batchOf(algorithm);
  const open = openColumns(algorithm);
  const fn = (given: PolicyBatch): unknown => {
    const inputs = open.map((path) => given[path] as tf.Tensor);
    const { value, grads } = tf.engine().gradients(() => algorithm.objective.loss(given).loss, inputs, undefined, true);
    const found = grads.filter((gradient: tf.Tensor | null | undefined) => Boolean(gradient));
    return { value, grads: found.map((gradient) => (gradient.size > rows * tokens ? gradient.sum() : gradient)) };
  };
  const { model, inputs } = traceFunction(name, fn, readArguments(name, [batch]));
  const given = inputs.map((input) => [input.name, at(batch, input.path)] as const);
  const large = Object.fromEntries(given.filter(([, { data }]) => data.length > rows * tokens));
  const kept = await Engine.shared().parameters(large);
  const feeds = Object.fromEntries(given.map(([key, host]) => [key, key in large ? kept.ref(key) : host]));
  return () => Engine.shared().run(model, feeds);
}

/** The tensor at `arg0.totals.rows`. */
function at(batch: Record<string, unknown>, path: string): HostTensor {
  let found: unknown = batch;
  for (const key of path.split(".").slice(1)) found = Reflect.get(found as object, key);
  return found as HostTensor;
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

await tf.setBackend("cpu");
const parameters = await Engine.shared().parameters(decoderParameters(size, 1));
const step = gradientStep(decoderLoss(size), { parameters, optimizer: {}, name: "bench" });
const batch = decoderBatch(size, 1);
const train = async (): Promise<void> => {
  await step.accumulate(batch);
  await step.apply({ learningRate: 1e-4, maxGradNorm: 1 });
};
await timed(train);
for (const { name, algorithm } of allAlgorithms()) {
  const call = await objectiveCall(name, algorithm);
  await timed(call);
  const [objectiveMs, stepMs]: [number[], number[]] = [[], []];
  for (let i = 0; i < rounds; i++) {
    objectiveMs.push(await timed(call));
    stepMs.push(await timed(train));
  }
  report({
    bench: "objective",
    name: `${name}, loss and gradient, 2048 tokens, median of ${rounds}`,
    value: median(objectiveMs),
    unit: "ms",
    against: "training step d128 L4",
    reference: median(stepMs),
  });
}
