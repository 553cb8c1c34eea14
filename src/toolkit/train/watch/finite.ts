/** Where a NaN or an infinity came from: the first tensor, token and sample that have one. */
import type { Policy } from "../../policy/policy.ts";
import type { Rewards } from "../../reward.ts";
import type { Rollouts } from "../../rollout.ts";
import { excerpt } from "../../verify/excerpt.ts";
import { TrainingError } from "../identity.ts";

/** The first weight with an entry that is not finite; where all are finite, the largest. */
export async function describeWeights(policy: Pick<Policy, "parameters">): Promise<string> {
  let largest = { name: "", size: 0 };
  for (const [name, { data }] of Object.entries(await policy.parameters.read())) {
    const bad = firstBad(data);
    if (bad >= 0) return `entry ${bad} of the weight ${name} is ${data[bad]}`;
    let size = 0;
    for (const value of data) size = Math.max(size, Math.abs(value));
    if (size > largest.size) largest = { name, size };
  }
  return `all weights are finite, the largest is ${Number(largest.size.toPrecision(3))} in ${largest.name}`;
}

/** What the generating worker says of a log-prob that is not finite; errors come from there by their message alone. */
const UNUSABLE = /^generate: row \d+: the log-prob/;

/** Sampling with its failure named: @throws TrainingError with the first weight where log-probs are not finite */
export async function namingWeights<T>(
  step: number,
  policy: Pick<Policy, "parameters">,
  sample: () => Promise<T>,
): Promise<T> {
  try {
    return await sample();
  } catch (error) {
    if (!(error instanceof Error) || !UNUSABLE.test(error.message)) throw error;
    const message = `${error.message} ${capitalized(await describeWeights(policy))}. Lower learningRate.`;
    throw new TrainingError(step, message, { cause: error });
  }
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function firstBad(values: ArrayLike<number>): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** A number per token of a step's rows, by name. */
export interface TokenColumns {
  readonly rollouts: Rollouts;
  /** [B, T] each. */
  readonly columns: Readonly<Record<string, ArrayLike<number> | undefined>>;
  /** Tokens that count. Default: the rollouts' mask. */
  readonly mask?: ArrayLike<number> | undefined;
  /** Rows left out, such as those whose author's log-probs are unknown. */
  readonly without?: (row: number) => boolean;
}

/** The first token with a number that is not finite, in words; undefined where all are finite. */
export function describeToken(policy: Pick<Policy, "tokenizer">, of: TokenColumns): string | undefined {
  const { rollouts, columns, mask = rollouts.mask, without } = of;
  const width = rollouts.width - 1;
  const given = Object.entries(columns).flatMap(([name, column]) => (column === undefined ? [] : [{ name, column }]));
  for (let b = 0; b < rollouts.rows; b++) {
    if (without?.(b)) continue;
    for (let i = b * width; i < (b + 1) * width; i++) {
      if (mask[i] !== 1) continue;
      const bad = given.find(({ column }) => !Number.isFinite(column[i]));
      if (bad === undefined) continue;
      const t = i - b * width + 1;
      const token = excerpt(policy.tokenizer.decode([rollouts.ids[b * rollouts.width + t] ?? 0]));
      return `${bad.name} is ${bad.column[i]} at token ${t} (${token}) of ${describeRow(rollouts, b)}`;
    }
  }
  return undefined;
}

/** A row by number, problem and text. */
export function describeRow(rollouts: Rollouts, b: number): string {
  const problem = rollouts.problems[rollouts.group[b] ?? -1];
  return `row ${b}, ${excerpt(rollouts.completions[b] ?? "")} for problem ${problem?.id ?? "unknown"}`;
}

/**
 * Stops before a number that is not finite reaches the loss.
 *
 * @throws TrainingError naming the first reward, or the first token whose log-prob is not finite, and the first such weight
 */
export async function checkSampled(
  step: number,
  policy: Pick<Policy, "tokenizer" | "parameters">,
  { rollouts, rewards }: { readonly rollouts: Rollouts; readonly rewards: Rewards },
): Promise<void> {
  const { policyLogProbs, sampleLogProbs } = rollouts;
  const token = describeToken(policy, {
    rollouts,
    columns: { "the policy's log-prob": policyLogProbs, "the sampler's log-prob": sampleLogProbs },
    without: (row) => rollouts.foreign?.[row] === 1,
  });
  if (token !== undefined) {
    const weights = await describeWeights(policy);
    throw new TrainingError(step, `${token}; ${weights}. Lower learningRate, and go on from an earlier checkpoint.`);
  }
  const bad = rewards.values.findIndex((value) => Math.abs(value) === Number.POSITIVE_INFINITY);
  if (bad < 0) return;
  const row = describeRow(rollouts, bad);
  throw new TrainingError(
    step,
    `the reward is ${rewards.values[bad]} for ${row}; bound it, or give NaN for not scored.`,
  );
}
