/** Logged steps in the published form, read, written, and made by a controller. */
import { checkOptions } from "../../../options.ts";
import { refuse } from "../../../refuse.ts";
import { type NpyArray, readNpz, writeNpz } from "../shared/npz.ts";
import type { ControlEnv } from "./environments.ts";

/** Steps of episodes one after the other, under the names of the published files. */
export interface OfflineData {
  /** [N, observation] */
  readonly obs: NpyArray;
  readonly next_obs: NpyArray;
  /** [N, action] */
  readonly action: NpyArray;
  /** [N] */
  readonly reward: NpyArray["data"];
  readonly done: NpyArray["data"];
  readonly truncated: NpyArray["data"];
  /** [episodes] first step of each. */
  readonly index: NpyArray["data"];
}

/**
 * A file of the published data, such as `Pipeline-train.npz`. Without "truncated", none was; without "index", episodes begin after
 * each end.
 *
 * @throws UsageError for a file that cannot be read, lacks an array, or holds arrays of unequal length
 */
export async function readOfflineData(path: string): Promise<OfflineData> {
  const arrays = await readNpz("readOfflineData", path);
  const named = (name: string): NpyArray =>
    arrays[name] ?? refuse("readOfflineData", `${path} has no array "${name}"`, "pass a file of the published form");
  const [obs, next_obs, action] = [named("obs"), named("next_obs"), named("action")];
  const reward = named("reward").data;
  const done = named("done").data;
  const truncated = arrays.truncated?.data ?? new Float64Array(reward.length);
  const steps = obs.shape[0] ?? 0;
  const lengths = { next_obs: next_obs.shape[0], action: action.shape[0], reward: reward.length, done: done.length };
  for (const [name, length] of Object.entries({ ...lengths, truncated: truncated.length })) {
    if (length !== steps)
      refuse("readOfflineData", `${path}: obs has ${steps} steps, ${name} ${length}`, "mend the file");
  }
  const index = arrays.index?.data ?? startsOf(done, truncated);
  return { obs, next_obs, action, reward, done, truncated, index };
}

function startsOf(done: NpyArray["data"], truncated: NpyArray["data"]): Float64Array {
  const starts = Array.from(done, (_, i) => i).filter((i) => i === 0 || done[i - 1] || truncated[i - 1]);
  return Float64Array.from(starts);
}

/** Writes steps as a file of the published form. */
export async function writeOfflineData(path: string, data: OfflineData): Promise<void> {
  const column = (numbers: NpyArray["data"]): NpyArray => ({ shape: [numbers.length], data: numbers });
  const { obs, next_obs, action, reward, done, truncated, index } = data;
  const columns = { reward: column(reward), done: column(done), truncated: column(truncated), index: column(index) };
  await writeNpz(path, { obs, next_obs, action, ...columns });
}

/** From an observation and the step's number to an action. Reset at step 0. */
export type Controller = (observation: Float64Array, step: number) => ArrayLike<number>;

export interface CollectOptions {
  readonly episodes: number;
  readonly seed: number;
}

/** Whole episodes of a controller; episode i is reset with seed + i. */
export function collectOffline<Start>(
  env: ControlEnv<Start>,
  controller: Controller,
  options: CollectOptions,
): OfflineData {
  checkOptions("collectOffline", options, {
    episodes: { kind: "integer", min: 1, required: true },
    seed: { kind: "integer", min: 0, required: true },
  });
  const rows = { obs: [] as number[], next_obs: [] as number[], action: [] as number[], reward: [] as number[] };
  const ends = { done: [] as number[], truncated: [] as number[] };
  const index: number[] = [];
  for (let episode = 0; episode < options.episodes; episode++) {
    let observation = env.reset(options.seed + episode);
    index.push(rows.reward.length);
    for (let step = 0, ended = false; !ended; step++) {
      const action = Array.from(controller(observation, step), (value) => Math.min(Math.max(value, -1), 1));
      const result = env.step(action);
      for (const value of observation) rows.obs.push(value);
      for (const value of result.observation) rows.next_obs.push(value);
      rows.action.push(...action);
      rows.reward.push(result.reward);
      ends.done.push(Number(result.done));
      ends.truncated.push(Number(result.truncated));
      ended = result.done || result.truncated;
      observation = result.observation;
    }
  }
  const steps = rows.reward.length;
  const matrix = (data: number[]): NpyArray => ({ shape: [steps, data.length / steps], data: Float64Array.from(data) });
  return {
    obs: matrix(rows.obs),
    next_obs: matrix(rows.next_obs),
    action: matrix(rows.action),
    reward: Float64Array.from(rows.reward),
    done: Float64Array.from(ends.done),
    truncated: Float64Array.from(ends.truncated),
    index: Float64Array.from(index),
  };
}

export interface PidOptions {
  /** Places in the observation of what is held, one for each action. */
  readonly values: readonly number[];
  /** Places of their targets. */
  readonly targets: readonly number[];
  readonly proportional: number;
  /** Default 0. */
  readonly integral?: number;
  /** Default 0. */
  readonly derivative?: number;
}

/** One PID loop for each action. Sums and differences are by step. */
export function pidController(options: PidOptions): Controller {
  checkOptions("pidController", options, {
    values: { kind: "array", required: true },
    targets: { kind: "array", required: true },
    proportional: { kind: "number", required: true },
    integral: { kind: "number" },
    derivative: { kind: "number" },
  });
  const { values, targets, proportional, integral = 0, derivative = 0 } = options;
  if (values.length !== targets.length) refuse("pidController", "values and targets differ in number", "pass as many");
  let sums: number[] = [];
  let last: number[] = [];
  return (observation, step) => {
    const errors = values.map((place, i) => (observation[targets[i] ?? -1] ?? 0) - (observation[place] ?? 0));
    if (step === 0) [sums, last] = [errors.map(() => 0), errors];
    sums = sums.map((sum, i) => sum + (errors[i] ?? 0));
    const action = errors.map((error, i) => {
      return proportional * error + integral * (sums[i] ?? 0) + derivative * (error - (last[i] ?? error));
    });
    last = errors;
    return action;
  };
}
