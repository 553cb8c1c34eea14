/**
 * The learning half of a step: micro-batches through the compiled loss, the identity proof on the way, the optimizer.
 */
import type * as tf from "@tensorflow/tfjs";
import type { CompleteAlgorithm } from "../algorithm.ts";
import type { AdamWOptions, OptimizerState } from "../jit/adamw.ts";
import type { Batch } from "../jit/batch.ts";
import { type GradientStep, gradientStep } from "../jit/gradient-step.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import { aggregate, masked } from "../objective.ts";
import type { Policy } from "../policy/policy.ts";
import { type BatchShape, pickRows } from "./columns.ts";
import { type Agreement, checkAgreement, compareLogProbs, noAgreement, TrainingError } from "./identity.ts";
import { lossOf } from "./loss.ts";
import { type Cut, emptyBatch, type LearnColumns, type MicroBatch, microBatch, totalsOf } from "./micro-batch.ts";
import { microBatchRows, miniBatchRows } from "./split.ts";

export interface LearnerOptions {
  /** Updated in place. */
  readonly policy: Policy;
  readonly algorithm: CompleteAlgorithm;
  readonly shape: BatchShape;
  /** Longest completion, for objectives that divide by it. */
  readonly maxTokens: number;
  /** Of sampling; the loss is about the same distribution. */
  readonly temperature: number;
  readonly optimizer: AdamWOptions;
}

/** Settings of one step's learning. */
export interface LearnSettings {
  readonly step: number;
  readonly seed: number;
  readonly learningRate: number;
  readonly maxGradNorm: number;
  readonly innerEpochs: number;
  readonly miniBatches: number;
  /** Rejects with the signal's reason as long as no weight has changed; after the first update the step is finished. */
  readonly signal?: AbortSignal | undefined;
}

export interface Learned {
  /** Means over the step's updates. */
  readonly metrics: Record<string, number>;
  /** Over the tokens that were scored before the first update. */
  readonly difference: { readonly max: number; readonly mean: number };
}

export interface Learner {
  /** Compiles the loss, so that the first step takes no longer than the others. */
  prepare(): Promise<void>;
  learn(columns: LearnColumns, settings: LearnSettings): Promise<Learned>;
  state(): Promise<OptimizerState>;
  /** Continues from a state, bit for bit. */
  restore(state: OptimizerState): Promise<void>;
  /** Frees gradients and moments; the policy stays. */
  dispose(): Promise<void>;
}

/** Name under which the loss returns the learner's log-probs, [B, T]; no objective's metric may have it. */
const LOG_PROBS = "logProbs";

/** Makes the learner of a run; nothing is compiled before `prepare` or the first step. */
export function createLearner(options: LearnerOptions): Learner {
  const { policy, algorithm, shape, optimizer } = options;
  const { needs } = algorithm.objective;
  const graph = gradientStep(
    (parameters: Record<string, tf.Tensor>, batch: MicroBatch) => {
      const { loss, metrics, logProbs, entropy } = lossOf(parameters, batch, options);
      const meanEntropy = aggregate(masked(entropy, batch.mask), batch, "token-mean");
      return { loss, metrics: { ...metrics, entropy: meanEntropy, [LOG_PROBS]: logProbs } };
    },
    { parameters: policy.parameters, optimizer, name: algorithm.name },
  );
  return {
    prepare: () => graph.prepare(emptyBatch(shape, needs, policy.config.vocab_size)),
    learn: (columns, settings) => learn(graph, options, columns, settings),
    state: () => graph.state(),
    restore: (state) => graph.restore(state),
    dispose: () => graph.dispose(),
  };
}

