/**
 * Collapse forecast: when the entropy of a run under way will have fallen below a threshold, and how wrong such forecasts have been
 * so far in this very run.
 *
 * The entropy decays in proportion to itself while log-probs and advantages covary: log H is continued on the least-squares line
 * through its last `window` values. Its error is measured, not assumed: the same forecast is made at every earlier step and compared
 * with what came (rolling origin); the band at a horizon is the conformal quantile of those errors in log H. The errors overlap and a
 * run may change its course, so the band's coverage is that of the past, no promise.
 *
 * `entropyCeiling` is the other half: reward traded for entropy, R = −a exp(H) + b, ends at b − a when H is 0
 * (Cui et al. 2025, arXiv:2505.22617, eq. 1); its error is that of the line fitted to the first part of the run on the rest.
 */
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { finiteNumbers, mean } from "./statistics/estimate.ts";

export interface CollapseOptions {
  /** Entropy below which the policy counts as collapsed, nats. Default: a tenth of the first value (our choice). */
  readonly threshold?: number;
  /** Values that the line goes through. Default: a quarter of them, at least 4. */
  readonly window?: number;
  /** Steps ahead. Default: a third of the run, less where the past holds too few forecasts of that length. */
  readonly horizon?: number;
  /** Of the band. Default 0.8: a higher one needs more past forecasts, confidence / (1 − confidence) at each horizon. */
  readonly confidence?: number;
}

/** A forecast and how such forecasts did. Steps are counted from 0 at the first value. */
export interface ForecastPoint {
  readonly step: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Past forecasts of this length. */
  readonly tried: number;
  /** Mean of |log(came / forecast)| over them: 0.1 is about 10 %. */
  readonly meanError: number;
  /** Mean of log(came / forecast): above 0, forecasts were too low. */
  readonly bias: number;
  /** Mean error of "it stays as it is". */
  readonly naiveError: number;
}

export interface CollapseForecast {
  readonly threshold: number;
  readonly window: number;
  readonly confidence: number;
  /** Change of log H a step, on the line. */
  readonly rate: number;
  readonly observed: Float64Array;
  readonly path: readonly ForecastPoint[];
  /** Step at which the run went below the threshold already. */
  readonly collapsedAt?: number;
  /** Step at which the line goes below, wherever that is; undefined where it does not fall. Beyond the path no error is known. */
  readonly expectedAt?: number;
  /** First step of the path at which the band's low, its value and its high end are below; undefined: not within the horizon. */
  readonly within: { readonly earliest?: number; readonly expected?: number; readonly latest?: number };
  /** 1 − mean error / naive error over the path: above 0 it beats "it stays as it is". */
  readonly skill: number;
}

const WHERE = "collapseForecast";

/** @param entropies one a step, above 0 @throws UsageError when they are too few for a single past forecast with its error */
export function collapseForecast(entropies: ArrayLike<number>, options: CollapseOptions = {}): CollapseForecast {
  checkOptions(WHERE, options, {
    threshold: { kind: "number", above: 0 },
    window: { kind: "integer", min: 3 },
    horizon: { kind: "integer", min: 1 },
    confidence: { kind: "number", above: 0, below: 1 },
  });
  const observed = finiteNumbers(WHERE, "entropies", entropies);
  const wrong = observed.findIndex((value) => value <= 0);
  if (wrong >= 0)
    refuse(WHERE, `entropies[${wrong}] is ${observed[wrong]}`, "pass entropies above 0, up to the collapse");
  const { confidence = 0.8, window = Math.max(4, Math.floor(observed.length / 4)) } = options;
  const { threshold = (observed[0] ?? Number.NaN) / 10 } = options;
  const needed = Math.ceil(confidence / (1 - confidence) - 1e-9);
  const longest = observed.length - window - needed + 1;
  const { horizon = Math.min(longest, Math.max(1, Math.floor(observed.length / 3))) } = options;
  if (horizon > longest || longest < 1) {
    const reach = Math.max(1, horizon);
    refuse(
      WHERE,
      `${observed.length} values hold fewer than ${needed} past forecasts of ${reach} steps`,
      `pass at least ${window + needed + reach - 1}, or a lower horizon or confidence`,
    );
  }
  const logs = observed.map(Math.log);
  const line = lineThrough(logs, observed.length - 1, window);
  const path = Array.from({ length: horizon }, (_, i) => pointAt(logs, i + 1, { window, confidence, line }));
  const first = (of: (point: ForecastPoint) => number): number | undefined =>
    path.find((point) => of(point) < threshold)?.step;
  const [earliest, expected, latest] = [
    first(({ low }) => low),
    first(({ value }) => value),
    first(({ high }) => high),
  ];
  const collapsedAt = observed.findIndex((value) => value < threshold);
  const ahead = (Math.log(threshold) - line.level) / line.slope;
  return {
    ...{ threshold, window, confidence, rate: line.slope, observed, path },
    ...(collapsedAt >= 0 && { collapsedAt }),
    ...(line.slope < 0 && { expectedAt: observed.length - 1 + Math.max(0, ahead) }),
    within: {
      ...(earliest !== undefined && { earliest }),
      ...(expected !== undefined && { expected }),
      ...(latest !== undefined && { latest }),
    },
    skill: skillOf(path),
  };
}

