/**
 * The learning half of a step: micro-batches through the compiled loss, the identity proof on the way, the optimizer.
 */
import type * as tf from "@tensorflow/tfjs";
import type { CompleteAlgorithm } from "../algorithm.ts";
import { type AdamWOptions, type OptimizerState, sumOfSquares } from "../jit/adamw.ts";
import type { Batch } from "../jit/batch.ts";
import { type ApplyOptions, type GradientStep, gradientStep } from "../jit/gradient-step.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import { aggregate, masked } from "../objective.ts";
import type { Policy } from "../policy/policy.ts";
import { UsageError } from "../refuse.ts";
import { type BatchShape, pickRows } from "./columns.ts";
import { type Agreement, checkAgreement, compareLogProbs, noAgreement, TrainingError } from "./identity.ts";
import { lossOf } from "./loss.ts";
import { type Cut, emptyBatch, type LearnColumns, type MicroBatch, microBatch, totalsOf } from "./micro-batch.ts";
import { microBatchRows, miniBatchRows } from "./split.ts";
import { describeRow, describeToken, describeWeights } from "./watch/finite.ts";

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
  /** Of each token as it was first scored, nats; undefined where nothing was learned. */
  readonly entropies?: Float32Array; // [B, T]
}

export interface Learner {
  /** Compiles the loss, so that the first step takes no longer than the others. */
  prepare(): Promise<void>;
  learn(columns: LearnColumns, settings: LearnSettings): Promise<Learned>;
  /** Loss and gradient of the first micro-batch; nothing is accumulated and no weight changes. */
  rehearse(columns: LearnColumns): Promise<LearnRehearsal>;
  state(): Promise<OptimizerState>;
  /** Continues from a state, bit for bit. */
  restore(state: OptimizerState): Promise<void>;
  /** Frees gradients and moments; the policy stays. */
  dispose(): Promise<void>;
}

/** What the first micro-batch of a step would give. */
export interface LearnRehearsal {
  readonly loss: number;
  readonly gradNorm: number;
  /** Time of it, ms. */
  readonly ms: number;
  /** The first thing that is not finite, in words: a token's log-prob, the loss, a weight's gradient. */
  readonly notFinite?: string;
  /** Sampler and learner disagree about these tokens' log-probs: the proof of identity failed. */
  readonly otherWeights?: string;
}

/** Name under which the loss returns the learner's log-probs, [B, T]; no objective's metric may have it. */
const LOG_PROBS = "logProbs";
/** And the entropies of its distributions, [B, T]. */
const ENTROPIES = "entropies";

