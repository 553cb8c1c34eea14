/**
 * Temporal scheduling: which tokens are trained is relaxed over the run, from the targeted ones to all.
 * 2026, "Not only where, But when: Temporal Scheduling for RLVR", arXiv:2605.25381, and its released code.
 *
 *     a = floor(N minRatio), b = floor(N maxRatio), p = clip((step - a) / (b - a), 0, 1), steps from 1 to N
 *     rho = m (1 - p)                                     linear
 *         = (m (1 - p))^gamma                             gamma
 *         = m (f(p) - f(1)) / (f(0) - f(1)),  f(u) = 1 / (1 + exp(8 (u - 0.5)))          sigmoid
 *
 * What rho, the share not trained yet, does:
 *     percentile         the first min(floor(L rho), L - 1) of a completion's L tokens are left out of the loss
 *     forking            the ceil(L (1 - rho)) tokens of highest entropy are kept; of equal ones the earlier
 *     entropy-advantage  A' = A + rho min(alpha H, |A| / kappa), no gradient through H
 *
 * Seam: advantage (mask or values). Tokens that are left out stay in the context, and the whole completion is verified:
 * the released code scores the kept suffix alone, which fails where answers are short. At least one token of a completion
 * stays ("percentile"); an empty row stays empty. floor is of a number moved by 1e-9, so that rounding decides nothing;
 * ceil is of the formula in double as it stands (the released code's is in float32). Under token-mean aggregation the divisor shrinks with the mask: kept tokens take longer steps early on, unless
 * the aggregation is "constant". The schedule depends on the run's length. The script's GRPO:
 * `compose(grpo({ clipHigh: 0.28, aggregation: "token-mean" }), temporalSchedule())`.
 */
import { type Advantage, type AdvantageInput, type Advantages, statistic } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkEntropies, checkFinite } from "../toolkit/finite.ts";
import { entropy } from "../toolkit/models.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { wrapSeam } from "../toolkit/seam.ts";

export interface ScheduleOptions {
  /** Shape of the way down. Default "linear": released scripts. */
  readonly mode?: "linear" | "gamma" | "sigmoid";
  /** m: rho at the start, from 0 to 1. Default 0.99: released scripts. */
  readonly magnitude?: number;
  /** Share of the run before rho begins to fall. Default 0: released scripts. */
  readonly minRatio?: number;
  /** Share of the run after which rho is 0. Default 0.8: released scripts. */
  readonly maxRatio?: number;
  /** Exponent of mode "gamma", above 0. Default 2: released code. */
  readonly gamma?: number;
}

export interface EntropyBonusOptions {
  /** Weight of the entropy. Default 0.4: released script (1 in the code's own defaults). */
  readonly alpha?: number;
  /** The bonus is at most |A| / kappa; above 0. Default 2: released script (1 in the code's own defaults). */
  readonly kappa?: number;
}

export interface TemporalScheduleOptions extends ScheduleOptions, EntropyBonusOptions {
  /** What rho does. Default "percentile": the paper's method. */
  readonly criterion?: "percentile" | "forking" | "entropy-advantage" | ScheduleCriterion;
}

/** A rule of one's own: new mask or advantages from those that there are and rho. */
export type ScheduleCriterion = (
  tokens: ScheduledTokens,
  rho: number,
) => { readonly mask?: Float32Array; readonly advantages?: Float32Array };

export interface ScheduledTokens {
  readonly advantages: Float32Array; // [B, T]
  readonly mask: Float32Array; // [B, T]
  /** Of the policy that sampled, nats. */
  readonly entropy: Float32Array; // [B, T]
  /** B. */
  readonly rows: number;
}

type Settings = Required<TemporalScheduleOptions>;

const SOURCES: ChoiceSources<keyof TemporalScheduleOptions> = {
  criterion: ["advantage", "arXiv:2605.25381"],
  mode: ["advantage", "arXiv:2605.25381, released scripts"],
  magnitude: ["advantage", "arXiv:2605.25381, released scripts"],
  minRatio: ["advantage", "arXiv:2605.25381, released scripts"],
  maxRatio: ["advantage", "arXiv:2605.25381, released scripts"],
  gamma: ["advantage", "arXiv:2605.25381, released code"],
  alpha: ["advantage", "arXiv:2605.25381, released script"],
  kappa: ["advantage", "arXiv:2605.25381, released script"],
};

