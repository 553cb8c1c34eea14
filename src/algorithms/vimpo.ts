/**
 * VIMPO: a value read off the policy itself, as its log-ratio to the reference, is fitted to the reward; no critic.
 * 2026, "VIMPO: Value-Implicit Policy Optimization for LLMs", arXiv:2606.20008, and its released code.
 *
 *     m_t   = beta (logp_t - logp_ref_t - sg KL(policy, reference at s_t)),  S = sum_t m_t
 *     y     = r - mean_group r
 *     L_V   = mean over completions of (S - y)^2 / 2
 *     A_t   = sum_{k >= t} lambda^(k-t) m_k, whitened over the step's tokens
 *     loss  = L_V + c_A PPO(A), token mean
 *
 * For the optimum of reward less beta KL, beta (log-ratio - KL) is Q - V, so that its sum along a completion is r - V(s_0)
 * (reconstruction: the derivation is from the optimality conditions, and agrees with the code).
 *
 * Seams: advantage, objective.
 * Groups of equal rewards have y = 0 and still pull S to 0. Where the policy is the reference, A = 0. Unscored rows are
 * masked. Not here: top-k KL and the code's adaptive c_A.
 */
import type * as tf from "@tensorflow/tfjs";
import type { AdvantageInput, Advantages } from "../toolkit/advantage.ts";
import type { Algorithm, Choice } from "../toolkit/algorithm.ts";
import { allLogits, logProb } from "../toolkit/models.ts";
import {
  aggregate,
  type CheckedBatch,
  checkBatch,
  column,
  masked,
  type ObjectiveResult,
  type PolicyBatch,
  required,
} from "../toolkit/objective.ts";
import { checkOptions, optionsObject } from "../toolkit/options.ts";
import { clippedGain, klDivergence, stopGradient, tokenRatio } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";
import { vimpoAdvantage } from "./vimpo-advantage.ts";
import { exactTokenKl, vimpoValueLoss } from "./vimpo-value.ts";

export interface VimpoOptions {
  /** beta: value per nat of log-ratio. Default 5e-4: the run script. */
  readonly valueScale?: number;
  /** c_A. Default 5e-3: the run script. Not used with "soft" values. */
  readonly actorCoefficient?: number;
  /** Of the actor's advantage, from 0 to 1. Default 1: the run script. */
  readonly lambda?: number;
  /** Whitening of the actor's advantage over the step's tokens, n - 1. Default true: the code on one process. */
  readonly whiten?: boolean;
  /** Default "squared": the paper's recipe. */
  readonly valueLoss?: "squared" | "huber";
  /** Error from which the Huber loss is linear. Default 0.5: the code's configuration (script: 0.005). */
  readonly huberDelta?: number;
  /**
   * "soft": S = beta sum(logp - logp_ref), y = r - mean_group(r - beta sum KL_old), no actor. Default "raw": the paper's.
   */
  readonly value?: "raw" | "soft";
  /** Over the whole vocabulary, or an estimate from the sampled token. Default "exact": the run script. "k1" is m = 0. */
  readonly kl?: "exact" | "k2" | "k3";
  /** Division of the value loss by the step's mean y^2; a step where that is below 1e-4 is skipped. Default false. */
  readonly normaliseValue?: boolean;
  /** Default 0.2: the run script. */
  readonly clipLow?: number;
  /** Default 0.28: the run script. */
  readonly clipHigh?: number;
  /** Default 10: the run script. */
  readonly dualClip?: number;
}

/** Options with every default filled in. */
export type VimpoSettings = Required<VimpoOptions>;

const DEFAULTS: VimpoSettings = {
  valueScale: 5e-4,
  actorCoefficient: 5e-3,
  lambda: 1,
  whiten: true,
  valueLoss: "squared",
  huberDelta: 0.5,
  value: "raw",
  kl: "exact",
  normaliseValue: false,
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 10,
};

const OF_ADVANTAGE = ["lambda", "whiten"];

