/** Verifiers: the contract, strict reading of answers, exact arithmetic. */
export { boxedAnswer, finalAnswer, type Reading, readNatural } from "./answer.ts";
export {
  type Expression,
  evaluateExpression,
  formatExpression,
  type Operator,
  type ParsedExpression,
  parseExpression,
} from "./expression.ts";
export * from "./math/index.ts";
export type { Rational } from "./rational.ts";
export {
  defineVerifier,
  type Judgement,
  judge,
  type Verdict,
  type VerdictStatus,
  type Verifier,
  type VerifierDefinition,
  type VerifierIdentity,
} from "./verifier.ts";
