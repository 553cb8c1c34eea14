/** Analyses: numbers in, numbers out. */

export { type Matrix, type Svd, svd } from "../toolkit/linear/svd.ts";
export { truncateDelta } from "../toolkit/linear/truncate-delta.ts";
export {
  type EntropyBin,
  type EntropyChange,
  type EntropyChangeOptions,
  type EntropyForecast,
  type EntropyGroup,
  entropyChange,
  type TokenSnapshot,
} from "./entropy-change.ts";
export * from "./invisible-leash.ts";
export * from "./limit-of-rlvr.ts";
export {
  type GradientAlignment,
  type GradientGram,
  type HarmfulPair,
  type InterferenceInput,
  type InterferenceOptions,
  type InterferencePoint,
  type NegativeInterference,
  negativeInterference,
  type ProblemCourse,
} from "./negative-interference.ts";
export * from "./open-rl-benchmark.ts";
export {
  type BoundaryLevel,
  type BoundaryOptions,
  type BoundaryPoint,
  type Crossing,
  type Excluded,
  type Fate,
  type FateCell,
  type Fates,
  type ProblemFate,
  type ReasoningBoundary,
  reasoningBoundary,
  type SolveCounts,
} from "./reasoning-boundary.ts";
export * from "./rliable.ts";
export {
  type BootstrapOptions,
  clusteredBootstrap,
  type PairedDifference,
  pairedDifference,
} from "./statistics/bootstrap.ts";
export { type Estimate, quantile } from "./statistics/estimate.ts";
export { benjaminiHochberg, fisherExact, signTest } from "./statistics/exact-tests.ts";
export { type Counts, passAtK, passCurve } from "./statistics/pass-at-k.ts";
export { wilsonInterval } from "./statistics/wilson.ts";
export {
  type DeltaSpectrum,
  type RankEnergy,
  spectrumOf,
  type WeightDelta,
  type WeightDeltaOptions,
  type WeightDeltas,
  type Weights,
  weightDeltas,
} from "./weight-deltas.ts";
