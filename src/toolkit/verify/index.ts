/** Verifiers: the contract, strict reading of answers, exact arithmetic, mathematics. */
export { boxedAnswer, finalAnswer, type Reading, readNatural } from "./answer.ts";
export {
  type AsyncVerifier,
  type AsyncVerifierDefinition,
  type BatchOptions,
  defineAsyncVerifier,
  type VerifierItem,
  verifyBatch,
} from "./async-verifier.ts";
export { compareVerifiers, type Disagreement, type VerifierComparison } from "./disagreement.ts";
export {
  type Expression,
  evaluateExpression,
  formatExpression,
  type Operator,
  type ParsedExpression,
  parseExpression,
} from "./expression.ts";
export * from "./math/index.ts";
export { mathVerifierPool, type PoolDefinition, type PoolOptions, VerifierPool, verifierPool } from "./pool.ts";
export type { Rational } from "./rational.ts";
export {
  asTrl,
  asVerl,
  type ChatMessage,
  fromTrl,
  fromVerl,
  type RewardRange,
  type TrlCase,
  type TrlInput,
  type TrlReward,
  type VerlCase,
  type VerlReward,
  type VerlScore,
} from "./reward-functions.ts";
export {
  defineVerifier,
  type Judgement,
  judge,
  type Verdict,
  type VerdictStatus,
  type Verifier,
  type VerifierDefinition,
  type VerifierIdentity,
  type VerifierKind,
} from "./verifier.ts";
