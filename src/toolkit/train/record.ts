/** What one training step leaves behind: figures under TRL's names where TRL has the quantity, times, proof, events. */
import { groupStatistics } from "../advantage.ts";
import type { Rewards } from "../reward.ts";
import type { Rollouts } from "../rollout.ts";

/** One completion that an event or a finding is about. */
export interface EventSample {
  /** Of the step's completions; -1 for a text that was made up to try the verifier. */
  readonly row: number;
  /** Problem's id. */
  readonly problem: string;
  readonly prompt: string;
  readonly completion: string;
  /** null: not scored. */
  readonly reward: number | null;
  /** What there is to see in it. */
  readonly note: string;
}

/** Something in a step that a person should know of. */
export interface StepEvent {
  readonly kind:
    | "preflight"
    | "no-gradient"
    | "unscored"
    | "all-cut-off"
    | "rollout"
    | "advantage"
    | "skipped"
    | "diverged"
    | "entropy-collapse"
    | "entropy-explosion"
    | "length-explosion"
    | "truncation"
    | "repetition"
    | "reward-follows-length"
    | "rewarded-unread"
    | "one-answer-for-all"
    | "verifier-slow"
    | "rule";
  readonly message: string;
  /** A few of the completions that it is about. */
  readonly samples?: readonly EventSample[];
}

/** A step's row, to be shown with an event. */
export function sampleOf(
  { rollouts, rewards }: { readonly rollouts: Rollouts; readonly rewards: Rewards },
  row: number,
  note: string,
): EventSample {
  const { id = "", prompt = "" } = rollouts.problems[rollouts.group[row] ?? -1] ?? {};
  const reward = rewards.values[row] ?? Number.NaN;
  return {
    ...{ row, problem: id, prompt, completion: rollouts.completions[row] ?? "", note },
    reward: Number.isFinite(reward) ? reward : null,
  };
}

/** The first completion of each of the first problems. */
export function firstSamples(
  of: { readonly rollouts: Rollouts; readonly rewards: Rewards },
  problems: number,
): EventSample[] {
  const firsts = new Map<number, number>();
  for (const [b, group] of of.rollouts.group.entries()) if (!firsts.has(group)) firsts.set(group, b);
  const rows = [...firsts.values()].slice(0, problems);
  return rows.map((b) => sampleOf(of, b, of.rewards.verdicts[b]?.reason ?? ""));
}

/** Wall-clock time of a step's parts, ms. */
export interface StepTiming {
  readonly rollout: number;
  readonly verify: number;
  /** Reference log-probs and advantages. */
  readonly score: number;
  /** Losses, gradients, optimizer. */
  readonly train: number;
}

/** Proof that the weights that sampled are the weights that learn. */
export interface StepIdentity {
  /** Of the weights that sampled this step's completions, in hex. */
  readonly fingerprint: string;
  /** Largest difference between a sampled token's log-prob as the sampler and as the learner has it, nats. */
  readonly maxLogProbDifference: number;
}

export interface StepRecord {
  /** From 0. */
  readonly step: number;
  /**
   * By name. `num_tokens` is TRL's: tokens processed since the start of the run, prompt and completion, the prompt
   * counted with each of its completions, padding with none; held-out evaluations do not count.
   */
  readonly metrics: Readonly<Record<string, number>>;
  readonly timing: StepTiming;
  readonly identity: StepIdentity;
  readonly events: readonly StepEvent[];
}

/**
 * Figures of a step's completions and rewards. Unscored rows count in no reward figure.
 *
 * `reward_std` is the mean over groups of the sample standard deviation; `frac_reward_zero_std` the share of groups
 * whose scored rewards are all equal, which therefore teach nothing.
 */
export function rolloutMetrics(
  rollouts: Pick<Rollouts, "group" | "completionLengths" | "finish" | "tokensPerSecond" | "foreign">,
  rewards: Rewards,
): Record<string, number> {
  const asked = verifiedRows(rollouts, rewards);
  const groups = [...groupStatistics(rewards.values, rollouts.group).values()];
  const scored = rewards.values.filter((value) => !Number.isNaN(value));
  const deviations = groups.map(({ squares, count }) => (count > 1 ? Math.sqrt(squares / (count - 1)) : 0));
  const lengths = rollouts.completionLengths.filter((_, b) => asked.has(b));
  const finish = rollouts.finish.filter((_, b) => asked.has(b));
  const verdicts = rewards.verdicts.filter((_, b) => asked.has(b));
  return {
    reward: mean(scored),
    reward_std: mean(deviations),
    frac_reward_zero_std: mean(groups.map(({ min, max }) => (min === max ? 1 : 0))),
    "completions/mean_length": mean(lengths),
    "completions/min_length": lengths.reduce((low, length) => Math.min(low, length), Infinity),
    "completions/max_length": lengths.reduce((high, length) => Math.max(high, length), 0),
    "completions/clipped_ratio": share(finish, (reason) => reason === "length"),
    unparsed_ratio: share(verdicts, ({ status }) => status === "unparsed"),
    unscored_ratio: share(verdicts, ({ score }) => score === null),
    tokens_per_second: rollouts.tokensPerSecond,
  };
}

/**
 * Rows that figures are of: all but those that others wrote and nobody verified, such as a copy after another prompt.
 */
export function verifiedRows({ foreign }: Pick<Rollouts, "foreign">, { values }: Rewards): ReadonlySet<number> {
  return new Set([...values.keys()].filter((b) => foreign?.[b] !== 1 || !Number.isNaN(values[b])));
}

/** Completions shown with an event. */
const SHOWN = 3;

/** What events are told of. */
export interface SeenStep {
  readonly rollouts: Rollouts;
  readonly rewards: Rewards;
  /** Every advantage is 0, or there is none, and the objective reads them. */
  readonly noAdvantage: boolean;
}

/** Events that a step's figures call for, each with some of the completions that it is about. */
export function stepEvents(metrics: Readonly<Record<string, number>>, of: SeenStep): StepEvent[] {
  const { rollouts, rewards } = of;
  const rows = [...verifiedRows(rollouts, rewards)];
  const shown = (picked: readonly number[]): Pick<StepEvent, "samples"> => {
    const samples = picked.slice(0, SHOWN).map((b) => sampleOf(of, b, rewards.verdicts[b]?.reason ?? ""));
    return samples.length === 0 ? {} : { samples };
  };
  const events: StepEvent[] = [];
  if (metrics.frac_reward_zero_std === 1 && of.noAdvantage) {
    const alone = new Set(rollouts.group).size === rollouts.rows;
    const message = alone
      ? "every prompt has one completion, which the method compares with others of its prompt: this step teaches nothing; raise samplesPerPrompt"
      : "in every group all rewards are equal: this step teaches nothing";
    events.push({ kind: "no-gradient", message, ...shown(rows) });
  }
  const unscored = rows.filter((b) => rewards.verdicts[b]?.score === null);
  if (unscored.length > 0) {
    const message = `the verifier failed on ${unscored.length} of ${rows.length} completions`;
    events.push({ kind: "unscored", message, ...shown(unscored) });
  }
  if (metrics["completions/clipped_ratio"] === 1) {
    const message = "every completion hit the token limit before it ended";
    events.push({ kind: "all-cut-off", message, ...shown(rows) });
  }
  return events;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return values.length === 0 ? Number.NaN : sum / values.length;
}

function share<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.length === 0 ? Number.NaN : items.filter(holds).length / items.length;
}