/** Makes the learner of a run; nothing is compiled before `prepare` or the first step. */
export function createLearner(options: LearnerOptions): Learner {
  const { policy, algorithm, shape, optimizer } = options;
  const { needs } = algorithm.objective;
  const graph = gradientStep(
    (parameters: Record<string, tf.Tensor>, batch: MicroBatch) => {
      const { loss, metrics, logProbs, entropy } = lossOf(parameters, batch, options);
      const meanEntropy = aggregate(masked(entropy, batch.mask), batch, "token-mean");
      return { loss, metrics: { ...metrics, entropy: meanEntropy, [LOG_PROBS]: logProbs, [ENTROPIES]: entropy } };
    },
    { parameters: policy.parameters, optimizer, name: algorithm.name },
  );
  return {
    prepare: () => graph.prepare(emptyBatch(shape, needs, policy.config.vocab_size)),
    learn: (columns, settings) => learn(graph, options, columns, settings),
    rehearse: (columns) => rehearse(graph, options, columns),
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
  const entropies = new Float32Array(columns.rollouts.mask.length).fill(Number.NaN);
  for (let epoch = 0; epoch < innerEpochs; epoch++) {
    const split = { ...settings, miniBatches, epoch, together: options.algorithm.objective.needs.together };
    for (const rows of miniBatchRows(columns.rollouts.group, split)) {
      const first = updates.length === 0; // later updates rightly differ from the sampler
      const metrics = await accumulate(graph, options, columns, {
        ...{ rows, settings, seen: first ? seen : undefined },
        entropies: epoch === 0 ? entropies : undefined,
      });
      if (first) checkAgreement(settings.step, seen);
      const { gradNorm } = await applied(graph, settings.step, { learningRate, maxGradNorm }, () =>
        describeGradient(graph, options, columns, rows),
      );
      updates.push({ ...metrics, grad_norm: gradNorm });
    }
  }
  const difference = { max: seen.max, mean: seen.sum / Math.max(seen.count, 1) };
  return { metrics: meanOf(updates), difference, entropies };
}

/** @throws TrainingError naming the weight and the row whose gradient is not finite; no weight has changed then */
async function applied(
  graph: GradientStep<MicroBatch>,
  step: number,
  options: ApplyOptions,
  cause: () => Promise<string>,
): Promise<{ readonly gradNorm: number }> {
  try {
    const { gradNorm } = await graph.apply(options);
    if (Number.isFinite(gradNorm)) return { gradNorm };
    throw new TrainingError(step, `the gradient's norm is ${gradNorm}; lower learningRate.`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new TrainingError(step, `${error.message} ${await cause()}.`, { cause: error });
  }
}

/** The first row whose own gradient is not finite, found by halving, and the largest weight. */
async function describeGradient(
  graph: GradientStep<MicroBatch>,
  options: LearnerOptions,
  columns: LearnColumns,
  rows: readonly number[],
): Promise<string> {
  const { shape, algorithm, policy } = options;
  const { together } = algorithm.objective.needs;
  const parts = microBatchRows(columns.rollouts.group, rows, shape.rows, together);
  const bad = async (some: readonly number[]): Promise<boolean> => {
    const { gradients } = await graph.gradients(microBatch(columns, some, cutOf(options, columns, some)));
    return !Object.values(gradients).every(({ data }) => Number.isFinite(sumOfSquares(floats(data))));
  };
  const search = async (some: readonly number[]): Promise<readonly number[]> => {
    if (some.length <= 1 || together !== undefined) return some; // rows that must meet are not looked at alone
    const half = some.slice(0, some.length >> 1);
    return search((await bad(half)) ? half : some.slice(some.length >> 1));
  };
  let first: number | undefined;
  for (const part of parts) {
    if (!(await bad(part))) continue;
    [first] = await search(part);
    break;
  }
  const row = first === undefined ? "" : `It comes from ${describeRow(columns.rollouts, first)}; `;
  return `${row}${await describeWeights(policy)}`;
}

/** A micro-batch of some rows that is looked at only: its totals are its own. */
function cutOf(options: LearnerOptions, columns: LearnColumns, rows: readonly number[]): Cut {
  const { algorithm, shape, policy, maxTokens } = options;
  return {
    ...{ algorithm, needs: algorithm.objective.needs, vocabulary: policy.config.vocab_size },
    totals: totalsOf(columns, rows, maxTokens),
    shape: { rows: Math.ceil(rows.length / shape.rows) * shape.rows, tokens: shape.tokens },
  };
}

/** The first micro-batch of a step, looked at only. */
async function rehearse(
  graph: GradientStep<MicroBatch>,
  options: LearnerOptions,
  columns: LearnColumns,
): Promise<LearnRehearsal> {
  const { algorithm, shape } = options;
  const { group } = columns.rollouts;
  const [rows = []] = microBatchRows(group, [...group.keys()], shape.rows, algorithm.objective.needs.together);
  const cut = cutOf(options, columns, rows);
  const batch = microBatch(columns, rows, cut);
  const start = performance.now();
  const { loss, metrics, gradients } = await graph.gradients(batch);
  const ms = performance.now() - start;
  const squares = Object.entries(gradients).map(([name, { data }]) => ({ name, sum: sumOfSquares(floats(data)) }));
  const gradNorm = Math.sqrt(squares.reduce((total, { sum }) => total + sum, 0));
  const result = { loss, gradNorm, ms };
  const token = describeLearner(options, columns, rows, metrics[LOG_PROBS], shape.tokens);
  const gradient = squares.find(({ sum }) => !Number.isFinite(sum));
  const notFinite =
    token ??
    (Number.isFinite(loss) ? undefined : `the loss is ${loss}`) ??
    (gradient && `the gradient of ${gradient.name} is not finite`);
  if (notFinite !== undefined) return { ...result, notFinite };
  const seen = noAgreement();
  try {
    compareMicroBatch(columns, rows, cut.shape, { step: 0, learner: metrics[LOG_PROBS], seen });
    checkAgreement(0, seen);
  } catch (error) {
    if (error instanceof TrainingError) return { ...result, otherWeights: error.message };
    throw error;
  }
  return result;
}

function floats(data: HostTensor["data"]): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new Error("internal: a gradient is not float32");
}

/** The first token whose log-prob the learner has as NaN or infinite, in words. @param rows of the micro-batch */
function describeLearner(
  { policy }: Pick<LearnerOptions, "policy">,
  { rollouts, advantages }: LearnColumns,
  rows: readonly number[],
  learner: HostTensor | undefined,
  tokens: number,
): string | undefined {
  const width = rollouts.width - 1;
  const column = new Float32Array(rollouts.rows * width);
  putRows(column, width, { rows, from: learner, tokens });
  return describeToken(policy, { rollouts, columns: { "the learner's log-prob": column }, mask: advantages.mask });
}

interface MiniBatch {
  readonly rows: readonly number[];
  readonly settings: LearnSettings;
  /** There for the first update of a step. */
  readonly seen: Agreement | undefined;
  /** There in the first epoch: what the learner finds goes in. */
  readonly entropies: Float32Array | undefined; // [B, T]
}

/** Adds up the gradients of a mini-batch's micro-batches; returns its figures. */
async function accumulate(
  graph: GradientStep<MicroBatch>,
  options: LearnerOptions,
  columns: LearnColumns,
  { rows, settings, seen, entropies }: MiniBatch,
): Promise<Record<string, number>> {
  const sums: Record<string, number> = { loss: 0 };
  const { policy, algorithm, shape } = options;
  const { needs } = algorithm.objective;
  const common = {
    algorithm,
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
    if (!Number.isFinite(loss)) {
      const token = describeLearner(options, columns, some, metrics[LOG_PROBS], shape.tokens);
      const from = `${token ?? "every log-prob of the learner is finite"}; ${await describeWeights(policy)}`;
      throw new TrainingError(
        settings.step,
        `the loss is ${loss}; ${remedyFor(batch)}. Looked for the first: ${from}.`,
      );
    }
    sums.loss = (sums.loss ?? 0) + loss;
    for (const [name, { data }] of Object.entries(metrics)) {
      if (name !== LOG_PROBS && name !== ENTROPIES) sums[name] = (sums[name] ?? 0) + (data[0] ?? Number.NaN);
    }
    if (entropies)
      putRows(entropies, columns.rollouts.width - 1, { rows: some, from: metrics[ENTROPIES], tokens: shape.tokens });
    if (seen) compareMicroBatch(columns, some, cut.shape, { step: settings.step, learner: metrics[LOG_PROBS], seen });
  }
  return sums;
}

/** Puts a micro-batch's numbers per token where its rows are in the step's column. @param width of the column */
function putRows(
  column: Float32Array,
  width: number,
  {
    rows,
    from,
    tokens,
  }: { readonly rows: readonly number[]; readonly from: HostTensor | undefined; readonly tokens: number },
): void {
  if (!(from?.data instanceof Float32Array)) throw new Error("internal: the loss returned no such column");
  const shared = Math.min(width, tokens);
  for (const [i, b] of rows.entries()) {
    column.set(from.data.subarray(i * tokens, i * tokens + shared), b * width);
  }
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
