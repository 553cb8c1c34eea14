/**
 * GPG: plain policy gradient on group-relative rewards: no ratio, no clip, no KL; the step is scaled up by the share of
 * groups that teach something.
 * Chu et al. 2025, "GPG: A Simple and Strong Reinforcement Learning Baseline for Model Reasoning", arXiv:2504.02546.
 *
 *     A_b   = alpha (r_b - mean_group r) / F,  F = 1 or the group's deviation
 *     alpha = B / (B - M),  M = completions of groups whose rewards are all equal
 *     loss  = -sum_b sum_t A_b logp_bt / sum_b n_b
 *
 * Seams: advantage, objective. Where all groups are equal A is 0 and so is the gradient. Unscored rows count in neither B nor
 * M. The loss's value is not 0 at the start and means little.
 */
import {
  type AdvantageInput,
  type Advantages,
  groupAdvantages,
  groupStatistics,
  spreadOverTokens,
} from "../toolkit/advantage.ts";
import { type Algorithm, type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import { AGGREGATIONS, type Aggregation, checkBatch } from "../toolkit/objective.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { weightedLikelihood } from "../toolkit/ratio.ts";

export interface GpgOptions {
  /** F. Default "none": the paper's best setting, and verl's f_norm of 1. */
  readonly scale?: "none" | "group-std";
  /** The factor alpha. Default true: the paper's accurate gradient estimate. */
  readonly rescale?: boolean;
  /** How tokens are averaged. Default "token-mean": the paper's objective. */
  readonly aggregation?: Aggregation;
}

const SOURCES: ChoiceSources<keyof GpgOptions> = {
  scale: ["advantage", "arXiv:2504.02546; verl"],
  rescale: ["advantage", "arXiv:2504.02546"],
  aggregation: ["objective", "arXiv:2504.02546"],
};

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function gpg(options: GpgOptions = {}): Algorithm {
  checkOptions("gpg", options, {
    scale: { kind: "either", values: ["none", "group-std"] },
    rescale: { kind: "boolean" },
    aggregation: { kind: "either", values: AGGREGATIONS },
  });
  const defaults: Required<GpgOptions> = { scale: "none", rescale: true, aggregation: "token-mean" };
  const settings = withDefaults(defaults, options);
  return {
    name: "gpg",
    advantage: (input) => gpgAdvantage(input, settings),
    objective: {
      needs: {},
      loss(batch) {
        const checked = checkBatch("gpg", batch);
        return { loss: weightedLikelihood(checked, checked.mask, settings.aggregation), metrics: {} };
      },
    },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function gpgAdvantage({ rollouts, rewards }: AdvantageInput, { scale, rescale }: Required<GpgOptions>): Advantages {
  const centred = groupAdvantages(rewards.values, rollouts.group, { scale, deviation: "sample", epsilon: 1e-6 });
  const groups = [...groupStatistics(rewards.values, rollouts.group).values()];
  const count = (some: typeof groups): number => some.reduce((sum, group) => sum + group.count, 0);
  const useful = count(groups.filter(({ min, max }) => min !== max));
  const alpha = rescale && useful > 0 ? count(groups) / useful : 1;
  const perRow = centred.map((advantage) => alpha * advantage);
  return { perToken: spreadOverTokens(perRow, rollouts.width - 1), metrics: { "gpg/alpha": alpha } };
}
