/**
 * DPPO: a token is left out when its probability has moved too far, measured as a divergence and not as a ratio: a ratio of
 * 10 is much for a likely token and nothing for a rare one.
 * 2026, "Rethinking the Trust Region in LLM Reinforcement Learning" (DPPO), arXiv:2602.04879; forms as in verl and prime-rl.
 *
 *     tv:   D = |p - p_old|;  kl: D = p_old ln(p_old / p) + (1 - p_old) ln((1 - p_old) / (1 - p)), both of "this token or not"
 *     M     = 0 where A > 0, p > p_old and D > divergenceHigh, or A <= 0, p < p_old and D > divergenceLow; else 1
 *     loss  = -mean over tokens of stop(min(p / p_old, ratioLimit)) M A_bt logp_bt
 *
 * Seam: objective. Unlike PPO's minimum, the mask looks at single tokens' probabilities; the update back is never masked. The
 * gradient without masks is that of the ratio times A. Logs of 1 - p have 1e-8 added, as in verl.
 */
import type * as tf from "@tensorflow/tfjs";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import {
  AGGREGATIONS,
  type Aggregation,
  aggregate,
  type CheckedBatch,
  checkBatch,
  masked,
  type ObjectiveResult,
  type PolicyBatch,
} from "../toolkit/objective.ts";
import { checkOptions, optionsObject, withDefaults } from "../toolkit/options.ts";
import { constantOf, tokenRatio, weightedLikelihood } from "../toolkit/ratio.ts";

export interface DppoOptions {
  /** Default "tv": prime-rl's; verl has both. */
  readonly divergence?: "tv" | "kl";
  /** Largest divergence of a token made less likely. Default 0.2: prime-rl. */
  readonly divergenceLow?: number;
  /** Largest divergence of a token made likelier. Default 0.2: prime-rl. */
  readonly divergenceHigh?: number;
  /** Largest ratio used as weight; Infinity: any, as in prime-rl. Default 20: verl, after section 5.4. */
  readonly ratioLimit?: number;
  /** How tokens are averaged. Default "token-mean": prime-rl, verl. */
  readonly aggregation?: Aggregation;
}

type Settings = Required<DppoOptions>;

const SOURCES: ChoiceSources<keyof DppoOptions> = {
  divergence: ["objective", "prime-rl"],
  divergenceLow: ["objective", "prime-rl"],
  divergenceHigh: ["objective", "prime-rl"],
  ratioLimit: ["objective", "verl, after arXiv:2602.04879, section 5.4"],
  aggregation: ["objective", "prime-rl, verl"],
};

const DEFAULTS: Settings = {
  divergence: "tv",
  divergenceLow: 0.2,
  divergenceHigh: 0.2,
  ratioLimit: 20,
  aggregation: "token-mean",
};

/**
 * The objective, put in place of an algorithm's: `compose(grpo(), dppo())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function dppo(options: DppoOptions = {}): AlgorithmChange {
  const { ratioLimit, ...rest } = optionsObject("dppo", options);
  checkOptions("dppo", ratioLimit === Infinity ? rest : options, {
    divergence: { kind: "either", values: ["tv", "kl"] },
    divergenceLow: { kind: "number", min: 0 },
    divergenceHigh: { kind: "number", min: 0 },
    ratioLimit: { kind: "number", above: 0 },
    aggregation: { kind: "either", values: AGGREGATIONS },
  });
  const settings = withDefaults(DEFAULTS, options);
  const loss = (batch: PolicyBatch): ObjectiveResult => dppoLoss(batch, settings);
  return { name: "dppo", replaces: { objective: { needs: {}, loss } }, choices: choicesOf(SOURCES, settings, options) };
}

function dppoLoss(batch: PolicyBatch, settings: Settings): ObjectiveResult {
  const checked = checkBatch("dppo", batch);
  const ratio = tokenRatio(checked); // [B, T]
  const out = constantOf(checked.logProbs, (logProbs) => outside({ ...checked, logProbs }, settings)); // [B, T]
  const weights = ratio.minimum(settings.ratioLimit).mul<tf.Tensor2D>(out.neg().add(1)); // [B, T]
  return {
    loss: weightedLikelihood(checked, weights, settings.aggregation),
    metrics: { "dppo/masked_fraction": aggregate(masked(out, checked.mask), checked, "token-mean") },
  };
}

/** Tokens that have moved too far, the way that they are pushed. @returns [B, T] 1 or 0 */
function outside(batch: CheckedBatch, { divergence, divergenceLow, divergenceHigh }: Settings): tf.Tensor2D {
  const { mask } = batch;
  const [logP, logOld] = [masked(batch.logProbs, mask), masked(batch.oldLogProbs, mask)]; // [B, T]
  const [p, old] = [logP.exp(), logOld.exp()]; // [B, T]
  const rest = (x: tf.Tensor): tf.Tensor => x.neg().add(1);
  const binary = (): tf.Tensor => {
    const other = rest(old).add(1e-8).log().sub(rest(p).add(1e-8).log());
    return old.mul(logOld.sub(logP)).add(rest(old).mul(other));
  };
  const moved = divergence === "tv" ? p.sub(old).abs() : binary(); // [B, T]
  const up = p.greater(old).logicalAnd(moved.greater(divergenceHigh));
  const down = p.less(old).logicalAnd(moved.greater(divergenceLow));
  const pushedUp = masked(batch.advantages, mask).greater(0);
  return pushedUp.logicalAnd(up).logicalOr(pushedUp.logicalNot().logicalAnd(down)).cast("float32") as tf.Tensor2D;
}
