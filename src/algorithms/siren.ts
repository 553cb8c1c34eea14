/**
 * SIREN: the entropy of plausible tokens at the policy's least certain positions is held where it was at the start.
 * 2025, "Rethinking Entropy Regularization in Large Reasoning Models", arXiv:2509.25133, and its released code.
 *
 *     H_bt = entropy of the renormalised nucleus: the likeliest tokens up to the mass p
 *     M_bt = 1 where H_bt > the q-quantile of its completion's H (linear interpolation; strict, so ties select nothing)
 *     Hbar = mean over completions of the mean of H_bt over M (0 for a completion without a selected token)
 *     loss = the other objective's + coefficient (Hbar - anchor)^2
 *
 * Seams: objective (added to what is there), advantage (which finds the anchor, unless it is given: Hbar of the run's first
 * rollouts under the policy that the run started from, kept with the run). No gradient flows through membership, quantile or
 * mask. Rule "exclusive" leaves out the token that takes the mass to p, as the released code does: where one token has p
 * the nucleus is empty and H is 0; "inclusive" is the usual top-p (reconstruction of what the text means). Of tokens that
 * tie for the last place each counts in part, so that their order does not matter; H is the same. The code's 1e-12 inside
 * logarithm and divisor is left out, and so is its second pass over the quantile, which changes nothing. Needs whole
 * updates: the square is of a mean over all of it. The paper's script has GRPO without division by the deviation and a
 * constant length: `compose(grpo({ scale: "none", aggregation: "constant" }), siren())`.
 *
 * Each position's vocabulary is sorted, which is most of the cost: 2,048 positions take 3 ms at 24 tokens and 25 ms at 256.
 */
import * as tf from "@tensorflow/tfjs";
import { type Advantage, type AdvantageInput, type Advantages, statistic } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { customOp } from "../toolkit/jit/ops/custom-gradient.ts";
import { logSoftmaxNode } from "../toolkit/jit/ops/log-softmax.ts";
import {
  checkBatch,
  column,
  joinNeeds,
  masked,
  type Objective,
  type PolicyBatch,
  required,
} from "../toolkit/objective.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { constantOf } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { Json } from "../toolkit/seam.ts";
import { wrapStateful } from "../toolkit/seam.ts";

export interface NucleusOptions {
  /** p: mass of the nucleus, above 0, at most 1. Default 0.8: released script. */
  readonly mass?: number;
  /** Tokens that can be in a nucleus at all, the likeliest. Default 10,000: released code. */
  readonly topK?: number;
  /** Whether the token that takes the mass to p is in. Default "exclusive": released code. */
  readonly rule?: "exclusive" | "inclusive";
}

export interface SirenOptions extends NucleusOptions {
  /** Weight of the squared distance. Default 0.005: released script. */
  readonly coefficient?: number;
  /** q, from 0, below 1. Default 0.8, about the top fifth: released script. */
  readonly peakQuantile?: number;
  /** Entropy to hold, nats. Default: that of the first rollouts under the policy that the run started from (the paper's). */
  readonly anchor?: number;
}

type Settings = Required<Omit<SirenOptions, "anchor">> & Pick<SirenOptions, "anchor">;

const SOURCES: ChoiceSources<keyof SirenOptions> = {
  coefficient: ["objective", "arXiv:2509.25133, released script"],
  mass: ["objective", "arXiv:2509.25133, released script"],
  topK: ["objective", "arXiv:2509.25133, released code"],
  rule: ["objective", "arXiv:2509.25133, released code"],
  peakQuantile: ["objective", "arXiv:2509.25133, released script"],
  anchor: ["objective", "arXiv:2509.25133"],
};