const DEFAULTS: Settings = {
  criterion: "percentile",
  mode: "linear",
  magnitude: 0.99,
  minRatio: 0,
  maxRatio: 0.8,
  gamma: 2,
  alpha: 0.4,
  kappa: 2,
};

/** Moves a product past the rounding that would put it on the wrong side of a whole number. */
const ROUNDING = 1e-9;

/**
 * The method, around an algorithm's advantage: `compose(grpo(), temporalSchedule())`.
 *
 * @throws UsageError for an unknown option or one out of range; in a run, for one too short for its ratios
 */
export function temporalSchedule(options: TemporalScheduleOptions = {}): AlgorithmChange {
  const settings = settle(options);
  const { criterion } = settings;
  const shown = { ...settings, criterion: typeof criterion === "function" ? criterion.name || "given" : criterion };
  return {
    name: "temporal-schedule",
    ...(criterion === "entropy-advantage" && { makes: "token advantages" }),
    wraps: { advantage: (inner) => scheduled(inner, settings) },
    ...(criterion !== "percentile" && { statistics: { entropy } }),
    choices: choicesOf(SOURCES, shown, options),
  };
}

function scheduled(inner: Advantage, settings: Settings): Advantage {
  return wrapSeam(inner, async (input, next) => {
    const before = await next(input);
    const rho = scheduleValue({ step: input.step + 1, totalSteps: input.steps }, scheduleOf(settings));
    const { mask, advantages } = applied(input, before, { settings, rho });
    return {
      ...before,
      ...(advantages && { perToken: advantages }),
      ...(mask && { mask }),
      metrics: { ...before.metrics, "schedule/held_back": rho },
    };
  });
}

function applied(
  { rollouts, statistics }: AdvantageInput,
  before: Advantages,
  { settings, rho }: { readonly settings: Settings; readonly rho: number },
): ReturnType<ScheduleCriterion> {
  const { criterion } = settings;
  const tokens = { mask: before.mask ?? rollouts.mask, rows: rollouts.rows };
  if (criterion === "percentile") return { mask: percentileMask(tokens, rho) };
  const all = {
    ...tokens,
    advantages: before.perToken,
    entropy: statistic("temporal-schedule", statistics, "entropy"),
  };
  if (criterion === "forking") return { mask: forkingMask(all, rho) };
  if (typeof criterion === "function") return criterion(all, rho);
  return { advantages: Float32Array.from(scheduledEntropyAdvantage(all, { ...settings, rho })) };
}

function scheduleOf({ mode, magnitude, minRatio, maxRatio, gamma }: Settings): Required<ScheduleOptions> {
  return { mode, magnitude, minRatio, maxRatio, gamma };
}

/**
 * rho at a step.
 *
 * @param at step from 1, of totalSteps
 * @throws UsageError where the ratios leave no step between them
 */
export function scheduleValue(
  { step, totalSteps }: { readonly step: number; readonly totalSteps: number },
  options: ScheduleOptions = {},
): number {
  const { mode, magnitude, minRatio, maxRatio, gamma } = settle(options);
  if (!Number.isFinite(step) || !(Number.isInteger(totalSteps) && totalSteps >= 1)) {
    refuse("temporal-schedule", `step is ${step} of ${totalSteps}`, "pass a step of a whole number of steps");
  }
  const [first, last] = [Math.floor(totalSteps * minRatio), Math.floor(totalSteps * maxRatio)];
  if (last <= first) {
    const given = `the schedule runs from step ${first} to ${last} of ${totalSteps}`;
    refuse("temporal-schedule", given, "raise maxRatio, lower minRatio, or take more steps");
  }
  const p = Math.min(Math.max((step - first) / (last - first), 0), 1);
  const falling = (u: number): number => 1 / (1 + Math.exp(8 * (u - 0.5)));
  switch (mode) {
    case "linear":
      return magnitude * (1 - p);
    case "gamma":
      return (magnitude * (1 - p)) ** gamma;
    case "sigmoid":
      return (magnitude * (falling(p) - falling(1))) / (falling(0) - falling(1));
    default:
      return mode satisfies never;
  }
}

