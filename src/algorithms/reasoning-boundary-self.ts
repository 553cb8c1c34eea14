/**
 * SELF: train on the prompts that the policy still gets wrong when it decodes greedily; a forward KL keeps the rest.
 * 2025, "The Reasoning Boundary Paradox: How Reinforcement Learning Constrains Language Models", arXiv:2510.02230; the
 * filter as in the authors' trainer.
 *
 *     keep a prompt of the step iff its greedy completion's reward is not exactly 1; none left: no update at this step
 *     FKL_t = sum_v pi_ref(v) (log pi_ref(v) - log pi(v));   loss = L(without reverse KL) + beta FKL
 *     on sampled tokens: w log w - (w - 1), w = pi_ref / pi, log w cut to [-20, 20]
 *
 * Seams: curriculum (wrapped), objective (wrapped). Greedy completions filter and teach nothing. The released script has
 * no forward KL: estimator, coefficient and where it is evaluated are reconstruction. It stands in place of the reverse
 * KL: use it over an algorithm with klCoefficient 0. A greedy completion that the verifier fails on keeps its prompt.
 */

import type * as tf from "@tensorflow/tfjs";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import type { CurriculumInput, PromptBatch } from "../toolkit/curriculum.ts";
import { divergence } from "../toolkit/jit/ops.ts";
import {
  aggregate,
  checkBatch,
  joinNeeds,
  masked,
  type Objective,
  type ObjectiveNeeds,
  type ObjectiveResult,
  type PolicyBatch,
} from "../toolkit/objective.ts";
import { checkOptions } from "../toolkit/options.ts";
import { limited } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";
import { wrapSeam } from "../toolkit/seam.ts";

export interface SelfOptions {
  /** A prompt is kept unless its greedy completion has exactly this reward. Default 1: code. */
  readonly threshold?: number;
  /** beta of the forward KL. Default 0.01 (reconstruction); 0 leaves it out, as the released script does. */
  readonly forwardKlCoefficient?: number;
  /** Over the whole vocabulary at the visited positions, or of the sampled tokens. Default "full" (reconstruction). */
  readonly forwardKl?: "full" | "token";
}

const SOURCES: ChoiceSources<keyof SelfOptions> = {
  threshold: ["curriculum", "arXiv:2510.02230, code"],
  forwardKlCoefficient: ["objective", "reconstruction"],
  forwardKl: ["objective", "reconstruction"],
};

/** The method: `compose(grpo(), reasoningBoundarySelf())`. @throws UsageError for an unknown option or one out of range */
export function reasoningBoundarySelf(options: SelfOptions = {}): AlgorithmChange {
  checkOptions("reasoningBoundarySelf", options, {
    threshold: { kind: "number" },
    forwardKlCoefficient: { kind: "number", min: 0 },
    forwardKl: { kind: "either", values: ["full", "token"] },
  });
  const { threshold = 1, forwardKlCoefficient = 0.01, forwardKl = "full" } = options;
  const settings = { threshold, forwardKlCoefficient, forwardKl };
  return {
    name: "reasoning-boundary-self",
    wraps: {
      curriculum: (inner) =>
        wrapSeam(inner, async (input, next) => greedyFailures(await next(input), input, threshold)),
      ...(forwardKlCoefficient > 0 && { objective: (inner) => withForwardKl(inner, settings) }),
    },
    choices: choicesOf(SOURCES, settings, options),
  };
}

/**
 * Indices of the prompts to keep: those whose greedy reward is not exactly the threshold.
 *
 * @throws UsageError for no rewards; a NaN is kept
 */
export function selfFilter(greedyRewards: ArrayLike<number>, threshold = 1): number[] {
  if (greedyRewards.length === 0) refuse("selfFilter", "there are no rewards", "pass one per prompt");
  return Array.from(greedyRewards, (reward, i) => ({ reward, i }))
    .filter(({ reward }) => reward !== threshold)
    .map(({ i }) => i);
}

async function greedyFailures(batch: PromptBatch, input: CurriculumInput, threshold: number): Promise<PromptBatch> {
  const { task, models, seed } = input;
  if (batch.problems.length === 0) return batch;
  const { policy } = models ?? refuse("reasoningBoundarySelf", "there is no policy to decode with", "use it in train");
  const prompts = batch.problems.map(({ prompt }) => prompt);
  const greedy = { greedy: true, maxTokens: task.maxCompletionTokens, seed };
  const { completions } = await policy.generate(prompts, greedy);
  const rewards = batch.problems.map((problem, i) => task.verify(problem, completions[i] ?? "").score ?? Number.NaN);
  const kept = selfFilter(rewards, threshold);
  const { problems, samplesPerPrompt } = batch;
  return {
    ...batch,
    problems: kept.flatMap((i) => problems[i] ?? []),
    samplesPerPrompt:
      typeof samplesPerPrompt === "number" ? samplesPerPrompt : kept.map((i) => samplesPerPrompt[i] ?? 0),
    metrics: { ...batch.metrics, "self/keep_rate": kept.length / rewards.length },
  };
}

type Settings = Required<SelfOptions>;

function withForwardKl(inner: Objective, settings: Settings): Objective {
  const { forwardKl, forwardKlCoefficient } = settings;
  const needs: ObjectiveNeeds =
    forwardKl === "full" ? { logits: true, referenceLogits: true } : { referenceLogProbs: true };
  return {
    needs: joinNeeds(inner.needs, needs),
    loss(batch): ObjectiveResult {
      const { loss, metrics } = inner.loss(batch);
      const checked = checkBatch("reasoningBoundarySelf", batch);
      const perToken = forwardKl === "full" ? forwardKlFull(batch) : forwardKlToken(batch); // [B, T]
      const kl = aggregate(perToken, checked, "token-mean");
      return {
        loss: loss.add(kl.mul(forwardKlCoefficient)).asScalar(),
        metrics: { ...metrics, forward_kl: kl },
      };
    },
  };
}

/** sum_v pi_ref (log pi_ref - log pi) at each position, 0 where the mask is 0. @returns [B, T] */
export function forwardKlFull(batch: Pick<PolicyBatch, "logits" | "referenceLogits" | "mask">): tf.Tensor2D {
  const { mask } = batch;
  const [logits, reference] = [batch.logits, batch.referenceLogits];
  if (logits === undefined || reference === undefined) {
    return refuse("forwardKlFull", "the batch has no logits of both", "pass logits and referenceLogits");
  }
  return divergence(reference, logits, { mask }) as tf.Tensor2D;
}

/** w log w - (w - 1), w = exp(log p_ref - log p), at each token: unbiased under samples of the policy. @returns [B, T] */
export function forwardKlToken(batch: Pick<PolicyBatch, "logProbs" | "referenceLogProbs" | "mask">): tf.Tensor2D {
  const reference =
    batch.referenceLogProbs ?? refuse("forwardKlToken", "the batch has no referenceLogProbs", "pass them");
  const logW = limited(masked(reference.sub(batch.logProbs), batch.mask)); // [B, T]
  const w = logW.exp(); // [B, T]
  return w.mul(logW).sub<tf.Tensor2D>(w).add(1);
}