/**
 * The method, added to an algorithm's objective: `compose(grpo(), siren())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function siren(options: SirenOptions = {}): AlgorithmChange {
  const settings = settle(options);
  const shown = { ...settings, anchor: settings.anchor ?? "of the first rollouts" };
  return {
    name: "siren",
    wraps: {
      objective: (inner) => withRegularizer(inner, settings),
      advantage: (inner) => withAnchor(inner, settings),
    },
    choices: choicesOf(SOURCES, shown, options),
  };
}

function withRegularizer(inner: Objective, settings: Settings): Objective {
  return {
    needs: joinNeeds(inner.needs, { logits: true, columns: { sirenAnchor: "step" }, together: "update" }),
    loss(batch: PolicyBatch) {
      const { mask, totals, ...rest } = checkBatch("siren", batch);
      const { entropy } = nucleus(required("siren", { mask, ...rest }, "logits"), settings, mask); // [B, T]
      const anchor = column("siren", batch, "sirenAnchor") as tf.Scalar;
      const parts = { entropy: entropy as tf.Tensor2D, mask, rows: totals.rows };
      const { loss: distance, meanEntropy } = sirenRegularizer(parts, { ...settings, anchor });
      const { loss, metrics } = inner.loss(batch);
      return {
        loss: loss.add<tf.Scalar>(distance.mul(settings.coefficient)),
        metrics: { ...metrics, "siren/entropy": meanEntropy, "siren/distance": distance },
      };
    },
  };
}

/** Adds the anchor as a column; the first step finds it. */
function withAnchor(inner: Advantage, settings: Settings): Advantage {
  return wrapStateful<number | null, AdvantageInput, Advantages>(inner, {
    init: () => settings.anchor ?? null,
    async next(state, input, ask) {
      const advantages = await ask(input);
      const anchor = state ?? (await anchorOf(input, advantages, settings));
      return [{ ...advantages, columns: { ...advantages.columns, sirenAnchor: anchor } }, anchor];
    },
    save: (state) => state,
    restore,
  });
}

function restore(saved: Json): number | null {
  if (saved === null || (typeof saved === "number" && saved >= 0)) return saved;
  return refuse("siren", `the saved anchor is ${JSON.stringify(saved)}`, "resume with the same algorithm");
}

/** Hbar of the step's completions under the policy that the run started from. */
async function anchorOf({ rollouts, models }: AdvantageInput, { mask }: Advantages, settings: Settings) {
  if (models === undefined) refuse("siren", "there are no models to find the anchor with", "pass the option anchor");
  const nucleus = ({ logits }: { readonly logits: tf.Tensor2D }): tf.Tensor1D =>
    nucleusEntropy(logits, settings).entropy as tf.Tensor1D;
  const measured = await models.reference.measure(rollouts, { nucleus });
  const shape: [number, number] = [rollouts.rows, rollouts.width - 1];
  const [anchor = Number.NaN] = tf.tidy(() => {
    const entropy = tf.tensor2d(statistic("siren", measured, "nucleus"), shape);
    const trained = tf.tensor2d(mask ?? rollouts.mask, shape);
    return sirenRegularizer({ entropy, mask: trained }, settings).meanEntropy.dataSync();
  });
  if (!Number.isFinite(anchor)) refuse("siren", `the policy's entropy is ${anchor}`, "pass weights that are finite");
  return anchor;
}

export interface Nucleus {
  /** Nats; 0 where the nucleus is empty or of one token. */
  readonly entropy: tf.Tensor; // [...]
  /** Tokens in the nucleus. */
  readonly size: tf.Tensor; // [...]
}

/**
 * Entropy of the renormalised nucleus at each position. The gradient flows through the probabilities of its tokens.
 *
 * @param logits finite, at the temperature of sampling, [..., V]
 */
export function nucleusEntropy(logits: tf.Tensor, options: NucleusOptions = {}): Nucleus {
  if (logits.size === 0)
    refuse("siren", `logits has shape [${logits.shape}]`, "pass at least one position of one token");
  return nucleus(logits, settle(options));
}

