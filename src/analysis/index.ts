/** Analyses: numbers in, numbers out. */
export type { EntropyBin, EntropyChange, EntropyForecast, EntropyGroup } from "./entropy-change.ts";
export type {
  GradientAlignment,
  InterferencePoint,
  NegativeInterference,
  ProblemCourse,
} from "./negative-interference.ts";
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
export { truncateDelta } from "./truncate-delta.ts";
export {
  type DeltaSpectrum,
  type RankEnergy,
  type WeightDelta,
  type WeightDeltaOptions,
  type WeightDeltas,
  type Weights,
  weightDeltas,
} from "./weight-deltas.ts";
