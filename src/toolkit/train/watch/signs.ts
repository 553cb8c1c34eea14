/** The signs that the watch looks for: a number of the step each, compared with the run's first and with a threshold. */
import { groupRows } from "../../group-rows.ts";
import { excerpt } from "../../verify/excerpt.ts";
import { type EventSample, type StepEvent, sampleOf, verifiedRows } from "../record.ts";
import type { WatchedStep, WatchThresholds } from "./watch.ts";

export interface Sign {
  readonly kind: StepEvent["kind"];
  /** The number looked at; undefined where the step has none. */
  readonly measure: (seen: WatchedStep) => Measured | undefined;
  /** What there is to tell, or undefined. @param first the number at the first step that had one */
  readonly tell: (of: {
    readonly now: number;
    readonly first: number;
    /** Those of all signs, by kind. */
    readonly firsts: Readonly<Record<string, number>>;
    readonly seen: WatchedStep;
    readonly thresholds: WatchThresholds;
  }) => string | undefined;
}

interface Measured {
  readonly value: number;
  readonly samples: () => EventSample[];
}

/** Samples attached to an event. */
const SHOWN = 3;

/** Lengths must have risen by this factor since the first step before their correlation with reward is told. Our choice. */
const LENGTH_MOVED = 1.25;

export const SIGNS: readonly Sign[] = [
  {
    kind: "entropy-collapse",
    measure: (seen) => metric(seen, "entropy", (b) => -meanLogProb(seen, b)),
    tell: ({ now, first, thresholds: { entropyFall } }) =>
      now < entropyFall * first
        ? `the entropy is ${short(now)}, below ${entropyFall} of the first step's ${short(first)}: the policy hardly explores; lower learningRate, or add an entropy bonus`
        : undefined,
  },
  {
    kind: "entropy-explosion",
    measure: (seen) => metric(seen, "entropy", (b) => meanLogProb(seen, b)),
    tell: ({ now, first, thresholds: { entropyRise } }) =>
      now > entropyRise * first
        ? `the entropy is ${short(now)}, above ${entropyRise} times the first step's ${short(first)}: the policy comes apart; lower learningRate`
        : undefined,
  },
  {
    kind: "length-explosion",
    measure: (seen) => metric(seen, "completions/mean_length", (b) => seen.rollouts.completionLengths[b] ?? 0),
    tell: ({ now, first, thresholds: { lengthRise } }) =>
      now > lengthRise * first
        ? `completions have ${short(now)} tokens on average, above ${lengthRise} times the first step's ${short(first)}`
        : undefined,
  },
  {
    kind: "truncation",
    measure: (seen) => metric(seen, "completions/clipped_ratio", (b) => (seen.rollouts.finish[b] === "length" ? 1 : 0)),
    tell: ({ now, thresholds: { cutOff } }) =>
      now >= cutOff ? `${short(100 * now)} % of the completions hit the token limit: raise maxTokens` : undefined,
  },
  {
    kind: "repetition",
    measure: repetition,
    tell: ({ now, first, thresholds: { repetitionRise } }) =>
      now > first + repetitionRise
        ? `rewarded completions repeat ${short(100 * now)} % of their 4-grams, ${short(100 * first)} % at the first step`
        : undefined,
  },
  {
    kind: "reward-follows-length",
    measure: lengthFollowed,
    tell: ({ now, firsts, seen, thresholds: { lengthCorrelation } }) =>
      now > lengthCorrelation && lengthMoved(seen, firsts["length-explosion"])
        ? `within groups reward and length correlate by ${short(now)}, and completions grow: longer ones earn more`
        : undefined,
  },
  {
    kind: "rewarded-unread",
    measure: rewardedUnread,
    tell: ({ now, thresholds: { rewardedUnread: limit } }) =>
      now >= limit
        ? `${short(100 * now)} % of the completions rewarded above the mean are wrong or unreadable to the verifier`
        : undefined,
  },
  {
    kind: "one-answer-for-all",
    measure: oneAnswer,
    tell: ({ now, thresholds: { oneAnswer: limit } }) =>
      now >= limit
        ? `${short(100 * now)} % of the rewarded completions are one text, whatever was asked: the reward is not for being right`
        : undefined,
  },
  {
    kind: "verifier-slow",
    measure: slowest,
    tell: ({ now, thresholds: { verdictMs } }) =>
      now > verdictMs ? `one verdict took ${Math.round(now)} ms; bound the work that verify does` : undefined,
  },
];

