/**
 * VAR-MATH: each problem becomes a template, and counts as solved only where all its instances are.
 * Yao, Cheng, Tan 2025, "VAR-MATH: Probing True Mathematical Reasoning in LLMs via Symbolic Multi-Instance Benchmarks",
 * arXiv:2507.12885, and its released code and templates.
 *
 *     p_qj   = correct samples of instance j of problem q, over its samples
 *     loose  = mean_q mean_j p_qj;  std over rounds sqrt( (1 / Q²) · sum_q (1 / n_q²) · sum_j p_qj (1 - p_qj) )
 *     strict = mean_q s_q, s_q = prod_j p_qj;  std over rounds sqrt( (1 / Q²) · sum_q s_q (1 - s_q) )
 *     drop   = 100 · (VAR - original) / original, percent
 *
 * Seams: benchmark, evaluation. Strict falls with the number of instances even for an honest policy (p^n): compare equal numbers.
 * The closed forms are what the paper's bootstrap estimates (our choice as the value; `bootstrapMultiInstance` draws it). Our choice:
 * a division by 0 is refused, where the released script drops the instance, values stand in brackets where they are negative or
 * fractions, and shuffles come from this project's generator, so that instances differ from the released ones. The templates are
 * read from a local CSV file; `arithmeticTemplates` makes new ones of the same form.
 */
import { refuse } from "../../refuse.ts";
import type { InstanceCount } from "./var-math/counts.ts";

export { type ArithmeticTemplatesOptions, arithmeticTemplates } from "./var-math/arithmetic-templates.ts";
export { type BootstrapScore, bootstrapMultiInstance, type MultiInstanceBootstrap } from "./var-math/bootstrap.ts";
export type { InstanceCount } from "./var-math/counts.ts";
export { evalExpression } from "./var-math/expression.ts";
export { countCorrect } from "./var-math/grade.ts";
export { readVarMath } from "./var-math/read.ts";
export {
  type ExpandOptions,
  expandTemplate,
  type TemplateInstance,
  type TemplateRow,
  templateRows,
  type VarTemplate,
} from "./var-math/template.ts";

export interface MultiInstanceScores {
  readonly loose: number;
  readonly strict: number;
  /** Standard deviations over rounds that draw one sample of each instance. */
  readonly looseStd: number;
  readonly strictStd: number;
}

/**
 * Exact means and deviations of the bootstrap.
 *
 * @param counts of each instance of each problem: [problem][instance]
 * @throws UsageError without a problem or an instance, and for counts that are not whole or above the samples
 */
export function scoreMultiInstance(counts: readonly (readonly InstanceCount[])[]): MultiInstanceScores {
  const rates = ratesOf("scoreMultiInstance", counts);
  const q = rates.length;
  const sum = (of: (p: readonly number[]) => number): number => rates.reduce((total, p) => total + of(p), 0);
  const all = (p: readonly number[]): number => p.reduce((product, rate) => product * rate, 1);
  return {
    loose: sum((p) => p.reduce((a, b) => a + b, 0) / p.length) / q,
    strict: sum(all) / q,
    looseStd: Math.sqrt(sum((p) => p.reduce((a, rate) => a + rate * (1 - rate), 0) / p.length ** 2)) / q,
    strictStd: Math.sqrt(sum((p) => all(p) * (1 - all(p)))) / q,
  };
}

function ratesOf(where: string, counts: readonly (readonly InstanceCount[])[]): number[][] {
  if (counts.length === 0) refuse(where, "there is no problem", "pass at least one");
  return counts.map((instances, problem) => {
    if (instances.length === 0) refuse(where, `problem ${problem} has no instance`, "leave it out");
    return instances.map(([correct, samples], j) => {
      if (
        Number.isInteger(samples) &&
        samples >= 1 &&
        Number.isInteger(correct) &&
        correct >= 0 &&
        correct <= samples
      ) {
        return correct / samples;
      }
      const counted = `instance ${j} of problem ${problem} has ${correct} of ${samples} correct`;
      return refuse(where, counted, "pass whole counts, at least one sample");
    });
  });
}

/** Change from the original score to the one over instances, percent of the original. @throws UsageError where that is 0 */
export function relativeDrop(varScore: number, originalScore: number): number {
  if (!Number.isFinite(varScore) || !Number.isFinite(originalScore)) {
    refuse("relativeDrop", `the scores are ${varScore} and ${originalScore}`, "pass finite scores");
  }
  if (originalScore === 0) refuse("relativeDrop", "the original score is 0", "there is nothing to drop from");
  return (100 * (varScore - originalScore)) / originalScore;
}
