/**
 * The invisible leash: does training reach correct solutions that the base cannot, or only re-weight those that it can?
 * Wu et al. 2025, "The Invisible Leash: Why RLVR May (or May Not) Escape Its Origin", arXiv:2507.14843, sections 2 to 4.
 *
 *     detectability: what has probability ε is missed by k samples with chance (1 − ε)ᵏ ≤ z, so ε = 1 − z^(1/k) ≈ −ln(z) / k
 *     classes of correct items: preserved P (both), expanded E (trained only), shrunk S (base only), out of support O
 *     SRR = P / (P + S)    NDR = E / (P + E)    SDS = 2 SRR NDR / (SRR + NDR)    NSCR = (E − S) / (P + E + S)
 *     KL-regularised optimum: p(y) ∝ q(y) exp(β R(y)), which is 0 wherever q is
 *
 * Seam: evaluation. The sampled classes, where an item is a problem and "in support" is "at least one correct sample", are a
 * reconstruction of the paper's bookkeeping. Metrics with a denominator of 0 are undefined, except SDS, which is 0 where SRR or
 * NDR is 0 or undefined (our choice). A problem solved once and then never may be chance: the verdict of `supportReport` counts
 * only what it can show (our rule, `supportRule`). A test of equal rates would not do: an unlucky 0 of n before a rate that
 * rises looks like new support. Unlike numbers of samples look like shrinkage and are refused.
 */
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Table, type Tabular, tabular } from "../toolkit/table.ts";
import { type ProblemFate, problemFates } from "./boundary/fates.ts";
import { type SupportVerdict, supportMoves } from "./boundary/moves.ts";
import { type Excluded, pairProblems, type SolveCounts } from "./boundary/pairs.ts";
import {
  detectability,
  type SupportCounts,
  type SupportMetrics,
  type SupportRule,
  supportMetrics,
} from "./invisible-leash/support.ts";
import { type BootstrapOptions, bootstrapRules, eachResample, percentileEstimate } from "./statistics/bootstrap.ts";
import type { Estimate } from "./statistics/estimate.ts";

export type { SupportVerdict } from "./boundary/moves.ts";
export {
  answerEntropy,
  answerEntropyOfCounts,
  type TokenEntropyOptions,
  tiltedPolicy,
  tokenEntropy,
} from "./invisible-leash/policies.ts";
export {
  detectability,
  type ExactSupport,
  type SupportCounts,
  type SupportMetrics,
  type SupportRule,
  supportClasses,
  supportClassesFromCounts,
  supportMetrics,
  supportRule,
} from "./invisible-leash/support.ts";

export interface SupportReportOptions extends BootstrapOptions {
  /** Chance of missing what lies at the detectability threshold. Default 0.05 (the paper's z). */
  readonly zeta?: number;
  /** When a problem is in one run only: "refuse" (default), or "exclude" and list it. */
  readonly missing?: "refuse" | "exclude";
}

export interface SupportReport {
  readonly confidence: number;
  /** Samples of each problem, and the success rate that so many miss with chance zeta. */
  readonly samples: number;
  readonly threshold: number;
  readonly zeta: number;
  readonly counts: SupportCounts;
  /** Metrics with intervals over problems; undefined where a denominator is 0 (resamples without one are left out). */
  readonly metrics: Readonly<Record<keyof SupportMetrics, Estimate | undefined>>;
  /** The rule by which problems are `lost` or `gained`: a higher threshold, so that it holds for all problems together. */
  readonly rule: SupportRule;
  readonly lost: readonly string[];
  readonly gained: readonly string[];
  /**
   * From `lost` and `gained`: wrong about a problem's support at `rule.threshold` with chance 1 − confidence at most. Counts
   * below `rule.least` stay unseen (18 of 256 with 40 problems): more samples see rarer answers.
   */
  readonly verdict: SupportVerdict;
  readonly problems: readonly ProblemFate[];
  readonly excluded: Excluded;
}