/**
 * With W the mass of the members and S the mean of their log p under q = p / W:
 *
 *     H = -sum q ln q = ln W - S,   ∂z = ∂H q ⊙ (S - log p)
 *
 * @param mask [...]; where it is 0 nothing is read and H is 0
 */
function nucleus(logits: tf.Tensor, settings: Required<NucleusOptions>, mask?: tf.Tensor): Nucleus {
  const shape = logits.shape.slice(0, -1);
  const given = logits.reshape([-1, logits.shape.at(-1) ?? 0]); // [N, V]
  const trained = mask?.reshape([-1, 1]).greater(0); // [N, 1]
  const readable = (values: tf.Tensor): tf.Tensor => (trained === undefined ? values : tf.where(trained, values, 0));
  const size = constantOf(given, (held) => {
    const p = logSoftmaxNode(held).exp();
    return readable(membership(p, settings).sum(1, true).add(0.5).floor()); // [N, 1]
  });
  const entropy = customOp({
    inputs: [given],
    forward: (save) => {
      const logP = logSoftmaxNode(given); // [N, V]
      const p = logP.exp(); // [N, V]
      const member = membership(p, settings).mul(p); // [N, V]
      const total = member.sum(1, true); // [N, 1]
      const W = tf.where(total.equal(0), 1, total); // [N, 1], 1 where the nucleus is empty
      const S = member.mul(logP).sum(1, true).div(W); // [N, 1]
      save([logP, member, W, S, ...(trained === undefined ? [] : [trained])]);
      return readable(W.log().sub(S));
    },
    backward: (dy, saved) => {
      const [logP, member, W, S, counted] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor?];
      const gradient = S.sub(logP).mul(member).mul(dy.div(W)); // [N, V]
      return [counted === undefined ? gradient : tf.where(counted, gradient, 0)];
    },
  });
  return { entropy: entropy.reshape(shape), size: size.reshape(shape) };
}

/** 1 for a token of the nucleus, less for those that tie for its last places. */
function membership(p: tf.Tensor, { mass, topK, rule }: Required<NucleusOptions>): tf.Tensor {
  const vocabulary = p.shape.at(-1) ?? 0;
  const candidates = Math.min(topK, vocabulary);
  const { values } = tf.topk(p, candidates); // [N, K], the likeliest first
  const until = rule === "inclusive" ? values.cumsum(1, true) : values.cumsum(1); // without, with the token itself
  // All tokens together have mass 1: the last one of all takes it to p at the latest, whatever rounding says.
  const reached = rule === "exclusive" && candidates === vocabulary ? vocabulary - 1 : candidates;
  const within = tf.range(0, candidates).less(reached).expandDims(0); // [1, K]
  const kept = until.less(mass).logicalAnd(within); // [N, K]
  const last = tf.where(kept, values, 2).min(1, true); // [N, 1] of those kept; 2 where there is none
  const above = p.greater(last).cast("float32"); // [N, V]
  const tied = p.equal(last).cast("float32"); // [N, V]
  const left = kept.cast("float32").sum(1, true).sub(above.sum(1, true)); // [N, 1]
  return above.add(tied.mul(left.div(tied.sum(1, true).maximum(1))));
}

export interface SirenTokens {
  /** Of nuclei, nats. */
  readonly entropy: tf.Tensor2D; // [B, T]
  readonly mask: tf.Tensor2D; // [B, T]
  /** Completions to take the mean over. Default: B. */
  readonly rows?: tf.Scalar;
}

export interface SirenRegularizerOptions {
  /** As in {@link SirenOptions}. */
  readonly peakQuantile?: number;
  /** From 0. Default: none, and the loss is 0; `meanEntropy` can then be stored as the anchor. */
  readonly anchor?: number | tf.Scalar;
}

