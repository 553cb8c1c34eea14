/**
 * NP-Engine: ten NP-hard optimisation tasks with generators, rule-based verifiers and reference answers; quality counts, too.
 * 2025, "NP-Engine: Empowering Optimization Reasoning in LLMs with Verifiable Synthetic NP Problems", arXiv:2510.16476, and its
 * released code.
 *
 *     r  = value / gt where more is better, gt / value where less is;  0 where infeasible
 *     SR = 100 · share of problems with a sample of r > 0;  AR = 100 · mean over problems of the largest r of its samples
 *     category = mean over its tasks, overall = mean over the five categories
 *     R  = 0 where nothing can be read or the answer is infeasible, else clip(r, 0, 1)
 *
 * Seams: benchmark, reward, curriculum. The reward is a reconstruction (the training code is not released). Strict verifiers
 * close the holes of the published ones, which training would find: an index used twice, a meeting held twice, a person in two
 * meetings at once, a cycle of one vertex, an empty set; `strict: false` reproduces the published ones, as read for seven tasks; for
 * cycle, clique and bisection it follows their description (reconstruction). gt is the best that a search found, so that r may be
 * above 1; SR is the best of as many samples as there are (3 in the paper): say it beside SR of single samples. A value of 0 gives
 * 1 where gt is 0, too, else 0 (strict) or infinity (published). Instances of the published sizes come from `generate`, item
 * weights in thousandths (our choice); published files are read by `readNpBench`.
 */
export type { NeighbourLists, WeightMaps } from "./np-engine/graphs.ts";
export type { Meeting, MeetingInstance } from "./np-engine/meetings.ts";
export type {
  Budget,
  NpCategory,
  NpDifficulty,
  NpReference,
  NpResult,
  NpSizes,
  NpTask,
  VerifyOptions,
} from "./np-engine/np-task.ts";
export { type NpEngineTaskOptions, npEngineTask } from "./np-engine/policy-task.ts";
export { type NpProblem, readNpBench } from "./np-engine/read.ts";
export {
  type NpRewardOptions,
  type NpScore,
  type NpScores,
  npBenchScore,
  npRatio,
  npReward,
  scoreOfCategory,
  scoreOfTask,
} from "./np-engine/score.ts";
export type { KnapsackInstance, KnapsackItem, SetCoverInstance, SubsetSumInstance } from "./np-engine/selection.ts";
export { NP_TASKS, type NpTaskName, npTask } from "./np-engine/tasks.ts";
export type { TspInstance } from "./np-engine/tsp.ts";
