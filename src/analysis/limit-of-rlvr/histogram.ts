/** How problems spread over accuracies, with the two ends apart. */
import { checkSampled, type SampledCounts } from "./counts.ts";

/** The twelve bins: training moves problems to 1 and to 0, so exactly 0 and exactly 1 are bins of their own. */
export const HISTOGRAM_BINS: readonly string[] = [
  "0",
  ...Array.from({ length: 9 }, (_, i) => `(${i / 10}, ${(i + 1) / 10}]`),
  "(0.9, 1)",
  "1",
];

/** [12] numbers of problems by accuracy c / n, in the order of `HISTOGRAM_BINS`. */
export function accuracyHistogram(counts: SampledCounts): number[] {
  const { n, correct } = checkSampled("accuracyHistogram", counts);
  const bins = new Array<number>(HISTOGRAM_BINS.length).fill(0);
  for (let i = 0; i < correct.length; i++) {
    const c = correct[i] ?? 0;
    const bin = c === n ? bins.length - 1 : Math.ceil((10 * c) / n); // the quotient of whole numbers is whole where it should be
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins;
}
