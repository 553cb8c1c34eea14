/**
 * GRPO: the baseline of a completion is the mean reward of the completions of the same prompt.
 * Shao et al. 2024, "DeepSeekMath: Pushing the Limits of Mathematical Reasoning in Open Language Models",
 * arXiv:2402.03300, section 4.1, eq. 3 and 4 (outcome supervision).
 *
 *     A_b   = (r_b - mean_group r) / (std_group r + eps), the same for every token of the completion
 *     ratio = exp(logp_bt - logp_old_bt)
 *     l_bt  = -min(ratio A_b, clip(ratio, 1 - clipLow, 1 + clipHigh) A_b) + klCoefficient k3_bt - entropyCoefficient H_bt
 *     k3_bt = exp(logp_ref_bt - logp_bt) - (logp_ref_bt - logp_bt) - 1
 *     loss  = mean over a completion's tokens, then over completions
 *
 * Seams: advantage, objective. A group of equal rewards, an unscored row and an empty mask give no gradient.
 */
import { type AdvantageInput, type Advantages, groupAdvantages, spreadOverTokens } from "../toolkit/advantage.ts";
import { type Algorithm, type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import {
  type Aggregation,
  aggregate,
  checkBatch,
  masked,
  type ObjectiveResult,
  type PolicyBatch,
  required,
} from "../toolkit/objective.ts";
import { checkOptions, shownChoices } from "../toolkit/options.ts";
import { klDivergence, tokenRatio } from "../toolkit/ratio.ts";
import { CLIP_RULES, type ClippedLossSettings, clippedLoss } from "./ppo-clip.ts";

export interface GrpoOptions {
  /** eps below 1. Default 0.2: PPO's (arXiv:1707.06347, section 6.1); the paper gives none. */
  readonly clipLow?: number;
  /** eps above 1. Default: clipLow, one eps for both sides as in eq. 3. */
  readonly clipHigh?: number;
  /** c of PPO's dual clip, see {@link ppoClip}. Default: none, as in eq. 3. */
  readonly dualClip?: number;
  /** delta of the two-sided clip, see {@link ppoClip}. Default: none, as in eq. 3. */
  readonly twoSidedClip?: number;
  /** Division of the advantage by the group's standard deviation. Default "group-std": section 4.1.2. */
  readonly scale?: "group-std" | "none";
  /** Divisor of the variance. Default "sample" (n - 1): TRL's and verl's `torch.std`; the paper leaves it open. */
  readonly deviation?: "sample" | "population";
  /** Added to the standard deviation. Default 1e-6: verl; the paper has none. */
  readonly epsilon?: number;
  /** How tokens are averaged. Default "seq-mean-token-mean": eq. 3. */
  readonly aggregation?: Aggregation;
  /** Weight of k3 against the policy the run started from. Default 0: TRL's; the paper used 0.04 (section 4.2). */
  readonly klCoefficient?: number;
  /** Weight of the entropy bonus. Default 0: eq. 3 has none. */
  readonly entropyCoefficient?: number;
}

type Settings = Required<Omit<GrpoOptions, keyof ClippedLossSettings>> & ClippedLossSettings;

const SOURCES: ChoiceSources<keyof GrpoOptions> = {
  clipLow: ["objective", "arXiv:1707.06347, section 6.1"],
  clipHigh: ["objective", "equal to clipLow: arXiv:2402.03300, eq. 3"],
  dualClip: ["objective", "arXiv:2402.03300, eq. 3 has none"],
  twoSidedClip: ["objective", "arXiv:2402.03300, eq. 3 has none"],
  scale: ["advantage", "arXiv:2402.03300, section 4.1.2"],
  deviation: ["advantage", "torch.std in TRL and verl"],
  epsilon: ["advantage", "verl"],
  aggregation: ["objective", "arXiv:2402.03300, eq. 3"],
  klCoefficient: ["objective", "TRL GRPOConfig.beta"],
  entropyCoefficient: ["objective", "arXiv:2402.03300, eq. 3"],
};

/**
 * The algorithm. @throws UsageError for an unknown option or one out of range
 */
export function grpo(options: GrpoOptions = {}): Algorithm {
  const settings = settle(options);
  return {
    name: "grpo",
    advantage: (input) => grpoAdvantage(input, settings),
    objective: {
      needs: {
        referenceLogProbs: settings.klCoefficient > 0,
        ...(settings.entropyCoefficient === 0 ? {} : { entropy: "gradient" }),
      },
      loss: (batch) => grpoLoss(batch, settings),
    },
    choices: choicesOf(SOURCES, shownChoices(settings), options),
  };
}

function settle(options: GrpoOptions): Settings {
  checkOptions("grpo", options, {
    ...CLIP_RULES,
    scale: { kind: "either", values: ["group-std", "none"] },
    deviation: { kind: "either", values: ["sample", "population"] },
    epsilon: { kind: "number", min: 0 },
    klCoefficient: { kind: "number", min: 0 },
    entropyCoefficient: { kind: "number" },
  });
  const clipLow = options.clipLow ?? 0.2;
  return {
    clipLow,
    clipHigh: options.clipHigh ?? clipLow,
    dualClip: options.dualClip,
    twoSidedClip: options.twoSidedClip,
    scale: options.scale ?? "group-std",
    deviation: options.deviation ?? "sample",
    epsilon: options.epsilon ?? 1e-6,
    aggregation: options.aggregation ?? "seq-mean-token-mean",
    klCoefficient: options.klCoefficient ?? 0,
    entropyCoefficient: options.entropyCoefficient ?? 0,
  };
}

function grpoAdvantage({ rollouts, rewards }: AdvantageInput, settings: Settings): Advantages {
  const perRow = groupAdvantages(rewards.values, rollouts.group, settings);
  return { perToken: spreadOverTokens(perRow, rollouts.width - 1) };
}

function grpoLoss(batch: PolicyBatch, settings: Settings): ObjectiveResult {
  const checked = checkBatch("grpo", batch);
  const { aggregation, klCoefficient, entropyCoefficient } = settings;
  let { loss, metrics } = clippedLoss(checked, tokenRatio(checked), settings);
  if (klCoefficient > 0) {
    const k3 = klDivergence(checked, required("grpo", checked, "referenceLogProbs")); // [B, T], eq. 4
    loss = loss.add(aggregate(k3, checked, aggregation).mul(klCoefficient));
    metrics = { ...metrics, kl: aggregate(k3, checked, "token-mean") };
  }
  if (entropyCoefficient !== 0) {
    const entropies = masked(required("grpo", checked, "entropies"), checked.mask); // [B, T]
    loss = loss.sub(aggregate(entropies, checked, aggregation).mul(entropyCoefficient));
  }
  return { loss, metrics };
}
