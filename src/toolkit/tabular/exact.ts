/** What a tabular policy does, exactly: sums over all answers instead of samples. */
import { refuse } from "../refuse.ts";
import { logProbTable, rowStart, type TabularPolicy } from "./policy.ts";

type OfAnswer = (context: number, answer: readonly number[]) => number;

/** Probability of every answer in a context. @returns [answers], in the order of `layout.answers` */
export function answerProbabilities(policy: TabularPolicy, context: number): Float64Array {
  return probabilities(policy, logProbTable(policy), context);
}

function probabilities({ layout }: TabularPolicy, table: Float64Array, context: number): Float64Array {
  return Float64Array.from(layout.answers, ({ symbols, states }) =>
    Math.exp(symbols.reduce((sum, s, j) => sum + (table[rowStart(layout, context, states[j] ?? 0) + s] ?? 0), 0)),
  );
}

/** Mean over contexts of a sum over answers. */
function meanOver(policy: TabularPolicy, of: (p: Float64Array, context: number) => number): number {
  const table = logProbTable(policy);
  const { contexts } = policy.layout.problem;
  let sum = 0;
  for (let context = 0; context < contexts; context++) sum += of(probabilities(policy, table, context), context);
  return sum / contexts;
}

/** J: mean over contexts of the expected value of an answer. @param value default: the problem's reward */
export function expectedReward(policy: TabularPolicy, value: OfAnswer = policy.layout.problem.reward): number {
  const { answers } = policy.layout;
  return meanOver(policy, (p, context) =>
    answers.reduce((sum, { symbols }, i) => sum + (p[i] ?? 0) * value(context, symbols), 0),
  );
}

/**
 * Chance that k independent answers hold a right one, mean over contexts: 1 - (1 - p)^k.
 *
 * @param correct default: the reward is above 0
 */
export function exactPassAtK(
  policy: TabularPolicy,
  k: number,
  correct?: (context: number, answer: readonly number[]) => boolean,
): number {
  if (!Number.isInteger(k) || k < 1) refuse("exactPassAtK", `k is ${k}`, "pass a whole number from 1");
  const { answers, problem } = policy.layout;
  const right = correct ?? ((context: number, answer: readonly number[]) => problem.reward(context, answer) > 0);
  return meanOver(policy, (p, context) => {
    const chance = answers.reduce((sum, { symbols }, i) => sum + (right(context, symbols) ? (p[i] ?? 0) : 0), 0);
    return 1 - Math.max(0, 1 - chance) ** k;
  });
}

/** Entropy of the distribution over answers, nats, mean over contexts. */
export function exactEntropy(policy: TabularPolicy): number {
  return meanOver(policy, (p) => p.reduce((sum, x) => sum - (x > 0 ? x * Math.log(x) : 0), 0));
}

/**
 * Entropy over what answers say, nats, mean over contexts: symbols for which `saying` gives the same text count as one answer.
 * The entropy over symbols less this is that of the ways to say it.
 */
export function exactAnswerEntropy(
  policy: TabularPolicy,
  saying: (context: number, answer: readonly number[]) => string,
): number {
  return meanOver(policy, (p, context) => {
    const masses = new Map<string, number>();
    for (const [i, { symbols }] of policy.layout.answers.entries()) {
      const said = saying(context, symbols);
      masses.set(said, (masses.get(said) ?? 0) + (p[i] ?? 0));
    }
    return [...masses.values()].reduce((sum, x) => sum - (x > 0 ? x * Math.log(x) : 0), 0);
  });
}

/**
 * Mean over contexts of Σ_answers p(answer) value(answer) ∇ log p(answer): the gradient of J where the value is the reward.
 *
 * @returns [contexts, states, symbols]
 */
export function exactGradient(policy: TabularPolicy, value: OfAnswer = policy.layout.problem.reward): Float64Array {
  const { layout } = policy;
  const { answers, symbols: count } = layout;
  const table = logProbTable(policy);
  const gradient = new Float64Array(table.length);
  const { contexts } = layout.problem;
  for (let context = 0; context < contexts; context++) {
    const p = probabilities(policy, table, context);
    for (const [i, { symbols, states }] of answers.entries()) {
      const weight = ((p[i] ?? 0) * value(context, symbols)) / contexts;
      for (const [j, symbol] of symbols.entries()) {
        const start = rowStart(layout, context, states[j] ?? 0);
        addScore(gradient, { start, symbol, logProbs: table.subarray(start, start + count) }, weight);
      }
    }
  }
  return gradient;
}

/**
 * Adds weight x the gradient of the symbol's log-prob by its row of logits: 1 at the symbol, less every probability.
 *
 * @param start where the row begins in `gradient`
 */
export function addScore(
  gradient: Float64Array,
  { start, symbol, logProbs }: { readonly start: number; readonly symbol: number; readonly logProbs: Float64Array },
  weight: number,
): void {
  if (weight === 0) return;
  for (let s = 0; s < logProbs.length; s++) {
    gradient[start + s] = (gradient[start + s] ?? 0) - weight * Math.exp(logProbs[s] ?? 0);
  }
  gradient[start + symbol] = (gradient[start + symbol] ?? 0) + weight;
}
