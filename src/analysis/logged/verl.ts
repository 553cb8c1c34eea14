/**
 * verl's validation metrics, `val-core|val-aux/{source}/{variable}/{mean,std,best,worst,maj}@n`, from its dump of the same step.
 * It draws k of the n samples with replacement, 1000 times with seed 42, for best, worst and maj, also at k = n.
 */
import type { ImportedSample, ImportedSet } from "../../toolkit/runs/import.ts";
import { majorityAtK } from "../statistics/majority.ts";
import { bestWith, bestWithout, deviation, errorOfMean, worstWith, worstWithout } from "./estimators.ts";
import { type LoggedNumber, meanNumber } from "./number.ts";

const NAME = /^val-(?:core|aux)\/(.+)\/([^/]+)\/(mean|std|best|worst|maj)@(\d+)(?:\/(mean|std))?$/;

export interface VerlMetric {
  readonly metric: string;
  /** Data source. */
  readonly source: string;
  readonly variable: string;
  readonly kind: "mean" | "std" | "best" | "worst" | "maj";
  readonly k: number;
  /** Of best, worst, maj: the mean, or the spread of the resampled ones. */
  readonly of: "mean" | "std";
}

/** A name taken apart; undefined where it is none of verl's validation. */
export function verlMetric(metric: string): VerlMetric | undefined {
  const [, source, variable, kind, k, of = "mean"] = NAME.exec(metric) ?? [];
  if (source === undefined || variable === undefined || (of !== "mean" && of !== "std")) return undefined;
  if (kind !== "mean" && kind !== "std" && kind !== "best" && kind !== "worst" && kind !== "maj") return undefined;
  return { metric, source, variable, kind, k: Number(k), of };
}

/** Values of a variable, [problems][samples]; undefined where a sample has none. */
function verlValues(set: ImportedSet, variable: string): number[][] | undefined {
  const values = set.problems.map(({ completions = [] }) => completions.map((one) => numberOf(one, variable)));
  const known = values.map((row) => row.filter((value) => value !== undefined));
  return known.every((row, p) => row.length > 0 && row.length === values[p]?.length) ? known : undefined;
}

function numberOf({ score, fields }: ImportedSample, variable: string): number | undefined {
  const stored = variable === "reward" ? fields.score : fields[variable];
  if (typeof stored === "boolean") return stored ? 1 : 0;
  if (typeof stored === "number") return stored;
  return ["acc", "reward", "score"].includes(variable) ? (score ?? undefined) : undefined;
}

const REPLACED = "verl draws k of the n samples with replacement, so the same one counts several times";

/** The number worked out again, or why it cannot be. */
export function verlNumber(name: VerlMetric, set: ImportedSet, logged: number | undefined): LoggedNumber | string {
  const { metric, variable, kind, k, of } = name;
  const values = verlValues(set, variable);
  if (values === undefined) return `some samples of the dump have no number called ${variable}`;
  if (values.some((row) => k > row.length)) return `the dump has fewer than ${k} samples of some problems`;
  const input = { metric, set: set.name, step: set.step, logged };
  if (kind === "mean") {
    const right = values.map((row) => row.reduce((sum, value) => sum + value, 0) / row.length);
    return meanNumber({ ...input, right, expected: right, why: "the log and the dump are of different samples" });
  }
  if (kind === "std") {
    const why = "verl divides by n where n − 1 is unbiased for the variance";
    const [right, expected] = ([1, 0] as const).map((lost) => values.map((row) => deviation(row, lost)));
    return meanNumber({ ...input, right: right ?? [], expected: expected ?? [], why });
  }
  if (kind === "maj") return of === "std" ? SPREAD : majorityNumber(name, set, logged);
  const [without, replaced] = kind === "best" ? [bestWithout, bestWith] : [worstWithout, worstWith];
  const right = values.map((row) => without(row, k));
  if (of === "mean") {
    return meanNumber({
      ...input,
      right,
      expected: values.map((row) => replaced(row, k)),
      why: `${REPLACED}${side(kind)}`,
    });
  }
  const error = errorOfMean(right);
  const why =
    "verl averages how far one problem's resampled values spread; the error of the mean over problems is this";
  const rest = { ...(set.step === undefined ? {} : { step: set.step }), ...(logged === undefined ? {} : { logged }) };
  return {
    metric,
    set: set.name,
    problems: right.length,
    right: error,
    difference: (logged ?? error) - error,
    why,
    ...rest,
  };
}

const SPREAD = "the spread of a resampled majority is no error of anything";

function side(kind: "best" | "worst"): string {
  return kind === "best"
    ? ": too low, most where right samples are rare"
    : ": too high, most where wrong samples are rare";
}

function majorityNumber(
  { metric, k }: VerlMetric,
  set: ImportedSet,
  logged: number | undefined,
): LoggedNumber | string {
  const right: number[] = [];
  for (const { completions = [], id } of set.problems) {
    const votes = completions.map(({ fields }) => answerOf(fields.pred));
    const winners = new Set(completions.flatMap(({ status }, i) => (status === "correct" ? [votes[i]] : [])));
    const [winner] = winners;
    if (winners.size > 1)
      return `the right answer of ${id} is spelled in ${winners.size} ways, which a vote takes for different ones`;
    right.push(winner === undefined ? 0 : majorityAtK(votes, winner, k));
  }
  return meanNumber({
    metric,
    set: set.name,
    step: set.step,
    logged,
    right,
    why: `${REPLACED}; ties go to the answer seen first`,
  });
}

function answerOf(pred: unknown): string | number | undefined {
  return typeof pred === "string" || typeof pred === "number" ? pred : undefined;
}