/**
 * Support dynamics of two policies, sampled alike on the same problems.
 *
 * @throws UsageError when numbers of samples differ (that alone looks like shrinkage), and where `reasoningBoundary` would
 */
export function supportReport(
  base: SolveCounts,
  trained: SolveCounts,
  options: SupportReportOptions = {},
): SupportReport & Tabular {
  checkOptions("supportReport", options, {
    ...bootstrapRules,
    zeta: { kind: "number", above: 0, max: 1 },
    missing: { kind: "either", values: ["refuse", "exclude"] },
  });
  const { confidence = 0.95, resamples = 2000, seed = 0, zeta = 0.05, missing = "refuse" } = options;
  const { pairs, excluded } = pairProblems(base, trained, missing, "supportReport");
  const sizes = [...new Set(pairs.flatMap((pair) => [pair.base.n, pair.trained.n]))];
  const [samples = 0] = sizes;
  if (sizes.length > 1) {
    refuse("supportReport", `problems have ${sizes.join(", ")} samples`, "sample both policies alike on every problem");
  }
  const { problems } = problemFates(pairs, confidence);
  const classes = problems.map(({ fate }) => fate);
  const { rule, lost, gained, verdict } = supportMoves(pairs, 1 - confidence);
  const report: SupportReport = {
    confidence,
    samples,
    threshold: detectability(samples, zeta).exact,
    zeta,
    counts: countFates(classes),
    metrics: metricIntervals(classes, { confidence, resamples, seed }),
    rule,
    lost,
    gained,
    verdict,
    problems,
    excluded,
  };
  return tabular(report, supportTables);
}

function countFates(fates: readonly ProblemFate["fate"][], times?: Uint32Array): SupportCounts {
  const counts = { P: 0, E: 0, S: 0, O: 0 };
  const letters = { kept: "P", gained: "E", lost: "S", never: "O" } as const;
  for (const [i, fate] of fates.entries()) counts[letters[fate]] += times?.[i] ?? 1;
  return counts;
}

function metricIntervals(
  fates: readonly ProblemFate["fate"][],
  options: Required<BootstrapOptions>,
): SupportReport["metrics"] {
  const names = ["srr", "ndr", "sds", "nscr"] as const;
  const drawn: Record<(typeof names)[number], number[]> = { srr: [], ndr: [], sds: [], nscr: [] };
  eachResample(fates.length, options, (times) => {
    const metrics = supportMetrics(countFates(fates, times));
    for (const name of names) {
      const value = metrics[name];
      if (value !== undefined) drawn[name].push(value);
    }
  });
  const values = supportMetrics(countFates(fates));
  const estimate = (name: (typeof names)[number]): Estimate | undefined => {
    const value = values[name];
    if (value === undefined) return undefined;
    return percentileEstimate(value, Float64Array.from(drawn[name]), options.confidence);
  };
  return { srr: estimate("srr"), ndr: estimate("ndr"), sds: estimate("sds"), nscr: estimate("nscr") };
}

function supportTables({ counts, metrics, problems, lost, gained, verdict }: SupportReport): Table[] {
  const rows = Object.entries(metrics);
  return [
    {
      title: "support",
      columns: {
        class: ["preserved", "expanded", "shrunk", "out of support"],
        problems: [counts.P, counts.E, counts.S, counts.O],
        "not chance": [undefined, gained.length, lost.length, undefined],
        verdict: [verdict, undefined, undefined, undefined],
      },
    },
    {
      title: "metrics",
      columns: {
        metric: rows.map(([name]) => name.toUpperCase()),
        value: rows.map(([, estimate]) => estimate?.value),
        low: rows.map(([, estimate]) => estimate?.low),
        high: rows.map(([, estimate]) => estimate?.high),
      },
    },
    {
      title: "problems",
      columns: {
        problem: problems.map(({ id }) => id),
        fate: problems.map(({ fate }) => fate),
        "base correct": problems.map(({ base }) => base.correct),
        "trained correct": problems.map(({ trained }) => trained.correct),
        "adjusted p": problems.map(({ adjustedP }) => adjustedP),
      },
    },
  ];
}
