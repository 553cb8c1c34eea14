/** From completions to counts, by the verifier of mathematics. */
import { refuse } from "../../../refuse.ts";
import { type MathCase, mathVerifier } from "../../../verify/math/index.ts";
import type { Verifier } from "../../../verify/verifier.ts";
import type { InstanceCount } from "./counts.ts";
import type { TemplateInstance } from "./template.ts";

/**
 * Correct samples of each instance, grouped by problem: the part of an id before its first underscore.
 *
 * @param completions of each instance, by its id
 * @param verifier Default `mathVerifier()`.
 * @throws UsageError for an instance without completions, and where the verifier itself fails
 */
export function countCorrect(
  instances: readonly Pick<TemplateInstance, "id" | "answer">[],
  completions: Readonly<Record<string, readonly string[]>>,
  verifier: Verifier<MathCase> = mathVerifier(),
): InstanceCount[][] {
  const problems = new Map<string, InstanceCount[]>();
  for (const { id, answer } of instances) {
    const samples = Object.hasOwn(completions, id) ? completions[id] : undefined;
    if (samples === undefined || samples.length === 0) {
      refuse("countCorrect", `instance ${id} has no completion`, "sample every instance");
    }
    const correct = samples.filter((completion) => {
      const { score, reason } = verifier.verify({ answer: `${answer}` }, completion);
      return (
        (score ?? refuse("countCorrect", `instance ${id} could not be verified: ${reason}`, "mend that first")) === 1
      );
    }).length;
    const problem = id.split("_")[0] ?? id;
    problems.set(problem, [...(problems.get(problem) ?? []), [correct, samples.length]]);
  }
  return [...problems.values()];
}
