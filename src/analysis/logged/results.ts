/** Results of lm-eval and lighteval, from the samples of the same task and date; means that trainers log, from their dumps. */
import type { ImportedResult, ImportedSet } from "../../toolkit/runs/import.ts";
import { passAtK } from "../statistics/pass-at-k.ts";
import { errorOfMean } from "./estimators.ts";
import { type LoggedNumber, meanNumber } from "./number.ts";

/** lighteval's resamples; its bootstrap divides the spread of the resampled statistic by √1000 once more. */
const LIGHTEVAL_RESAMPLES = 1000;

/** The result and, where the peer gives one, its standard error; or why they cannot be compared. */
export function resultNumbers(result: ImportedResult, set: ImportedSet): LoggedNumber[] | string {
  const values = problemValues(set, result.metric);
  if (values === undefined) return `the samples have no number called ${result.metric}`;
  const { metric, value: logged, standardError, format } = result;
  const why = "the result and the samples are of different rows, or the metric is no mean over problems";
  const numbers = [meanNumber({ metric, set: set.name, step: set.step, logged, right: values, why })];
  if (standardError === undefined || values.length < 2) return numbers;
  const right = errorOfMean(values);
  const difference = standardError - right;
  const agrees = Math.abs(difference) <= 0.02 * right; // resampled ones scatter by 1 / √(2 · 1000)
  const shrunk = right / Math.sqrt(LIGHTEVAL_RESAMPLES);
  const bootstrapped = format === "lighteval-results" && Math.abs(standardError - shrunk) <= 0.1 * shrunk;
  numbers.push({
    ...{ metric: `${metric}_stderr`, set: set.name, problems: values.length, logged: standardError, right, difference },
    ...(bootstrapped ? { expected: shrunk } : {}),
    why: agrees
      ? "agrees"
      : bootstrapped
        ? "lighteval divides the spread of 1,000 resampled values by √1000: 31.6 times too small"
        : "the error of the mean over problems, each counting once, is this",
  });
  return numbers;
}

/** One number a problem. */
function problemValues(set: ImportedSet, metric: string): number[] | undefined {
  const values = set.problems.map(({ n, correct, completions }) => {
    const own = completions?.map(({ fields }) => {
      const metrics =
        typeof fields.metrics === "object" && fields.metrics !== null ? Reflect.get(fields.metrics, metric) : undefined;
      return typeof metrics === "number" ? metrics : fields[metric];
    });
    const known = own?.filter((value) => typeof value === "number") ?? [];
    if (known.length > 0) return known.reduce((sum, value) => sum + value, 0) / known.length;
    return n === 0 ? undefined : correct / n;
  });
  const known = values.filter((value) => value !== undefined);
  return known.length === values.length && known.length > 0 ? known : undefined;
}

/** `avg@k` and `pass@k` of evaluations, `validation/accuracy`: names that say what they are. */
const PLAIN = /(?:^|\/)(?:(avg|pass)@(\d+)|validation\/accuracy|val\/accuracy|val_reward|validation\/reward)$/;

export function isPlainMetric(metric: string): boolean {
  return PLAIN.test(metric);
}

/** The number worked out again from counts. */
export function plainNumber(metric: string, set: ImportedSet, logged: number): LoggedNumber | string {
  const [, kind = "avg", k = "1"] = PLAIN.exec(metric) ?? [];
  const scored = set.problems.filter(({ n }) => n > 0);
  if (scored.length === 0) return "no sample of the set is scored";
  if (kind === "pass" && scored.some(({ n }) => n < Number(k))) return `some problems have fewer than ${k} samples`;
  const right = scored.map((counts) => (kind === "pass" ? passAtK(counts, Number(k)) : counts.correct / counts.n));
  const failed = set.problems.reduce((sum, problem) => sum + problem.failed, 0);
  const why =
    failed > 0
      ? `${failed} samples have no score: here they are left out, in the log they may count as wrong`
      : "the log and the dump are of different samples";
  return meanNumber({ metric, set: set.name, step: set.step, logged, right, why });
}
