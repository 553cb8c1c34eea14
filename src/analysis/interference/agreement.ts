/** How well predicted effects agree with measured ones. */
import { pearson, spearman } from "../statistics/correlation.ts";

/** Over pairs of an update and a problem. */
export interface EffectAgreement {
  readonly pairs: number;
  /** NaN where one side does not vary, or for fewer than two pairs. */
  readonly pearson: number;
  readonly spearman: number;
  /** Share of pairs whose measured effect has the predicted sign; pairs with a measured 0 are left out. */
  readonly signAgreement: number;
  /** Measured per unit of predicted: the line through 0 with the least squares. */
  readonly slope: number;
  /** √(Σ (measured − predicted)² / Σ measured²): 0 is exact, 1 no better than predicting nothing. */
  readonly relativeError: number;
}

export function effectAgreement(predicted: readonly number[], measured: readonly number[]): EffectAgreement {
  const pairs = predicted.length;
  let [both, squares, size, errors, same, signed] = [0, 0, 0, 0, 0, 0];
  for (const [i, guess] of predicted.entries()) {
    const real = measured[i] ?? Number.NaN;
    both += guess * real;
    squares += guess * guess;
    size += real * real;
    errors += (real - guess) ** 2;
    if (real === 0) continue;
    signed++;
    if (Math.sign(real) === Math.sign(guess)) same++;
  }
  return {
    pairs,
    pearson: pairs < 2 ? Number.NaN : pearson(predicted, measured),
    spearman: pairs < 2 ? Number.NaN : spearman(predicted, measured),
    signAgreement: same / signed,
    slope: both / squares,
    relativeError: Math.sqrt(errors / size),
  };
}
