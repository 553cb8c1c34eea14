/**
 * Rollout seam: completions for a step's prompts, as token ids and log-probs that are kept to the end and never made
 * again from text.
 *
 * B rows (one completion each), T = width - 1 positions. `ids` is [B, T + 1], prompt then completion then padding; each
 * per-token array is [B, T], its column t about token ids[b][t + 1].
 */
import type { PromptBatch } from "./curriculum.ts";
import type { Seam } from "./seam.ts";
import type { Problem } from "./tasks/task.ts";

/** A step's completions, in columns. */
export interface Rollouts {
  readonly problems: readonly Problem[];
  /** B and T + 1. */
  readonly rows: number;
  readonly width: number;
  readonly ids: Int32Array; // [B, T + 1]
  readonly promptLengths: Int32Array; // [B]
  /** Tokens of the completion, end token included. */
  readonly completionLengths: Int32Array; // [B]
  /** Index into `problems`. */
  readonly group: Int32Array; // [B]
  /** Log-prob of each token under the distribution it was drawn from (temperature, top-k ... applied). */
  readonly sampleLogProbs: Float32Array; // [B, T]
  /** Log-prob of each token under the policy itself: temperature 1, nothing cut off. */
  readonly policyLogProbs: Float32Array; // [B, T]
  /** 1 where ids[b][t + 1] is a token of the completion. */
  readonly mask: Float32Array; // [B, T]
  readonly finish: readonly ("eos" | "stop" | "length")[];
  /** Text of the completions, without the end token. */
  readonly completions: readonly string[];
  readonly tokensPerSecond: number;
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
