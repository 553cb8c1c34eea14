/** The ten tasks. */
import { refuse } from "../../../refuse.ts";
import { bisection } from "./bisection.ts";
import { colouring, hamiltonianCycle, independentSet, maximumClique } from "./graph-tasks.ts";
import type { NeighbourLists, WeightMaps } from "./graphs.ts";
import { type MeetingInstance, meetingSchedule } from "./meetings.ts";
import type { NpTask } from "./np-task.ts";
import {
  type KnapsackInstance,
  knapsack,
  type SetCoverInstance,
  type SubsetSumInstance,
  setCover,
  subsetSum,
} from "./selection.ts";
import { type TspInstance, tsp } from "./tsp.ts";

/** The ten tasks by their published names. */
export const NP_TASKS: {
  readonly TSP: NpTask<TspInstance>;
  readonly "hamiltonian-cycle": NpTask<NeighbourLists>;
  readonly "GCP-D": NpTask<NeighbourLists>;
  readonly maximum_clique_problem: NpTask<NeighbourLists>;
  readonly "maximum-set": NpTask<WeightMaps>;
  readonly "minimum-cut": NpTask<WeightMaps>;
  readonly "set-cover": NpTask<SetCoverInstance>;
  readonly "subset-sum": NpTask<SubsetSumInstance>;
  readonly knapsack: NpTask<KnapsackInstance>;
  readonly "meeting-schedule": NpTask<MeetingInstance>;
} = {
  TSP: tsp,
  "hamiltonian-cycle": hamiltonianCycle,
  "GCP-D": colouring,
  maximum_clique_problem: maximumClique,
  "maximum-set": independentSet,
  "minimum-cut": bisection,
  "set-cover": setCover,
  "subset-sum": subsetSum,
  knapsack,
  "meeting-schedule": meetingSchedule,
};

export type NpTaskName = keyof typeof NP_TASKS;

/**
 * A task by its name, for instances whose kind is known from data alone: pass them through its `check` first.
 *
 * @throws UsageError for an unknown name
 */
export function npTask(name: string): NpTask<unknown> {
  if (!Object.hasOwn(NP_TASKS, name)) {
    refuse("npTask", `there is no task ${JSON.stringify(name)}`, `pass one of ${Object.keys(NP_TASKS).join(", ")}`);
  }
  const task: unknown = NP_TASKS[name as NpTaskName];
  return task as NpTask<unknown>; // each checks what it is given
}
