/**
 * A task: a stream of problems that does not run out, demonstrations to learn the format from, and a verifier.
 *
 * Problems of the two splits are disjoint by content: the split is a function of what is asked (however it is spelled),
 * so no seed, level or offset can bring a held-out problem into training.
 */
import type { Rng } from "../rng.ts";
import type { Verdict } from "../verify/verifier.ts";

export type Split = "train" | "test";

export interface Problem {
  /** Names the content: equal for two problems that ask the same thing, such as 3+5 and 5+3. */
  readonly id: string;
  /** What the policy reads. */
  readonly prompt: string;
  /** The right answer, or one of them where there are many. */
  readonly answer: string;
  /** One of the task's levels. */
  readonly level: number;
  /** What the verifier and the demonstrations need, in the task's own form. */
  readonly data: Readonly<Record<string, unknown>>;
}

export interface ProblemsOptions {
  readonly split: Split;
  /** How many; all of them distinct by content. */
  readonly count: number;
  readonly seed: number;
  /** Default: the last of the task's levels, the one it was made for. */
  readonly level?: number;
  /** How many problems of the same stream to pass over: offset 10 goes on where count 10 ended. Default 0. */
  readonly offset?: number;
}

export interface Task {
  readonly name: string;
  /** Every setting that changes problems, demonstrations or verdicts: what a cache key needs besides the name. */
  readonly settings: Readonly<Record<string, number | string | boolean>>;
  /** Every character that prompts and demonstrations can have, each once; all ten digits, so that policies carry over. */
  readonly alphabet: string;
  /** Difficulties in rising order. */
  readonly levels: readonly number[];
  /** No prompt of any level has more tokens, one a character, a BOS token counted. */
  readonly maxPromptTokens: number;
  /** No demonstration of any level has more tokens, one a character, the EOS token counted. */
  readonly maxCompletionTokens: number;

  /** @throws UsageError on an unknown level or split, a bad count or offset, or more problems than there are */
  problems(options: ProblemsOptions): Problem[];

  /** How many distinct problems there are; `undefined` where both splits together have more than 16,384. */
  available(options: { readonly split: Split; readonly level?: number }): number | undefined;

  /**
   * A worked completion without EOS. A flawed one makes a plausible mistake and carries it through consistently, so that
   * its final answer is wrong.
   */
  demonstration(problem: Problem, random: Rng, options: { readonly flawed: boolean }): string;

  /** Never throws. */
  verify(problem: Problem, completion: string): Verdict;
}
