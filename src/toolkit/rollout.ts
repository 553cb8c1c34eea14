/**
 * Rollout seam: completions for a step's prompts, as token ids and log-probs that are kept to the end and never made
 * again from text.
 *
 * B rows (one completion each), T = width - 1 positions. `ids` is [B, T + 1], prompt then completion then padding; each
 * per-token array is [B, T], its column t about token ids[b][t + 1].
 */
import type { PromptBatch } from "./curriculum.ts";
import type { Models } from "./models.ts";
import type { GenerateOptions, Generations } from "./policy/generation.ts";
import { refuse } from "./refuse.ts";
import type { Rewards } from "./reward.ts";
import { rng } from "./rng.ts";
import type { Seam } from "./seam.ts";
import type { Problem, Task } from "./tasks/task.ts";

/** A column that a method hands to the seams after it: [B, T], [B] or [B, T, n]; or one number of the step. */
export type ExtraColumn = Float32Array | number;
export type ExtraColumns = Readonly<Record<string, ExtraColumn>>;

/** A step's completions, in columns, with the problems that `group` points into. */
export interface Rollouts extends Generations {
  readonly problems: readonly Problem[];
  /**
   * 1 for a row that the current policy did not sample after this very prompt: a demonstration, a replayed row, a
   * completion moved to another prompt. The trainer works out its log-probs under the current policy (`policyLogProbs`
   * are not read) and leaves it out of the identity proof; `sampleLogProbs` are its author's, NaN where unknown.
   * Undefined: no row is foreign.
   */
  readonly foreign?: Uint8Array; // [B]
  /** Columns of the method's own, which the advantage and the objective find by name. */
  readonly columns?: ExtraColumns;
  /** There when the rollout function had to verify; the reward seam is then not asked again. */
  readonly rewards?: Rewards;
  /** Tokens processed for this step in all, thrown-away completions included. Default: those of the rows. */
  readonly spentTokens?: number;
  /** Figures for the step's record. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** What a person should know of this draw; the step's record has it. */
  readonly events?: readonly string[];
}

/** Tokens of all rows, each with its prompt: TRL's count. */
export function processedTokens({
  promptLengths,
  completionLengths,
}: Pick<Rollouts, "promptLengths" | "completionLengths">): number {
  return completionLengths.reduce((sum, length, b) => sum + length + (promptLengths[b] ?? 0), 0);
}

/** How completions are drawn. */
export interface SamplingSettings {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
  readonly step: number;
  readonly signal?: AbortSignal;
}

/** What a rollout function asks the policy for; a `Policy` is one. */
export interface Sampler {
  generate(prompts: readonly string[], options: GenerateOptions): Promise<Generations>;
}

export interface RolloutInput {
  readonly prompts: PromptBatch;
  /** The policy in training. */
  readonly sampler: Sampler;
  readonly sampling: SamplingSettings;
  readonly task: Task;
  readonly steps: number;
  readonly models: Models;
  /** Asks the reward seam about completions; put the result in {@link Rollouts.rewards} where it stands for the step's. */
  readonly verify: (rollouts: Rollouts) => Promise<Rewards>;
}

export type Rollout = Seam<RolloutInput, Rollouts>;

/**
 * The default: independent completions of each prompt from the current policy, as many as the curriculum says.
 */
export async function sampleCompletions({
  prompts,
  sampler,
  sampling,
}: Pick<RolloutInput, "prompts" | "sampler" | "sampling">): Promise<Rollouts> {
  const { problems, samplesPerPrompt } = prompts;
  const texts = problems.map((problem) => problem.prompt);
  if (typeof samplesPerPrompt === "number") {
    return { ...(await sampler.generate(texts, { ...sampling, samplesPerPrompt })), problems };
  }
  const group = samplesPerPrompt.flatMap((count, problem) => Array.from({ length: count }, () => problem));
  if (samplesPerPrompt.length !== problems.length || group.length === 0) {
    const given = `samplesPerPrompt [${samplesPerPrompt.join(", ")}] for ${problems.length} problems`;
    refuse("rollout", given, "give every problem a count, at least one of them above 0");
  }
  const repeated = group.map((problem) => texts[problem] ?? "");
  return { ...(await sampler.generate(repeated, sampling)), group: Int32Array.from(group), problems };
}

/**
 * Settings for a further draw within a step: with the step's own settings, equal row numbers would draw equal numbers.
 *
 * @param round from 1; 0 gives the settings as they are
 */
export function furtherDraw(sampling: SamplingSettings, round: number): SamplingSettings {
  if (round === 0) return sampling;
  const { seed, step } = sampling;
  return { ...sampling, seed: rng({ seed, stream: "further-draw", step, row: round }).integer(2 ** 32) };
}
