/**
 * Entropy change: where training made the policy surer, and whether first-order theory explains it. Entropies of the same
 * contexts before and after, by position and token class, beside two predictions.
 *
 * Cui et al. 2025, "The Entropy Mechanism of Reinforcement Learning for Reasoning Language Models", arXiv:2505.22617. For a
 * softmax policy the entropy of a context changes to first order by the covariance of its log-probs with the change of its logits:
 *
 *     H' − H ≈ −Cov_{a~π}(log π(a), z'_a − z_a)                         (their lemma 1)
 *     z' − z = η A       natural policy gradient:  H' − H ≈ −η Cov(log π, A)        (theorem 2)
 *     z' − z = η π A     vanilla policy gradient:  H' − H ≈ −η Cov(log π, π A)      (theorem 1)
 *
 * The first line needs full-vocabulary log-probs before and after (`rows`) and holds for any optimizer and any network while the
 * change is small; the others forecast from sampled tokens and advantages alone. What the first order leaves over is `rest`, and
 * the second-order term (`curvature`) says how much of that is the size of the step.
 */
import { checkOptions } from "../toolkit/options.ts";
import { type Tabular, tabular } from "../toolkit/table.ts";
import { checkSnapshots, type TokenSnapshot } from "./entropy/checks.ts";
import { clusterIndex, type Group, groupByClass, groupByPosition, groupEstimates } from "./entropy/groups.ts";
import { entropyTables } from "./entropy/tables.ts";
import { covarianceTerms, rowTerms } from "./entropy/token-terms.ts";
import { type BootstrapOptions, bootstrapRules } from "./statistics/bootstrap.ts";
import { type Estimate, mean } from "./statistics/estimate.ts";

export type { TokenSnapshot } from "./entropy/checks.ts";

export interface EntropyChangeOptions extends BootstrapOptions {
  /** [N] advantage of each token, for the forecast. Needs `logProbs` before. */
  readonly advantages?: ArrayLike<number>;
  /**
   * η of the forecast. Default: fitted, the least-squares slope over tokens through 0. A single sampled token is a noisy measure
   * of its context's covariance, which pulls the fit towards 0: for a real forecast pass the η of earlier steps.
   */
  readonly stepSize?: number;
  /** Which step the forecast assumes. Default "natural": what Cui et al. log, and nearer to Adam's than the vanilla one. */
  readonly rule?: "natural" | "vanilla";
  /** Number of position ranges at most. Default 8. */
  readonly bins?: number;
}

/** Mean change over some tokens. Entropies in nats a token. */
export interface EntropyGroup {
  readonly name: string;
  readonly tokens: number;
  readonly before: number;
  readonly after: number;
  /** Measured: after − before. */
  readonly change: Estimate;
  /** −Cov(log π, Δ log π) over the vocabulary: what the actual change of the logits does to first order. Needs rows. */
  readonly firstOrder?: Estimate;
  /** Second-order term of the same expansion. Needs rows. */
  readonly curvature?: number;
  /** change − firstOrder: what the first order leaves unexplained; most of it is `curvature` while steps are small. */
  readonly rest?: number;
  /** Mean of (log π(a) + H) · A over the sampled tokens: unbiased for Cov(log π, A) at each context. Needs advantages. */
  readonly covariance?: Estimate;
  /** −step size · covariance: the change forecast from log-probs and advantages alone. */
  readonly forecast?: number;
}

/** Tokens of one range of positions. */
export interface EntropyBin extends EntropyGroup {
  /** First and last position of the bin, counted from 0 at the first token of the completion. */
  readonly from: number;
  readonly to: number;
}

/** The forecast from covariances, and how good it is. */
export interface EntropyForecast {
  /** The step size given, or the one that fits best. */
  readonly stepSize: number;
  readonly fitted: boolean;
  readonly rule: "natural" | "vanilla";
  /** Correlation over tokens of the measured change with −covariance; 0 where one of the two does not vary. */
  readonly correlation: number;
  /** Covariance over the whole batch, centred at batch means, as Cui et al. log it; mixes in differences between contexts. */
  readonly pooledCovariance: number;
}

