/**
 * D5RL: robot tasks with data of several sources, scored after offline training and again after going on online.
 * Rafailov et al. 2024, "D5RL: Diverse Datasets for Data-Driven Deep Reinforcement Learning", arXiv:2408.08441, and its released
 * code (environments, rewards, evaluation loops).
 *
 *     normalised  s = (x − refMin) / (refMax − refMin)
 *     kitchen     total = sum_e 1[any step completes e], return = sum over steps and targets, success = share with return > 0
 *     bin sorting r = k, or k − n where every object lies in some bin and k != n
 *     A1          r = 10 tolV(vx cos(pitch) cos(yaw)) standing − 0.01 sum(qvel torque)
 *     returns     G_T = r_T + g r_T / (1 − g), G_t = r_t + g G_{t+1}
 *
 * Seams: evaluation; a logged-then-online protocol. An element that is undone again still counts in `total`, and pays only while it
 * is complete; "success" is a return above 0, not all targets. There are two rules of completion, kept apart. The returns take the
 * last reward for one that repeats forever, which is wrong for episodes that the time limit cut. The robots, their physics and pixels
 * are not here: `switchWorld` is a grid with four switches and logs of two kinds, our construction; episodes of the kitchen's form are
 * read from local files. The area under the online curve is a reconstruction (mean height by the trapezoid rule).
 */
import { checkOptions } from "../../options.ts";
import { refuse } from "../../refuse.ts";

export {
  type CompletionRule,
  elementComplete,
  type KitchenEpisode,
  type MultiObjectReport,
  multiObjectEval,
  readKitchenEpisode,
  type Summary,
} from "./d5rl/kitchen.ts";
export {
  type CurvePoint,
  type OfflineOnlineReport,
  offlineOnlineReport,
  type SuiteCurve,
  type SuiteReport,
  suiteReport,
} from "./d5rl/report.ts";
export {
  type A1State,
  a1RunReward,
  type BinSort,
  binSortReward,
  type ToleranceOptions,
  tolerance,
} from "./d5rl/rewards.ts";
export {
  type SwitchLog,
  type SwitchLogOptions,
  type SwitchWorld,
  type SwitchWorldOptions,
  switchLogs,
  switchWorld,
} from "./d5rl/switch-world.ts";

/** Scores that are 0 and 1 on the normalised scale. */
export interface ReferenceScores {
  readonly refMin: number;
  readonly refMax: number;
}

/** Registered references: a reward of −1 a step until success. */
export const d5rlReferences: Readonly<Record<"door" | "relocate" | "pen", ReferenceScores>> = {
  door: { refMin: -200, refMax: 0 },
  relocate: { refMin: -200, refMax: 0 },
  pen: { refMin: -100, refMax: 0 },
};

/** A score between its references; not clipped. @throws UsageError for references that are missing or equal, or a NaN */
export function normalizedScore(score: number, references: ReferenceScores): number {
  checkOptions("normalizedScore", references, {
    refMin: { kind: "number", required: true },
    refMax: { kind: "number", required: true },
  });
  const { refMin, refMax } = references;
  if (!Number.isFinite(score)) refuse("normalizedScore", `the score is ${String(score)}`, "pass a finite number");
  if (refMin === refMax) refuse("normalizedScore", `refMin and refMax are both ${refMin}`, "pass two that differ");
  return (score - refMin) / (refMax - refMin);
}

export interface MonteCarloOptions {
  /** Whether the last reward counts as repeating forever. Default true: the code's, for Cal-QL and IQL critics. */
  readonly bootstrapLast?: boolean;
}

/**
 * Return from each step of an episode.
 *
 * @param gamma discount, from 0 to below 1
 * @throws UsageError for no reward, one that is not finite, or a discount out of range
 */
export function monteCarloReturns(
  rewards: readonly number[],
  gamma: number,
  options: MonteCarloOptions = {},
): Float64Array {
  checkOptions("monteCarloReturns", options, { bootstrapLast: { kind: "boolean" } });
  if (!(gamma >= 0 && gamma < 1)) refuse("monteCarloReturns", `gamma is ${String(gamma)}`, "pass 0 to below 1");
  if (rewards.length === 0) refuse("monteCarloReturns", "there is no reward", "pass those of an episode");
  const wrong = rewards.findIndex((reward) => !Number.isFinite(reward));
  if (wrong >= 0) refuse("monteCarloReturns", `reward ${wrong} is ${String(rewards[wrong])}`, "pass finite numbers");
  const last = rewards.at(-1) ?? 0;
  const returns = new Float64Array(rewards.length);
  let ahead = (options.bootstrapLast ?? true) ? last / (1 - gamma) : 0;
  for (let t = rewards.length - 1; t >= 0; t--) {
    ahead = (rewards[t] ?? 0) + gamma * ahead;
    returns[t] = ahead;
  }
  return returns;
}
