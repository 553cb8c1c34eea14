/** The mathematics verifier. */
export type { ExtractionOrder } from "./extract.ts";
export { checkGoldAnswers, goldProblem, type MathCase, type MathOptions, mathVerifier } from "./math-verifier.ts";
