/**
 * Curriculum seam: which problems a step trains on, and how many completions each gets.
 * A method that learns from outcomes finds the previous step's in `previous`.
 */
import type { Models } from "./models.ts";
import type { Rewards } from "./reward.ts";
import { rng } from "./rng.ts";
import type { Rollouts } from "./rollout.ts";
import type { Seam } from "./seam.ts";
import type { Problem, Task } from "./tasks/task.ts";

/** What a curriculum chooses from. */
export interface CurriculumInput {
  readonly task: Task;
  /** Seed of the run. */
  readonly seed: number;
  /** Step about to be taken, from 0, of `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Level asked for; the task's last where undefined. */
  readonly level: number | undefined;
  readonly promptsPerStep: number;
  readonly samplesPerPrompt: number;
  /** The step before; undefined at the first one. */
  readonly previous: { readonly rollouts: Rollouts; readonly rewards: Rewards } | undefined;
  /** There in `train`. */
  readonly models?: Models;
}

/**
 * Problems of one step, in the order of their groups. No problem at all: the step samples and learns nothing, and its
 * record says so.
 */
export interface PromptBatch {
  /** A problem's `prompt` may be a changed one (a hint before it); its answer is still what is verified. */
  readonly problems: readonly Problem[];
  /** Completions per problem: one number for all, or one for each. */
  readonly samplesPerPrompt: number | readonly number[];
  /** Figures for the step's record. */
  readonly metrics?: Readonly<Record<string, number>>;
}

export type Curriculum = Seam<CurriculumInput, PromptBatch>;

/**
 * The default: problems of the train split drawn by (seed, step) alone, distinct within a step. A step's problems do not
 * depend on the steps before, so a run is the same however it was interrupted, and a small task never runs out.
 */
export function freshProblems(input: CurriculumInput): PromptBatch {
  const { task, step, level, promptsPerStep: count, samplesPerPrompt } = input;
  const seed = rng({ seed: input.seed, stream: "curriculum", step }).integer(2 ** 32);
  const problems = task.problems({ split: "train", count, seed, ...(level === undefined ? {} : { level }) });
  return { problems, samplesPerPrompt };
}
