/** Analyses: numbers in, numbers out. */

export { type PrincipalAngles, principalAngles } from "../toolkit/linear/principal-angles.ts";
export { type Matrix, type Svd, svd } from "../toolkit/linear/svd.ts";
export { truncateDelta } from "../toolkit/linear/truncate-delta.ts";
export * from "./answer-entropy.ts";
export {
  type BoundaryCheckpoint,
  type BoundaryCourse,
  boundaryCourse,
  type CoursePoint,
  type ProblemCourseCounts,
} from "./boundary-course.ts";
export { type CheckpointDeltaOptions, checkpointDeltas } from "./checkpoint-deltas.ts";
export {
  type CheckpointTrajectory,
  type CheckpointTrajectoryOptions,
  checkpointTrajectory,
  type StepCheckpoint,
  type TensorTrajectory,
  writeExtrapolatedCheckpoint,
} from "./checkpoint-trajectory.ts";
export * from "./collapse-forecast.ts";
export { countPair } from "./count-pair.ts";
export {
  type EntropyBin,
  type EntropyChange,
  type EntropyChangeOptions,
  type EntropyForecast,
  type EntropyGroup,
  entropyChange,
  type TokenSnapshot,
} from "./entropy-change.ts";
export * from "./entropy-ledger.ts";
export * from "./interference-matrix.ts";
export * from "./invisible-leash.ts";
export * from "./limit-of-rlvr.ts";
export { checkLogged, type LoggedNumber, type LoggedNumbers, type LoggedRun } from "./logged-numbers.ts";
export * from "./lost-problems.ts";
export * from "./math-beyond.ts";
export {
  type ForgettingPoint,
  type GradientAlignment,
  type GradientGram,
  type HarmfulPair,
  type InterferenceInput,
  type InterferenceOptions,
  type InterferencePoint,
  type NegativeInterference,
  negativeInterference,
  type ProblemCourse,
  type RetentionPoint,
} from "./negative-interference.ts";
export * from "./open-rl-benchmark.ts";
export { type LedgerUpdate, type PolicyLedgerOptions, policyLedger } from "./policy-ledger.ts";
export {
  type BoundaryOptions,
  type BoundaryPoint,
  type BoundaryQuestion,
  type Crossing,
  type Difficulty,
  type DifficultyBin,
  type Excluded,
  type Fate,
  type FateCell,
  type Fates,
  type ProblemFate,
  type ReasoningBoundary,
  reasoningBoundary,
  type SolveCounts,
  type SolveProblem,
  type SolveSample,
  type SupportMoves,
} from "./reasoning-boundary.ts";
export * from "./rliable.ts";
export { type CurveDiff, type DataDiff, isSameRun, type RunDiff, type RunDiffOptions, runDiff } from "./run-diff.ts";
export * from "./saved-by.ts";
export { betaQuantile, betaShare, studentQuantile } from "./statistics/beta.ts";
export {
  type BootstrapOptions,
  type ClusteredBootstrapOptions,
  clusteredBootstrap,
  type PairedDifference,
  pairedDifference,
} from "./statistics/bootstrap.ts";
export type { BootstrapInterval, IntervalKind } from "./statistics/bootstrap-intervals.ts";
export {
  type ClusteredMean,
  type Clusters,
  clusteredDifference,
  clusteredMean,
  clusteredShare,
} from "./statistics/clustered.ts";
export { kendallTau, pearson, spearman } from "./statistics/correlation.ts";
export { jensenShannon, klDivergence, shannonEntropy, totalVariation } from "./statistics/distribution.ts";
export { type Estimate, quantile } from "./statistics/estimate.ts";
export { fisherExact, signTest } from "./statistics/exact-tests.ts";
export { type KlEstimates, klEstimates } from "./statistics/kl.ts";
export { type Answer, type MajorityOptions, majorityAtK } from "./statistics/majority.ts";
export { type McNemar, mcnemar } from "./statistics/mcnemar.ts";
export { benjaminiHochberg, holm } from "./statistics/multiple.ts";
export { normalQuantile, normalShare, normalTail } from "./statistics/normal.ts";
export { type Counts, passAtK, passCurve } from "./statistics/pass-at-k.ts";
export {
  averageAccuracy,
  bestOfK,
  gPassAtK,
  mGPassAtK,
  type ScoredSample,
} from "./statistics/pass-variants.ts";
export {
  type PermutationOptions,
  type PermutationResult,
  pairedPermutationTest,
  permutationTest,
} from "./statistics/permutation.ts";
export {
  type DifferenceSpread,
  type Discordance,
  detectableDifference,
  differencePower,
  fisherSamples,
  mcnemarPower,
  mcnemarProblems,
  type PowerOptions,
  problemsNeeded,
} from "./statistics/power.ts";
export { clopperPearsonInterval, jeffreysInterval, wilsonInterval } from "./statistics/proportion.ts";
export { type Look, type Spending, sequentialLooks } from "./statistics/sequential.ts";
export {
  type DeltaSpectrum,
  type RankEnergy,
  type SpaceAngles,
  type SpectrumTail,
  spectrumOf,
  type WeightDelta,
  type WeightDeltaOptions,
  type WeightDeltas,
  type Weights,
  weightDeltas,
} from "./weight-deltas.ts";
export {
  combineChanges,
  type ExtrapolationOptions,
  extrapolationWeights,
  fitTrajectory,
  fitTrajectoryGram,
  projectionWeights,
  type Trajectory,
  type TrajectoryDirection,
  type TrajectoryOptions,
} from "./weights/trajectory.ts";
