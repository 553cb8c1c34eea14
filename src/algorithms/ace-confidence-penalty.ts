/**
 * ACE: wrong completions that the policy has made likelier than the reference has are punished harder.
 * 2026, "Overconfident Errors Need Stronger Correction: Asymmetric Confidence Penalties for Reinforcement Learning",
 * arXiv:2602.21420.
 *
 *     c_b  = sum over tokens of (logp_bt - logp_ref_bt), under the policy that sampled
 *     A'_b = A_b (1 + alpha softplus(c_b)) where b is wrong and A_b < 0, else A_b
 *
 * Reconstruction: the factor's form, alpha, the division by the length and the cap; the paper's text at hand gives c_b, the
 * softplus, and that negative advantages alone change.
 *
 * Seam: advantage (wraps the one that is there).
 * softplus(0) = log 2: at the reference, too, wrong completions weigh more than without. All wrong: A = 0 stays 0. A row of
 * no tokens has c = 0. Unscored rows stay as they are. Not to be normalised afterwards.
 */
import { type AdvantageInput, type Advantages, statistic } from "../toolkit/advantage.ts";
import type { Choice } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { allFinite, checkBinary, checkFinite } from "../toolkit/finite.ts";
import { logProb } from "../toolkit/models.ts";
import { checkOptions, optionsObject } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { Rewards } from "../toolkit/reward.ts";
import { wrapSeam } from "../toolkit/seam.ts";

export interface AceConfidencePenaltyOptions {
  /** alpha. Default 1: reconstruction, the paper's value is not in the text at hand. */
  readonly strength?: number;
  /** Division of c by the number of tokens. Default false: reconstruction; c is a sum in the paper. */
  readonly lengthNormalise?: boolean;
  /** Largest c that counts. Default: none; reconstruction, a guard for long completions. */
  readonly maxShift?: number;
  /** Default "softplus": the paper, whose ablation prefers it to "relu". */
  readonly gate?: "softplus" | "relu";
  /** What says that a row is wrong: its reward, which must be 0 or 1, or the verifier's verdict. Default "reward". */
  readonly correct?: "reward" | "verdict";
}

type Settings = Required<Omit<AceConfidencePenaltyOptions, "maxShift" | "correct">> &
  Pick<AceConfidencePenaltyOptions, "maxShift">;

const SOURCES: Readonly<Record<keyof AceConfidencePenaltyOptions, string>> = {
  strength: "reconstruction: not in the text at hand of arXiv:2602.21420",
  lengthNormalise: "reconstruction: a sum in arXiv:2602.21420",
  maxShift: "reconstruction: no cap in arXiv:2602.21420",
  gate: "arXiv:2602.21420, ablation",
  correct: "arXiv:2602.21420: rewards are 0 or 1",
};

/** The change, for `compose(grpo(), aceConfidencePenalty())`. @throws UsageError for an option out of range */
export function aceConfidencePenalty(options: AceConfidencePenaltyOptions = {}): AlgorithmChange {
  const { correct = "reward", ...rest } = optionsObject("aceConfidencePenalty", options);
  const settings = settle(rest, correct);
  return {
    name: "ace-confidence-penalty",
    through: "advantages",
    statistics: { logProb },
    referenceStatistics: { logProb },
    wraps: {
      advantage: (inner) =>
        wrapSeam(inner, async (input, next) => penalised(input, await next(input), settings, correct)),
    },
    choices: choicesOf({ ...settings, correct }, options),
  };
}

function settle(options: AceConfidencePenaltyOptions, correct: AceConfidencePenaltyOptions["correct"]): Settings {
  checkOptions(
    "aceConfidencePenalty",
    { ...options, correct },
    {
      strength: { kind: "number", min: 0 },
      lengthNormalise: { kind: "boolean" },
      maxShift: { kind: "number" },
      gate: { kind: "either", values: ["softplus", "relu"] },
      correct: { kind: "either", values: ["reward", "verdict"] },
    },
  );
  return {
    strength: options.strength ?? 1,
    lengthNormalise: options.lengthNormalise ?? false,
    gate: options.gate ?? "softplus",
    ...(options.maxShift !== undefined && { maxShift: options.maxShift }),
  };
}

function choicesOf(values: AceConfidencePenaltyOptions, given: AceConfidencePenaltyOptions): Choice[] {
  const names = Object.keys(SOURCES) as (keyof AceConfidencePenaltyOptions)[];
  return names.map((name) => ({
    seam: "advantage",
    name,
    value: values[name] ?? "none",
    source: given[name] === undefined ? SOURCES[name] : "given",
  }));
}

function penalised(
  { rewards, rollouts, statistics, referenceStatistics }: AdvantageInput,
  base: Advantages,
  settings: Settings,
  by: AceConfidencePenaltyOptions["correct"],
): Advantages {
  const where = "aceConfidencePenalty";
  const { advantages, stats } = aceAdvantage(
    {
      advantages: base.perToken,
      correct: by === "verdict" ? correctByVerdict(rewards) : rewards.values,
      logProbs: statistic(where, statistics, "logProb"),
      refLogProbs: statistic(where, referenceStatistics, "logProb"),
      mask: rollouts.mask,
    },
    { ...settings, unscored: "left out" },
  );
  const { overconfidentFraction, overconfidentMean, maxFactor } = stats;
  const metrics = {
    "ace/overconfident_fraction": overconfidentFraction,
    "ace/max_factor": maxFactor,
    ...(overconfidentFraction > 0 && { "ace/overconfident_mean": overconfidentMean }),
  };
  const scaledBy = "ace-confidence-penalty";
  return { ...base, perToken: advantages, scaledBy, metrics: { ...base.metrics, ...metrics } };
}