export interface EntropyChange {
  readonly confidence: number;
  readonly tokens: number;
  readonly sequences: number;
  /** What the intervals resample: whole problems where they are known, else whole sequences, and how many there are. */
  readonly clusters: { readonly kind: "problems" | "sequences" | "tokens"; readonly count: number };
  readonly overall: EntropyGroup;
  /**
   * Nats a sequence: the mean over sequences of their tokens' entropies summed. Where the policy before sampled them, `before` is
   * unbiased for the entropy of its whole completions (chain rule); `after` is of the same contexts, not of what it samples now:
   * for that see `answerEntropyChange`. Absent where the snapshot does not say which sequence a token is of.
   */
  readonly bySequence?: { readonly before: number; readonly after: number; readonly change: Estimate };
  readonly byPosition: readonly EntropyBin[];
  /** By falling number of tokens. */
  readonly byClass: readonly EntropyGroup[];
  readonly forecast?: EntropyForecast;
  /** [N] one entry a token, in nats. */
  readonly perToken: {
    readonly change: Float64Array;
    readonly firstOrder?: Float64Array;
    readonly curvature?: Float64Array;
    /** (log π(a) + H) · A, before the step size. */
    readonly covariance?: Float64Array;
  };
}

/**
 * Compares the policy's entropies on the same contexts at two moments.
 *
 * Positions, classes and sequences are read from `before`. Without `problems` and `sequences` each token counts as a cluster of its own, and the
 * intervals are too narrow.
 *
 * @throws UsageError when the sides differ in length or tokens, on numbers that are not finite, on rows that are no distribution
 */
export function entropyChange(
  before: TokenSnapshot,
  after: TokenSnapshot,
  options: EntropyChangeOptions = {},
): EntropyChange & Tabular {
  checkOptions("entropyChange", options, {
    ...bootstrapRules,
    advantages: { kind: "object" },
    stepSize: { kind: "number", min: 0 },
    rule: { kind: "either", values: ["natural", "vanilla"] },
    bins: { kind: "integer", min: 1 },
  });
  const { confidence = 0.95, resamples = 2000, seed = 0, bins = 8 } = options;
  const n = checkSnapshots(before, after, options.advantages);
  const perToken = tokenMeasures(before, after, options);
  const forecast = forecastOf(before, perToken, options);
  const everything: Group = { name: "all", members: Array.from({ length: n }, (_, i) => i) };
  const sequences = before.sequences ?? everything.members;
  const clusters = before.problems ?? sequences;
  const describe = <G extends Group>(groups: readonly G[]): (EntropyGroup & G)[] =>
    describeGroups(groups, { before, after, perToken, clusters, forecast }, { confidence, resamples, seed });
  const [overall] = describe([everything]);
  if (overall === undefined) throw new Error("internal: no overall group");
  const positions = before.positions === undefined ? [] : groupByPosition(before.positions, bins);
  const classes = before.classes === undefined ? [] : groupByClass(before.classes);
  const result: EntropyChange = {
    confidence,
    tokens: n,
    sequences: clusterIndex(sequences).count,
    clusters: {
      kind: before.problems ? "problems" : before.sequences ? "sequences" : "tokens",
      count: clusterIndex(clusters).count,
    },
    overall: withoutMembers(overall),
    ...(before.sequences !== undefined && {
      bySequence: sequenceSums(before, after, before.sequences, { confidence, resamples, seed }),
    }),
    byPosition: describe(positions).map(withoutMembers),
    byClass: describe(classes).map(withoutMembers),
    ...(forecast !== undefined && { forecast }),
    perToken,
  };
  return tabular(result, entropyTables);
}

/** Sums of the tokens' entropies in each sequence, and their mean; sequences of one problem are resampled together. */
function sequenceSums(
  before: TokenSnapshot,
  after: TokenSnapshot,
  owners: ArrayLike<number>,
  options: Required<BootstrapOptions>,
): NonNullable<EntropyChange["bySequence"]> {
  const { count, of } = clusterIndex(owners);
  const [left, right, problems] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  for (const [i, sequence] of of.entries()) {
    left[sequence] = (left[sequence] ?? 0) + (before.entropies[i] ?? Number.NaN);
    right[sequence] = (right[sequence] ?? 0) + (after.entropies[i] ?? Number.NaN);
    problems[sequence] = before.problems?.[i] ?? sequence;
  }
  const everything = { name: "all", members: Array.from(left, (_, i) => i) };
  const changes = right.map((sum, i) => sum - (left[i] ?? Number.NaN));
  const change = groupEstimates([everything], [changes], problems, options)[0]?.[0];
  if (change === undefined) throw new Error("internal: no change of a sequence's entropy");
  return { before: mean(left), after: mean(right), change };
}

