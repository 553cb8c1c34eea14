/** A test bed without a network: softmax policies over few answers, whose expectations are sums and not samples. */
export { type TabularEffectsOptions, tabularEffects } from "./tabular/effects.ts";
export {
  answerProbabilities,
  exactAnswerEntropy,
  exactEntropy,
  exactGradient,
  exactPassAtK,
  expectedReward,
} from "./tabular/exact.ts";
export { expectedUpdate, type SampledUpdate, sampledUpdate, type UpdateOptions } from "./tabular/expectation.ts";
export { type TabularPolicy, tabularPolicy } from "./tabular/policy.ts";
export type { TabularProblem } from "./tabular/problem.ts";
export { type TabularRun, type TrainTabularOptions, trainTabular } from "./tabular/train.ts";
export {
  stateVisits,
  type TabularSnapshot,
  type TabularUpdate,
  type TabularUpdateParts,
  tabularSnapshot,
  tabularUpdateParts,
} from "./tabular/update-parts.ts";