function skillOf(path: readonly ForecastPoint[]): number {
  const naive = mean(path.map(({ naiveError }) => naiveError));
  return naive === 0 ? 0 : 1 - mean(path.map(({ meanError }) => meanError)) / naive;
}

interface Line {
  /** At the origin. */
  readonly level: number;
  readonly slope: number;
}

/** Least squares through the `window` values that end at `origin`. */
function lineThrough(values: Float64Array, origin: number, window: number): Line {
  const part = values.subarray(origin - window + 1, origin + 1);
  const [centre, height] = [(window - 1) / 2, mean(part)];
  const products = part.reduce((sum, value, i) => sum + (i - centre) * (value - height), 0);
  const slope = products / ((window * (window ** 2 - 1)) / 12);
  return { level: height + slope * centre, slope };
}

function pointAt(
  logs: Float64Array,
  ahead: number,
  { window, confidence, line }: { readonly window: number; readonly confidence: number; readonly line: Line },
): ForecastPoint {
  const [errors, naive]: [number[], number[]] = [[], []];
  for (let origin = window - 1; origin + ahead < logs.length; origin++) {
    const past = lineThrough(logs, origin, window);
    const came = logs[origin + ahead] ?? Number.NaN;
    errors.push(came - past.level - past.slope * ahead);
    naive.push(Math.abs(came - (logs[origin] ?? Number.NaN)));
  }
  const sizes = errors.map(Math.abs).sort((a, b) => a - b);
  const reach = sizes[Math.ceil((sizes.length + 1) * confidence - 1e-9) - 1] ?? Number.NaN;
  const value = line.level + line.slope * ahead;
  return {
    step: logs.length - 1 + ahead,
    value: Math.exp(value),
    low: Math.exp(value - reach),
    high: Math.exp(value + reach),
    tried: errors.length,
    meanError: mean(sizes),
    bias: mean(errors),
    naiveError: mean(naive),
  };
}

export interface EntropyCeiling {
  /** R = −a exp(H) + b, fitted to all steps. */
  readonly a: number;
  readonly b: number;
  /** b − a: the reward when no entropy is left. */
  readonly ceiling: number;
  /** The fit to the first part alone, and its mean |error| of the reward over the rest. */
  readonly early: { readonly steps: number; readonly ceiling: number; readonly meanError: number };
  /** Share of the rewards' variance that the line explains, over all steps. */
  readonly explained: number;
}

/**
 * @param fitted share of the steps that the early fit may see. Default 0.5 (our choice).
 * @throws UsageError for lists of different length, fewer than 6 steps, or an entropy that does not vary
 */
export function entropyCeiling(
  entropies: ArrayLike<number>,
  rewards: ArrayLike<number>,
  { fitted = 0.5 }: { readonly fitted?: number } = {},
): EntropyCeiling {
  const where = "entropyCeiling";
  checkOptions(where, { fitted }, { fitted: { kind: "number", above: 0, below: 1 } });
  const x = finiteNumbers(where, "entropies", entropies).map(Math.exp);
  const y = finiteNumbers(where, "rewards", rewards);
  if (x.length !== y.length || x.length < 6) {
    refuse(where, `there are ${x.length} entropies and ${y.length} rewards`, "pass at least six of each, one a step");
  }
  const steps = Math.min(x.length - 1, Math.max(3, Math.round(fitted * x.length)));
  const [whole, part] = [fitLine(x, y), fitLine(x.subarray(0, steps), y.subarray(0, steps))];
  if (whole === undefined || part === undefined) {
    return refuse(where, "the entropy does not vary", "pass steps in which it changes");
  }
  const [left, spread] = [
    y.reduce((sum, value, i) => sum + (value - whole.at(x[i] ?? Number.NaN)) ** 2, 0),
    y.reduce((sum, value) => sum + (value - mean(y)) ** 2, 0),
  ];
  const missed = Array.from(y.subarray(steps), (value, i) => Math.abs(value - part.at(x[steps + i] ?? Number.NaN)));
  return {
    a: -whole.slope,
    b: whole.at(0),
    ceiling: whole.at(1),
    early: { steps, ceiling: part.at(1), meanError: mean(missed) },
    explained: spread === 0 ? 0 : 1 - left / spread,
  };
}

function fitLine(
  x: Float64Array,
  y: Float64Array,
): { readonly slope: number; readonly at: (x: number) => number } | undefined {
  const [centre, height] = [mean(x), mean(y)];
  const squares = x.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  if (squares === 0) return undefined;
  const slope = x.reduce((sum, value, i) => sum + (value - centre) * ((y[i] ?? 0) - height), 0) / squares;
  return { slope, at: (value) => height + slope * (value - centre) };
}
