/** All diagnostics of "the limit of RLVR" for two policies, with intervals over problems. */
import { checkOptions } from "../../toolkit/options.ts";
import { refuse } from "../../toolkit/refuse.ts";
import { type Table, type Tabular, tabular } from "../../toolkit/table.ts";
import { boundaryTables } from "../boundary/tables.ts";
import { type ReasoningBoundary, reasoningBoundary } from "../reasoning-boundary.ts";
import { type BootstrapOptions, bootstrapRules, clusteredBootstrap } from "../statistics/bootstrap.ts";
import type { Estimate } from "../statistics/estimate.ts";
import { passAtK } from "../statistics/pass-at-k.ts";
import { type CountPair, checkPair, type SampledCounts } from "./counts.ts";
import { type Coverage, solvedCoverage } from "./coverage.ts";
import { accuracyHistogram, HISTOGRAM_BINS } from "./histogram.ts";

export interface LimitReportOptions extends BootstrapOptions {
  /** The k of the curves. Default: all to 128, then steps of 2 % to n. */
  readonly ks?: readonly number[];
  /** K of the sampling efficiency gap. Default 256 (the paper's), or n where that is less. */
  readonly gapK?: number;
  /** Names of the problems. Default their places in the lists. */
  readonly ids?: readonly string[];
}

export interface LimitReport {
  /** Curves, crossing and what became of each problem, with intervals; the boundary figures draw it. */
  readonly boundary: ReasoningBoundary;
  /** Base pass@K − trained pass@1, with its interval over problems. */
  readonly samplingEfficiencyGap: Estimate & { readonly k: number };
  readonly coverage: Coverage;
  /** [12] problems by accuracy: exactly 0, (0, 0.1], … (0.8, 0.9], (0.9, 1), exactly 1. */
  readonly histogram: { readonly base: readonly number[]; readonly trained: readonly number[] };
}

/**
 * Curves, crossing, gap, coverage and histograms of two policies on the same problems.
 *
 * `boundary.crossing.clearFrom` is by a band that holds for all k at once. Where nothing had changed it found a lead at some
 * k in 1 to 3 % of 300 repetitions (30 to 120 problems, 32 to 256 samples; nominal 2.5 %).
 *
 * @throws UsageError for unlike numbers of problems or samples, counts outside 0..n, a k above n
 */
export function limitReport(pair: CountPair, options: LimitReportOptions = {}): LimitReport & Tabular {
  checkOptions("limitReport", options, {
    ...bootstrapRules,
    ks: { kind: "array" },
    gapK: { kind: "integer", min: 1 },
    ids: { kind: "array" },
  });
  checkPair("limitReport", pair);
  const { ks, gapK = Math.min(256, pair.base.n), ids, ...bootstrap } = options;
  const problems = pair.base.correct.length;
  if (ids !== undefined && ids.length !== problems) {
    refuse("limitReport", `there are ${ids.length} ids for ${problems} problems`, "name each problem once");
  }
  const named = ({ n, correct }: SampledCounts) => ({
    problems: Array.from(correct, (count, i) => ({ id: ids?.[i] ?? `problem ${i}`, n, correct: count })),
  });
  const boundary = reasoningBoundary(named(pair.base), named(pair.trained), {
    ...bootstrap,
    ...(ks === undefined ? {} : { ks }),
  });
  const gaps = Float64Array.from({ length: problems }, (_, i) => {
    const [base, trained] = [pair.base, pair.trained].map(({ n, correct }) => ({ n, correct: correct[i] ?? 0 }));
    if (base === undefined || trained === undefined) throw new Error("internal: a pair without its policies");
    return passAtK(base, gapK) - passAtK(trained, 1);
  });
  const meanGap = (counts: Uint32Array): number =>
    gaps.reduce((sum, gap, i) => sum + gap * (counts[i] ?? 0), 0) / problems;
  const report: LimitReport = {
    boundary,
    samplingEfficiencyGap: { k: gapK, ...clusteredBootstrap(problems, meanGap, bootstrap) },
    coverage: solvedCoverage(pair.base.correct, pair.trained.correct),
    histogram: { base: accuracyHistogram(pair.base), trained: accuracyHistogram(pair.trained) },
  };
  return tabular(report, limitTables);
}

function limitTables({ boundary, samplingEfficiencyGap, coverage, histogram }: LimitReport): Table[] {
  const { k, value, low, high } = samplingEfficiencyGap;
  return [
    ...boundaryTables(boundary),
    { title: "sampling efficiency gap", columns: { K: [k], gap: [value], low: [low], high: [high] } },
    {
      title: "coverage",
      columns: {
        both: [coverage.both.length],
        "base only": [coverage.baseOnly.length],
        "trained only": [coverage.trainedOnly.length],
        neither: [coverage.neither.length],
        containment: [coverage.containment],
      },
    },
    {
      title: "accuracy",
      columns: { accuracy: [...HISTOGRAM_BINS], base: histogram.base, trained: histogram.trained },
    },
  ];
}
