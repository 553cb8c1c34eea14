/** What a policy thinks of given sequences: numbers for `src/analysis`, read through the engine. */
export { answerLogLikelihoods } from "./probe/answers.ts";
export { type CharacterClass, characterClass, type TokenClass, textClass } from "./probe/character-class.ts";
export { type Answer, type GradientGram, gradientAlignment } from "./probe/gradient-alignment.ts";
export { logitChange } from "./probe/logit-change.ts";
export { type Continuation, encodeSequences, type Sequences } from "./probe/sequences.ts";
export { type TokenProbe, type TokenProbeOptions, tokenProbe } from "./probe/token-probe.ts";
export { withTruncatedDelta } from "./probe/truncated-policy.ts";
