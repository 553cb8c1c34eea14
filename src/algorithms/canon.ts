/**
 * CANON: a group is split by a metric (entropy, length), and its own rewards say which half is better.
 * 2025, "Conditional Advantage Estimation for Reinforcement Learning in Large Reasoning Models", arXiv:2509.23962, and its
 * released code.
 *
 *     low half = the floor(G / 2) completions of least metric (stable), high half = the rest; M-, M+ their mean rewards
 *     inter = r - M- (high), r - M+ (low)
 *     intra = r - M+ (high), r - M- (low)
 *     A     = (mu inter + (1 - mu) intra) / normaliser, the same for every token
 *
 * alpha multiplies the reward terms of one half, in the inter part alone: on the high half alpha r - M- + b and
 * r - alpha M+ - b; on the low half r - alpha M- + b and alpha r - M+ - b. In the code it acts on the high half for lengths,
 * on the low one for entropies. mu = 0.5 and halves of equal size give r - mean r (Dr. GRPO). With alpha other than 1 a
 * group of equal rewards still prefers one half; with halves of unlike size, or such an alpha, advantages do not sum to 0.
 *
 * Seam: advantage. A group of one gets 0 (reconstruction: the code has both means 0 there, so A = r; "raw" does that). An
 * unscored row is left out of its group and gets 0. Equal metrics are split by their order in the batch, which means
 * nothing: `canon/tied_cut` is the share of groups cut through a tie. The normaliser is the longest completion where the
 * objective sums a completion's tokens and the code divides; the aggregation "constant" does that already.
 */
import { type AdvantageInput, type Advantages, spreadOverTokens, statistic } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { entropy } from "../toolkit/models.ts";
import { checkOptions, optionsObject, withDefaults } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type CanonSchedule, canonMu } from "./canon-schedule.ts";

export interface CanonAdvantageOptions {
  /** Weight of the inter part, from 0 to 1. Default 1: released script ("CANON-Inter"). */
  readonly mu?: number;
  /** From 0. Default 1: released script; the paper's efficiency run has 0.96. */
  readonly alpha?: number;
  /** Half whose reward terms alpha multiplies. Default "high". */
  readonly alphaOn?: "high" | "low";
  /** b. Default 0: released code. */
  readonly offset?: number;
  /** Above 0. Default 1: released code, but for sums over tokens. */
  readonly normaliser?: number;
  /** What a group of one gets. Default "zero": reconstruction; "raw" is the released code. */
  readonly singleton?: "zero" | "raw";
}

export interface CanonOptions extends Omit<CanonAdvantageOptions, "mu"> {
  /** A number, or a schedule. Default 1: released script. */
  readonly mu?: number | CanonSchedule;
  /**
   * What groups are split by. Default "entropy": the paper's main result. It is the mean over a completion's tokens, of
   * the policy that sampled; "length" counts tokens; "random" is the row's number, as a control.
   */
  readonly metric?: "entropy" | "length" | "random";
  /** Default: "low" for entropies, else "high", as in the released code. */
  readonly alphaOn?: "high" | "low";
}

type Settings = Required<CanonOptions>;

const SOURCES: ChoiceSources<keyof CanonOptions> = {
  metric: ["advantage", "arXiv:2509.23962"],
  mu: ["advantage", "arXiv:2509.23962, released script"],
  alpha: ["advantage", "arXiv:2509.23962, released script"],
  alphaOn: ["advantage", "arXiv:2509.23962, released code: by metric"],
  offset: ["advantage", "arXiv:2509.23962, released code"],
  normaliser: ["advantage", "arXiv:2509.23962, released code"],
  singleton: ["advantage", "reconstruction: nothing to compare with"],
};

const DEFAULTS: Required<CanonAdvantageOptions> = {
  mu: 1,
  alpha: 1,
  alphaOn: "high",
  offset: 0,
  normaliser: 1,
  singleton: "zero",
};

