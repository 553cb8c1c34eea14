/**
 * Reward seam: one number per completion. NaN says "not scored" (the verifier failed): such a row is left out of every
 * statistic and trains nothing; it is never taken for a wrong answer.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Models } from "./models.ts";
import type { Rollouts } from "./rollout.ts";
import type { Seam } from "./seam.ts";
import type { Problem, Task } from "./tasks/task.ts";
import { excerpt } from "./verify/excerpt.ts";
import type { Verdict } from "./verify/verifier.ts";

export interface RewardInput {
  readonly task: Task;
  readonly rollouts: Rollouts;
  /** Step being taken, from 0, of `steps`. There in `train`, as is all that follows. */
  readonly step?: number;
  readonly steps?: number;
  /** Of the run. */
  readonly seed?: number;
  readonly models?: Models;
}

/** A step's rewards, in columns. */
export interface Rewards {
  /** Reward of each row; NaN where not scored. */
  readonly values: Float32Array; // [B]
  /** What the verifier said of each row. */
  readonly verdicts: readonly Verdict[];
  /** Rewards that `values` is made of, by name, where there are several. */
  readonly components?: Readonly<Record<string, Float32Array>>; // [B]
  /**
   * The part of `values` that falls on single tokens, such as a penalty per token; the rest falls on a completion's last
   * one. Methods with one advantage per completion read `values` alone.
   */
  readonly perToken?: Float32Array; // [B, T]
  /** Figures for the step's record. */
  readonly metrics?: Readonly<Record<string, number>>;
}

export type Reward = Seam<RewardInput, Rewards>;

/** Longest stretch of verification between two turns of the event loop. */
const SLICE_MS = 8;

/**
 * The default: the score of the task's own verifier; gives way to the event loop so that plots and interrupts work. A
 * verifier that throws has status "failed" for that completion, with the error as reason.
 */
export async function verifiedReward({ task, rollouts }: RewardInput): Promise<Rewards> {
  const values = new Float32Array(rollouts.rows);
  const verdicts: Verdict[] = [];
  let sliceStart = performance.now();
  for (let b = 0; b < rollouts.rows; b++) {
    const problem = rollouts.problems[rollouts.group[b] ?? -1];
    const completion = rollouts.completions[b];
    if (problem === undefined || completion === undefined) throw new Error(`internal: row ${b} has no problem or text`);
    const verdict = verifySafely(task, problem, completion);
    verdicts.push(verdict);
    values[b] = verdict.score ?? Number.NaN;
    if (performance.now() - sliceStart < SLICE_MS) continue;
    await nextTurn();
    sliceStart = performance.now();
  }
  return { values, verdicts };
}

/** A task of one's own may verify without `defineVerifier`: its throw, or its NaN, must not cost the run nor go unseen. */
function verifySafely(task: Task, problem: Problem, completion: string): Verdict {
  const start = performance.now();
  try {
    const verdict = task.verify(problem, completion);
    if (verdict.score === null || Number.isFinite(verdict.score)) return verdict;
    const reason = `the verifier's score is ${excerpt(String(verdict.score), 60)}, not a finite number or null`;
    return { ...verdict, score: null, status: "failed", reason };
  } catch (error) {
    const reason = excerpt(error instanceof Error ? `${error.name}: ${error.message}` : String(error), 300);
    const verifier = { name: task.name, version: "unknown" };
    return { score: null, status: "failed", reason, ms: performance.now() - start, verifier };
  }
}
