/**
 * Learning-rate schedules: plain functions from a step (0 for the first) to a learning rate, so a schedule of one's own
 * is any function of that form. Beyond their last step they keep their last value.
 */
import { refuse } from "../refuse.ts";

/** The learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

/** The same rate at every step. */
export function constant(rate: number): Schedule {
  checkRate("constant", rate);
  return () => rate;
}

/** Rises to `rate` in `warmupSteps` equal parts, the first step taking the first part, and stays there. */
export function linearWarmup(rate: number, { warmupSteps }: { readonly warmupSteps: number }): Schedule {
  checkRate("linearWarmup", rate);
  checkSteps("linearWarmup", "warmupSteps", warmupSteps);
  return (step) => rate * Math.min(1, (step + 1) / Math.max(1, warmupSteps));
}

/** Options of {@link cosine}. */
export interface CosineOptions {
  /** Steps of the whole run, warm-up included; the last of them has the final rate. */
  readonly steps: number;
  /** Steps of linear warm-up before the decay. Default 0. */
  readonly warmupSteps?: number;
  /** The final rate as a share of the peak. Default 0: Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5, one cycle. */
  readonly finalShare?: number;
}

/** Half a cosine from `rate` down to its final share, after a linear warm-up. */
export function cosine(rate: number, { steps, warmupSteps = 0, finalShare = 0 }: CosineOptions): Schedule {
  checkRate("cosine", rate);
  checkSteps("cosine", "steps", steps);
  checkSteps("cosine", "warmupSteps", warmupSteps);
  if (warmupSteps > steps)
    refuse("cosine", `warmupSteps is ${warmupSteps} of ${steps} steps`, "warm up within the run");
  if (!(finalShare >= 0 && finalShare <= 1)) refuse("cosine", `finalShare is ${finalShare}`, "pass a share in [0, 1]");
  const warmup = linearWarmup(rate, { warmupSteps });
  return (step) => {
    if (step < warmupSteps) return warmup(step);
    const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - 1 - warmupSteps));
    return rate * (finalShare + (1 - finalShare) * 0.5 * (1 + Math.cos(Math.PI * progress)));
  };
}

function checkRate(where: string, rate: number): void {
  if (!(rate >= 0 && Number.isFinite(rate))) refuse(where, `the rate is ${rate}`, "pass a finite rate, 0 or more");
}

function checkSteps(where: string, name: string, steps: number): void {
  if (!Number.isInteger(steps) || steps < 0) refuse(where, `${name} is ${steps}`, "pass a whole number, 0 or more");
}
