/**
 * CUA-Gym: tasks, environments and reward programs for computer use, made apart from each other and accepted only together.
 * 2026, "CUA-Gym: Scaling Verifiable Training Environments and Tasks for Computer-Use Agents", arXiv:2605.25624, and its released
 * code (agents' contracts, acceptance, vote filter, state interface, audits).
 *
 *     reward  = 0 where a gate fails, else sum of the weights of the components that hold; each is false on the initial state
 *     accept  iff initial state and golden patch run, reward(golden) = 1, reward(initial) = 0, and no forbidden pattern
 *     verdict = the most common of the valid votes where it has more than half of them, else keep
 *     GSPO    : s = exp(mean of masked log-ratios), −mean_i min(s_i A_i, clip(s_i) A_i), clips 3e-4 and 4e-4: `gspo()`
 *
 * Seams: reward, curriculum, evaluation; the objective is `gspo` of rlvr-lab/algorithms. Scores of 0 and 1 are exact: all or none of the
 * components, whatever their weights add up to. What failed for the infrastructure is not evidence about a task and is kept apart.
 * Browsers, virtual machines and the paper's tuples are not here: `miniatureApps` are six apps with a JSON state and actions of a few
 * words, a reconstruction, as is the wording of declarative checks. Dropping tasks that always or never pass is a reconstruction too.
 */
export {
  type Action,
  type MiniatureApp,
  type MiniatureTask,
  miniatureApps,
  miniatureTasks,
} from "./cua-gym/apps.ts";
export { type Check, parseCheck } from "./cua-gym/checks.ts";
export {
  type Fit,
  flaky,
  jaccard,
  keptByPassRate,
  type MajorityVerdict,
  majorityFilter,
  nearDuplicates,
  type Verdict as VoteVerdict,
  type Vote,
} from "./cua-gym/filters.ts";
export { type AppState, type MockApp, type MockAppOptions, mockApp, type SessionStates } from "./cua-gym/mock-app.ts";
export { type CuaTuple, readCuaTuples } from "./cua-gym/published.ts";
export {
  type Evidence,
  type RewardComponent,
  type RewardGate,
  type RewardProgram,
  type RewardScore,
  rewardProgram,
} from "./cua-gym/reward-program.ts";
export { type Change, type StateDiff, stateDiff } from "./cua-gym/state-diff.ts";
export {
  type Acceptance,
  acceptTuple,
  type CoGeneration,
  coGenerate,
  type GeneratedStates,
  type TupleCandidate,
} from "./cua-gym/tuples.ts";
