import type { Estimate } from "./statistics/estimate.ts";

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
  /** Which policy-gradient step is assumed: see `EntropyChangeOptions.rule`. */
  readonly rule: "natural" | "vanilla";
  /** Correlation over tokens of the measured change with −covariance term. */
  readonly correlation: number;
  /** Covariance over the whole batch, centred at batch means, as Cui et al. log it; mixes in differences between contexts. */
  readonly pooledCovariance: number;
}

export interface EntropyChange {
  readonly confidence: number;
  readonly tokens: number;
  /** Number of sequences: the clusters of the intervals. */
  readonly sequences: number;
  readonly overall: EntropyGroup;
  readonly byPosition: readonly EntropyBin[];
  /** By falling number of tokens. */
  readonly byClass: readonly EntropyGroup[];
  readonly forecast?: EntropyForecast;
  /** [N] one entry a token, in nats. */
  readonly perToken: {
    readonly change: Float64Array;
    readonly firstOrder?: Float64Array;
    /** (log π(a) + H) · A, before the step size. */
    readonly covariance?: Float64Array;
  };
}
