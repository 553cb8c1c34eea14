/** What a cell or script of a lab session imports: tasks, policies, training, evaluation, runs and the engine. */

export {
  type Advantage,
  type AdvantageInput,
  type Advantages,
  groupAdvantages,
  rowAdvantages,
  spreadOverTokens,
  statistic,
} from "./toolkit/advantage.ts";
export { type Algorithm, type Choice, type ChoiceSources, choicesOf, describe, preset } from "./toolkit/algorithm.ts";
export { check } from "./toolkit/check.ts";
export { type Checkpoint, openCheckpoint } from "./toolkit/checkpoints/checkpoint.ts";
export {
  type WriteOptions,
  writeCombinedCheckpoint,
  writeTruncatedCheckpoint,
} from "./toolkit/checkpoints/write-checkpoint.ts";
export { type LoraOptions, type WrittenLora, writeLora } from "./toolkit/checkpoints/write-lora.ts";
export { type AlgorithmChange, type ChoiceDifference, compose, diff } from "./toolkit/compose.ts";
export * from "./toolkit/controllers.ts";
export type { Curriculum, CurriculumInput, PromptBatch } from "./toolkit/curriculum.ts";
export {
  type DemonstrationOptions,
  type MergePlace,
  mergeExternal,
  type Solutions,
  samplesOf,
  sampleWithDemonstrations,
  solutionsOf,
  taskSolutions,
} from "./toolkit/demonstrations.ts";
export { type EvaluateOptions, type Evaluation, evaluate, type ProblemScore } from "./toolkit/evaluate.ts";
export { allFinite, checkBinary, checkFinite, checkUnbroken, equalLengths, someTrained } from "./toolkit/finite.ts";
export {
  accumulateAdvantages,
  type GaeInput,
  type GaeOptions,
  generalizedAdvantages,
  type Stretch,
} from "./toolkit/gae.ts";
export { groupRows, someCompany } from "./toolkit/group-rows.ts";
export * from "./toolkit/groups.ts";
export type { AdamWOptions } from "./toolkit/jit/adamw.ts";
export { type EagerBackend, eagerBackend } from "./toolkit/jit/eager-backend.ts";
export { Engine } from "./toolkit/jit/engine.ts";
export { gradientStep } from "./toolkit/jit/gradient-step.ts";
export type { HostTensor } from "./toolkit/jit/host-tensor.ts";
export { jit } from "./toolkit/jit/jit.ts";
export { constant, cosine, linearWarmup } from "./toolkit/jit/schedules.ts";
export { type JoinOptions, joinRollouts, selectGroups } from "./toolkit/join-rollouts.ts";
export {
  type Projection,
  type ProjectionOptions,
  projectionDimensions,
  randomProjection,
} from "./toolkit/linear/random-projection.ts";
export {
  type Band,
  bandWeights,
  MISMATCH_LEVELS,
  type MismatchLevel,
  mismatchLogRatio,
  mismatchRatio,
  weightedObjective,
} from "./toolkit/mismatch.ts";
export {
  allLogits,
  entropy,
  type LogitsView,
  logProb,
  type Model,
  type Models,
  meanLogProb,
  type Statistic,
  type StatisticColumns,
  type TokenRows,
  tokenLogit,
} from "./toolkit/models.ts";
export {
  type Aggregation,
  aggregate,
  type CheckedBatch,
  type ColumnKind,
  checkBatch,
  column,
  joinNeeds,
  masked,
  type Objective,
  type ObjectiveNeeds,
  type ObjectiveResult,
  type PolicyBatch,
  required,
} from "./toolkit/objective.ts";
export { logProbsAfter, statisticsAfter } from "./toolkit/other-prompt.ts";
export { fileFingerprint, type PartialResults, partialResults } from "./toolkit/partial-results.ts";
export { type PolicyConfig, sizes } from "./toolkit/policy/config.ts";
export type { GenerateOptions, Generations } from "./toolkit/policy/generation.ts";
export { Policy } from "./toolkit/policy/policy.ts";
export { scoreTokens } from "./toolkit/policy/score.ts";
export { charTokenizer, type Tokenizer } from "./toolkit/policy/tokenizer.ts";
export * from "./toolkit/probe.ts";
export { type ProgressEvent, reportProgress } from "./toolkit/progress.ts";
export * from "./toolkit/ratio.ts";
export { UsageError } from "./toolkit/refuse.ts";
export type { Reward, RewardInput, Rewards } from "./toolkit/reward.ts";
export { type Rng, rng } from "./toolkit/rng.ts";
export { furtherDraw, processedTokens, type Rollout, type Rollouts, sampleCompletions } from "./toolkit/rollout.ts";
export { packRollouts, unpackRollouts } from "./toolkit/rollouts-json.ts";
export {
  begunRow,
  foreignRow,
  fromRows,
  movedRow,
  pickRewards,
  type Row,
  rowsOf,
  selectRows,
  unscoredBehind,
} from "./toolkit/rows.ts";
export type { DivergedSample, Divergence } from "./toolkit/runs/divergence.ts";
export { saveEvaluation } from "./toolkit/runs/evaluation-file.ts";
export * from "./toolkit/runs/import.ts";
export { type ProbedSamples, type ProbedSamplesOptions, probedSamples } from "./toolkit/runs/probed-samples.ts";
export { readRun, type StoredRun } from "./toolkit/runs/read-run.ts";
export type { RunQuery } from "./toolkit/runs/run-query.ts";
export {
  type IndexedRollout,
  openRuns,
  type RunStore,
  type RunSummary,
  type StoredMetric,
} from "./toolkit/runs/run-store.ts";
export { storedStep } from "./toolkit/runs/stored-step.ts";
export {
  type StoredUpdate,
  type StoredUpdateOptions,
  storedUpdate,
  updatableSteps,
} from "./toolkit/runs/stored-update.ts";
export type { TokenTable } from "./toolkit/runs/token-table.ts";
export { type Seam, stateful, wrapSeam, wrapStateful } from "./toolkit/seam.ts";
export * from "./toolkit/tabular.ts";
export * from "./toolkit/tasks/index.ts";
export {
  completionSpan,
  type Moments,
  moments,
  returnsToGo,
  scoredMask,
  tokenRewards,
  whiten,
} from "./toolkit/token-rewards.ts";
export { type Cosines, compareGradients, type GradientComparison } from "./toolkit/train/compare-gradients.ts";
export { type Finding, type PreflightCheck, PreflightError } from "./toolkit/train/preflight/finding.ts";
export { type PreflightReport, preflight } from "./toolkit/train/preflight/preflight.ts";
export { type PretrainOptions, pretrain } from "./toolkit/train/pretrain.ts";
export { type Recomputed, type RecomputeOptions, type RewardedRollouts, recompute } from "./toolkit/train/recompute.ts";
export type { EventSample, StepEvent, StepRecord } from "./toolkit/train/record.ts";
export { type Replayed, type ReplayOptions, replay } from "./toolkit/train/replay.ts";
export type { Run, Snapshot, TrainedRun } from "./toolkit/train/run.ts";
export { type TrainOptions, train } from "./toolkit/train/train.ts";
export { type PolicyUpdate, type PolicyUpdateOptions, policyUpdateParts } from "./toolkit/train/update-parts.ts";
export type { WatchedStep, WatchOptions, WatchRule, WatchThresholds } from "./toolkit/train/watch/watch.ts";
export type { Update, UpdateInput, UpdateResult } from "./toolkit/update.ts";
export * from "./toolkit/verify/index.ts";
