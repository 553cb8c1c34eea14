/**
 * AsymRE: learning from old completions with a baseline below their mean, so that right ones weigh more than wrong ones.
 * Arnal, Narozniak, Cabannes, Tang, Kempe, Munos 2025, "Asymmetric REINFORCE for off-Policy Reinforcement Learning:
 * Balancing positive and negative rewards", arXiv:2506.20520.
 *
 *     V    = mean of the group's rewards + shift,   A_b = r_b - V
 *     loss = -mean over tokens of A_b log p_bt      no ratio: the completions may be of any policy, and no clip
 *
 * Seams: advantage, objective. With shift below 0 the limit under fixed samples keeps every answer better than V; from 0 on
 * it collapses onto few. A group of equal rewards is not silent: each completion gets -shift. An unscored row gets 0. The
 * mean over tokens is our choice: a loss per token as the other methods here have.
 */
import type * as tf from "@tensorflow/tfjs";
import { type AdvantageInput, type Advantages, groupStatistics, spreadOverTokens } from "../toolkit/advantage.ts";
import { type Algorithm, type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import {
  AGGREGATIONS,
  type Aggregation,
  aggregate,
  checkBatch,
  masked,
  type ObjectiveResult,
  type PolicyBatch,
} from "../toolkit/objective.ts";
import { checkOptions } from "../toolkit/options.ts";

export interface AsymreOptions {
  /** Added to the group's mean to make the baseline. Default -0.1: paper, language models. */
  readonly shift?: number;
  /** How tokens are averaged. Default "token-mean" (our choice). */
  readonly aggregation?: Aggregation;
}

const SOURCES: ChoiceSources<keyof AsymreOptions> = {
  shift: ["advantage", "arXiv:2506.20520, experiments with language models"],
  aggregation: ["objective", "our choice: every token weighs the same"],
};

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function asymre(options: AsymreOptions = {}): Algorithm {
  checkOptions("asymre", options, {
    shift: { kind: "number" },
    aggregation: { kind: "either", values: AGGREGATIONS },
  });
  const { shift = -0.1, aggregation = "token-mean" } = options;
  return {
    name: "asymre",
    advantage: (input) => asymreAdvantages(input, shift),
    objective: { needs: {}, loss: (batch) => loss(batch, aggregation) },
    choices: choicesOf(SOURCES, { shift, aggregation }, options),
  };
}

function asymreAdvantages({ rollouts, rewards }: AdvantageInput, shift: number): Advantages {
  const groups = groupStatistics(rewards.values, rollouts.group);
  const perRow = rewards.values.map((reward, b) => {
    const mean = groups.get(rollouts.group[b] ?? -1)?.mean ?? 0;
    return Number.isNaN(reward) ? 0 : reward - mean - shift;
  });
  return { perToken: spreadOverTokens(perRow, rollouts.width - 1) };
}

function loss(batch: PolicyBatch, aggregation: Aggregation): ObjectiveResult {
  const checked = checkBatch("asymre", batch);
  const { logProbs, advantages, mask } = checked;
  const gain = masked(logProbs, mask).mul<tf.Tensor2D>(masked(advantages, mask)); // [B, T]
  return { loss: aggregate(gain, checked, aggregation).neg().asScalar(), metrics: {} };
}
