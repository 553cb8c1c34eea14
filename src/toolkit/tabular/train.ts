/** Trains a tabular policy through the seams of an algorithm, as `train` does, in milliseconds a step. */
import { checkOptions } from "../options.ts";
import { miniBatchRows } from "../train/split.ts";
import { type CollectOptions, openTabular } from "./collect.ts";
import { exactEntropy, expectedReward } from "./exact.ts";
import { objectiveGradient } from "./gradient.ts";
import { byWeights, copyOf, moveWeights, type TabularPolicy, tabularPolicy } from "./policy.ts";
import type { TabularProblem } from "./problem.ts";
import type { TabularUpdate } from "./update-parts.ts";

export interface TrainTabularOptions extends CollectOptions {
  /** What to train on, from its initial logits; or a policy, which is not changed. */
  readonly problem: TabularProblem | TabularPolicy;
  /** Of the step along the loss's gradient, or a function of the step. No clipping of the gradient. Default 1. */
  readonly learningRate?: number | ((step: number) => number);
  /** Default "sgd". Adam: betas 0.9 and 0.999, epsilon 1e-8, no weight decay. */
  readonly optimizer?: "sgd" | "adam";
  /** Times a step's answers are learned from. Default 1. */
  readonly innerEpochs?: number;
  /** Updates per inner epoch. Default 1. */
  readonly miniBatches?: number;
  /** Further figures of the policy after a step. Default: none. */
  readonly measure?: (policy: TabularPolicy, step: number) => Readonly<Record<string, number>>;
  /** Steps between exact figures (expected reward, entropy, `measure`); the last step always has them. Default 1. */
  readonly measureEvery?: number;
  /** Called after every update, with copies of the policy around it: what `tabularUpdateParts` takes apart. Default: none. */
  readonly observe?: (update: TabularUpdate) => void;
}

export interface TabularRun {
  readonly policy: TabularPolicy;
  readonly initial: TabularPolicy;
  /**
   * Figures of each step: those of the seams and the objective, `reward` (mean of the sampled), `loss`, `grad_norm` (of
   * the last update); after it `expected_reward` and `entropy`, exactly.
   */
  readonly steps: readonly Readonly<Record<string, number>>[];
}

/** @throws UsageError for an option out of range, or an algorithm with an update seam, which needs a real policy's weights */
export async function trainTabular(options: TrainTabularOptions): Promise<TabularRun> {
  check(options);
  const { problem, steps, measure, measureEvery = 1 } = options;
  const initial = "logits" in problem ? problem : tabularPolicy(problem);
  const policy = copyOf(initial);
  const stepper = tabularStepper(options, policy, initial);
  const records: Record<string, number>[] = [];
  for (let step = 0; step < steps; step++) {
    const figures = await stepper(step);
    const exact = step % measureEvery === 0 || step === steps - 1;
    records.push({
      ...figures,
      ...(exact && {
        expected_reward: expectedReward(policy),
        entropy: exactEntropy(policy),
        ...measure?.(policy, step),
      }),
    });
  }
  return { policy, initial, steps: records };
}

function check(options: TrainTabularOptions): void {
  checkOptions("trainTabular", options, {
    problem: { kind: "object", required: true },
    algorithm: { kind: "object", required: true },
    steps: { kind: "integer", min: 0, required: true },
    seed: { kind: "integer", min: 0, max: 2 ** 32 - 1 },
    promptsPerStep: { kind: "integer", min: 1 },
    samplesPerPrompt: { kind: "integer", min: 1 },
    temperature: { kind: "number", above: 0 },
    observed: { kind: "function" },
    learningRate: { kind: "schedule", min: 0 },
    optimizer: { kind: "either", values: ["sgd", "adam"] },
    innerEpochs: { kind: "integer", min: 1 },
    miniBatches: { kind: "integer", min: 1 },
    measure: { kind: "function" },
    measureEvery: { kind: "integer", min: 1 },
    observe: { kind: "function" },
  });
}

/** Takes steps; what seams and optimizer remember lies in the closure. */
function tabularStepper(
  options: TrainTabularOptions,
  policy: TabularPolicy,
  initial: TabularPolicy,
): (step: number) => Promise<Record<string, number>> {
  const { innerEpochs = 1, miniBatches = 1, temperature = 1, seed = 0, learningRate = 1, observe } = options;
  const seams = openTabular(options, policy, initial);
  const change = options.optimizer === "adam" ? adam(policy.weights.length) : descend;
  const { objective } = options.algorithm;
  return async (step) => {
    const { columns, metrics } = await seams.collect(step);
    const figures: Record<string, number> = { ...metrics };
    if (columns === undefined) return figures;
    const rate = typeof learningRate === "number" ? learningRate : learningRate(step);
    for (let epoch = 0; epoch < innerEpochs; epoch++) {
      const split = { miniBatches, epoch, seed, step, together: objective.needs.together };
      for (const rows of miniBatchRows(columns.rollouts.group, split)) {
        const found = objectiveGradient(policy, objective, columns, { rows, temperature });
        const gradient = byWeights(policy, found.gradient);
        const norm = Math.sqrt(gradient.reduce((sum, slope) => sum + slope ** 2, 0));
        if (!Number.isFinite(norm)) throw new Error(`trainTabular: step ${step}: the gradient's norm is ${norm}.`);
        Object.assign(figures, found.metrics, { loss: found.loss, grad_norm: norm });
        const before = observe && copyOf(policy);
        moveWeights(policy, change(gradient, rate));
        if (before) observe({ step, epoch, before, after: copyOf(policy), objective, columns, rows, temperature });
      }
    }
    return figures;
  };
}

/** What to add to the weights. */
type Change = (gradient: Float64Array, rate: number) => Float64Array;

const descend: Change = (gradient, rate) => gradient.map((slope) => -rate * slope);

/** Kingma and Ba 2015, arXiv:1412.6980, algorithm 1. */
function adam(size: number): Change {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  const [first, second] = [new Float64Array(size), new Float64Array(size)];
  let count = 0;
  return (gradient, rate) => {
    count++;
    return gradient.map((slope, i) => {
      const mean = beta1 * (first[i] ?? 0) + (1 - beta1) * slope;
      const square = beta2 * (second[i] ?? 0) + (1 - beta2) * slope ** 2;
      [first[i], second[i]] = [mean, square];
      const deviation = Math.sqrt(square / (1 - beta2 ** count)) + epsilon;
      return (-rate * mean) / (1 - beta1 ** count) / deviation;
    });
  };
}
