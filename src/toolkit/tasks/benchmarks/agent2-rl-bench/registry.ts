/** Tasks that can be run, by name. */
import { checkOptions } from "../../../options.ts";
import { refuse } from "../../../refuse.ts";

export interface RegisteredTask<A, D = unknown> {
  readonly id: string;
  /** 1: a static rule, 2: a static judge, 3: interaction. */
  readonly level: 1 | 2 | 3;
  /** Score of an artefact on data, percent. */
  readonly evaluate: (artifact: A, data: readonly D[]) => number | Promise<number>;
  /** What participants may see. */
  readonly trainData: readonly D[];
  /** What the grader keeps. */
  readonly heldOut: readonly D[];
}

export interface TaskRegistry<A, D = unknown> {
  /** @throws UsageError for a name that is taken, no held-out data, or data that is in both parts */
  register(task: RegisteredTask<A, D>): void;
  /** @throws UsageError for an unknown name */
  get(id: string): RegisteredTask<A, D>;
  list(): readonly RegisteredTask<A, D>[];
}

export function taskRegistry<A, D = unknown>(): TaskRegistry<A, D> {
  const tasks = new Map<string, RegisteredTask<A, D>>();
  return {
    register(task) {
      checkOptions("register", task, {
        id: { kind: "string", required: true },
        level: { kind: "either", values: [1, 2, 3], required: true },
        evaluate: { kind: "function", required: true },
        trainData: { kind: "array", required: true },
        heldOut: { kind: "array", required: true },
      });
      const { id, trainData, heldOut } = task;
      if (tasks.has(id)) refuse("register", `there is a task "${id}"`, "choose another name");
      if (heldOut.length === 0) refuse("register", `task "${id}" has no held-out data`, "keep some for the grader");
      const seen = new Set(trainData.map((one) => JSON.stringify(one)));
      const leaked = heldOut.findIndex((one) => seen.has(JSON.stringify(one)));
      if (leaked >= 0)
        refuse("register", `held-out item ${leaked} of "${id}" is in the training data`, "split by content");
      tasks.set(id, task);
    },
    get: (id) =>
      tasks.get(id) ??
      refuse("taskRegistry", `there is no task "${id}"`, `pass one of ${[...tasks.keys()].join(", ")}`),
    list: () => [...tasks.values()],
  };
}
