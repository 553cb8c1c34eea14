/**
 * Forge / OPT-BENCH: rewards for optimisation answers that are feasible and, continuously, for how good they are.
 * 2026, "Quality-Aware Reinforcement Learning for NP-Hard Optimization in LLMs", arXiv:2605.08905, and the released code of NP-Engine,
 * which it extends.
 *
 *     rho = ref / value where less is better, value / ref where more is;  0 where infeasible
 *     R   = (1 where the syntax is right, else −1) + (min(rho, 1) where feasible, else −1.5);  binary: 1 where feasible
 *     SR  = 100 · share of problems with a feasible attempt;  QR = 100 · mean over problems of the best rho
 *     category = mean over its tasks, overall = mean over the five categories
 *
 * Seams: benchmark, reward, curriculum. Tasks, verifiers and references are NP-Engine's, `NP_TASKS`, in their strict form: an index
 * used twice, a meeting held twice, a person in two meetings and a cycle of one vertex are infeasible. The reward is a
 * reconstruction: it is quoted from a survey, the training code is not released. References are heuristic above the exact sizes,
 * so rho may be above 1: the reward is clipped, `beatsReference` says so. The constant part of R does not matter where advantages
 * are normalised within the group. Random answers may have rho 0.5 in one task and 0.1 in another: `aboveRandom` rescales.
 */
export { answerText, knapsackInstance, optimum, tspInstance } from "./forge-opt-bench/instances.ts";
export { type ForgeProblem, type ForgeProblemsOptions, forgeProblems } from "./forge-opt-bench/problems.ts";
export {
  aboveRandom,
  type ForgeAnswer,
  type ForgeKind,
  type ForgeReward,
  type ForgeRewardOptions,
  forgeReward,
  qualityRatio,
} from "./forge-opt-bench/reward.ts";
export { type ForgeRecord, type ForgeScore, type ForgeScores, scoreBenchmark } from "./forge-opt-bench/score.ts";
