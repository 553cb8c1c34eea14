export {
  type AceConfidencePenaltyOptions,
  type AceInput,
  type AceOptions,
  type AceResult,
  aceAdvantage,
  aceConfidencePenalty,
} from "./ace-confidence-penalty.ts";
export { type AsymreOptions, asymre } from "./asymre.ts";
export { type BnpoOptions, bnpo } from "./bnpo.ts";
export {
  type CanonAdvantageOptions,
  type CanonAdvantages,
  type CanonGroup,
  type CanonOptions,
  type CanonRows,
  canon,
  canonAdvantage,
} from "./canon.ts";
export { type CanonCosine, type CanonSchedule, canonMu } from "./canon-schedule.ts";
export {
  type CepoAdvantages,
  type CepoOptions,
  type CepoTokens,
  cepo,
  cepoAdvantages,
  cepoLambda,
  pickContrastPair,
} from "./cepo.ts";
export { type CispoOptions, cispo } from "./cispo.ts";
export { type ClipCovOptions, clipCov, type KlCovOptions, klCov } from "./clip-cov.ts";
export { type DapoOptions, dapo } from "./dapo.ts";
export { type DynamicSamplingOptions, dynamicSampling } from "./dapo-dynamic-sampling.ts";
export { overlongFilter, type SoftOverlongOptions, softOverlong, softOverlongPenalty } from "./dapo-overlong.ts";
export {
  type DhpoOptions,
  type DhpoResult,
  type DhpoTokens,
  dhpo,
  dhpoLoss,
  dhpoMixWeight,
} from "./dhpo.ts";
export { type DppoOptions, dppo } from "./dppo.ts";
export { type DrGrpoOptions, drGrpo } from "./dr-grpo.ts";
export { type EntropyTermOptions, entropyBonus } from "./entropy-bonus.ts";
export {
  type AnchorCurve,
  aklBeta,
  type FgExpoLoss,
  type FgExpoOptions,
  fgExpo,
  fgExpoAdvantages,
  fgExpoLoss,
  rhoTanh,
} from "./fg-expo.ts";
export {
  drawProbabilities,
  drawQuestions,
  type GaussianCurriculumOptions,
  type GaussianOptions,
  gaussianCurriculum,
  initialRates,
  type PassRates,
  updateRate,
} from "./fg-expo-curriculum.ts";
export { type GdpoOptions, gdpo, gdpoAdvantages } from "./gdpo.ts";
export { type GmpoOptions, gmpo } from "./gmpo.ts";
export { type GpgOptions, gpg } from "./gpg.ts";
export { type GrpoOptions, grpo } from "./grpo.ts";
export { type GrpoPasskOptions, grpoPassk, grpoPasskAdvantages } from "./grpo-passk.ts";
export { type GspoOptions, gspo, gspoToken } from "./gspo.ts";
export { type IcePopOptions, icePop } from "./icepop.ts";
export {
  expertRegion,
  type IcpoBatch,
  type IcpoBonusOptions,
  type IcpoLossOptions,
  type IcpoOptions,
  type IcpoResult,
  type IcpoRewardOptions,
  type IcpoRows,
  icpo,
  icpoAdvantages,
  icpoLoss,
  icpoRewards,
} from "./icpo.ts";
export {
  buildIclPrompt,
  type Demonstration,
  ICL_WORDS,
  type IclWords,
  type IcpoSampling,
  icpoRollout,
} from "./icpo-rollout.ts";
export { type KimiOptions, kimi } from "./kimi.ts";
export {
  adaptedCoefficient,
  type KlColumns,
  type KlInRewardOptions,
  klInReward,
  type Penalised,
  penalisedRewards,
  tokenKl,
} from "./kl-in-reward.ts";
export { type KlControl, type KlLossOptions, klLoss } from "./kl-loss.ts";
export { type LitePpoOptions, litePpo, litePpoAdvantages } from "./lite-ppo.ts";
export { type LuspoBatch, type LuspoOptions, type LuspoResult, luspo, luspoLoss } from "./luspo.ts";
export { type MaskedImportanceSamplingOptions, maskedImportanceSampling } from "./masked-importance-sampling.ts";
export {
  type DgpoAdvantages,
  type DgpoOptions,
  type DgpoRows,
  dgaeAdvantage,
  dgpoAdvantage,
  dqwWeights,
  mathforgeDgpo,
} from "./mathforge-dgpo.ts";
export { type Aspect, checkAnswerKept, type MqrOptions, mqr, type Reformulate, reformulate } from "./mathforge-mqr.ts";
export { maxRl, maxRlAdvantages } from "./max-rl.ts";
export {
  applyKeep,
  type Kept,
  type NegativeSampleReinforcementOptions,
  negativeSampleReinforcement,
  type SampleWeightInput,
  type SampleWeightOptions,
  type SampleWeights,
  sampleWeights,
} from "./negative-sample-reinforcement.ts";
export {
  type Appeal,
  type NoisyVerifierOptions,
  noisyVerifierCorrection,
} from "./noisy-verifier-correction.ts";
export {
  type AppealCounts,
  appealRate,
  backwardReward,
  correctedVariance,
  type EstimatorDiagnostics,
  estimatorDiagnostics,
  forwardWeights,
  leaveOneOut,
  type NoiseRates,
  noisyTask,
} from "./noisy-verifier-estimators.ts";
export {
  type NudgeBatches,
  type NudgeLoss,
  type NudgeRlOptions,
  nudgeLoss,
  nudgeRl,
} from "./nudgerl.ts";
export {
  type InterIntraOptions,
  interIntraAdvantage,
  type NudgeGroup,
  type NudgePlanOptions,
  nudgePlan,
  warnOfEmptyRows,
} from "./nudgerl-groups.ts";
export { type OffPolicySequenceMaskOptions, offPolicySequenceMask } from "./off-policy-sequence-mask.ts";
export {
  type OneShotLoss,
  type OneShotLossOptions,
  type OneShotOptions,
  oneShotAdvantages,
  oneShotLoss,
  oneShotRlvr,
} from "./one-shot-rlvr.ts";
export {
  type AccuracyHistory,
  alignmentScore,
  type HistoricalVariance,
  historicalVariance,
  type PostSaturation,
  postSaturation,
  repeatToBatch,
} from "./one-shot-selection.ts";
export { type OpoRows, opo, opoAdvantages } from "./opo.ts";
export {
  type PacsInput,
  type PacsOptions,
  type PacsRowOptions,
  type PacsRows,
  pacs,
  pacsLosses,
  pacsProxy,
  pacsRows,
  pacsScore,
} from "./pacs.ts";
export { type PassAtKTrainingOptions, passAtKTraining, passAtKTrainingAdvantages } from "./pass-at-k-training.ts";
export { type Peer, peerDefaults } from "./peer-defaults.ts";
export { type PkpoOptions, pkpo, pkpoAdvantages } from "./pkpo.ts";
export { type PositiveNllOptions, positiveNll } from "./positive-nll.ts";
export { type PpoOptions, ppo, type TokenAdvantageInput, tokenAdvantages } from "./ppo.ts";
export { type PpoClipOptions, ppoClip } from "./ppo-clip.ts";
export { type ValueError, valueError } from "./ppo-value.ts";
export {
  type RealLabelled,
  type RealLabelOptions,
  type RealOptions,
  type RealParts,
  type RealRows,
  real,
  realLabels,
  realLoss,
} from "./real.ts";
export {
  forwardKlOf,
  influence,
  type LinearSample,
  shrinkage,
  winnerTakeAll,
} from "./reasoning-boundary-diagnostics.ts";
export {
  forwardKlFull,
  forwardKlToken,
  reasoningBoundarySelf,
  type SelfOptions,
  selfFilter,
} from "./reasoning-boundary-self.ts";
export { type RecapOptions, type ReplaySource, recap } from "./recap.ts";
export {
  combineLosses,
  type Histories,
  type RecapFigures,
  type RecapWeightOptions,
  recapFigures,
  recapWeights,
  recordLosses,
  replayBatch,
} from "./recap-weights.ts";
export { type ReinforceOptions, reinforce, reinforceAdvantages } from "./reinforce.ts";
export {
  type ReinforcePlusPlusOptions,
  reinforcePlusPlus,
  reinforcePlusPlusAdvantages,
} from "./reinforce-plus-plus.ts";
export { remax, remaxAdvantages } from "./remax.ts";
export {
  checkRlPlus,
  type RlPlusBatch,
  type RlPlusLossOptions,
  type RlPlusOptions,
  type RlPlusResult,
  rlPlus,
  rlPlusLoss,
} from "./rl-plus.ts";
export { type RlepOptions, rlep } from "./rlep.ts";
export { type RlooOptions, rloo, rlooAdvantages } from "./rloo.ts";
export {
  type CentredRewardOptions,
  centredRewards,
  type RoverOptions,
  type RoverTerms,
  rover,
  roverTerms,
} from "./rover.ts";
export { softmaxPolicy, uniformQ, type ValueAndBound, type ValueTree, valueAndBound } from "./rover-tree.ts";
export { type SampleAheadOptions, sampleAhead } from "./sample-ahead.ts";
export { samplerRatio } from "./sampler-ratio.ts";
export { type SapoOptions, sapo } from "./sapo.ts";
export { type ScrlOptions, type Subproblems, scrl } from "./scrl.ts";
export {
  type Block,
  type BlockParser,
  blockOfTokens,
  type ParsedBlocks,
  parseBlocks,
  parseSteps,
  separatedBlocks,
  stepAnswers,
} from "./scrl-blocks.ts";
export {
  mixedGroup,
  type ScrlAdvantageOptions,
  type ScrlRewards,
  type SubproblemScores,
  scrlAdvantages,
  scrlRewards,
  scrlTokenAdvantages,
} from "./scrl-credit.ts";
export {
  checkSsb,
  labelLogProbs,
  type SemanticSoftBootstrappingOptions,
  type SsbColumns,
  type SsbLoss,
  type SsbLossOptions,
  type SsbTensors,
  semanticSoftBootstrapping,
  ssbLoss,
  teacherDivergence,
} from "./semantic-soft-bootstrapping.ts";
export {
  type AlignedReply,
  alignReply,
  buildHintedPrompt,
  type ContextPair,
  type HintedTaskOptions,
  hintedTask,
  keepIfCorrect,
  selectContextPair,
} from "./semantic-soft-bootstrapping-data.ts";
export {
  type Nucleus,
  type NucleusOptions,
  nucleusEntropy,
  type SirenOptions,
  type SirenRegularizer,
  type SirenRegularizerOptions,
  type SirenTokens,
  siren,
  sirenRegularizer,
} from "./siren.ts";
export { type RaeBaselines, type RaeOptions, type RaeRows, rae, raeAdvantages } from "./spiral-rae.ts";
export {
  type SoftmaxUpdate,
  type SteerOptions,
  type SteerResult,
  type SteerWeights,
  softmaxEntropyChange,
  steer,
  steerLoss,
  steerWeights,
} from "./steer.ts";
export {
  type EntropyBonusOptions,
  type EntropyBonusTokens,
  forkingMask,
  percentileMask,
  type ScheduleCriterion,
  type ScheduledTokens,
  type ScheduleOptions,
  scheduledEntropyAdvantage,
  scheduleValue,
  type TemporalScheduleOptions,
  temporalSchedule,
} from "./temporal-schedule.ts";
export { type ScheduledPrefixOptions, scheduledPrefix } from "./temporal-schedule-prefix.ts";
export { highEntropy, type TopEntropyMaskOptions, topEntropyMask } from "./top-entropy-mask.ts";
export { type ToprOptions, topr } from "./topr.ts";
export {
  type TruncatedImportanceSamplingOptions,
  truncatedImportanceSampling,
} from "./truncated-importance-sampling.ts";
export { keptLogMass, type TruncatedSamplingOptions, truncatedSampling } from "./truncated-sampling.ts";
export {
  selfConfidence,
  type UcasOptions,
  type UcasRows,
  type UcasShaped,
  ucas,
  ucasAdvantages,
} from "./ucas.ts";
export { type VespoOptions, vespo } from "./vespo.ts";
export { type VimpoOptions, type VimpoSettings, vimpo } from "./vimpo.ts";
export {
  type VimpoActorInput,
  type VimpoTargetInput,
  vimpoActorAdvantage,
  vimpoTargets,
} from "./vimpo-advantage.ts";
export { flipGroups, type GroupFlipOptions, groupFlips } from "./vimpo-noise.ts";
export { exactTokenKl, type VimpoTerms, type VimpoValueLoss, vimpoValueLoss } from "./vimpo-value.ts";
export { type WeightedGroupOptions, weightedGroupAdvantage, weightedGrpo } from "./weighted-grpo-pairing.ts";
export {
  choosePair,
  type PairOptions,
  type ProbeSampler,
  type PromptPairOptions,
  type PromptPairs,
  probe,
  promptPair,
  type SuccessCounts,
  selectPair,
} from "./weighted-grpo-pairs.ts";