/**
 * The method, put in place of an algorithm's advantage: `compose(grpo({ aggregation: "constant" }), canon())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function canon(options: CanonOptions = {}): AlgorithmChange {
  const { metric = "entropy", mu = 1, ...rest } = optionsObject("canon", options);
  check({ ...rest, metric, ...(typeof mu === "number" && { mu }) });
  const alphaOn = metric === "entropy" ? "low" : "high";
  const settings: Settings = { ...withDefaults({ ...DEFAULTS, alphaOn }, rest), metric, mu };
  if (typeof mu !== "number") canonMu(0, mu, { batchAccuracy: 0 });
  return {
    name: "canon",
    replaces: { advantage: (input) => advantage(input, settings) },
    ...(metric === "entropy" && { statistics: { entropy } }),
    choices: choicesOf(SOURCES, { ...settings, mu: typeof mu === "number" ? mu : mu.kind }, options),
  };
}

function advantage(input: AdvantageInput, { metric, mu: schedule, ...settings }: Settings): Advantages {
  const { rollouts, step } = input;
  const rewards = input.rewards.values;
  const mu = typeof schedule === "number" ? schedule : canonMu(step, schedule, { batchAccuracy: meanOf(rewards) });
  const split = { rewards, metric: metricOf(input, metric), group: rollouts.group };
  const { advantages, groupStats } = canonAdvantage(split, { ...settings, mu });
  const alone = groupStats.filter((group) => group.rows === 1).length;
  const share = (of: (group: CanonGroup) => boolean): number => groupStats.filter(of).length / groupStats.length;
  return {
    perToken: spreadOverTokens(Float32Array.from(advantages), rollouts.width - 1),
    ...(alone > 0 && { events: [tellAlone(alone, groupStats.length, settings.singleton)] }),
    metrics: {
      "canon/mu": mu,
      "canon/gap_mean": meanOf(groupStats.map((group) => group.interGap)),
      "canon/tied_cut": share((group) => group.tiedCut),
      "canon/singletons": share((group) => group.rows === 1),
    },
  };
}

function tellAlone(alone: number, groups: number, singleton: Settings["singleton"]): string {
  const given = singleton === "zero" ? "gets 0" : "gets its reward";
  const what = `${alone} of ${groups} groups have one scored completion, which has no other half and ${given}`;
  return `canon: ${what}; raise samplesPerPrompt`;
}

/** Of the scored; 0 where there is none. */
function meanOf(values: ArrayLike<number>): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return sum / Math.max(count, 1);
}

function metricOf({ rollouts, statistics }: AdvantageInput, metric: Settings["metric"]): Float64Array {
  const { rows, mask } = rollouts;
  const tokens = rollouts.width - 1;
  const nats = metric === "entropy" ? statistic("canon", statistics, "entropy") : undefined;
  return Float64Array.from({ length: rows }, (_, b) => {
    if (metric === "random") return b;
    let [length, sum] = [0, 0];
    for (let i = b * tokens; i < (b + 1) * tokens; i++) {
      if (mask[i] === 0) continue;
      length++;
      sum += nats?.[i] ?? 0;
    }
    return metric === "length" ? length : sum / Math.max(length, 1);
  });
}

export interface CanonRows {
  /** NaN: not scored. */
  readonly rewards: ArrayLike<number>; // [B]
  readonly metric: ArrayLike<number>; // [B]
  /** Index of each row's group. */
  readonly group: ArrayLike<number>; // [B]
}

export interface CanonGroup {
  readonly group: number;
  /** Scored ones. */
  readonly rows: number;
  /** M-; NaN where the half is empty, as in a group of one. */
  readonly meanLow: number;
  /** M+. */
  readonly meanHigh: number;
  /** M+ - M-: above 0 where the high half is better. */
  readonly interGap: number;
  /** The halves meet at equal metrics. */
  readonly tiedCut: boolean;
}

export interface CanonAdvantages {
  readonly advantages: Float64Array; // [B]
  /** Of the high half; false for an unscored row. */
  readonly isHigh: readonly boolean[]; // [B]
  /** In the order in which groups first come. */
  readonly groupStats: readonly CanonGroup[];
}