/** A metric of the step, and the rows that are highest by `rank`. */
function metric(seen: WatchedStep, name: string, rank: (b: number) => number): Measured | undefined {
  const value = seen.metrics[name];
  return value === undefined ? undefined : { value, samples: () => highest(seen, rows(seen), rank, "") };
}

function rows({ rollouts, rewards }: WatchedStep): number[] {
  return [...verifiedRows(rollouts, rewards)];
}

/** Scored rows whose reward is above the lowest of the step. */
function rewarded(seen: WatchedStep): number[] {
  const scored = rows(seen).filter((b) => Number.isFinite(seen.rewards.values[b]));
  const least = scored.reduce((low, b) => Math.min(low, seen.rewards.values[b] ?? low), Number.POSITIVE_INFINITY);
  return scored.filter((b) => (seen.rewards.values[b] ?? least) > Math.min(least, 0));
}

function highest(seen: WatchedStep, of: readonly number[], rank: (b: number) => number, note: string): EventSample[] {
  const ranked = of.map((b) => ({ b, height: rank(b) })).sort((x, y) => y.height - x.height || x.b - y.b);
  return ranked.slice(0, SHOWN).map(({ b }) => sampleOf(seen, b, note || (seen.rewards.verdicts[b]?.reason ?? "")));
}

/** The rows with the lowest rewards: where a person looks first. */
export function lowest(seen: WatchedStep): EventSample[] {
  const scored = rows(seen).filter((b) => Number.isFinite(seen.rewards.values[b]));
  return highest(seen, scored, (b) => -(seen.rewards.values[b] ?? 0), "");
}

function meanLogProb({ rollouts }: WatchedStep, b: number): number {
  const start = b * (rollouts.width - 1) + (rollouts.promptLengths[b] ?? 1) - 1;
  const length = rollouts.completionLengths[b] ?? 0;
  const values = rollouts.policyLogProbs.subarray(start, start + length);
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, length);
}

/** Mean over rewarded completions of 1 - distinct / all of their 4-grams of tokens. */
function repetition(seen: WatchedStep): Measured | undefined {
  const of = rewarded(seen);
  if (of.length === 0) return undefined;
  const shares = new Map(of.map((b) => [b, repeatedGrams(completionIds(seen, b))]));
  const value = of.reduce((sum, b) => sum + (shares.get(b) ?? 0), 0) / of.length;
  return { value, samples: () => highest(seen, of, (b) => shares.get(b) ?? 0, "repeats itself") };
}

function completionIds({ rollouts }: WatchedStep, b: number): Int32Array {
  const start = b * rollouts.width + (rollouts.promptLengths[b] ?? 0);
  return rollouts.ids.subarray(start, start + (rollouts.completionLengths[b] ?? 0));
}

const GRAM = 4;
/** Base of the number that stands for a 4-gram: exact in a double up to 2^13 token ids, and rarely ambiguous above. */
const BASE = 2 ** 13;

/** Share of a text's 4-grams that were there before. */
export function repeatedGrams(ids: ArrayLike<number>): number {
  const all = ids.length - GRAM + 1;
  if (all < 1) return 0;
  const seen = new Set<number>();
  for (let i = 0; i < all; i++) {
    let gram = 0;
    for (let k = 0; k < GRAM; k++) gram = gram * BASE + (ids[i + k] ?? 0);
    seen.add(gram);
  }
  return 1 - seen.size / all;
}

