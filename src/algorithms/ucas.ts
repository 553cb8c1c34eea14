/**
 * UCAS: uncertain right answers are rewarded more, confident wrong ones punished more, tokens of high logit a little less.
 * 2025, "Unlocking Exploration in RLVR: Uncertainty-aware Advantage Shaping for Deeper Reasoning", arXiv:2510.10649, and
 * its released code.
 *
 *     A_b   = (r_b - mean_group r) / (std_group r + 1e-6)
 *     z_b   = the same of C_b = sum over tokens of logsumexp(logits) - mean(logits)
 *     W_b   = exp(-betaPos z_b) where A_b > 0, else exp(betaNeg z_b)
 *     n_bt  = (raw logit of the token - min) / (max - min + 1e-6), min and max over all tokens of the step
 *     out   = A_b W_b - lambda n_bt, not below 0 where A_b W_b > 0
 *
 * Seam: advantage. In a group of one the mean is 0 and the deviation 1, as in the code. Where all rewards of a group are
 * equal, A = 0 and what is left is the push down of at most lambda. n = 0.5 where max and min coincide. An unscored row is
 * left out of its group and gets 0. A normalisation after this one would undo the sign protection and is to refuse.
 *
 * Logits are not centred: a constant added to all logits of a position changes n, though not the policy; this matters
 * for small transformers. C grows with length ("sum": the code), so wrong long answers are hit harder. Where every
 * completion of a prompt is one draw of the same distribution, z is 0.
 */
import type * as tf from "@tensorflow/tfjs";
import { type AdvantageInput, type Advantages, groupStatistics, statistic } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { allFinite, checkFinite } from "../toolkit/finite.ts";
import { tokenLogit } from "../toolkit/models.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface UcasOptions {
  /** Strength of stage 1 on right answers, from 0. Default 0.25: released script. */
  readonly betaPos?: number;
  /** Strength of stage 1 on wrong answers, from 0. Default 0.35: released script. */
  readonly betaNeg?: number;
  /** Strength of stage 2, from 0. Default 0.05: released script. */
  readonly lambda?: number;
  /** Division of rewards and confidences by the group's deviation. Default true: released script. */
  readonly normByStd?: boolean;
  /** How a completion's confidence is made of its tokens'. Default "sum": released code. "mean" takes length out. */
  readonly confidenceAgg?: "sum" | "mean";
}

type Settings = Required<UcasOptions>;

const SOURCES: ChoiceSources<keyof UcasOptions> = {
  betaPos: ["advantage", "arXiv:2510.10649, released script"],
  betaNeg: ["advantage", "arXiv:2510.10649, released script"],
  lambda: ["advantage", "arXiv:2510.10649, released script"],
  normByStd: ["advantage", "arXiv:2510.10649, released script"],
  confidenceAgg: ["advantage", "arXiv:2510.10649, released code"],
};

const DEFAULTS: Settings = { betaPos: 0.25, betaNeg: 0.35, lambda: 0.05, normByStd: true, confidenceAgg: "sum" };

/** Added to deviations and to the range of logits: released code. */
const EPSILON = 1e-6;

/**
 * The method, put in place of an algorithm's advantage: `compose(grpo(), ucas())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function ucas(options: UcasOptions = {}): AlgorithmChange {
  const settings = settle(options);
  return {
    name: "ucas",
    ...(settings.lambda !== 0 && { makes: "token advantages" }),
    replaces: { advantage: (input) => advantage(input, settings) },
    statistics: { selfConfidence: ({ logits }) => selfConfidence(logits) as tf.Tensor1D, tokenLogit },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function advantage({ rollouts, rewards, statistics }: AdvantageInput, settings: Settings): Advantages {
  const shaped = ucasAdvantages(
    {
      rewards: rewards.values,
      confidence: statistic("ucas", statistics, "selfConfidence"),
      tokenLogits: statistic("ucas", statistics, "tokenLogit"),
      ...{ mask: rollouts.mask, group: rollouts.group },
    },
    settings,
  );
  const modulation = shaped.modulation.reduce((sum, w) => sum + w, 0) / rollouts.rows;
  const perToken = Float32Array.from(shaped.advantages);
  return { perToken, scaledBy: "ucas", metrics: { "ucas/modulation_mean": modulation } };
}

/** logsumexp(z) - mean(z) over the vocabulary: KL(uniform, p) + ln V, nats. [..., V] to [...] */
export function selfConfidence(logits: tf.Tensor): tf.Tensor {
  return logits.logSumExp(-1).sub(logits.mean(-1));
}

export interface UcasRows {
  /** NaN: not scored. */
  readonly rewards: ArrayLike<number>; // [B]
  /** Of each position: {@link selfConfidence}. */
  readonly confidence: ArrayLike<number>; // [B, T]
  /** Raw logit of each token, at temperature 1. */
  readonly tokenLogits: ArrayLike<number>; // [B, T]
  readonly mask: ArrayLike<number>; // [B, T]
  /** Index of each row's group. */
  readonly group: ArrayLike<number>; // [B]
}

