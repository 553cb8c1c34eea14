/** What a policy thinks of given sequences, and what updates do to it: numbers for `src/analysis`, read through the engine. */
export { answerLogLikelihoods } from "./probe/answers.ts";
export { type CharacterClass, characterClass, type TokenClass, textClass } from "./probe/character-class.ts";
export {
  type CounterfactualChanges,
  type CounterfactualStep,
  mergeCounterfactuals,
  stepCounterfactuals,
} from "./probe/counterfactuals.ts";
export {
  type Answer,
  type GradientAlignmentOptions,
  type GradientGram,
  gradientAlignment,
} from "./probe/gradient-alignment.ts";
export {
  type HarmfulToken,
  type HarmfulTokens,
  type HarmfulTokensOptions,
  harmfulTokens,
} from "./probe/harmful-tokens.ts";
export { logitChange } from "./probe/logit-change.ts";
export type { ProbedProblem } from "./probe/probed-problems.ts";
export { type Continuation, encodeSequences, type Sequences } from "./probe/sequences.ts";
export { type StepEffects, type StepEffectsOptions, stepEffects } from "./probe/step-effects.ts";
export {
  type StepParts,
  type StepPartsOptions,
  type StepRule,
  stepParts,
  type WeightedStep,
} from "./probe/step-parts.ts";
export { type TokenProbe, type TokenProbeOptions, tokenProbe } from "./probe/token-probe.ts";
export { withTruncatedDelta } from "./probe/truncated-policy.ts";
export type { AnswerKind, LayerEffects, UpdateEffects } from "./probe/update-effects.ts";