/** The algorithm. @throws UsageError for an unknown option or one out of range, "k1" among them */
export function vimpo(options: VimpoOptions = {}): Algorithm {
  const settings = settle(options);
  const exact = settings.kl === "exact";
  const columns = exact ? { logProb, allLogits } : { logProb };
  const inLoss = exact && settings.value === "raw";
  return {
    name: "vimpo",
    inseparable: true,
    statistics: columns,
    referenceStatistics: columns,
    advantage: (input: AdvantageInput): Advantages => vimpoAdvantage(input, settings),
    objective: {
      needs: {
        referenceLogProbs: true,
        logits: inLoss,
        referenceLogits: inLoss,
        columns: { target: "row", targetSquare: "step" },
      },
      loss: (batch) => vimpoObjective(batch, settings),
    },
    choices: choicesOf(settings, options),
  };
}

function settle(options: VimpoOptions): VimpoSettings {
  const { kl }: { readonly kl?: unknown } = optionsObject("vimpo", options);
  if (kl === "k1") refuse("vimpo", 'kl is "k1", which makes every token\'s term 0', 'pass "exact", "k2" or "k3"');
  checkOptions("vimpo", options, {
    valueScale: { kind: "number", above: 0 },
    actorCoefficient: { kind: "number", min: 0 },
    lambda: { kind: "number", min: 0, max: 1 },
    whiten: { kind: "boolean" },
    valueLoss: { kind: "either", values: ["squared", "huber"] },
    huberDelta: { kind: "number", above: 0 },
    value: { kind: "either", values: ["raw", "soft"] },
    kl: { kind: "either", values: ["exact", "k2", "k3"] },
    normaliseValue: { kind: "boolean" },
    clipLow: { kind: "number", min: 0, max: 1 },
    clipHigh: { kind: "number", min: 0 },
    dualClip: { kind: "number", above: 1 },
  });
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(given) };
}

function choicesOf(settings: VimpoSettings, given: VimpoOptions): Choice[] {
  const names = Object.keys(DEFAULTS) as (keyof VimpoOptions)[];
  return names.map((name) => ({
    seam: OF_ADVANTAGE.includes(name) ? "advantage" : "objective",
    name,
    value: settings[name],
    source: given[name] === undefined ? "arXiv:2606.20008, released run script and configuration" : "given",
  }));
}

function vimpoObjective(batch: PolicyBatch, settings: VimpoSettings): ObjectiveResult {
  const checked = checkBatch("vimpo", batch);
  const { logProbs, mask, totals } = checked;
  const refLogProbs = required("vimpo", checked, "referenceLogProbs");
  const target = column("vimpo", checked, "target") as tf.Tensor1D;
  const targetSquare = column("vimpo", checked, "targetSquare");
  const huberDelta = settings.valueLoss === "huber" ? settings.huberDelta : undefined;
  const terms = { logProbs, refLogProbs, tokenKl: tokenKl(checked, settings), mask, target, rows: totals.rows };
  const value = vimpoValueLoss(terms, { valueScale: settings.valueScale, huberDelta });
  const valueLoss = settings.normaliseValue ? value.loss.div<tf.Scalar>(targetSquare) : value.loss;
  const metrics = { "vimpo/value_error": value.residual.square().sum().div(totals.rows).asScalar() };
  if (settings.value === "soft") return { loss: valueLoss, metrics };
  const gain = clippedGain(tokenRatio(checked), masked(checked.advantages, mask), settings); // [B, T]
  const actor = aggregate(gain, checked, "token-mean").neg();
  return {
    loss: valueLoss.add(actor.mul(settings.actorCoefficient)).asScalar(),
    metrics: { ...metrics, "vimpo/actor_loss": actor.asScalar() },
  };
}

/** What the value takes off each token's log-ratio, without gradient. */
function tokenKl(batch: CheckedBatch, { kl, value }: VimpoSettings): tf.Tensor2D | undefined {
  if (value === "soft") return undefined;
  if (kl === "exact") {
    const logits = stopGradient(required("vimpo", batch, "logits")); // [B, T, V]
    return exactTokenKl(logits, required("vimpo", batch, "referenceLogits"));
  }
  const fixed = { logProbs: stopGradient(batch.logProbs), mask: batch.mask };
  return klDivergence(fixed, required("vimpo", batch, "referenceLogProbs"), kl);
}
