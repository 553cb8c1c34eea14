/** Estimates with intervals, and the percentiles they are made of. */
import { refuse } from "../../toolkit/refuse.ts";

/** A number and the ends of its interval, in the unit of the number. The confidence level stands on the result around it. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Quantile of sorted numbers, linear between neighbours (type 7 of Hyndman & Fan 1996, the default of R and numpy).
 * Infinite entries are allowed: a quantile that touches one is infinite.
 *
 * @param sorted ascending, at least one
 * @param q from 0 to 1
 */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) refuse("quantile", "there are no numbers", "pass at least one");
  if (!(q >= 0 && q <= 1)) refuse("quantile", `q is ${q}`, "pass a share from 0 to 1");
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low === high ? low : low + (high - low) * (at - Math.floor(at));
}

/** Refuses a confidence level outside (0, 1). */
export function checkConfidence(where: string, confidence: number): void {
  if (!(confidence > 0 && confidence < 1)) {
    refuse(where, `confidence is ${confidence}`, "pass a share between 0 and 1, such as 0.95");
  }
}

/** Arithmetic mean; NaN for an empty list. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? Number.NaN;
  return sum / values.length;
}

/** A list of finite numbers as float64; anything else in it is refused by name and place. */
export function finiteNumbers(where: string, name: string, values: ArrayLike<number>): Float64Array {
  const given: unknown = values;
  if (typeof given !== "object" || given === null || !("length" in given)) {
    refuse(where, `${name} is ${String(given)}`, "pass a list of numbers");
  }
  return Float64Array.from(values, (value: unknown, i) => {
    if (typeof value === "number" && Number.isFinite(value)) return value;
    return refuse(
      where,
      `${name}[${i}] is ${String(value)}`,
      "pass finite numbers, and leave out what was not measured",
    );
  });
}

/** Sum of squared differences from the mean. */
export function squaredDeviations(values: ArrayLike<number>): number {
  const centre = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += ((values[i] ?? Number.NaN) - centre) ** 2;
  return squares;
}