export interface SirenRegularizer {
  /** (Hbar - anchor)^2, without the coefficient. */
  readonly loss: tf.Scalar;
  /** Hbar. */
  readonly meanEntropy: tf.Scalar;
  /** M. */
  readonly peakMask: tf.Tensor2D; // [B, T]
  /** Quantile of each row; NaN for an empty row. */
  readonly threshold: tf.Tensor1D; // [B]
}

/** The regulariser with its parts. @throws UsageError for an anchor below 0, or shapes that disagree */
export function sirenRegularizer(
  { entropy, mask, rows }: SirenTokens,
  { peakQuantile, anchor }: SirenRegularizerOptions = {},
): SirenRegularizer {
  const q = settle({ ...(peakQuantile !== undefined && { peakQuantile }) }).peakQuantile;
  const given = anchor !== undefined && !(anchor instanceof tf.Tensor);
  if (given && !(typeof anchor === "number" && anchor >= 0))
    refuse("siren", `anchor is ${anchor}`, "pass a number from 0");
  if (entropy.rank !== 2 || entropy.shape.join() !== mask.shape.join()) {
    refuse("siren", `entropy has shape [${entropy.shape}], mask [${mask.shape}]`, "pass [rows, tokens] in both");
  }
  const clean = masked(entropy, mask); // [B, T]
  const threshold = constantOf(clean, (values) => rowQuantile(values, mask, q)); // [B]
  const peakMask = constantOf(clean, (values) => {
    const above = values.greater(threshold.expandDims(1)).logicalAnd(mask.greater(0));
    return above.cast("float32") as tf.Tensor2D; // [B, T]
  });
  const perRow = clean.mul(peakMask).sum(1).div(peakMask.sum(1).maximum(1)); // [B]
  const meanEntropy = perRow
    .sum()
    .div(rows ?? mask.shape[0])
    .asScalar();
  const loss = anchor === undefined ? tf.scalar(0) : meanEntropy.sub<tf.Scalar>(anchor).square<tf.Scalar>();
  return {
    loss,
    meanEntropy,
    peakMask,
    threshold: tf.where(mask.max(1).greater(0), threshold, Number.NaN) as tf.Tensor1D,
  };
}

/** Quantile of each row's trained tokens, linear between neighbours at position q (n - 1). @returns [B] */
function rowQuantile(values: tf.Tensor2D, mask: tf.Tensor2D, q: number): tf.Tensor1D {
  const [, tokens] = mask.shape;
  const trained = mask.greater(0);
  const descending = tf.topk(tf.where(trained, values, -1e30), tokens).values; // [B, T], those not trained last
  const count = trained.cast("float32").sum(1, true); // [B, 1]
  const exact = count.sub(1).mul(q); // [B, 1]
  const whole = exact.add(0.5).floor(); // a position that is whole but for rounding is taken as whole
  const position = tf.where(exact.sub(whole).abs().less(1e-5), whole, exact);
  const low = position.floor(); // [B, 1]
  const places = tf.range(0, tokens).expandDims(0); // [1, T]
  const at = (rank: tf.Tensor): tf.Tensor =>
    // the value of a rank from below, [B, 1]
    tf.where(places.equal(count.sub(1).sub(rank)), descending, 0).sum(1, true);
  const [a, b] = [at(low), at(low.add(1).minimum(count.sub(1)))];
  return a.add(b.sub(a).mul(position.sub(low))).reshape([-1]);
}

function settle(options: SirenOptions): Settings {
  checkOptions("siren", options, {
    coefficient: { kind: "number", min: 0 },
    mass: { kind: "number", above: 0, max: 1 },
    topK: { kind: "integer", min: 1 },
    rule: { kind: "either", values: ["exclusive", "inclusive"] },
    peakQuantile: { kind: "number", min: 0, below: 1 },
    anchor: { kind: "number", min: 0 },
  });
  const defaults: Settings = { coefficient: 0.005, mass: 0.8, topK: 10_000, rule: "exclusive", peakQuantile: 0.8 };
  return withDefaults(defaults, options);
}
