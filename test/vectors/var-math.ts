/** From the names of the var-math forms to `src/toolkit/tasks/benchmarks/var-math.ts`. Rows have no order: they come sorted. */
import { rng } from "../../src/index.ts";
import {
  type InstanceCount,
  relativeDrop,
  scoreMultiInstance,
  type TemplateRow,
  templateRows,
} from "../../src/toolkit/tasks/benchmarks/index.ts";

interface Inputs {
  readonly counts: readonly (readonly InstanceCount[])[];
  readonly varInfo: string;
  readonly varRound: number;
  readonly answer: string;
  readonly answerRound: number;
  readonly maxInstances?: number;
  readonly var: number;
  readonly orig: number;
}

export function evaluate({ counts, var: score, orig, maxInstances, ...template }: Inputs, form: string): unknown {
  switch (form) {
    case "var-math/0":
      return scoreMultiInstance(counts);
    case "var-math/1": {
      const random = rng({ seed: 42, stream: "var-math" });
      const options = maxInstances === undefined ? { random } : { random, maxInstances };
      return { rows: templateRows(template, options).map(rowOf).sort(byEntries) };
    }
    case "var-math/2":
      return { drop: relativeDrop(score, orig) };
    default:
      throw new Error(`no form ${form}`);
  }
}

/** Values in the order of definition, then the answer; texts that spell a number as that number. */
function rowOf({ values, answer }: TemplateRow): (string | number)[] {
  return [...Object.values(values).map((value) => (Number.isNaN(Number(value)) ? value : Number(value))), answer];
}

function byEntries(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  const at = a.findIndex((entry, i) => entry !== b[i]);
  if (at < 0) return 0;
  return (a[at] ?? 0) < (b[at] ?? 0) ? -1 : 1;
}
