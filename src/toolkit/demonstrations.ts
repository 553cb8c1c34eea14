/**
 * Worked solutions as training data: where they come from, and how they come into a group of sampled completions.
 */
import type { PromptBatch } from "./curriculum.ts";
import type { Tokenizer } from "./policy/tokenizer.ts";
import { refuse } from "./refuse.ts";
import { type Rng, rng } from "./rng.ts";
import { furtherDraw, type RolloutInput, type Rollouts, type SamplingSettings, sampleCompletions } from "./rollout.ts";
import { begunRow, foreignRow, fromRows, type Row, rowsOf } from "./rows.ts";
import type { Problem, Task } from "./tasks/task.ts";

/** Gives a solution of a problem as text, without EOS, or undefined where it has none. `random` differs by problem and step. */
export type Solutions = (problem: Problem, random: Rng, task: Task) => string | undefined;

/** The task's own right demonstration. */
export const taskSolutions: Solutions = (problem, random, task) =>
  task.demonstration(problem, random, { flawed: false });

/** A solution for each problem of a step. */
export function solutionsOf(
  solutions: Solutions,
  problems: readonly Problem[],
  { task, sampling }: { readonly task: Task; readonly sampling: SamplingSettings },
): (string | undefined)[] {
  const { seed, step } = sampling;
  return problems.map((problem, row) => solutions(problem, rng({ seed, stream: "solutions", step, row }), task));
}

/** Where a demonstration goes in its group: in the place of a completion, or after them all. */
export type MergePlace = { readonly replaceIndex: number } | { readonly append: true };

/**
 * A group of completions with a demonstration in it.
 *
 * @throws UsageError for a demonstration of another group, and for a place that the group does not have
 */
export function mergeExternal(group: readonly Row[], demonstration: Row, place: MergePlace): Row[] {
  const other = group.find((row) => row.group !== demonstration.group);
  if (other !== undefined) {
    const given = `a demonstration of group ${demonstration.group} for rows of group ${other.group}`;
    refuse("mergeExternal", given, "merge it into its own problem's rows");
  }
  if ("append" in place) return [...group, demonstration];
  const { replaceIndex } = place;
  if (!Number.isInteger(replaceIndex) || replaceIndex < 0 || replaceIndex >= group.length) {
    refuse(
      "mergeExternal",
      `replaceIndex is ${replaceIndex} for ${group.length} rows`,
      "pass the place of one of them",
    );
  }
  return group.map((row, i) => (i === replaceIndex ? demonstration : row));
}

/** Completions asked for each problem of a step. @throws UsageError for another number of counts than problems */
export function samplesOf({ problems, samplesPerPrompt }: PromptBatch): number[] {
  if (typeof samplesPerPrompt === "number") return problems.map(() => samplesPerPrompt);
  if (samplesPerPrompt.length === problems.length) return [...samplesPerPrompt];
  const given = `samplesPerPrompt [${samplesPerPrompt.join(", ")}] for ${problems.length} problems`;
  return refuse("rollout", given, "give every problem a count");
}

export interface DemonstrationOptions {
  /** Default: the task's own right demonstration. */
  readonly solutions?: Solutions;
  /** Share of a demonstration's tokens that is given; the policy writes the rest. In (0, 1]. Default 1. */
  readonly prefixRatio?: number;
}

/** A demonstration's row and how many of its first tokens are given. */
interface External {
  readonly row: Row;
  readonly given: number;
}

/**
 * A rollout function: the last completion of each group is a demonstration, the others are the policy's own. A problem
 * without a demonstration keeps all its own. Column `external`, [B, T]: 1 for the tokens that are not the policy's.
 *
 * @throws UsageError for a group of one: it would be a demonstration alone
 */
export async function sampleWithDemonstrations(
  input: RolloutInput,
  { solutions = taskSolutions, prefixRatio = 1 }: DemonstrationOptions = {},
): Promise<Rollouts> {
  const { prompts, models } = input;
  const { problems } = prompts;
  const counts = samplesOf(prompts);
  const texts = solutionsOf(solutions, problems, input);
  for (const [i, count] of counts.entries()) {
    if (count >= 2 || texts[i] === undefined) continue;
    refuse("demonstrations", `problem ${i} gets ${count} completion`, "sample at least 2: one is the demonstration");
  }
  const samplesPerPrompt = counts.map((count, i) => (texts[i] === undefined ? count : count - 1));
  const own = await sampleCompletions({ ...input, prompts: { ...prompts, samplesPerPrompt } });
  const externals = await externalRows(input, texts, prefixRatio);
  const sampled = rowsOf(own);
  const rows = problems.flatMap((_, group) => {
    const members = sampled.filter((row) => row.group === group);
    const external = externals.get(group);
    return external === undefined ? members : mergeExternal(members, external.row, { append: true });
  });
  const { padId } = models.policy.tokenizer;
  const made = fromRows(rows, { problems, padId, tokensPerSecond: own.tokensPerSecond });
  const external = new Float32Array(made.rows * (made.width - 1));
  for (const [b, row] of rows.entries()) {
    const { row: demonstration, given } = externals.get(row.group) ?? { row: undefined, given: 0 };
    const start = b * (made.width - 1) + row.promptIds.length - 1;
    if (row === demonstration) external.fill(1, start, start + given);
  }
  return { ...made, columns: { external } };
}

async function externalRows(
  input: RolloutInput,
  texts: readonly (string | undefined)[],
  prefixRatio: number,
): Promise<Map<number, External>> {
  const { prompts, models, sampler, sampling } = input;
  const { tokenizer } = models.policy;
  const promptOf = (group: number): string => prompts.problems[group]?.prompt ?? "";
  const found = texts.flatMap((text, group) => (text === undefined ? [] : [{ group, text }]));
  if (prefixRatio === 1) {
    return new Map(
      found.map(({ group, text }) => {
        const row = foreignRow(tokenizer, group, promptOf(group), text);
        return [group, { row, given: row.completionIds.length }];
      }),
    );
  }
  const begun = found.map(({ group, text }) => {
    const ids = tokenizer.encode(text);
    return promptOf(group) + tokenizer.decode(ids.slice(0, Math.ceil(ids.length * prefixRatio)));
  });
  if (begun.length === 0) return new Map();
  const drawn = rowsOf({
    ...(await sampler.generate(begun, furtherDraw(sampling, 1))),
    problems: found.map(({ group }) => prompts.problems[group]).filter((problem) => problem !== undefined),
  });
  return new Map(
    drawn.map((sampled) => {
      const group = found[sampled.group]?.group ?? -1;
      const row = begunRow(tokenizer, { ...sampled, group }, promptOf(group));
      const given = row.completionIds.length - sampled.completionIds.length;
      return [group, { row: shortened(tokenizer, row, sampling.maxTokens), given }];
    }),
  );
}

/** A row whose completion has at most so many tokens: the beginning that was given counts among them. */
function shortened(tokenizer: Tokenizer, row: Row, maxTokens: number): Row {
  if (row.completionIds.length <= maxTokens) return row;
  const completionIds = row.completionIds.slice(0, maxTokens);
  return {
    ...row,
    completionIds,
    sampleLogProbs: row.sampleLogProbs.slice(0, maxTokens),
    policyLogProbs: row.policyLogProbs.slice(0, maxTokens),
    completion: tokenizer.decode(completionIds),
    finish: "length",
  };
}
