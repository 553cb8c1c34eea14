/**
 * PSR, NSR and W-REINFORCE: reward and punishment taken apart; punishing wrong answers alone keeps answers diverse.
 * 2025, "The Surprising Effectiveness of Negative Reinforcement in LLM Reasoning", arXiv:2506.01347, and its released code.
 *
 *     A = +1 on right and -1 on wrong completions, the same for each token; no baseline, no deviation
 *     psr:      right rows alone       nsr:  wrong rows alone
 *     weighted: +lambda and -1         rlvr: +1 and -1
 *     loss = PPO's clipped loss, mean over the tokens of the rows that are kept
 *
 * Seams: advantage, objective.
 * A step of which no row is kept makes no update. Unscored rows are not kept. A negative advantage has no bound where the
 * ratio grows, as in PPO's minimum. Never to be group-normalised afterwards: the weights are the method.
 */
import type { AdvantageInput, Advantages } from "../toolkit/advantage.ts";
import type { Algorithm, Choice } from "../toolkit/algorithm.ts";
import { checkBinary } from "../toolkit/finite.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { grpo } from "./grpo.ts";

export interface NegativeSampleReinforcementOptions {
  /** Default "weighted": W-REINFORCE, what the paper recommends. */
  readonly mode?: "psr" | "nsr" | "weighted" | "rlvr";
  /** lambda: weight of right completions where the mode is "weighted". Default 0.1: the paper; 0 punishes alone. */
  readonly positiveWeight?: number;
  /** eps below 1. Default 0.2: the released scripts. */
  readonly clipLow?: number;
  /** eps above 1. Default: clipLow. */
  readonly clipHigh?: number;
}

type Weights = Required<Pick<NegativeSampleReinforcementOptions, "mode" | "positiveWeight">>;

/** The algorithm. @throws UsageError for an unknown option or one out of range, and for rewards other than 0 and 1 */
export function negativeSampleReinforcement(options: NegativeSampleReinforcementOptions = {}): Algorithm {
  const weights = settle(options);
  const { clipLow = 0.2, clipHigh = clipLow } = options;
  const source = (name: keyof NegativeSampleReinforcementOptions, where: string): string =>
    options[name] === undefined ? `arXiv:2506.01347, ${where}` : "given";
  const choices: Choice[] = [
    { seam: "advantage", name: "mode", value: weights.mode, source: source("mode", "W-REINFORCE") },
    {
      seam: "advantage",
      name: "positiveWeight",
      value: weights.positiveWeight,
      source: source("positiveWeight", "README"),
    },
    { seam: "objective", name: "clipLow", value: clipLow, source: source("clipLow", "released scripts") },
    { seam: "objective", name: "clipHigh", value: clipHigh, source: source("clipHigh", "released scripts") },
    { seam: "objective", name: "aggregation", value: "token-mean", source: "arXiv:2506.01347, released code" },
  ];
  return {
    name: "negative-sample-reinforcement",
    advantage: (input) => weightedRows(input, weights),
    objective: grpo({ clipLow, clipHigh, aggregation: "token-mean" }).objective,
    choices,
  };
}

function settle(options: NegativeSampleReinforcementOptions): Weights {
  checkOptions("negativeSampleReinforcement", options, {
    mode: { kind: "either", values: ["psr", "nsr", "weighted", "rlvr"] },
    positiveWeight: { kind: "number", min: 0 },
    clipLow: { kind: "number", min: 0, max: 1 },
    clipHigh: { kind: "number", min: 0 },
  });
  return { mode: options.mode ?? "weighted", positiveWeight: options.positiveWeight ?? 0.1 };
}

function weightedRows({ rollouts, rewards }: AdvantageInput, weights: Weights): Advantages {
  const rows = { correct: rewards.values, mask: rollouts.mask };
  const { advantages, keep } = sampleWeights(rows, { ...weights, unscored: "left out" });
  const kept = applyKeep(rollouts.mask, keep);
  const metrics = { kept_fraction: keep.reduce((sum, is) => sum + is, 0) / Math.max(keep.length, 1) };
  const scaledBy = "negative-sample-reinforcement";
  if (kept.kind === "no update") return { perToken: advantages, skip: kept.reason, scaledBy, metrics };
  return { perToken: advantages, mask: kept.mask, scaledBy, metrics };
}

export interface SampleWeightInput {
  /** 1 right, 0 wrong. */
  readonly correct: ArrayLike<number>; // [B]
  readonly mask: ArrayLike<number>; // [B, T]
}

export interface SampleWeightOptions extends Pick<NegativeSampleReinforcementOptions, "mode" | "positiveWeight"> {
  /** What to do with NaN. Default "refused"; a row that is left out is not kept. */
  readonly unscored?: "refused" | "left out";
}

export interface SampleWeights {
  /** 0 where the mask is, and on rows that are not kept. */
  readonly advantages: Float32Array; // [B, T]
  /** 1 for rows that the loss is of. */
  readonly keep: Uint8Array; // [B]
}

/** Weight of each token. @throws UsageError for labels other than 0 and 1, and a weight below 0 */
export function sampleWeights(
  { correct, mask }: SampleWeightInput,
  { unscored = "refused", ...options }: SampleWeightOptions = {},
): SampleWeights {
  const { mode, positiveWeight } = settle(options);
  checkBinary("negativeSampleReinforcement", correct, unscored);
  const tokens = mask.length / correct.length;
  if (!Number.isInteger(tokens)) {
    const given = `${mask.length} masked positions for ${correct.length} rows`;
    refuse("negativeSampleReinforcement", given, "pass a mask of [rows, tokens]");
  }
  const dropped = { psr: 0, nsr: 1, weighted: undefined, rlvr: undefined }[mode];
  const keep = Uint8Array.from(correct, (label) => (Number.isNaN(label) || label === dropped ? 0 : 1));
  const advantages = new Float32Array(mask.length);
  for (const [b, is] of keep.entries()) {
    const weight = correct[b] === 0 ? -1 : mode === "weighted" ? positiveWeight : 1;
    for (let i = b * tokens; i < (b + 1) * tokens; i++) advantages[i] = is === 1 && mask[i] !== 0 ? weight : 0;
  }
  return { advantages, keep };
}

/** Rows taken out of a batch, so that a mean over tokens does not count theirs; or the reason to make no update. */
export type Kept =
  | { readonly kind: "kept"; readonly mask: Float32Array } // [B, T]
  | { readonly kind: "no update"; readonly reason: string };

/** The mask with 0 on rows that are not kept. @param mask [B, T] @param keep [B] */
export function applyKeep(mask: ArrayLike<number>, keep: Uint8Array): Kept {
  if (!keep.includes(1)) return { kind: "no update", reason: "no row is kept" };
  const tokens = mask.length / keep.length;
  const kept = new Float32Array(mask);
  for (const [b, is] of keep.entries()) if (is === 0) kept.fill(0, b * tokens, (b + 1) * tokens);
  return { kind: "kept", mask: kept };
}
