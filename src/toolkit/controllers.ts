/** Coefficients that follow a measured number from step to step. */
import type { Advantage, AdvantageInput, Advantages } from "./advantage.ts";
import { refuse } from "./refuse.ts";
import { wrapStateful } from "./seam.ts";

export interface EntropyControl {
  /** Entropy that is aimed at, nats. */
  readonly target: number;
  /** What the coefficient moves by at each step. */
  readonly delta: number;
  readonly least: number;
  readonly most: number;
}

/**
 * The next coefficient of an entropy bonus (Skywork-OR1, arXiv:2505.22312, section 3): up by delta where the entropy is at
 * or below its target, else down by it.
 */
export function nextEntropyCoefficient(coefficient: number, entropy: number, control: EntropyControl): number {
  const { target, delta, least, most } = control;
  return entropy <= target ? Math.min(coefficient + delta, most) : Math.max(coefficient - delta, least);
}

/** A coefficient that an objective finds in a column of the step. */
export interface CoefficientRule {
  /** Whose it is, for messages. */
  readonly where: string;
  /** Name of the column. */
  readonly column: string;
  /** At the first step. */
  readonly first: number;
  /** At a later one. @param metrics of the step before @param rows completions of this one */
  readonly next: (coefficient: number, metrics: Readonly<Record<string, number>>, rows: number) => number;
  /** What the column gets of the coefficient; `metrics` undefined at the first step. Default: the coefficient itself. */
  readonly applied?: (coefficient: number, metrics: Readonly<Record<string, number>> | undefined) => number;
}

/** Adds the coefficient to the columns and metrics of an advantage; it is kept from step to step and in checkpoints. */
export function withCoefficient(inner: Advantage, rule: CoefficientRule): Advantage {
  const { where, column, first, next, applied = (coefficient: number) => coefficient } = rule;
  return wrapStateful<number, AdvantageInput, Advantages>(inner, {
    init: () => first,
    next: async (before, input, ask) => {
      const advantages = await ask(input);
      const { previousMetrics: metrics } = input;
      const now = metrics ? next(before, metrics, input.rollouts.rows) : before;
      const own = { [column]: applied(now, metrics) };
      const columns = { ...advantages.columns, ...own };
      return [{ ...advantages, columns, metrics: { ...advantages.metrics, ...own } }, now];
    },
    save: (coefficient) => coefficient,
    restore: (saved) => {
      if (typeof saved === "number" && Number.isFinite(saved)) return saved;
      return refuse(where, `the saved coefficient is ${JSON.stringify(saved)}`, "resume with the same algorithm");
    },
  });
}
