/** From the names of the np-engine forms to `src/toolkit/tasks/benchmarks/np-engine.ts`; the validators in their published form. */
import { npRatio, npTask, scoreOfCategory, scoreOfTask } from "../../src/toolkit/tasks/benchmarks/index.ts";

interface Inputs {
  readonly task: string;
  readonly instance: unknown;
  readonly answers: readonly string[];
  readonly groundTruth: number;
  readonly strict?: boolean;
  readonly taskA: readonly (readonly number[])[];
  readonly taskB: readonly (readonly number[])[];
}

export function evaluate(inputs: Inputs, form: string): unknown {
  const { task: name, instance: given, answers, groundTruth, strict = false, taskA, taskB } = inputs;
  switch (form) {
    case "np-engine/0":
    case "np-engine/1":
    case "np-engine/2":
    case "np-engine/3": {
      const task = npTask(name);
      const instance = task.check(given);
      const results = answers.map((answer) => {
        const result = task.verify(instance, answer, { strict });
        return { ...result, ratio: npRatio(task, result, groundTruth, { strict }) };
      });
      return { results };
    }
    case "np-engine/4": {
      const [a, b] = [scoreOfTask(taskA), scoreOfTask(taskB)];
      return { A: a, B: b, category: scoreOfCategory([a, b]) };
    }
    default:
      throw new Error(`no form ${form}`);
  }
}
