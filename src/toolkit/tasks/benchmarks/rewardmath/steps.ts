/** One score of a solution from the scores of its steps. */
import { refuse } from "../../../refuse.ts";

/** The aggregates of the released script, by its names. */
export const STEP_AGGREGATES = [
  "min",
  "max",
  "prod",
  "geometric_mean",
  "mean",
  "mean_logit",
  "mean_odd",
  "last",
] as const;

export type StepAggregate = (typeof STEP_AGGREGATES)[number];

export interface AggregateOptions {
  /** Score of a solution without steps. Default: such a solution is refused. The released best-of-n script takes 0.5. */
  readonly emptyScore?: number;
  /** Whether "mean_logit" and "mean_odd" move scores into [1e-6, 1 - 1e-6] first. Default false: 0 and 1 are refused. */
  readonly clamp?: boolean;
}

const EDGE = 1e-6;

/**
 * @param p scores of the steps, in order
 * @throws UsageError for an unknown aggregate, no step, a score of NaN, and one outside (0, 1) where odds are taken
 */
export function aggregateSteps(
  p: readonly number[],
  kind: StepAggregate,
  { emptyScore, clamp = false }: AggregateOptions = {},
): number {
  const at = p.findIndex(Number.isNaN);
  if (at >= 0) refuse("aggregateSteps", `the score of step ${at} is NaN`, "score every step");
  if (!STEP_AGGREGATES.includes(kind)) {
    refuse("aggregateSteps", `there is no aggregate ${String(kind)}`, `pass one of ${STEP_AGGREGATES.join(", ")}`);
  }
  const last = p.at(-1);
  if (last === undefined) return emptyScore ?? refuse("aggregateSteps", "there are no steps", "pass emptyScore");
  switch (kind) {
    case "min":
      return p.reduce((a, b) => Math.min(a, b));
    case "max":
      return p.reduce((a, b) => Math.max(a, b));
    case "prod":
      return product(p);
    case "geometric_mean":
      return product(p) ** (1 / p.length);
    case "mean":
      return mean(p);
    case "mean_logit":
      return 1 / (1 + Math.exp(-mean(odds(p, clamp).map(Math.log))));
    case "mean_odd":
      return Math.max(0, mean(odds(p, clamp)));
    case "last":
      return last;
    default:
      return kind satisfies never;
  }
}

const product = (p: readonly number[]): number => p.reduce((all, value) => all * value, 1);
const mean = (p: readonly number[]): number => p.reduce((sum, value) => sum + value, 0) / p.length;

function odds(p: readonly number[], clamp: boolean): number[] {
  return p.map((given, i) => {
    const value = clamp ? Math.min(1 - EDGE, Math.max(EDGE, given)) : given;
    if (value > 0 && value < 1) return value / (1 - value);
    return refuse("aggregateSteps", `the score of step ${i} is ${given}, outside (0, 1)`, "pass clamp: true");
  });
}
