/**
 * ICPO's rollouts: some completions of each prompt are sampled with solved examples before it, then moved to the plain prompt.
 * 2025, "Think Outside the Policy: In-Context Steered Policy Optimization", arXiv:2510.26519, and its released code.
 *
 * Seam: rollout. Column `hinted`, [B]: 1 for a moved completion; its log-probs, old and new, are those after the plain
 * prompt. An example is never of the problem itself.
 */
import { type Solutions, samplesOf, solutionsOf, taskSolutions } from "../toolkit/demonstrations.ts";
import { refuse } from "../toolkit/refuse.ts";
import { rng } from "../toolkit/rng.ts";
import {
  furtherDraw,
  processedTokens,
  type RolloutInput,
  type Rollouts,
  sampleCompletions,
} from "../toolkit/rollout.ts";
import { fromRows, movedRow, rowsOf } from "../toolkit/rows.ts";
import type { Problem } from "../toolkit/tasks/task.ts";

/** A solved example. */
export interface Demonstration {
  /** Of the problem, so that no prompt is shown its own solution; default: the question. */
  readonly id?: string;
  readonly question: string;
  readonly answer: string;
}

/** Text around the parts of a prompt with examples. */
export interface IclWords {
  readonly question: string;
  readonly answer: string;
  /** Between two examples, and before the query. */
  readonly separator: string;
}

/** The released code's words, for policies that know them. */
export const ICL_WORDS: IclWords = { question: "Question: ", answer: "\nAnswer: ", separator: "\n\n\n" };

/** No word at all: all that a tokenizer of a task's own characters knows. */
const NO_WORDS: IclWords = { question: "", answer: "", separator: "" };

/** Examples, then the query, as one prompt. @param words default: none */
export function buildIclPrompt(
  demonstrations: readonly Demonstration[],
  query: string,
  words: IclWords = NO_WORDS,
): string {
  const blocks = demonstrations.map(({ question, answer }) => words.question + question + words.answer + answer);
  return [...blocks, words.question + query].join(words.separator);
}

export interface IcpoSampling {
  /** N_off: completions with examples, of each prompt's. */
  readonly hintedSamples: number;
  /** k: examples before a prompt. */
  readonly shots: number;
  /** Examples to draw from. Undefined: problems of the task's train split with their solutions, drawn for the run. */
  readonly demonstrations?: readonly Demonstration[] | undefined;
  readonly words: IclWords;
}

/** Problems that the default examples are drawn from. */
const POOL = 64;

/** @throws UsageError where every completion would be hinted, and where there are too few examples */
export async function icpoRollout(input: RolloutInput, options: IcpoSampling): Promise<Rollouts> {
  const { prompts, sampler, sampling, models } = input;
  const { hintedSamples } = options;
  if (hintedSamples === 0) return unhinted(input);
  const counts = samplesOf(prompts);
  for (const [i, count] of counts.entries()) {
    if (count > hintedSamples) continue;
    refuse("icpo", `problem ${i} gets ${count} completions, ${hintedSamples} of them hinted`, "sample more of each");
  }
  const samplesPerPrompt = counts.map((count) => count - hintedSamples);
  const own = await sampleCompletions({ ...input, prompts: { ...prompts, samplesPerPrompt } });
  const hinted = hintedPrompts(input, options);
  const drawn = await sampler.generate(hinted, furtherDraw(sampling, 1));
  const { problems } = prompts;
  const { tokenizer } = models.policy;
  const moved = rowsOf({ ...drawn, problems }).map((row) => {
    const group = Math.floor(row.group / hintedSamples);
    return { ...movedRow(tokenizer, row, problems[group]?.prompt ?? ""), group };
  });
  const sampled = rowsOf(own);
  const rows = problems.flatMap((_, group) => [...sampled, ...moved].filter((row) => row.group === group));
  return fromRows(rows, {
    ...{ problems, padId: tokenizer.padId, tokensPerSecond: own.tokensPerSecond },
    spentTokens: processedTokens(own) + processedTokens(drawn),
    columns: { hinted: Float32Array.from(rows, (row) => (row.foreign ? 1 : 0)) },
  });
}

async function unhinted(input: RolloutInput): Promise<Rollouts> {
  const own = await sampleCompletions(input);
  return { ...own, columns: { hinted: new Float32Array(own.rows) } };
}

/** `hintedSamples` prompts for each problem, each with examples of its own. */
function hintedPrompts(input: RolloutInput, { hintedSamples, shots, demonstrations, words }: IcpoSampling): string[] {
  const { prompts, sampling } = input;
  const { seed, step } = sampling;
  const pool = demonstrations ?? demonstrationPool(input, taskSolutions);
  return prompts.problems.flatMap((problem, group) => {
    const others = pool.filter((one) => (one.id ?? one.question) !== idOf(problem, one));
    if (others.length < shots) {
      refuse("icpo", `there are ${others.length} examples for ${shots} shots`, "pass more demonstrations");
    }
    return Array.from({ length: hintedSamples }, (_, i) => {
      const random = rng({ seed, stream: "icpo", step, row: group * hintedSamples + i });
      return buildIclPrompt(random.shuffle(others).slice(0, shots), problem.prompt, words);
    });
  });
}

/** What a demonstration of this very problem would be called. */
function idOf(problem: Problem, { id }: Demonstration): string {
  return id === undefined ? problem.prompt : problem.id;
}

/** Solved problems of the task's train split, the same ones in all steps of a run. */
function demonstrationPool(input: RolloutInput, solutions: Solutions): Demonstration[] {
  const { task, sampling, prompts } = input;
  const level = prompts.problems[0]?.level;
  const at = level === undefined ? {} : { level };
  const count = Math.min(POOL, task.available({ split: "train", ...at }) ?? POOL);
  const problems = task.problems({ split: "train", count, seed: sampling.seed, ...at });
  const texts = solutionsOf(solutions, problems, { task, sampling: { ...sampling, step: 0 } });
  return problems.flatMap(({ id, prompt }, i) => {
    const answer = texts[i];
    return answer === undefined ? [] : [{ id, question: prompt, answer }];
  });
}
