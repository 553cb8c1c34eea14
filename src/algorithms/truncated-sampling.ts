/**
 * Sampling with top-k, top-p or min-p, and the sampler's log-probs put on the learner's support.
 * The bias: huggingface/trl, issue 6789; replay of the truncation in the trainer: PrimeIntellect-ai/prime-rl.
 *
 *     logp_sampler <- logp_sampler + log S_bt,  S_bt = mass of the tokens that were not cut off, under the policy that sampled
 *
 * A sampler that cuts off renormalises: its log-probs are those of p / S, and p_old / p_sampler = S of a perfect sampler is
 * not 1. Every correction for mismatch would lower each token's weight by what was cut. Tokens that are never drawn stay so:
 * the mass S moves away from them, and no weight repairs that.
 *
 * Seams: rollout (wraps: the settings of the draw), objective (wraps: the log-probs that inner methods see, so it comes after
 * them in `compose`). S is worked out from the policy's logits before the step in one forward pass; ties at the edge of top-k
 * are kept, as the sampler keeps them. For temperature 1: at others the trainer's proof of equal weights has no log-probs
 * without the cut to compare.
 */
import * as tf from "@tensorflow/tfjs";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import type { Statistic } from "../toolkit/models.ts";
import { column, joinNeeds, masked, type Objective, required } from "../toolkit/objective.ts";
import { checkOptions, shownChoices } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { Rollout } from "../toolkit/rollout.ts";
import { wrapSeam } from "../toolkit/seam.ts";

export interface TruncatedSamplingOptions {
  /** Number of likeliest tokens that are drawn from. Default: all. */
  readonly topK?: number;
  /** Mass of the likeliest tokens that are drawn from, at least. Default: all. */
  readonly topP?: number;
  /** Smallest probability that is drawn, as a share of the likeliest token's. Default: none. */
  readonly minP?: number;
}

const SOURCES: ChoiceSources<keyof TruncatedSamplingOptions> = {
  topK: ["rollout", "TRL GRPOConfig.top_k: all"],
  topP: ["rollout", "TRL GRPOConfig.top_p: all"],
  minP: ["rollout", "TRL GRPOConfig.min_p: none"],
};

const LOG_MASS = "samplerLogMass";

/**
 * The change: `compose(grpo(), icePop(), truncatedSampling({ topP: 0.95 }))`.
 *
 * @throws UsageError for an unknown option or one out of range, or when nothing is cut off
 */
export function truncatedSampling(options: TruncatedSamplingOptions): AlgorithmChange {
  checkOptions("truncatedSampling", options, {
    topK: { kind: "integer", min: 1 },
    topP: { kind: "number", above: 0, max: 1 },
    minP: { kind: "number", min: 0, max: 1 },
  });
  const { topK, topP, minP } = options;
  if (topK === undefined && topP === undefined && minP === undefined) {
    refuse("truncatedSampling", "nothing is cut off", "pass topK, topP or minP, or leave it out");
  }
  const cut = { ...(topK && { topK }), ...(topP && { topP }), ...(minP && { minP }) };
  return {
    name: "truncated-sampling",
    wraps: { rollout: (inner) => drawnWith(inner, cut), objective: onFullSupport },
    statistics: { [LOG_MASS]: (view) => keptLogMass(view, cut) },
    choices: choicesOf(SOURCES, shownChoices({ topK, topP, minP }), options),
  };
}

function drawnWith(inner: Rollout, cut: TruncatedSamplingOptions): Rollout {
  return wrapSeam(inner, (input, next) => {
    const { sampler } = input;
    return next({ ...input, sampler: { generate: (texts, how) => sampler.generate(texts, { ...how, ...cut }) } });
  });
}

function onFullSupport(inner: Objective): Objective {
  return {
    needs: joinNeeds(inner.needs, { columns: { [LOG_MASS]: "token" } }),
    loss(batch) {
      const mass = masked(column("truncatedSampling", batch, LOG_MASS) as tf.Tensor2D, batch.mask); // [B, T]
      const sampleLogProbs = required("truncatedSampling", batch, "sampleLogProbs").add<tf.Tensor2D>(mass);
      return inner.loss({ ...batch, sampleLogProbs });
    },
  };
}

/** log of the mass that a cut leaves at each position: top-k first, top-p of what it leaves, then min-p. @returns [N] */
export function keptLogMass(
  { logits }: Pick<Parameters<Statistic>[0], "logits">,
  { topK, topP, minP }: TruncatedSamplingOptions,
): tf.Tensor1D {
  const [, vocabulary] = logits.shape;
  const sorted = tf.topk(logits, vocabulary).values; // [N, V] falling
  const p = sorted.softmax(); // [N, V]
  const share = p.div(p.slice([0, 0], [-1, 1])); // [N, V] of the likeliest's
  let kept = p; // [N, V]
  if (topK !== undefined && topK < vocabulary) {
    const last = sorted.slice([0, topK - 1], [-1, 1]); // [N, 1]
    kept = tf.where(sorted.greaterEqual(last), kept, 0);
  }
  if (topP !== undefined && topP < 1) {
    const before = kept.cumsum(1, true); // [N, V]
    kept = tf.where(before.less(kept.sum(1, true).mul(topP)), kept, 0);
  }
  if (minP !== undefined && minP > 0) kept = tf.where(share.greaterEqual(minP), kept, 0);
  return kept.sum(1).log() as tf.Tensor1D; // [N]
}
