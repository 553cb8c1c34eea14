/**
 * Rollout seam: completions for a step's prompts, as token ids and log-probs that are kept to the end and never made
 * again from text.
 *
 * B rows (one completion each), T = width - 1 positions. `ids` is [B, T + 1], prompt then completion then padding; each
 * per-token array is [B, T], its column t about token ids[b][t + 1].
 */
import type { PromptBatch } from "./curriculum.ts";
import type { Generations } from "./policy/generation.ts";
import type { Seam } from "./seam.ts";
import type { Problem } from "./tasks/task.ts";

/** A step's completions, in columns, with the problems that `group` points into. */
export interface Rollouts extends Generations {
  readonly problems: readonly Problem[];
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
  generate(
    prompts: readonly string[],
    options: SamplingSettings & { readonly samplesPerPrompt: number },
  ): Promise<Omit<Rollouts, "problems">>;
}

export interface RolloutInput {
  readonly prompts: PromptBatch;
  readonly sampler: Sampler;
  readonly sampling: SamplingSettings;
}

export type Rollout = Seam<RolloutInput, Rollouts>;

/** The default: `samplesPerPrompt` independent completions of each prompt from the current policy. */
export async function sampleCompletions({ prompts, sampler, sampling }: RolloutInput): Promise<Rollouts> {
  const texts = prompts.problems.map((problem) => problem.prompt);
  const drawn = await sampler.generate(texts, { ...sampling, samplesPerPrompt: prompts.samplesPerPrompt });
  return { ...drawn, problems: prompts.problems };
}