interface Measured {
  readonly before: TokenSnapshot;
  readonly after: TokenSnapshot;
  readonly perToken: EntropyChange["perToken"];
  readonly clusters: ArrayLike<number>;
  readonly forecast: EntropyForecast | undefined;
}

function describeGroups<G extends Group>(
  groups: readonly G[],
  { before, after, perToken, clusters, forecast }: Measured,
  options: Required<BootstrapOptions>,
): (EntropyGroup & G)[] {
  const measures = [perToken.change, perToken.firstOrder, perToken.covariance];
  const known = measures.filter((measure) => measure !== undefined);
  const estimates = groupEstimates(groups, known, clusters, options);
  return groups.map((group, g) => {
    const row = [...(estimates[g] ?? [])];
    const [change, firstOrder, covariance] = measures.map((measure) =>
      measure === undefined ? undefined : row.shift(),
    );
    if (change === undefined) throw new Error("internal: a group has no measured change");
    const over = (values: ArrayLike<number>): number => mean(group.members.map((i) => values[i] ?? Number.NaN));
    return {
      ...group,
      tokens: group.members.length,
      before: over(before.entropies),
      after: over(after.entropies),
      change,
      ...(firstOrder !== undefined && { firstOrder, rest: change.value - firstOrder.value }),
      ...(perToken.curvature !== undefined && { curvature: over(perToken.curvature) }),
      ...(covariance !== undefined && { covariance }),
      ...(covariance !== undefined && forecast !== undefined && { forecast: -forecast.stepSize * covariance.value }),
    };
  });
}

function withoutMembers<G extends Group>({ members: _, ...described }: G): Omit<G, "members"> {
  return described;
}

function tokenMeasures(
  before: TokenSnapshot,
  after: TokenSnapshot,
  { advantages, rule = "natural" }: EntropyChangeOptions,
): EntropyChange["perToken"] {
  const change = Float64Array.from(before.entropies, (h, i) => (after.entropies[i] ?? Number.NaN) - h);
  const withRows = before.rows !== undefined && after.rows !== undefined;
  return {
    change,
    ...(withRows && rowTerms(before.rows, after.rows, before.entropies)),
    ...(advantages !== undefined &&
      before.logProbs !== undefined && {
        covariance: covarianceTerms(before.logProbs, before.entropies, advantages, rule),
      }),
  };
}

function forecastOf(
  { logProbs }: TokenSnapshot,
  { change, covariance }: EntropyChange["perToken"],
  { advantages, stepSize, rule = "natural" }: EntropyChangeOptions,
): EntropyForecast | undefined {
  if (covariance === undefined || logProbs === undefined || advantages === undefined) return undefined;
  const products = covariance.reduce((sum, c, i) => sum + c * (change[i] ?? 0), 0);
  const squares = covariance.reduce((sum, c) => sum + c * c, 0);
  const weighted = Float64Array.from(advantages, (a, i) => (rule === "natural" ? a : a * Math.exp(logProbs[i] ?? 0)));
  const spread = Math.sqrt(pooledCovariance(change, change) * pooledCovariance(covariance, covariance));
  return {
    stepSize: stepSize ?? (squares === 0 ? 0 : -products / squares),
    fitted: stepSize === undefined,
    rule,
    correlation: spread === 0 ? 0 : -pooledCovariance(change, covariance) / spread,
    pooledCovariance: pooledCovariance(logProbs, weighted),
  };
}

/** Mean of (x − mean x)(y − mean y). */
function pooledCovariance(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const [meanX, meanY] = [mean(x), mean(y)];
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += ((x[i] ?? 0) - meanX) * ((y[i] ?? 0) - meanY);
  return sum / x.length;
}
