/**
 * NeoRL-2: seven control tasks with delays, hidden factors and little data, scored between two anchors and against their data.
 * Gao et al. 2025, "NeoRL-2: Near Real-World Benchmarks for Offline Reinforcement Learning with Extended Realistic Scenarios",
 * arXiv:2503.19267, and its released code (environments, rewards, report).
 *
 *     score     = 100 (return − min) / (max − min), anchors of the task, not clipped
 *     data      = sum(reward) / #(done or truncated)
 *     best      = the setting with the highest mean score over seeds; mean and std (ddof 1)
 *     solved(k) = number of tasks with score > data score + k, k in {0, 3, 5, 10}
 *
 * Seams: evaluation; environments and offline data beside it. All seven rewards and terminations are here; of the simulators the two
 * that need no physics engine and no learned model, Pipeline and DMSD, are. Choosing the best setting looks at the simulator: an
 * optimistic protocol, the paper's. For verifiable rewards `normalisedGain` is the same number from accuracies (reconstruction).
 * The order of Pipeline's past values in its observation is our choice. `collectOffline` with a PID controller makes data of the
 * published form; the data sets themselves are read from local files.
 */
import { optionsObject } from "../../options.ts";
import { refuse } from "../../refuse.ts";
import { type NeorlTask, neorlTasks, taskOf } from "./neorl-2/tasks.ts";

export {
  type ControlEnv,
  type ControlStep,
  type DmsdOptions,
  type DmsdStart,
  dmsdEnv,
  type PipelineOptions,
  type PipelineStart,
  pipelineEnv,
} from "./neorl-2/environments.ts";
export {
  type CollectOptions,
  type Controller,
  collectOffline,
  type OfflineData,
  type PidOptions,
  pidController,
  readOfflineData,
  writeOfflineData,
} from "./neorl-2/offline-data.ts";
export { type RewardFunction, rewardOf, terminated } from "./neorl-2/rewards.ts";
export { type NeorlChallenge, type NeorlTask, type NeorlTaskFacts, neorlTasks } from "./neorl-2/tasks.ts";

/** A return on the task's scale: 0 at its lower anchor, 100 at its upper. @throws UsageError for an unknown task or a NaN */
export function normalisedScore(task: NeorlTask, achieved: number): number {
  const { min, max } = taskOf("normalisedScore", task);
  if (!Number.isFinite(achieved))
    refuse("normalisedScore", `the return is ${String(achieved)}`, "pass a finite number");
  return (100 * (achieved - min)) / (max - min);
}

/** Accuracy above the base as a share of what was to be gained, percent. @throws UsageError where ceiling and base are equal */
export function normalisedGain(accuracy: number, base: number, ceiling: number): number {
  for (const [name, value] of Object.entries({ accuracy, base, ceiling })) {
    if (!Number.isFinite(value)) refuse("normalisedGain", `${name} is ${String(value)}`, "pass a finite number");
  }
  if (ceiling === base) refuse("normalisedGain", `base and ceiling are both ${base}`, "pass two that differ");
  return (100 * (accuracy - base)) / (ceiling - base);
}

/** Rewards and ends of logged steps, in their order. */
export interface LoggedSteps {
  readonly reward: ArrayLike<number>;
  readonly done: ArrayLike<number | boolean>;
  readonly truncated: ArrayLike<number | boolean>;
}

export interface DatasetScore {
  readonly episodes: number;
  /** Sum of all rewards by the number of episodes. */
  readonly meanReturn: number;
  /** On the task's scale, where a task was named. */
  readonly score: number | undefined;
}

/** What the policy that collected the data got. @throws UsageError for columns of unequal length, or data without an end */
export function datasetScore({ reward, done, truncated }: LoggedSteps, task?: NeorlTask): DatasetScore {
  if (done.length !== reward.length || truncated.length !== reward.length) {
    const lengths = `${reward.length} rewards, ${done.length} done, ${truncated.length} truncated`;
    refuse("datasetScore", `there are ${lengths}`, "pass one of each for every step");
  }
  let [sum, episodes] = [0, 0];
  for (let i = 0; i < reward.length; i++) {
    if (!Number.isFinite(reward[i]))
      refuse("datasetScore", `reward ${i} is ${String(reward[i])}`, "pass finite numbers");
    sum += reward[i] ?? 0;
    if (done[i] || truncated[i]) episodes++;
  }
  if (episodes === 0) refuse("datasetScore", "no step is done or truncated", "pass at least one whole episode");
  const meanReturn = sum / episodes;
  return { episodes, meanReturn, score: task === undefined ? undefined : normalisedScore(task, meanReturn) };
}

export interface SelectedConfig {
  readonly config: string;
  readonly mean: number;
  /** With ddof 1; undefined for a single run. */
  readonly std: number | undefined;
}

/**
 * The setting whose runs have the highest mean; of equals the first.
 *
 * @param runs scores of the seeds (the paper's: 7, 42, 210) by setting
 * @throws UsageError for no setting, a setting without a run, or a score that is no finite number
 */
export function selectConfig(runs: Readonly<Record<string, readonly number[]>>): SelectedConfig {
  const settings = Object.entries(optionsObject("selectConfig", runs)).map(([config, scores]) => {
    if (scores.length === 0) refuse("selectConfig", `"${config}" has no run`, "pass at least one score");
    const wrong = scores.findIndex((score) => !Number.isFinite(score));
    if (wrong >= 0) refuse("selectConfig", `run ${wrong} of "${config}" is ${scores[wrong]}`, "pass finite scores");
    return { config, scores, mean: scores.reduce((sum, score) => sum + score, 0) / scores.length };
  });
  const [first, ...others] = settings;
  if (first === undefined) return refuse("selectConfig", "there is no setting", "pass the runs of at least one");
  const { config, scores, mean } = others.reduce((best, one) => (one.mean > best.mean ? one : best), first);
  const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
  return { config, mean, std: scores.length < 2 ? undefined : Math.sqrt(squares / (scores.length - 1)) };
}

/**
 * On how many tasks a method beats the policy that collected the data, by each margin.
 *
 * @param scores by task
 * @param dataScores by task. Default: those of the published data
 * @param margins points; default 0, 3, 5, 10 (the paper's)
 * @throws UsageError for a task without a data score, or a number that is not finite
 */
export function successCounts(
  scores: Readonly<Record<string, number>>,
  dataScores: Readonly<Record<string, number>> = publishedDataScores(),
  margins: readonly number[] = [0, 3, 5, 10],
): number[] {
  const gains = Object.entries(optionsObject("successCounts", scores)).map(([task, score]) => {
    const data = dataScores[task];
    if (data === undefined) return refuse("successCounts", `there is no data score of "${task}"`, "pass one");
    if (!Number.isFinite(score - data)) refuse("successCounts", `"${task}" has ${score}, data ${data}`, "pass numbers");
    return { score, data };
  });
  return margins.map((margin) => gains.filter(({ score, data }) => score > data + margin).length);
}

function publishedDataScores(): Record<string, number> {
  const entries = Object.entries(neorlTasks) as [NeorlTask, (typeof neorlTasks)[NeorlTask]][];
  return Object.fromEntries(entries.map(([task, { dataReturn }]) => [task, normalisedScore(task, dataReturn)]));
}
