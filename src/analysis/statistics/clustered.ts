/**
 * Accuracy over several samples of each problem. Samples of one problem are alike, so a standard error that takes all samples for
 * independent is too small. Liang & Zeger 1986, Biometrika 73:13; for evaluations of language models Miller 2024, "Adding Error
 * Bars to Evals", arXiv:2411.00640, section 2.2. With s_ic the score of sample i of problem c, n samples, G problems, mean m:
 *
 *     CR0: SE² = (1 / n²) Σ_c ( Σ_i (s_ic − m) )²        CR1: SE² · G / (G − 1)
 *
 * CR0 is too small with few problems (at 30 by 2 %, at 5 by 11 %); CR1 is free of that where all problems have equally many samples.
 */
import { refuse } from "../../toolkit/refuse.ts";
import { studentQuantile } from "./beta.ts";
import { checkConfidence, type Estimate, finiteNumbers, mean, squaredDeviations } from "./estimate.ts";
import { wilsonAt } from "./proportion.ts";

/** [problems][samples] scores; problems may differ in the number of samples. */
export type Clusters = readonly ArrayLike<number>[];

/** A mean with its standard error by three reckonings, and an interval. */
export interface ClusteredMean extends Estimate {
  /** Problems and samples. */
  readonly clusters: number;
  readonly samples: number;
  /** CR1: the one to quote. */
  readonly standardError: number;
  /** CR0: without the correction for few problems. */
  readonly uncorrected: number;
  /** As if all samples were independent; NaN for one sample. Shown for contrast. */
  readonly independent: number;
}

/**
 * Mean of all samples, its clustered standard error, and the interval value ± t · standardError with t of G − 1 degrees
 * of freedom.
 *
 * Coverage of the 95 % interval with 30 problems x 8 samples (docs/statistics.md): 94 to 96 % where most problems have rates
 * well between 0 and 1; 91 % where all have a rate of 0.01 or 0.99, and 41 % where one problem in fifty can be solved at all,
 * since a draw of problems that all agree has no width. For scores of 0 and 1 take `clusteredShare`, which covers there, too.
 *
 * @param confidence default 0.95
 * @throws UsageError for fewer than two problems, a problem without samples, a score that is not finite
 */
export function clusteredMean(scores: Clusters, confidence = 0.95): ClusteredMean {
  return meanOf("clusteredMean", readClusters("clusteredMean", "scores", scores), confidence);
}

/**
 * Mean of x − y over samples of the same problems, paired by place, with its clustered standard error. Pairing removes how
 * hard each problem is. Coverage of 95 % with 30 problems x 8 samples where nothing changed: 95 to 96 %, also at mean rates of
 * 0.01 and 0.99; 98 to 100 % where few problems can tell the two apart (docs/statistics.md).
 *
 * @throws UsageError as `clusteredMean`, and where x and y differ in shape
 */
export function clusteredDifference(x: Clusters, y: Clusters, confidence = 0.95): ClusteredMean {
  const [a, b] = [readClusters("clusteredDifference", "x", x), readClusters("clusteredDifference", "y", y)];
  if (a.length !== b.length) {
    refuse(
      "clusteredDifference",
      `x has ${a.length} problems and y ${b.length}`,
      "pass the same problems in one order",
    );
  }
  const differences = a.map((samples, c) => {
    const others = b[c] ?? new Float64Array();
    if (others.length !== samples.length) {
      refuse(
        "clusteredDifference",
        `problem ${c} has ${samples.length} samples in x and ${others.length} in y`,
        "pass as many in both, or one mean a problem to pairedDifference",
      );
    }
    return samples.map((score, i) => score - (others[i] ?? 0));
  });
  return meanOf("clusteredDifference", differences, confidence);
}

/**
 * Share of correct samples with Wilson's interval at the effective number of samples: as many independent ones as would give
 * the clustered standard error, times what Student's t asks for with few problems (Korn & Graubard 1998, Survey Methodology
 * 24:193; Wilson's ends in place of Clopper-Pearson's). Where all samples agree the standard error says nothing, and each
 * problem counts as one sample.
 *
 * Coverage of the 95 % interval with 30 problems x 8 samples: 93 to 97 % at mean rates of 0.01, 0.1, 0.5 and 0.99, problems alike
 * or not (docs/statistics.md).
 *
 * @param scores [problems][samples] of 0 and 1
 * @throws UsageError as `clusteredMean`, and for scores that are neither 0 nor 1
 */
export function clusteredShare(scores: Clusters, confidence = 0.95): ClusteredMean {
  const clusters = readClusters("clusteredShare", "scores", scores);
  for (const [c, samples] of clusters.entries()) {
    const wrong = samples.find((score) => score !== 0 && score !== 1);
    if (wrong !== undefined) refuse("clusteredShare", `problem ${c} has a score of ${wrong}`, "pass scores of 0 and 1");
  }
  const result = meanOf("clusteredShare", clusters, confidence);
  const { value, standardError, samples } = result;
  const effective =
    standardError === 0 ? clusters.length : Math.min(samples, (value * (1 - value)) / standardError ** 2);
  return { ...result, ...wilsonAt(value, effective, studentQuantile(confidence, clusters.length - 1)) };
}

function meanOf(where: string, clusters: readonly Float64Array[], confidence: number): ClusteredMean {
  checkConfidence(where, confidence);
  const all = clusters.flatMap((samples) => [...samples]);
  const [groups, n] = [clusters.length, all.length];
  const value = mean(all);
  const squares = clusters.reduce((sum, samples) => sum + samples.reduce((s, score) => s + score - value, 0) ** 2, 0);
  const uncorrected = Math.sqrt(squares) / n;
  const standardError = uncorrected * Math.sqrt(groups / (groups - 1));
  const half = studentQuantile(confidence, groups - 1) * standardError;
  return {
    value,
    low: value - half,
    high: value + half,
    clusters: groups,
    samples: n,
    standardError,
    uncorrected,
    independent: Math.sqrt(squaredDeviations(all) / (n - 1) / n),
  };
}

function readClusters(where: string, name: string, scores: Clusters): Float64Array[] {
  const given: unknown = scores;
  if (!Array.isArray(given)) refuse(where, `${name} is no list of problems`, "pass one list of scores a problem");
  if (scores.length < 2) {
    refuse(where, `${name} holds ${scores.length} problem`, "pass at least two: one says nothing about others");
  }
  return scores.map((samples, c) => {
    const read = finiteNumbers(where, `${name}[${c}]`, samples);
    if (read.length === 0) refuse(where, `${name}[${c}] has no sample`, "leave the problem out, and say so");
    return read;
  });
}
