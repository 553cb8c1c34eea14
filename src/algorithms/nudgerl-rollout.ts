/**
 * NudgeRL's rollouts: some after hints, some after the plain prompt, and all of them once more after the plain one.
 * 2026, "Nudging Beyond the Comfort Zone: Efficient Strategy-Guided Exploration for RLVR", arXiv:2605.15726.
 *
 * Seam: rollout. Rewards are those of the sampled half; a copy is not verified again.
 */
import { refuse } from "../toolkit/refuse.ts";
import { rng } from "../toolkit/rng.ts";
import { furtherDraw, type RolloutInput, type Rollouts } from "../toolkit/rollout.ts";
import { fromRows, movedRow, type Row, rowsOf, unscoredBehind } from "../toolkit/rows.ts";
import type { Problem } from "../toolkit/tasks/task.ts";
import { nudgePlan } from "./nudgerl-groups.ts";

/** Columns: the hint of each row, -1 for none; 1 for a row that is a copy after the plain prompt. */
export const HINT = "nudgeHint";
export const DISTILLED = "nudgeDistilled";

export interface NudgeSampling {
  readonly contexts: (problem: Problem) => readonly string[];
  readonly place: (context: string, prompt: string) => string;
  readonly contextsPerPrompt: number;
  readonly dropProbability: number;
  readonly sampler: "sequential" | "random";
}

/** One prompt text, how often, and what it belongs to. */
interface Draw {
  readonly group: number;
  readonly contextId: number | null;
  readonly text: string;
  readonly count: number;
}

export async function nudgedRollouts(input: RolloutInput, options: NudgeSampling): Promise<Rollouts> {
  const { prompts, sampler, sampling, models, verify } = input;
  const { tokenizer } = models.policy;
  const draws = prompts.problems.flatMap((problem, group) => drawsOf(input, options, problem, group));
  const sampled: Row[] = [];
  const hints: number[] = [];
  const counts = [...new Set(draws.map(({ count }) => count))].sort((a, b) => b - a);
  for (const [round, count] of counts.entries()) {
    const here = draws.filter((draw) => draw.count === count);
    const settings = { ...furtherDraw(sampling, round), samplesPerPrompt: count };
    const drawn = await sampler.generate(
      here.map(({ text }) => text),
      settings,
    );
    for (const row of rowsOf({ ...drawn, problems: prompts.problems })) {
      const draw = here[row.group];
      if (draw === undefined) throw new Error("internal: a row of no draw");
      sampled.push({ ...row, group: draw.group });
      hints.push(draw.contextId ?? -1);
    }
  }
  const { problems } = prompts;
  const own = fromRows(sampled, { problems, padId: tokenizer.padId });
  const rewards = await verify(own);
  const copies = sampled.map((row) => movedRow(tokenizer, row, problems[row.group]?.prompt ?? ""));
  const columns = {
    [HINT]: Float32Array.from([...hints, ...hints]),
    [DISTILLED]: Float32Array.from([...hints.map(() => 0), ...hints.map(() => 1)]),
  };
  const spentTokens = own.completionLengths.reduce((sum, length, b) => sum + length + (own.promptLengths[b] ?? 0), 0);
  return fromRows([...sampled, ...copies], {
    ...{ problems, padId: tokenizer.padId, columns, spentTokens },
    rewards: unscoredBehind(rewards, copies.length, "a copy after the plain prompt"),
  });
}

function drawsOf({ prompts, sampling }: RolloutInput, options: NudgeSampling, problem: Problem, group: number): Draw[] {
  const { samplesPerPrompt } = prompts;
  const total = typeof samplesPerPrompt === "number" ? samplesPerPrompt : (samplesPerPrompt[group] ?? 0);
  const pool = options.contexts(problem);
  if (pool.length === 0) return [{ group, contextId: null, text: problem.prompt, count: total }];
  const { contextsPerPrompt: contexts, dropProbability, sampler, place } = options;
  if (total % contexts !== 0) {
    refuse("nudgeRl", `${total} completions of a prompt for ${contexts} hints`, "pass a multiple of contextsPerPrompt");
  }
  const { seed, step } = sampling;
  const random = rng({ seed, stream: "nudge", step, row: group });
  const plan = nudgePlan({ pool, contexts, samples: total / contexts, dropProbability, sampler, random });
  return plan.map(({ contextId, count }) => {
    const text = contextId === null ? problem.prompt : place(pool[contextId] ?? "", problem.prompt);
    return { group, contextId, text, count };
  });
}