export interface UcasShaped {
  /** 0 where the mask is. */
  readonly advantages: Float64Array; // [B, T]
  /** A. */
  readonly groupAdvantage: Float64Array; // [B]
  /** z. */
  readonly confidenceZ: Float64Array; // [B]
  /** W. */
  readonly modulation: Float64Array; // [B]
}

/**
 * Both stages, with their parts.
 *
 * @throws UsageError where no token is trained, and for columns of unlike size or numbers that are not finite where the mask
 *   is 1
 */
export function ucasAdvantages(rows: UcasRows, options: UcasOptions = {}): UcasShaped {
  const settings = settle(options);
  const { rewards, mask } = rows;
  checkRows(rows);
  const tokens = mask.length / rewards.length;
  const groupAdvantage = zScores(Float64Array.from(rewards), rows.group, settings); // [B]
  const confidenceZ = zScores(rowConfidence(rows, settings), rows.group, settings); // [B]
  const modulation = groupAdvantage.map((a, b) => {
    const z = confidenceZ[b] ?? 0;
    return a > 0 ? Math.exp(-settings.betaPos * z) : Math.exp(settings.betaNeg * z);
  });
  allFinite("ucas", "modulation", modulation); // exp() of a large beta
  const penalty = logitShare(rows); // [B, T]
  const advantages = new Float64Array(mask.length); // [B, T]
  for (let b = 0; b < rewards.length; b++) {
    if (Number.isNaN(rewards[b])) continue;
    const base = (groupAdvantage[b] ?? 0) * (modulation[b] ?? 0);
    for (let i = b * tokens; i < (b + 1) * tokens; i++) {
      if (mask[i] === 0) continue;
      const shaped = base - settings.lambda * (penalty[i] ?? 0);
      advantages[i] = base > 0 && shaped < 0 ? 0 : shaped;
    }
  }
  return { advantages, groupAdvantage, confidenceZ, modulation };
}

function checkRows({ rewards, confidence, tokenLogits, mask, group }: UcasRows): void {
  if (group.length !== rewards.length || !Number.isInteger(mask.length / rewards.length)) {
    const given = `${rewards.length} rewards, ${group.length} group ids and ${mask.length} masked positions`;
    refuse("ucas", `there are ${given}`, "pass one reward and group per row, and a mask of [rows, tokens]");
  }
  checkFinite("ucas", { confidence, tokenLogits }, mask);
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) return;
  refuse("ucas", "no token is trained", "pass a mask with a 1 in it");
}

/** C of each row; NaN for an unscored one. */
function rowConfidence({ rewards, confidence, mask }: UcasRows, { confidenceAgg }: Settings): Float64Array {
  const tokens = mask.length / rewards.length;
  return Float64Array.from(rewards, (reward, b) => {
    if (Number.isNaN(reward)) return Number.NaN;
    let [sum, count] = [0, 0];
    for (let i = b * tokens; i < (b + 1) * tokens; i++) {
      if (mask[i] === 0) continue;
      sum += confidence[i] ?? 0;
      count++;
    }
    return confidenceAgg === "sum" ? sum : sum / Math.max(count, 1);
  });
}

/** (x - mean of its group) / (deviation + 1e-6); NaN is left out and gets 0; 0 exactly where a group's are all equal. */
function zScores(values: Float64Array, group: ArrayLike<number>, { normByStd }: Settings): Float64Array {
  const statistics = groupStatistics(values, group);
  return values.map((x, b) => {
    const of = statistics.get(group[b] ?? -1);
    if (of === undefined || Number.isNaN(x)) return 0;
    if (of.count === 1) return normByStd ? x / (1 + EPSILON) : x;
    if (of.min === of.max) return 0;
    return normByStd ? (x - of.mean) / (Math.sqrt(of.squares / (of.count - 1)) + EPSILON) : x - of.mean;
  });
}

/** n: where a token's logit lies between the step's least and largest. */
function logitShare({ rewards, tokenLogits, mask }: UcasRows): Float64Array {
  const tokens = mask.length / rewards.length;
  const share = new Float64Array(mask.length);
  let [least, most] = [Infinity, -Infinity];
  const scored = (i: number): boolean => mask[i] !== 0 && !Number.isNaN(rewards[Math.floor(i / tokens)]);
  for (let i = 0; i < mask.length; i++) {
    if (!scored(i)) continue;
    const logit = tokenLogits[i] ?? 0;
    if (logit < least) least = logit;
    if (logit > most) most = logit;
  }
  if (most - least <= 1e-8 + 1e-5 * Math.abs(least)) return share.fill(0.5); // torch.isclose, as in the code
  const scale = 1 / (most - least + EPSILON);
  for (let i = 0; i < mask.length; i++) share[i] = ((tokenLogits[i] ?? 0) - least) * scale;
  return share;
}

function settle(options: UcasOptions): Settings {
  checkOptions("ucas", options, {
    betaPos: { kind: "number", min: 0 },
    betaNeg: { kind: "number", min: 0 },
    lambda: { kind: "number", min: 0 },
    normByStd: { kind: "boolean" },
    confidenceAgg: { kind: "either", values: ["sum", "mean"] },
  });
  return withDefaults(DEFAULTS, options);
}
