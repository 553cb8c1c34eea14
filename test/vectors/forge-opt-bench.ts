/** From the names of the forge-opt-bench forms to `src/toolkit/tasks/benchmarks/forge-opt-bench.ts`. */
import {
  answerText,
  type ForgeKind,
  type ForgeRecord,
  forgeReward,
  type KnapsackItem,
  knapsackInstance,
  NP_TASKS,
  npTask,
  optimum,
  qualityRatio,
  scoreBenchmark,
  tspInstance,
} from "../../src/toolkit/tasks/benchmarks/index.ts";

interface Inputs {
  readonly distance: readonly (readonly number[])[];
  readonly tours: readonly (readonly number[])[];
  readonly capacity: number;
  readonly items: readonly KnapsackItem[];
  readonly selections: readonly (readonly number[])[];
  readonly cases: readonly {
    readonly format: boolean;
    readonly value: number | null;
    readonly reference: number;
    readonly kind: string;
  }[];
  readonly problems: readonly ForgeRecord[];
}

export function evaluate(inputs: Inputs, form: string): unknown {
  switch (form) {
    case "forge-opt-bench/0": {
      const { best, values, ratios } = answered("TSP", tspInstance(inputs.distance), inputs.tours);
      return { optimum: best, lengths: values, ratios };
    }
    case "forge-opt-bench/1": {
      const instance = knapsackInstance(inputs.capacity, inputs.items);
      const { best, values, ratios } = answered("knapsack", instance, inputs.selections);
      return { optimum: best, values, ratios };
    }
    case "forge-opt-bench/2": {
      const rewards = (mode: "quality" | "binary") =>
        inputs.cases.map(({ format, value, reference, kind }) => {
          const result = { formatOk: format, feasible: typeof value === "number", value: value ?? 0 };
          return forgeReward({ ...result, reference, kind: kindOf(kind) }, { mode }).reward;
        });
      return { quality: rewards("quality"), binary: rewards("binary") };
    }
    case "forge-opt-bench/3":
      return scoreBenchmark(inputs.problems);
    default:
      throw new Error(`no form ${form}`);
  }
}

/** A form's word for the direction, or a task's name. */
function kindOf(kind: string): ForgeKind {
  if (Object.hasOwn(NP_TASKS, kind)) return kind as ForgeKind;
  const short = kind.toLowerCase();
  if (short === "tsp") return "TSP";
  return short.startsWith("min") ? "min" : short.startsWith("max") ? "max" : (kind as ForgeKind); // which refuses it
}

function answered(name: "TSP" | "knapsack", instance: unknown, answers: readonly (readonly number[])[]) {
  const task = npTask(name);
  const best = optimum(task, instance);
  const results = answers.map((ids) => task.verify(instance, answerText(ids)));
  return {
    best,
    values: results.map(({ feasible, value }) => (feasible ? value : null)),
    ratios: results.map(({ feasible, value }) => (feasible ? qualityRatio(name, value, best) : 0)),
  };
}
