/**
 * Imitation of what was right: the negative log-likelihood of completions with a positive reward, added to any objective.
 * Yue et al. 2025, "VAPO: Efficient and Reliable Reinforcement Learning for Advanced Reasoning Tasks", arXiv:2504.05118,
 * section 3.3 (positive-example LM loss); NeMo-RL's positive_example_nll_weight.
 *
 *     loss = the objective's + weight x ( -sum over tokens of completions with r_b > threshold of logp_bt ) / (their number)
 *
 * Seams: objective (wraps the one that is there); advantage, which counts. The divisor is the step's: where a step is split
 * into several updates, an update's share of it. No positive completion: nothing is added. Unscored rows are not positive.
 */
import type * as tf from "@tensorflow/tfjs";
import type { Advantage } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkBatch, column, joinNeeds, masked, type Objective, required } from "../toolkit/objective.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { overTokens } from "../toolkit/ratio.ts";
import { wrapSeam } from "../toolkit/seam.ts";

export interface PositiveNllOptions {
  /** mu. Default 0.1: section 4.1. */
  readonly weight?: number;
  /** Reward above which a completion is positive, 0 or more. Default 0: our choice, for rewards of 0 or 1, and of -1 or 1. */
  readonly threshold?: number;
}

const SOURCES: ChoiceSources<keyof PositiveNllOptions> = {
  weight: ["objective", "arXiv:2504.05118, section 4.1"],
  threshold: ["objective", "our choice: rewards of 0 or 1, or of -1 or 1"],
};

/** Share of the step's trained tokens that are of positive completions. */
const SHARE = "positiveTokenShare";

/**
 * The change: `compose(grpo(), positiveNll())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function positiveNll(options: PositiveNllOptions = {}): AlgorithmChange {
  checkOptions("positiveNll", options, { weight: { kind: "number", min: 0 }, threshold: { kind: "number", min: 0 } });
  const settings = withDefaults({ weight: 0.1, threshold: 0 }, options);
  return {
    name: "positive-nll",
    wraps: {
      advantage: (inner) => counted(inner, settings),
      objective: (inner) => imitating(inner, settings),
    },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function counted(inner: Advantage, { threshold }: Required<PositiveNllOptions>): Advantage {
  return wrapSeam(inner, async (input, next) => {
    const advantages = await next(input);
    const { rollouts, rewards } = input;
    const [mask, tokens] = [advantages.mask ?? rollouts.mask, rollouts.width - 1];
    const count = (some: (reward: number) => boolean): number =>
      mask.reduce((sum, m, i) => sum + (some(rewards.values[Math.floor(i / tokens)] ?? Number.NaN) ? m : 0), 0);
    const share =
      count((reward) => reward > threshold) /
      Math.max(
        1,
        count(() => true),
      );
    return { ...advantages, columns: { ...advantages.columns, [SHARE]: share } };
  });
}

function imitating(inner: Objective, { weight, threshold }: Required<PositiveNllOptions>): Objective {
  return {
    needs: joinNeeds(inner.needs, { columns: { [SHARE]: "step" } }),
    loss(batch) {
      const { loss, metrics } = inner.loss(batch);
      const checked = checkBatch("positiveNll", batch);
      const positive = required("positiveNll", checked, "rewards").greater(threshold).cast("float32") as tf.Tensor1D; // [B]
      const own = overTokens(positive, checked.mask).mul(checked.mask) as tf.Tensor2D; // [B, T]
      const tokens = column("positiveNll", checked, SHARE).mul(checked.totals.tokens).maximum(1); // []
      const nll = masked(checked.logProbs, own).sum().div(tokens).neg().asScalar();
      return { loss: loss.add(nll.mul(weight)).asScalar(), metrics: { ...metrics, positive_nll_loss: nll } };
    },
  };
}
