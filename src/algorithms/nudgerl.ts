/**
 * NudgeRL: part of a group is sampled after short strategy hints; what they find is distilled into the plain prompt.
 * 2026, "Nudging Beyond the Comfort Zone: Efficient Strategy-Guided Exploration for RLVR", arXiv:2605.15726; counts and
 * advantages as in the released code.
 *
 *     M hints of a prompt's pool, K rollouts each; d_m ~ Binomial(K, pDrop) of them move to the plain prompt
 *     a_i = (r_i - mean_group) + lambda (mean_group - mean)  with a hint;   r_i - mean  without
 *     A_i = (a_i - mean a) / (std a + eps), over all N = M K of the prompt, std over n
 *     loss = mean_i (1 / |y_i|) sum_t -min(rho A_i, clip(rho) A_i)  -  distill mean_i A_i (1 / |y_i|) sum_t log p(y_it | x0)
 *
 * Seams: rollout, advantage, objective. Every completion is in the batch twice: after the prompt that it was sampled
 * after, and after the plain one. lambda outside [0, 2] loses the guarantee that a right completion never scores below a
 * wrong one. An empty row adds 0 and is warned of. Unscored rows are in no mean and get 0.
 */
import * as tf from "@tensorflow/tfjs";
import { type AdvantageInput, type Advantages, spreadOverTokens } from "../toolkit/advantage.ts";
import { type Algorithm, type ChoiceSources, choicesOf, givenChoices } from "../toolkit/algorithm.ts";
import {
  aggregate,
  checkBatch,
  column,
  masked,
  type ObjectiveNeeds,
  type ObjectiveResult,
  type PolicyBatch,
} from "../toolkit/objective.ts";
import { checkOptions } from "../toolkit/options.ts";
import { clippedGain, tokenRatio } from "../toolkit/ratio.ts";
import type { RolloutInput, Rollouts } from "../toolkit/rollout.ts";
import type { Problem } from "../toolkit/tasks/task.ts";
import { interIntraAdvantage, warnOfEmptyRows } from "./nudgerl-groups.ts";
import { DISTILLED, HINT, type NudgeSampling, nudgedRollouts } from "./nudgerl-rollout.ts";

export interface NudgeRlOptions {
  /** Pool of hints of a problem, M or more. Default: none, every rollout is of the plain prompt. */
  readonly contexts?: (problem: Problem) => readonly string[];
  /** The prompt with a hint. Default: the hint before the prompt. */
  readonly place?: (context: string, prompt: string) => string;
  /** Tokens that a hint may add to a prompt. Default 0. */
  readonly extraPromptTokens?: number;
  /** M. Default 2: configuration. K is `samplesPerPrompt` / M. */
  readonly contextsPerPrompt?: number;
  /** Chance that a hinted rollout loses its hint. Default 0.5: configuration. */
  readonly dropProbability?: number;
  /** The first M of the pool, or M at random: better in the paper's ablation (0.598 against 0.552). Default "sequential": code. */
  readonly sampler?: "sequential" | "random";
  /** Weight of the difference between groups against that within. Default 1.1: configuration. */
  readonly lambda?: number;
  /** Added to the standard deviation. Default 1e-5: configuration. */
  readonly epsilon?: number;
  /** Default 0.2: configuration. */
  readonly clipLow?: number;
  /** Default: clipLow. */
  readonly clipHigh?: number;
  /** Weight of the distillation into the plain prompt. Default 0.1: configuration. */
  readonly distillCoefficient?: number;
}

type Settings = Required<Omit<NudgeRlOptions, "extraPromptTokens">>;

const SOURCES: ChoiceSources<Exclude<keyof Settings, "contexts" | "place">> = {
  contextsPerPrompt: ["rollout", "arXiv:2605.15726, configuration"],
  dropProbability: ["rollout", "arXiv:2605.15726, configuration"],
  sampler: ["rollout", "arXiv:2605.15726, released code"],
  lambda: ["advantage", "arXiv:2605.15726, configuration"],
  epsilon: ["advantage", "arXiv:2605.15726, configuration"],
  clipLow: ["objective", "arXiv:2605.15726, configuration"],
  clipHigh: ["objective", "arXiv:2605.15726, configuration"],
  distillCoefficient: ["objective", "arXiv:2605.15726, configuration"],
};

const DEFAULTS = {
  contexts: ["rollout", "none", "our choice: hints are the user's"],
  place: ["rollout", "the hint before the prompt", "arXiv:2605.15726"],
} as const;

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function nudgeRl(options: NudgeRlOptions = {}): Algorithm {
  const settings = settle(options);
  const { extraPromptTokens = 0 } = options;
  return {
    name: "nudgerl",
    inseparable: true,
    rollout: (input: RolloutInput) => nudgedRollouts(input, settings satisfies NudgeSampling),
    advantage: (input) => advantages(input, settings),
    objective: { needs: NEEDS, loss: (batch) => lossOf(batch, settings) },
    ...(extraPromptTokens > 0 && { extraPromptTokens }),
    choices: [...choicesOf(SOURCES, settings, options), ...givenChoices(options, DEFAULTS)],
  };
}

const NEEDS: ObjectiveNeeds = { columns: { [DISTILLED]: "row" } };

const LOSS_RULES = {
  clipLow: { kind: "number", min: 0, max: 1 },
  clipHigh: { kind: "number", min: 0 },
  distillCoefficient: { kind: "number", min: 0 },
} as const;