/** 1 right, 0 wrong, NaN where the verifier failed. */
function correctByVerdict({ verdicts }: Rewards): Float32Array {
  return Float32Array.from(verdicts, ({ score, status }) =>
    score === null ? Number.NaN : status === "correct" ? 1 : 0,
  );
}

export interface AceInput {
  /** Of rows, or of each row's tokens. */
  readonly advantages: ArrayLike<number>; // [B] or [B, T]
  /** 1 right, 0 wrong. */
  readonly correct: ArrayLike<number>; // [B]
  /** Under the policy that sampled. */
  readonly logProbs: ArrayLike<number>; // [B, T]
  readonly refLogProbs: ArrayLike<number>; // [B, T]
  readonly mask: ArrayLike<number>; // [B, T]
}

export interface AceOptions extends Omit<AceConfidencePenaltyOptions, "correct"> {
  /** What to do with NaN in `correct`. Default "refused"; a row that is left out stays as it is. */
  readonly unscored?: "refused" | "left out";
}

export interface AceResult {
  /** Of the shape they came in. */
  readonly advantages: Float32Array;
  /** c of each row, before the cap. */
  readonly shift: Float64Array; // [B]
  /** softplus or max(0, .) of c. */
  readonly gateValue: Float64Array; // [B]
  readonly stats: {
    /** Share of the wrong rows with c > 0; 0 where there is no wrong row. */
    readonly overconfidentFraction: number;
    /** Mean c of those, nats; NaN where there is none. */
    readonly overconfidentMean: number;
    /** Largest factor on any row. */
    readonly maxFactor: number;
  };
}

/**
 * Advantages with wrong rows of negative advantage made larger.
 *
 * @throws UsageError for labels other than 0 and 1, for advantages that are not finite, log-probs that are not on the mask,
 *   and unlike sizes
 */
export function aceAdvantage(input: AceInput, { unscored = "refused", ...options }: AceOptions = {}): AceResult {
  const where = "aceConfidencePenalty";
  const settings = settle(options, undefined);
  const { advantages, correct, logProbs, refLogProbs, mask } = input;
  const rows = correct.length;
  checkBinary(where, correct, unscored);
  allFinite(where, "advantages", advantages);
  checkFinite(where, { logProbs, refLogProbs }, mask);
  const perRow = advantages.length / rows;
  if (!Number.isInteger(perRow) || !Number.isInteger(mask.length / rows)) {
    const given = `${advantages.length} advantages and ${mask.length} masked positions for ${rows} rows`;
    refuse(where, given, "pass one label per row");
  }
  const shift = shifts(input, settings.lengthNormalise);
  const gateValue = shift.map((c) => gate(Math.min(c, settings.maxShift ?? Infinity), settings.gate));
  const changed = new Float32Array(advantages);
  let maxFactor = 1;
  for (const [b, open] of gateValue.entries()) {
    const factor = 1 + settings.strength * open;
    if (correct[b] === 0 && enlarge(changed.subarray(b * perRow, (b + 1) * perRow), factor)) {
      maxFactor = Math.max(maxFactor, factor);
    }
  }
  return { advantages: changed, shift, gateValue, stats: { ...overconfidence(shift, correct), maxFactor } };
}

/** Multiplies what is below 0; tells whether anything was. */
function enlarge(advantages: Float32Array, factor: number): boolean {
  let any = false;
  for (let i = 0; i < advantages.length; i++) {
    const advantage = advantages[i] ?? 0;
    if (!(advantage < 0)) continue;
    advantages[i] = advantage * factor;
    any = true;
  }
  return any;
}

function shifts({ correct, logProbs, refLogProbs, mask }: AceInput, lengthNormalise: boolean): Float64Array {
  const tokens = mask.length / correct.length;
  return Float64Array.from({ length: correct.length }, (_, b) => {
    let [sum, length] = [0, 0];
    for (let i = b * tokens; i < (b + 1) * tokens; i++) {
      if (mask[i] === 0) continue;
      sum += (logProbs[i] ?? 0) - (refLogProbs[i] ?? 0);
      length++;
    }
    return lengthNormalise ? sum / Math.max(length, 1) : sum;
  });
}

/** softplus without overflow: max(c, 0) + log(1 + e^-|c|). */
function gate(c: number, kind: Settings["gate"]): number {
  return Math.max(c, 0) + (kind === "relu" ? 0 : Math.log1p(Math.exp(-Math.abs(c))));
}

function overconfidence(shift: Float64Array, correct: ArrayLike<number>) {
  const wrong = shift.filter((_, b) => correct[b] === 0);
  const over = wrong.filter((c) => c > 0);
  return {
    overconfidentFraction: over.length / Math.max(wrong.length, 1),
    overconfidentMean: over.reduce((sum, c) => sum + c, 0) / over.length,
  };
}
