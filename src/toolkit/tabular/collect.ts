/** The seams of an algorithm up to the advantage, on a tabular policy. */
import { type Algorithm, complete } from "../algorithm.ts";
import { refuse } from "../refuse.ts";
import type { Rewards } from "../reward.ts";
import { type Rng, rng } from "../rng.ts";
import type { Rollouts } from "../rollout.ts";
import { openChecked } from "../seam-output.ts";
import type { LearnColumns } from "../train/micro-batch.ts";
import { scoringOf } from "../train/scoring.ts";
import { tabularModel } from "./model.ts";
import type { TabularPolicy } from "./policy.ts";
import { tabularTask } from "./task.ts";

export interface CollectOptions {
  readonly algorithm: Algorithm;
  readonly steps: number;
  /** Default 0. */
  readonly seed?: number;
  /** Contexts per step. Default: all. */
  readonly promptsPerStep?: number;
  /** Default 8. */
  readonly samplesPerPrompt?: number;
  /** Default 1. */
  readonly temperature?: number;
  /**
   * What the verifier says of an answer whose reward is known, for noise. Default: the reward. `random` is its own for
   * every answer that is verified, in the order of verification.
   */
  readonly observed?: (reward: number, seen: Observed) => number;
}

export interface Observed {
  readonly context: number;
  readonly answer: readonly number[];
  readonly step: number;
  readonly random: Rng;
}

/** A step's columns, and the figures that its seams gave; no columns where nothing is to be learned from. */
export interface Collected {
  readonly columns: LearnColumns | undefined;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface OpenTabular {
  /** Samples and scores a step's answers. */
  collect(step: number): Promise<Collected>;
  /** Scores answers that are there already. */
  score(rollouts: Rollouts, step: number): Promise<Collected>;
}

/** Opens the seams for one run. @throws UsageError for an update seam: it writes into a real policy's weights */
export function openTabular(options: CollectOptions, policy: TabularPolicy, initial: TabularPolicy): OpenTabular {
  const { steps, seed = 0, temperature = 1, samplesPerPrompt = 8 } = options;
  const { layout } = policy;
  const { promptsPerStep = layout.problem.contexts } = options;
  const algorithm = complete(options.algorithm);
  if (algorithm.update) refuse("tabular", `${algorithm.name} has an update seam`, "use train with a policy of weights");
  let [current, verified] = [0, 0];
  const { observed = (reward: number) => reward } = options;
  const task = tabularTask(layout, (context, answer) => {
    const random = rng({ seed, stream: "observed", step: current, row: verified++ });
    return observed(layout.problem.reward(context, answer), { context, answer, step: current, random });
  });
  const models = { policy: tabularModel(policy, temperature), reference: tabularModel(initial, temperature) };
  const scoring = scoringOf(algorithm, models, temperature);
  const curriculum = openChecked(algorithm, "curriculum", { seam: algorithm.curriculum });
  const rollout = openChecked(algorithm, "rollout", { seam: algorithm.rollout });
  const reward = openChecked(algorithm, "reward", { seam: algorithm.reward });
  const advantage = openChecked(algorithm, "advantage", { seam: algorithm.advantage });
  let previous: { readonly rollouts: Rollouts; readonly rewards: Rewards } | undefined;
  let previousMetrics: Readonly<Record<string, number>> | undefined;

  const verify = async (rollouts: Rollouts, step: number): Promise<Rewards> =>
    reward.next({ task, rollouts, step, steps, seed, models });
  const score = async (rollouts: Rollouts, step: number): Promise<Collected> => {
    const rewards = rollouts.rewards ?? (await verify(rollouts, step));
    const scored = await scoring.score(rollouts);
    const { statistics, referenceStatistics } = scored;
    const asked = { rollouts, rewards, step, steps, statistics, referenceStatistics, seed, task, models };
    const advantages = await advantage.next({ ...asked, ...(previousMetrics && { previousMetrics }) });
    previous = { rollouts, rewards };
    const metrics = { reward: mean(rewards.values), ...rewards.metrics, ...advantages.metrics };
    const columns = { rollouts, rewards, advantages, ...scored };
    return { columns: advantages.skip === undefined ? columns : undefined, metrics };
  };
  return {
    score,
    async collect(step) {
      [current, verified] = [step, 0];
      const common = { task, steps, models };
      const asked = { ...common, seed, step, level: undefined, promptsPerStep, samplesPerPrompt, previous };
      const prompts = await curriculum.next(asked);
      if (prompts.problems.length === 0) return { columns: undefined, metrics: prompts.metrics ?? {} };
      const sampling = { maxTokens: layout.maxTokens, temperature, seed, step };
      const tools = { sampler: models.policy, sampling, verify: (some: Rollouts) => verify(some, step) };
      const rollouts = await rollout.next({ ...common, ...tools, prompts });
      const first = { ...prompts.metrics, ...rollouts.metrics };
      if (rollouts.rows === 0) return { columns: undefined, metrics: first };
      const scored = await score(rollouts, step);
      previousMetrics = { ...first, ...scored.metrics };
      return { ...scored, metrics: previousMetrics };
    },
  };
}

/** Of the scored rows. */
function mean(rewards: Float32Array): number {
  const scored = rewards.filter((reward) => !Number.isNaN(reward));
  return scored.reduce((sum, reward) => sum + reward, 0) / scored.length;
}
