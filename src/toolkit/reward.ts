/**
 * Reward seam: one number per completion. NaN says "not scored" (the verifier failed): such a row is left out of every
 * statistic and trains nothing; it is never taken for a wrong answer.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Rollouts } from "./rollout.ts";
import type { Seam } from "./seam.ts";
import type { Task } from "./tasks/task.ts";
import type { Verdict } from "./verify/verifier.ts";

export interface RewardInput {
  readonly task: Task;
  readonly rollouts: Rollouts;
}

/** A step's rewards, in columns. */
export interface Rewards {
  /** Reward of each row; NaN where not scored. */
  readonly values: Float32Array; // [B]
  /** What the verifier said of each row. */
  readonly verdicts: readonly Verdict[];
}

export type Reward = Seam<RewardInput, Rewards>;

/** Longest stretch of verification between two turns of the event loop. */
const SLICE_MS = 8;

/** The default: the score of the task's own verifier; gives way to the event loop so that plots and interrupts work. */
export async function verifiedReward({ task, rollouts }: RewardInput): Promise<Rewards> {
  const values = new Float32Array(rollouts.rows);
  const verdicts: Verdict[] = [];
  let sliceStart = performance.now();
  for (let b = 0; b < rollouts.rows; b++) {
    const problem = rollouts.problems[rollouts.group[b] ?? -1];
    const completion = rollouts.completions[b];
    if (problem === undefined || completion === undefined) throw new Error(`internal: row ${b} has no problem or text`);
    const verdict = task.verify(problem, completion);
    verdicts.push(verdict);
    values[b] = verdict.score ?? Number.NaN;
    if (performance.now() - sliceStart < SLICE_MS) continue;
    await nextTurn();
    sliceStart = performance.now();
  }
  return { values, verdicts };
}