function settle(options: NudgeRlOptions): Settings {
  checkOptions("nudgeRl", options, {
    contexts: { kind: "function" },
    place: { kind: "function" },
    extraPromptTokens: { kind: "integer", min: 0 },
    contextsPerPrompt: { kind: "integer", min: 1 },
    dropProbability: { kind: "number", min: 0, max: 1 },
    sampler: { kind: "either", values: ["sequential", "random"] },
    lambda: { kind: "number" },
    epsilon: { kind: "number", min: 0 },
    ...LOSS_RULES,
  });
  const { contexts = () => [], place = (context: string, prompt: string) => context + prompt } = options;
  const { contextsPerPrompt = 2, dropProbability = 0.5, sampler = "sequential" } = options;
  const { lambda = 1.1, epsilon = 1e-5, clipLow = 0.2, clipHigh = clipLow, distillCoefficient = 0.1 } = options;
  const drawn = { contexts, place, contextsPerPrompt, dropProbability, sampler };
  return { ...drawn, lambda, epsilon, clipLow, clipHigh, distillCoefficient };
}

function advantages({ rollouts, rewards }: AdvantageInput, { lambda, epsilon }: Settings): Advantages {
  const [hints, copies] = [rowColumn(rollouts, HINT, -1), rowColumn(rollouts, DISTILLED, 0)];
  const own = [...copies.keys()].filter((b) => copies[b] === 0);
  const perRow = new Float32Array(rollouts.rows);
  warnOfEmptyRows(rollouts.mask, rollouts.rows);
  for (let group = 0; group < rollouts.problems.length; group++) {
    const scored = own.filter((b) => rollouts.group[b] === group && !Number.isNaN(rewards.values[b]));
    if (scored.length === 0) continue;
    const found = interIntraAdvantage(
      scored.map((b) => rewards.values[b] ?? 0),
      scored.map((b) => ((hints[b] ?? -1) < 0 ? null : (hints[b] ?? null))),
      { lambda, epsilon },
    );
    for (const [i, b] of scored.entries()) perRow[b] = found.advantages[i] ?? 0;
  }
  // The second half are the same completions after the plain prompt, in the same order.
  for (const [i, b] of [...copies.keys()].filter((row) => copies[row] === 1).entries())
    perRow[b] = perRow[own[i] ?? -1] ?? 0;
  const hinted = own.filter((b) => (hints[b] ?? -1) >= 0).length / Math.max(own.length, 1);
  return { perToken: spreadOverTokens(perRow, rollouts.width - 1), metrics: { "nudge/hinted_share": hinted } };
}

function rowColumn({ columns, rows }: Rollouts, name: string, otherwise: number): Float32Array {
  const found = columns?.[name];
  return found instanceof Float32Array ? found : new Float32Array(rows).fill(otherwise);
}

function lossOf(batch: PolicyBatch, settings: Settings): ObjectiveResult {
  const checked = checkBatch("nudgeRl", batch);
  const rows = checked.mask.shape[0];
  const copies = column("nudgeRl", batch, DISTILLED).reshape<tf.Tensor2D>([rows, 1]); // [B, 1]
  const sampled = { ...checked, mask: checked.mask.mul<tf.Tensor2D>(tf.sub(1, copies)) };
  const plain = { ...checked, mask: checked.mask.mul<tf.Tensor2D>(copies) };
  // Half of the rows are copies: each term is a mean over the other half.
  const { clipLow, clipHigh, distillCoefficient } = settings;
  const { rl, distill, total } = nudgeLoss({ sampled, plain }, { clipLow, clipHigh, distillCoefficient });
  const twice = (mean: tf.Scalar): tf.Scalar => mean.mul(2).asScalar();
  return { loss: twice(total), metrics: { policy_loss: twice(rl), "nudge/distill": twice(distill) } };
}

export interface NudgeBatches {
  /** Completions after the prompts that they were sampled after. */
  readonly sampled: PolicyBatch;
  /** The same after the plain prompt; old log-probs are not read. */
  readonly plain: PolicyBatch;
}

export interface NudgeLoss {
  readonly rl: tf.Scalar;
  readonly distill: tf.Scalar;
  /** rl + distillCoefficient distill. */
  readonly total: tf.Scalar;
}

/** The two terms, each a mean over the rows of its batch of a mean over tokens, and their weighted sum. */
export function nudgeLoss(
  { sampled, plain }: NudgeBatches,
  options: Pick<NudgeRlOptions, "clipLow" | "clipHigh" | "distillCoefficient"> = {},
): NudgeLoss {
  const { clipLow = 0.2, clipHigh = clipLow, distillCoefficient = 0.1 } = options;
  checkOptions("nudgeLoss", { clipLow, clipHigh, distillCoefficient }, LOSS_RULES);
  const [own, base] = [checkBatch("nudgeLoss", sampled), checkBatch("nudgeLoss", plain)];
  const gain = clippedGain(tokenRatio(own), masked(own.advantages, own.mask), { clipLow, clipHigh }); // [B, T]
  const credit = masked(base.logProbs, base.mask).mul<tf.Tensor2D>(masked(base.advantages, base.mask)); // [B, T]
  const rl = aggregate(gain, own, "seq-mean-token-mean").neg().asScalar();
  const distill = aggregate(credit, base, "seq-mean-token-mean").neg().asScalar();
  return { rl, distill, total: rl.add(distill.mul(distillCoefficient)).asScalar() };
}
