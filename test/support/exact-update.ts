/** The exact update of a change of GRPO without division, on four answers of which two are right. */
import { grpo } from "../../src/algorithms/grpo.ts";
import { type AlgorithmChange, compose } from "../../src/toolkit/compose.ts";
import {
  answerProbabilities,
  exactGradient,
  expectedUpdate,
  type TabularProblem,
  tabularPolicy,
} from "../../src/toolkit/tabular.ts";

export interface ExactUpdate {
  /** Mean over a group's completions of advantage times gradient of log p, in expectation. */
  readonly update: Float64Array; // [symbols]
  /** Of the expected reward. */
  readonly gradient: Float64Array; // [symbols]
  /** Chance of a right answer. */
  readonly success: number;
}

export async function exactUpdate(
  change: AlgorithmChange,
  samplesPerPrompt: number,
  reward: (answer: number) => number = (answer) => (answer < 2 ? 1 : 0),
): Promise<ExactUpdate> {
  const problem: TabularProblem = {
    ...{ contexts: 1, symbols: 4 },
    reward: (_, [answer = 0]) => reward(answer),
    initial: () => [0.1, -1.6, 0.4, -0.3],
  };
  const policy = tabularPolicy(problem);
  const algorithm = compose(grpo({ scale: "none" }), change);
  const update = await expectedUpdate({ policy, algorithm, samplesPerPrompt });
  const [first = 0, second = 0] = answerProbabilities(policy, 0);
  return { update, gradient: exactGradient(policy), success: first + second };
}
