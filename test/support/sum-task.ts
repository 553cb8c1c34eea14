/**
 * A tabular problem with several right answers, on which methods against entropy collapse are told apart: three symbols out
 * of six, right where their sum modulo 6 is the number of the context.
 */
import type { Algorithm } from "../../src/toolkit/algorithm.ts";
import {
  answerProbabilities,
  expectedReward,
  type TabularPolicy,
  type TabularProblem,
  trainTabular,
} from "../../src/toolkit/tabular.ts";

const problem: TabularProblem = {
  ...{ contexts: 3, symbols: 6, length: 3 },
  reward: (context, answer) => (answer.reduce((a, b) => a + b, 0) % 6 === context ? 1 : 0),
};

/** Logits near 0, no two rows alike: entropies that all tie have no peaks. */
const uneven: NonNullable<TabularProblem["initial"]> = (context, prefix) =>
  Array.from(
    { length: 6 },
    (_, s) => 0.3 * Math.sin(7 * context + 3 * s + 5 * (prefix[0] ?? 9) + 11 * (prefix[1] ?? 9)),
  );

export interface SumFigures {
  /** Entropy per token, nats, after 40 steps and at the end. */
  readonly entropyAt40: number;
  readonly entropy: number;
  /** Right answers of a probability above 0.5 %, mean over contexts. */
  readonly distinct: number;
  readonly success: number;
  /** Largest change of the entropy in a step. */
  readonly jump: number;
}

export interface SumOptions {
  readonly seeds?: readonly number[];
  readonly steps?: number;
  readonly initial?: "uniform" | "uneven";
}

/** Means over seeds of runs with 16 samples and 3 updates a step, learning rate 4. */
export async function sumFigures(
  algorithm: Algorithm,
  { seeds = [1, 2], steps = 120, initial = "uniform" }: SumOptions = {},
): Promise<SumFigures> {
  const all = await Promise.all(
    seeds.map(async (seed) => {
      const start = initial === "uneven" ? { ...problem, initial: uneven } : problem;
      const options = {
        problem: start,
        algorithm,
        steps,
        seed,
        samplesPerPrompt: 16,
        innerEpochs: 3,
        learningRate: 12,
      };
      const { policy, steps: records } = await trainTabular(options);
      const entropies = records.map(({ entropy }) => (entropy ?? Number.NaN) / 3);
      const jumps = entropies.map((x, i) => Math.abs(x - (i === 0 ? Math.log(6) : (entropies[i - 1] ?? x))));
      const [entropyAt40, entropy] = [entropies[39] ?? Number.NaN, entropies.at(-1) ?? Number.NaN];
      return {
        ...{ entropyAt40, entropy, distinct: distinct(policy) },
        ...{ success: expectedReward(policy), jump: Math.max(...jumps) },
      };
    }),
  );
  const mean = (name: keyof SumFigures): number => all.reduce((sum, run) => sum + run[name], 0) / all.length;
  return {
    entropyAt40: mean("entropyAt40"),
    entropy: mean("entropy"),
    distinct: mean("distinct"),
    success: mean("success"),
    jump: mean("jump"),
  };
}

function distinct(policy: TabularPolicy): number {
  const counts = [0, 1, 2].map((context) => {
    const likely = answerProbabilities(policy, context);
    return policy.layout.answers.filter(
      ({ symbols }, i) => problem.reward(context, symbols) === 1 && (likely[i] ?? 0) > 0.005,
    ).length;
  });
  return counts.reduce((a, b) => a + b, 0) / counts.length;
}