async function learn(
  graph: GradientStep<MicroBatch>,
  options: LearnerOptions,
  columns: LearnColumns,
  settings: LearnSettings,
): Promise<Learned> {
  const { innerEpochs, miniBatches, learningRate, maxGradNorm } = settings;
  const updates: Record<string, number>[] = [];
  const seen = noAgreement();
  for (let epoch = 0; epoch < innerEpochs; epoch++) {
    const split = { ...settings, miniBatches, epoch, together: options.algorithm.objective.needs.together };
    for (const rows of miniBatchRows(columns.rollouts.group, split)) {
      const first = updates.length === 0; // later updates rightly differ from the sampler
      const metrics = await accumulate(graph, options, columns, { rows, settings, seen: first ? seen : undefined });
      if (first) checkAgreement(settings.step, seen);
      const { gradNorm } = await graph.apply({ learningRate, maxGradNorm });
      if (!Number.isFinite(gradNorm)) {
        throw new TrainingError(settings.step, `the gradient's norm is ${gradNorm}; lower learningRate.`);
      }
      updates.push({ ...metrics, grad_norm: gradNorm });
    }
  }
  return { metrics: meanOf(updates), difference: { max: seen.max, mean: seen.sum / Math.max(seen.count, 1) } };
}

interface MiniBatch {
  readonly rows: readonly number[];
  readonly settings: LearnSettings;
  /** There for the first update of a step. */
  readonly seen: Agreement | undefined;
}

/** Adds up the gradients of a mini-batch's micro-batches; returns its figures. */
async function accumulate(
  graph: GradientStep<MicroBatch>,
  options: LearnerOptions,
  columns: LearnColumns,
  { rows, settings, seen }: MiniBatch,
): Promise<Record<string, number>> {
  const sums: Record<string, number> = { loss: 0 };
  const { policy, algorithm, shape } = options;
  const { needs } = algorithm.objective;
  const common = {
    where: algorithm.name,
    totals: totalsOf(columns, rows, options.maxTokens),
    needs,
    vocabulary: policy.config.vocab_size,
  };
  for (const some of microBatchRows(columns.rollouts.group, rows, shape.rows, needs.together)) {
    if (seen) settings.signal?.throwIfAborted();
    const height = Math.ceil(some.length / shape.rows) * shape.rows; // more than the run's shape where rows must meet
    const cut: Cut = { ...common, shape: { rows: height, tokens: shape.tokens } };
    const batch = microBatch(columns, some, cut);
    const { loss, metrics } = await graph.accumulate(batch);
    if (!Number.isFinite(loss)) throw new TrainingError(settings.step, `the loss is ${loss}; ${remedyFor(batch)}.`);
    sums.loss = (sums.loss ?? 0) + loss;
    for (const [name, { data }] of Object.entries(metrics)) {
      if (name !== LOG_PROBS) sums[name] = (sums[name] ?? 0) + (data[0] ?? Number.NaN);
    }
    if (seen) compareMicroBatch(columns, some, cut.shape, { step: settings.step, learner: metrics[LOG_PROBS], seen });
  }
  return sums;
}

/** What to do about a loss that is not finite, all other numbers of the batch being checked before. */
function remedyFor({ sampleLogProbs, mask }: Batch<MicroBatch>): string {
  const unknown = sampleLogProbs.data.some((value, i) => Number.isNaN(value) && mask.data[i] === 1);
  if (!unknown) return "lower learningRate";
  return "if the objective reads sampling log-probs, leave out rows whose author's are unknown; else lower learningRate";
}

function compareMicroBatch(
  { rollouts, oldLogProbs }: LearnColumns,
  rows: readonly number[],
  { tokens }: BatchShape,
  {
    step,
    learner,
    seen,
  }: { readonly step: number; readonly learner: HostTensor | undefined; readonly seen: Agreement },
): void {
  const width = rollouts.width - 1;
  const own = rollouts.mask.slice();
  for (const [b, foreign] of rollouts.foreign?.entries() ?? []) {
    if (foreign === 1) own.fill(0, b * width, (b + 1) * width); // the policy did not sample these
  }
  const column = (data: Float32Array): Float32Array =>
    Float32Array.from(pickRows({ data, width }, rows, [rows.length, tokens], 0).data);
  if (!(learner?.data instanceof Float32Array)) throw new Error("internal: the loss returned no log-probs");
  const pair = { sampler: column(oldLogProbs), learner: learner.data, mask: column(own), tokens, rows };
  compareLogProbs(step, pair, seen);
}

function meanOf(updates: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const result: Record<string, number> = {};
  for (const update of updates) {
    for (const [name, value] of Object.entries(update)) result[name] = (result[name] ?? 0) + value / updates.length;
  }
  return result;
}