/** Correlation of reward and length, both as differences from their group's mean. */
function lengthFollowed(seen: WatchedStep): Measured | undefined {
  const { rollouts, rewards } = seen;
  const scored = rows(seen).filter((b) => Number.isFinite(rewards.values[b]));
  const [byReward, byLength] = [0, 0].map(() => new Float64Array(rollouts.rows));
  if (byReward === undefined || byLength === undefined) return undefined;
  for (const places of groupRows(scored.map((b) => rollouts.group[b] ?? -1))) {
    const members = places.map((place) => scored[place] ?? 0);
    const centre = (value: (b: number) => number): number =>
      members.reduce((sum, b) => sum + value(b), 0) / members.length;
    const [reward, length] = [centre((b) => rewards.values[b] ?? 0), centre((b) => rollouts.completionLengths[b] ?? 0)];
    for (const b of members) {
      byReward[b] = (rewards.values[b] ?? 0) - reward;
      byLength[b] = (rollouts.completionLengths[b] ?? 0) - length;
    }
  }
  const sum = (a: Float64Array, b: Float64Array): number =>
    a.reduce((total, value, i) => total + value * (b[i] ?? 0), 0);
  const spread = Math.sqrt(sum(byReward, byReward) * sum(byLength, byLength));
  if (spread === 0) return undefined;
  const longRewarded = (b: number): number => (byReward[b] ?? 0) * (byLength[b] ?? 0);
  const value = sum(byReward, byLength) / spread;
  const longer = scored.filter((b) => (byLength[b] ?? 0) > 0);
  return { value, samples: () => highest(seen, longer, longRewarded, "long and rewarded") };
}

function lengthMoved({ metrics }: WatchedStep, first = Number.NaN): boolean {
  return (metrics["completions/mean_length"] ?? 0) > LENGTH_MOVED * first;
}

/** Of the rows rewarded above the step's mean, the share that the verifier does not call right, even in part. */
function rewardedUnread(seen: WatchedStep): Measured | undefined {
  const { rewards } = seen;
  const scored = rows(seen).filter((b) => Number.isFinite(rewards.values[b]));
  const mean = scored.reduce((sum, b) => sum + (rewards.values[b] ?? 0), 0) / scored.length;
  const above = scored.filter((b) => (rewards.values[b] ?? 0) > mean);
  if (above.length === 0) return undefined;
  const unread = above.filter((b) => ["wrong", "unparsed"].includes(rewards.verdicts[b]?.status ?? ""));
  const value = unread.length / above.length;
  return { value, samples: () => highest(seen, unread, (b) => rewards.values[b] ?? 0, "") };
}

/** Problems that one text must be rewarded for before it counts: two may share an answer by chance. */
const SEVERAL = 3;

function oneAnswer(seen: WatchedStep): Measured | undefined {
  const { rollouts } = seen;
  const of = rewarded(seen);
  if (of.length === 0) return undefined;
  const byText = new Map<string, number[]>();
  for (const b of of) {
    const text = rollouts.completions[b] ?? "";
    byText.set(text, [...(byText.get(text) ?? []), b]);
  }
  const [text = "", same = []] = [...byText].reduce((a, b) => (b[1].length > a[1].length ? b : a));
  const answers = new Set(same.map((b) => rollouts.problems[rollouts.group[b] ?? -1]?.answer));
  const value = answers.size < SEVERAL ? 0 : same.length / of.length;
  return { value, samples: () => highest(seen, same, () => 0, `rewarded for ${excerpt(text)} as others are`) };
}

function slowest(seen: WatchedStep): Measured | undefined {
  const { verdicts } = seen.rewards;
  if (verdicts.length === 0) return undefined;
  const time = (b: number): number => verdicts[b]?.ms ?? 0;
  const all = [...verdicts.keys()];
  return { value: Math.max(...all.map(time)), samples: () => highest(seen, all, time, "slow to verify") };
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
