/**
 * One-shot RLVR: the whole batch is copies of one or few prompts; entropy and a small anchor keep it going once solved.
 * 2025, "Reinforcement Learning for Reasoning in Large Language Models with One Training Example", arXiv:2504.20571;
 * constants and the order of the loss's terms as in the authors' code.
 *
 *     A    = (r - mean_group) / (std_group + 1e-6), std over n - 1; each copy of a prompt is a group of its own
 *     loss = pg L_pg - entropy mean H + kl mean k3;   L_pg = -mean over tokens of min(ratio A, clip(ratio, 0.8, 1.2) A)
 *     choice of the prompt: the greatest standard deviation, over epochs of an earlier run, of its mean accuracy
 *
 * Seams: curriculum, advantage, objective. When all completions of a group are right, A is 0 and only entropy and anchor
 * act. The report of what held-out accuracy gains after saturation is our packaging of the paper's analysis.
 */
import type * as tf from "@tensorflow/tfjs";
import {
  type AdvantageInput,
  type Advantages,
  groupAdvantages,
  type Reals,
  spreadOverTokens,
} from "../toolkit/advantage.ts";
import { type Algorithm, type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { CurriculumInput, PromptBatch } from "../toolkit/curriculum.ts";
import {
  aggregate,
  checkBatch,
  masked,
  type ObjectiveResult,
  type PolicyBatch,
  required,
} from "../toolkit/objective.ts";
import { checkOptions, optionsObject } from "../toolkit/options.ts";
import { clippedGain, klDivergence, tokenRatio } from "../toolkit/ratio.ts";
import type { Problem } from "../toolkit/tasks/task.ts";
import { repeatToBatch } from "./one-shot-selection.ts";

/** Weights of the loss's three terms, and the clip. */
export interface OneShotLossOptions {
  /** Default 1; 0 leaves entropy and anchor alone, the paper's ablation. */
  readonly pgCoefficient?: number;
  /** Default 0.001: code. */
  readonly entropyCoefficient?: number;
  /** Default 0.001: code. */
  readonly klCoefficient?: number;
  /** On both sides, above 0. Default 0.2: code. */
  readonly clip?: number;
}

export interface OneShotOptions extends OneShotLossOptions {
  /** The prompts to train on, in turn. Default: the first problem of the task's train split. */
  readonly problems?: readonly Problem[];
}

const SOURCES: ChoiceSources<keyof OneShotLossOptions> = {
  pgCoefficient: ["objective", "arXiv:2504.20571, code"],
  entropyCoefficient: ["objective", "arXiv:2504.20571, code"],
  klCoefficient: ["objective", "arXiv:2504.20571, code"],
  clip: ["objective", "arXiv:2504.20571, code"],
};

/** The algorithm: `oneShotRlvr({ problems: [chosen] })`. @throws UsageError for an unknown option or one out of range */
export function oneShotRlvr(options: OneShotOptions = {}): Algorithm {
  const { problems, ...rest } = optionsObject("oneShotRlvr", options);
  const settings = settle(rest);
  if (problems !== undefined) checkOptions("oneShotRlvr", { problems }, { problems: { kind: "array" } });
  return {
    name: "one-shot-rlvr",
    curriculum: (input) => copies(problems, input),
    advantage: advantages,
    objective: {
      needs: { referenceLogProbs: true, entropy: "gradient" },
      loss: (batch) => {
        const { loss, pgLoss, k3 } = oneShotLoss(batch, settings);
        return { loss, metrics: { policy_loss: pgLoss, kl: k3 } };
      },
    },
    choices: [
      {
        seam: "curriculum",
        name: "prompts",
        value: problems?.length ?? 1,
        source: problems === undefined ? "our choice: the task's first problem" : "given",
      },
      ...choicesOf(SOURCES, settings, rest),
    ],
  };
}

function settle(options: OneShotLossOptions): Required<OneShotLossOptions> {
  checkOptions("oneShotRlvr", options, {
    pgCoefficient: { kind: "number", min: 0 },
    entropyCoefficient: { kind: "number" },
    klCoefficient: { kind: "number", min: 0 },
    clip: { kind: "number", above: 0, max: 1 },
  });
  const { pgCoefficient = 1, entropyCoefficient = 0.001, klCoefficient = 0.001, clip = 0.2 } = options;
  return { pgCoefficient, entropyCoefficient, klCoefficient, clip };
}

function copies(given: readonly Problem[] | undefined, input: CurriculumInput): PromptBatch {
  const { task, seed, level, promptsPerStep, samplesPerPrompt } = input;
  const problems =
    given ?? task.problems({ split: "train", count: 1, seed, ...(level === undefined ? {} : { level }) });
  return { problems: repeatToBatch(problems, promptsPerStep), samplesPerPrompt };
}

function advantages({ rollouts, rewards }: AdvantageInput): Advantages {
  const perRow = oneShotAdvantages(rewards.values, rollouts.group);
  return { perToken: spreadOverTokens(perRow, rollouts.width - 1) };
}

/** Group z-score with the sample deviation and 1e-6. @param rewards [B] @param group [B] @returns [B], as exact as the rewards */
export function oneShotAdvantages<Rows extends Reals>(rewards: Rows, group: ArrayLike<number>): Rows {
  return groupAdvantages(rewards, group, { scale: "group-std", deviation: "sample", epsilon: 1e-6 });
}

export interface OneShotLoss extends Pick<ObjectiveResult, "loss"> {
  readonly pgLoss: tf.Scalar;
  readonly meanEntropy: tf.Scalar;
  readonly k3: tf.Scalar;
}

/** The loss with its three terms, each a mean over the trained tokens. */
export function oneShotLoss(batch: PolicyBatch, options: OneShotLossOptions = {}): OneShotLoss {
  const { pgCoefficient, entropyCoefficient, klCoefficient, clip } = settle(options);
  const checked = checkBatch("oneShotLoss", batch);
  const { mask } = checked;
  const advantage = masked(checked.advantages, mask); // [B, T]
  const gain = clippedGain(tokenRatio(checked), advantage, { clipLow: clip, clipHigh: clip }); // [B, T]
  const pgLoss = aggregate(gain, checked, "token-mean").neg().asScalar();
  const entropies = masked(required("oneShotLoss", checked, "entropies"), mask); // [B, T]
  const meanEntropy = aggregate(entropies, checked, "token-mean");
  const divergence = klDivergence(checked, required("oneShotLoss", checked, "referenceLogProbs")); // [B, T]
  const k3 = aggregate(divergence, checked, "token-mean");
  const loss = pgLoss.mul(pgCoefficient).sub(meanEntropy.mul(entropyCoefficient)).add(k3.mul(klCoefficient));
  return { loss: loss.asScalar(), pgLoss, meanEntropy, k3 };
}