type MaskedRows = Pick<ScheduledTokens, "rows"> & { readonly mask: ArrayLike<number> };

/** The mask without the first min(floor(L rho), L - 1) trained tokens of each row. @returns [B, T] */
export function percentileMask({ mask, rows }: MaskedRows, rho: number): Float32Array {
  checkRho(rho);
  const tokens = width(mask, rows);
  const kept = Float32Array.from(mask);
  for (let b = 0; b < rows; b++) {
    const [start, end] = [b * tokens, (b + 1) * tokens];
    let length = 0;
    for (let i = start; i < end; i++) if (mask[i] !== 0) length++;
    let left = Math.min(Math.floor(length * rho + ROUNDING), length - 1);
    for (let i = start; i < end && left > 0; i++) {
      if (mask[i] === 0) continue;
      kept[i] = 0;
      left--;
    }
  }
  return kept;
}

/** The mask of the ceil(L (1 - rho)) trained tokens of each row with the highest entropy; ties: the earlier. @returns [B, T] */
export function forkingMask(
  { mask, rows, entropy: nats }: MaskedRows & { readonly entropy: ArrayLike<number> },
  rho: number,
): Float32Array {
  checkRho(rho);
  checkFinite("temporal-schedule", { entropy: nats }, mask);
  checkEntropies("temporal-schedule", nats, mask);
  const tokens = width(mask, rows);
  const kept = new Float32Array(mask.length);
  for (let b = 0; b < rows; b++) {
    const trained: number[] = [];
    for (let i = b * tokens; i < (b + 1) * tokens; i++) if (mask[i] !== 0) trained.push(i);
    const count = Math.ceil(trained.length * (1 - rho));
    trained.sort((i, j) => (nats[j] ?? 0) - (nats[i] ?? 0) || i - j);
    for (const i of trained.slice(0, count)) kept[i] = 1;
  }
  return kept;
}

export interface EntropyBonusTokens {
  readonly advantages: ArrayLike<number>; // [B, T]
  readonly entropy: ArrayLike<number>; // [B, T]
  readonly mask: ArrayLike<number>; // [B, T]
}

/** (A + rho min(alpha H, |A| / kappa)) where the mask is 1, else 0. @returns [B, T] */
export function scheduledEntropyAdvantage(
  { advantages, entropy: nats, mask }: EntropyBonusTokens,
  { rho, ...options }: EntropyBonusOptions & { readonly rho: number },
): Float64Array {
  checkRho(rho);
  const { alpha, kappa } = settle(options);
  checkFinite("temporal-schedule", { advantages, entropy: nats }, mask);
  checkEntropies("temporal-schedule", nats, mask);
  const shaped = new Float64Array(mask.length);
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    const a = advantages[i] ?? 0;
    shaped[i] = a + rho * Math.min(alpha * (nats[i] ?? 0), Math.abs(a) / kappa);
  }
  return shaped;
}

function checkRho(rho: number): void {
  if (!(Number.isFinite(rho) && rho >= 0 && rho <= 1))
    refuse("temporal-schedule", `rho is ${rho}`, "pass a share from 0 to 1");
}

function width(mask: ArrayLike<number>, rows: number): number {
  const tokens = rows === 0 ? 0 : mask.length / rows;
  if (Number.isInteger(tokens)) return tokens;
  return refuse("temporal-schedule", `the mask has ${mask.length} positions for ${rows} rows`, "pass [rows, tokens]");
}

function settle(options: TemporalScheduleOptions): Settings {
  const share = { kind: "number", min: 0, max: 1 } as const;
  const named = ["percentile", "forking", "entropy-advantage"] as const;
  checkOptions("temporal-schedule", options, {
    criterion: typeof options?.criterion === "function" ? { kind: "function" } : { kind: "either", values: named },
    mode: { kind: "either", values: ["linear", "gamma", "sigmoid"] },
    ...{ magnitude: share, minRatio: share, maxRatio: share },
    gamma: { kind: "number", above: 0 },
    alpha: { kind: "number", min: 0 },
    kappa: { kind: "number", above: 0 },
  });
  return withDefaults(DEFAULTS, options);
}
