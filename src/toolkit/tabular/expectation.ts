/** The update that an algorithm makes on average: over every group that could be sampled, and over groups that were. */
import type { Algorithm } from "../algorithm.ts";
import { refuse } from "../refuse.ts";
import type { Rollouts } from "../rollout.ts";
import { type OpenTabular, openTabular } from "./collect.ts";
import { answerProbabilities } from "./exact.ts";
import { objectiveGradient } from "./gradient.ts";
import { answerColumns, type TabularPolicy } from "./policy.ts";
import { problemOf } from "./task.ts";

export interface UpdateOptions {
  readonly policy: TabularPolicy;
  /** A seam with memory starts anew for every group. */
  readonly algorithm: Algorithm;
  /** Default 0. */
  readonly context?: number;
  /** Answers in a group. */
  readonly samplesPerPrompt: number;
  /** What the reference's log-probs are of. Default: the policy itself. */
  readonly reference?: TabularPolicy;
}

const MAX_GROUPS = 20_000;

/**
 * Expectation of the update (against the loss's gradient) that one group of one context gives, over all groups: those
 * with the same answers in another order are counted once, with their number. Curriculum and rollout are not asked.
 *
 * @returns [contexts, states, symbols]
 * @throws UsageError where there are more than 20,000 groups
 */
export async function expectedUpdate(options: UpdateOptions): Promise<Float64Array> {
  const { policy, samplesPerPrompt, context = 0 } = options;
  if (!Number.isInteger(samplesPerPrompt) || samplesPerPrompt < 1) {
    refuse("expectedUpdate", `samplesPerPrompt is ${samplesPerPrompt}`, "pass a whole number from 1");
  }
  const probabilities = answerProbabilities(policy, context);
  const count = choose(probabilities.length + samplesPerPrompt - 1, samplesPerPrompt);
  if (!(count <= MAX_GROUPS)) {
    refuse("expectedUpdate", `there are ${count} groups`, `stay within ${MAX_GROUPS}: fewer answers or samples`);
  }
  const sum = new Float64Array(policy.logits.length);
  for (const { answers, orders } of groups(probabilities.length, samplesPerPrompt)) {
    const chance = answers.reduce((product, i) => product * (probabilities[i] ?? 0), orders);
    if (chance > 0) add(sum, await updateOf(options, answers), chance);
  }
  return sum;
}

export interface SampledUpdate {
  readonly mean: Float64Array; // [contexts, states, symbols]
  /** Standard error of the mean. */
  readonly error: Float64Array; // [contexts, states, symbols]
}

/** The same from sampled groups. @param draws groups, at least 2 */
export async function sampledUpdate({
  draws,
  seed,
  ...options
}: UpdateOptions & { readonly draws: number; readonly seed: number }): Promise<SampledUpdate> {
  const { policy, algorithm, reference = policy, samplesPerPrompt, context = 0 } = options;
  if (!Number.isInteger(draws) || draws < 2) refuse("sampledUpdate", `draws is ${draws}`, "pass a whole number from 2");
  const fixed = { ...algorithm, curriculum: () => ({ problems: problemsOf(policy, context), samplesPerPrompt }) };
  const mean = new Float64Array(policy.logits.length);
  const squares = new Float64Array(policy.logits.length); // of differences from the mean, by Welford's method
  for (let n = 1; n <= draws; n++) {
    const seams = openTabular({ algorithm: fixed, steps: draws, seed, samplesPerPrompt }, policy, reference);
    const update = gradientOf(options, await seams.collect(n - 1));
    for (const [i, value] of update.entries()) {
      const before = mean[i] ?? 0;
      mean[i] = before + (value - before) / n;
      squares[i] = (squares[i] ?? 0) + (value - before) * (value - (mean[i] ?? 0));
    }
  }
  return { mean, error: squares.map((sum) => Math.sqrt(sum / (draws - 1) / draws)) };
}

async function updateOf(options: UpdateOptions, answers: readonly number[]): Promise<Float64Array> {
  const { policy, reference = policy, context = 0 } = options;
  const rows = answers.map((i) => ({ context, note: "", group: 0, symbols: policy.layout.answers[i]?.symbols ?? [] }));
  const rollouts: Rollouts = { ...answerColumns(policy, rows), problems: problemsOf(policy, context) };
  const seams = openTabular({ algorithm: options.algorithm, steps: 1 }, policy, reference);
  return gradientOf(options, await seams.score(rollouts, 0));
}

/** Against the loss's gradient; 0 where the algorithm skips the step. */
function gradientOf(
  { policy, algorithm }: UpdateOptions,
  { columns }: Awaited<ReturnType<OpenTabular["score"]>>,
): Float64Array {
  if (columns === undefined) return new Float64Array(policy.logits.length);
  const rows = Array.from({ length: columns.rollouts.rows }, (_, b) => b);
  return objectiveGradient(policy, algorithm.objective, columns, { rows, temperature: 1 }).gradient.map((x) => -x);
}

function problemsOf({ layout: { problem } }: TabularPolicy, context: number) {
  if (Number.isInteger(context) && context >= 0 && context < problem.contexts) return [problemOf(context)];
  return refuse("tabular", `context is ${context}`, `pass one from 0 to ${problem.contexts - 1}`);
}

/** Every multiset of `size` of the numbers below `kinds`, with how many orders it has. */
function* groups(
  kinds: number,
  size: number,
): Generator<{ readonly answers: readonly number[]; readonly orders: number }> {
  function* from(least: number, left: number, orders: number): Generator<{ answers: number[]; orders: number }> {
    if (left === 0) yield { answers: [], orders };
    else if (least < kinds) {
      for (let taken = 0; taken <= left; taken++) {
        for (const rest of from(least + 1, left - taken, orders * choose(left, taken))) {
          yield { answers: [...Array.from({ length: taken }, () => least), ...rest.answers], orders: rest.orders };
        }
      }
    }
  }
  yield* from(0, size, 1);
}

/** Ways to choose k of n, at least 0. */
function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
  return Math.round(ways);
}

function add(sum: Float64Array, values: Float64Array, weight: number): void {
  for (const [i, value] of values.entries()) sum[i] = (sum[i] ?? 0) + weight * value;
}