/**
 * Advantages of rows, with what the halves are.
 *
 * @throws UsageError for an option out of range, a metric that is not finite, or columns of unlike length
 */
export function canonAdvantage(rows: CanonRows, options: CanonAdvantageOptions = {}): CanonAdvantages {
  check(options);
  const settings = withDefaults(DEFAULTS, options);
  const { rewards, metric } = rows;
  const advantages = new Float64Array(rewards.length);
  const isHigh = Array.from(advantages, () => false);
  const groupStats: CanonGroup[] = [];
  for (const [group, members] of membersOf(rows)) {
    members.sort((i, j) => (metric[i] ?? 0) - (metric[j] ?? 0) || i - j);
    const cut = Math.floor(members.length / 2);
    const [low, high] = [members.slice(0, cut), members.slice(cut)];
    const [meanLow, meanHigh] = [low, high].map(
      (half) => half.reduce((sum, b) => sum + (rewards[b] ?? 0), 0) / half.length,
    );
    const means = { low: meanLow ?? Number.NaN, high: meanHigh ?? Number.NaN };
    const tiedCut = cut > 0 && metric[members[cut - 1] ?? -1] === metric[members[cut] ?? -1];
    groupStats.push({
      ...{ group, rows: members.length, meanLow: means.low, meanHigh: means.high },
      ...{ interGap: means.high - means.low, tiedCut },
    });
    for (const b of high) isHigh[b] = true;
    if (members.length === 1 && settings.singleton === "zero") continue;
    const used = members.length === 1 ? { low: 0, high: 0 } : means;
    for (const b of members) advantages[b] = mixed(rewards[b] ?? 0, isHigh[b] === true, { ...settings, used });
  }
  return { advantages, isHigh, groupStats };
}

interface Halves extends Required<CanonAdvantageOptions> {
  readonly used: { readonly low: number; readonly high: number };
}

function mixed(reward: number, high: boolean, { mu, alpha, alphaOn, offset, normaliser, used }: Halves): number {
  const [ofHigh, ofLow] = alphaOn === "high" ? [alpha, 1] : [1, alpha]; // factors of each half's rewards
  const inter = high ? ofHigh * reward - ofLow * used.low + offset : ofLow * reward - ofHigh * used.high - offset;
  const intra = reward - (high ? used.high : used.low);
  return (mu * inter + (1 - mu) * intra) / normaliser;
}

/** Scored rows of each group. */
function membersOf({ rewards, metric, group }: CanonRows): Map<number, number[]> {
  if (metric.length !== rewards.length || group.length !== rewards.length) {
    const given = `${rewards.length} rewards, ${metric.length} metrics and ${group.length} group ids`;
    refuse("canon", `there are ${given}`, "pass one of each per row");
  }
  const members = new Map<number, number[]>();
  for (let b = 0; b < rewards.length; b++) {
    const [reward = Number.NaN, value, id = -1] = [rewards[b], metric[b], group[b]];
    if (!Number.isFinite(value)) refuse("canon", `row ${b} has metric ${value}`, "pass a finite number per row");
    if (Number.isNaN(reward)) continue;
    if (!Number.isFinite(reward)) refuse("canon", `row ${b} has reward ${reward}`, "pass a finite number, or NaN");
    const list = members.get(id);
    if (list) list.push(b);
    else members.set(id, [b]);
  }
  return members;
}

function check(options: CanonAdvantageOptions & Pick<CanonOptions, "metric">): void {
  checkOptions("canon", options, {
    metric: { kind: "either", values: ["entropy", "length", "random"] },
    mu: { kind: "number", min: 0, max: 1 },
    alpha: { kind: "number", min: 0 },
    alphaOn: { kind: "either", values: ["high", "low"] },
    offset: { kind: "number" },
    normaliser: { kind: "number", above: 0 },
    singleton: { kind: "either", values: ["zero", "raw"] },
  });
}
