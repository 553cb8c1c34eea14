/**
 * Scheduled solutions: the policy completes the beginning of a reference solution, which grows shorter over the run.
 * 2026, "Not only where, But when: Temporal Scheduling for RLVR", arXiv:2605.25381, released code ("off-policy schedule").
 *
 *     prompt' = prompt, then the first round(L rho) of the solution's L tokens; rho as in temporal-schedule
 *
 * Seam: rollout. The solution's part is of the prompt: it is not trained on. What is verified is that part and the
 * completion together. Where the task has several solutions, the one shown is drawn by seed, step and problem. Our choice:
 * parts are cut to the tokens that the run has room for, `prefixTokens`.
 */
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkOptions } from "../toolkit/options.ts";
import { rng } from "../toolkit/rng.ts";
import type { Rollout, RolloutInput, Rollouts } from "../toolkit/rollout.ts";
import { wrapSeam } from "../toolkit/seam.ts";
import { type ScheduleOptions, scheduleValue } from "./temporal-schedule.ts";

export interface ScheduledPrefixOptions extends ScheduleOptions {
  /** Longest part shown, in tokens: by so much prompts may grow. */
  readonly prefixTokens: number;
}

/**
 * The method, around an algorithm's rollout: `compose(grpo(), scheduledPrefix({ prefixTokens: 20 }))`.
 *
 * @throws UsageError for an unknown option or one out of range; in a run, for one too short for its ratios
 */
export function scheduledPrefix(options: ScheduledPrefixOptions): AlgorithmChange {
  checkOptions("scheduledPrefix", options, {
    prefixTokens: { kind: "integer", min: 1, required: true },
    ...{ mode: { kind: "string" }, magnitude: { kind: "number" }, gamma: { kind: "number" } },
    ...{ minRatio: { kind: "number" }, maxRatio: { kind: "number" } },
  });
  const { prefixTokens, ...schedule } = options;
  scheduleValue({ step: 1, totalSteps: 1000 }, schedule);
  const sources: ChoiceSources<"prefixTokens"> = { prefixTokens: ["rollout", "given"] };
  return {
    name: "scheduled-prefix",
    wraps: { rollout: (inner) => prefixed(inner, options) },
    extraPromptTokens: prefixTokens,
    choices: choicesOf(sources, { prefixTokens }, options),
  };
}

function prefixed(inner: Rollout, { prefixTokens, ...schedule }: ScheduledPrefixOptions): Rollout {
  return wrapSeam(inner, async (input, next) => {
    const { prompts, sampling, steps } = input;
    const rho = scheduleValue({ step: sampling.step + 1, totalSteps: steps }, schedule);
    const parts = prompts.problems.map((_, index) => partOf(input, { index, rho, prefixTokens }));
    const problems = prompts.problems.map((problem, i) => ({ ...problem, prompt: problem.prompt + (parts[i] ?? "") }));
    /** The problems as they were, and completions with what stood before them. */
    const whole = (rollouts: Rollouts): Rollouts => ({
      ...rollouts,
      problems: prompts.problems,
      completions: rollouts.completions.map((text, b) => (parts[rollouts.group[b] ?? -1] ?? "") + text),
    });
    const verify = (rollouts: Rollouts) => input.verify(whole(rollouts));
    const rollouts = whole(await next({ ...input, prompts: { ...prompts, problems }, verify }));
    return { ...rollouts, metrics: { ...rollouts.metrics, "schedule/shown": rho } };
  });
}

interface Part {
  readonly index: number;
  readonly rho: number;
  readonly prefixTokens: number;
}

function partOf({ prompts, sampling, task, models }: RolloutInput, { index, rho, prefixTokens }: Part): string {
  const problem = prompts.problems[index];
  if (problem === undefined || rho === 0) return "";
  const { seed, step } = sampling;
  const random = rng({ seed, stream: "scheduled-prefix", step, row: index });
  const { tokenizer } = models.policy;
  const solution = tokenizer.encode(task.demonstration(problem, random, { flawed: false }));
  return tokenizer.decode(solution.slice(0, Math.min(Math.round(solution.length * rho), prefixTokens)));
}
