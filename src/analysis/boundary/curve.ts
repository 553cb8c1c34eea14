/** Pass@k curves of two policies over the same problems, their intervals and their crossing. */
import { type BootstrapOptions, eachResample, percentileEstimate } from "../statistics/bootstrap.ts";
import type { Estimate } from "../statistics/estimate.ts";
import { passInterval, passQuantile } from "../statistics/pass-interval.ts";
import { type ClearLead, type Crossing, clearLead, crossingOf, firstCrossing } from "./crossing.ts";
import { type Curves, checkKs, curveGrid, meanDifference, type Run, valuesAt } from "./curves.ts";
import type { ProblemPair } from "./pairs.ts";

/** Mean unbiased pass@k over problems. */
export interface BoundaryPoint {
  readonly k: number;
  /** With Wilson's ends at the effective number of problems (`statistics/pass-interval.ts`). */
  readonly base: Estimate;
  readonly trained: Estimate;
  /** Trained − base, paired by problem; the interval is a bootstrap's over problems. */
  readonly difference: Estimate;
}

export interface CurveOptions extends Required<BootstrapOptions> {
  readonly ks: readonly number[] | undefined;
  /** Chance, two-sided, of a clear lead where nothing changed. */
  readonly error: number;
}

/** The curves and the crossing. */
export function boundaryCurve(
  curves: Curves,
  pairs: readonly ProblemPair[],
  options: CurveOptions,
): { curve: BoundaryPoint[]; crossing: Crossing; lead: ClearLead } {
  const { problems, common } = curves;
  const { confidence, resamples } = options;
  const grid = curveGrid(common);
  const ks = options.ks === undefined ? grid : checkKs("reasoningBoundary", options.ks, common);
  const drawn = ks.map(() => new Float64Array(resamples));
  const crossings = new Float64Array(resamples);
  eachResample(problems, options, (counts, r) => {
    for (const [j, k] of ks.entries()) {
      const column = drawn[j];
      if (column !== undefined) column[r] = meanDifference(curves, k, counts);
    }
    crossings[r] = firstCrossing(curves, grid, counts);
  });
  const ones = new Uint32Array(problems).fill(1);
  const differences = ks.map((k, j) => ({
    k,
    value: meanDifference(curves, k, ones),
    drawn: drawn[j] ?? new Float64Array(),
  }));
  const lead = clearLead(differences, problems, options.error); // before the columns are sorted
  const t = passQuantile(problems, confidence);
  const samples = { base: samplesOf(pairs, "base"), trained: samplesOf(pairs, "trained") };
  const bandOf = (run: Run, k: number): Estimate =>
    passInterval(valuesAt(curves, run, k), { k, samples: samples[run], t });
  const curve = differences.map(({ k, value, drawn: column }): BoundaryPoint => {
    const difference = problems === 1 ? { value, low: -1, high: 1 } : percentileEstimate(value, column, confidence);
    return { k, base: bandOf("base", k), trained: bandOf("trained", k), difference };
  });
  const every = Array.from({ length: common }, (_, i) => i + 1);
  const crossing = crossingOf(firstCrossing(curves, every, ones), crossings, confidence);
  const unknown = problems === 1 ? { low: 1, high: undefined } : {}; // one problem says nothing of others
  return { curve, crossing: { ...crossing, ...unknown, clearFrom: lead.clearFrom }, lead };
}

function samplesOf(pairs: readonly Pick<ProblemPair, Run>[], run: Run): number {
  return pairs.reduce((sum, { [run]: { n } }) => sum + n, 0);
}
