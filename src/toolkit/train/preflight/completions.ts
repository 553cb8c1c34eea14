/** What a few completions of the policy, with rewards and advantages, say of the run to come. */
import { groupStatistics } from "../../advantage.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import { type EventSample, sampleOf, verifiedRows } from "../record.ts";
import type { Rehearsed } from "../step.ts";
import { describeRow, describeToken } from "../watch/finite.ts";
import { type Finding, percent } from "./finding.ts";

/**
 * Share of completions cut off at the limit from which a run is refused: the least that the completions looked at allow
 * with 95 % confidence. Runs that trained on nothing unseen were at 0.97 to 0.99 (a default limit of 256 tokens, trl issue
 * 5759), which 64 completions tell from 0.8 and 16 completions, all of them cut off, as well.
 */
const MOST_CUT_OFF = 0.8;
/** Where this share of the completions cut off is rewarded, being cut off is no failure. Our choice. */
const OFTEN = 0.1;
/** From here on it is told. Our choice: half of the samples are paid for and cannot be right. */
const MANY_CUT_OFF = 0.5;
/** Share of groups without a gradient that is told. Our choice: three quarters of the samples are paid for in vain. */
const MANY_SILENT = 0.75;
/** Rewards of a group that differ by less than this share of their size differ by rounding: float32 keeps 6e-8. */
const ROUNDING = 1e-6;
/** Advantages that such a group may have at most, unseen. A group that differs has about 1. */
const LOUD = 0.1;

/** Figures of the completions, without those that others wrote and nobody verified. */
export function completionFigures({ rollouts, rewards, advantages }: Rehearsed): Record<string, number> {
  const rows = [...verifiedRows(rollouts, rewards)];
  const groups = [...groupStatistics(rewards.values, rollouts.group).values()];
  const scored = rewards.values.filter((value) => !Number.isNaN(value));
  const part = (holds: (b: number) => boolean): number => rows.filter(holds).length / rows.length;
  const variances = groups.map(({ squares, count }) => (count > 1 ? squares / (count - 1) : 0));
  return {
    completions: rows.length,
    "completions/clipped_ratio": part((b) => rollouts.finish[b] === "length"),
    "completions/eos_ratio": part((b) => rollouts.finish[b] !== "length"),
    "completions/mean_length": mean(rows.map((b) => rollouts.completionLengths[b] ?? 0)),
    reward: mean([...scored]),
    reward_min: Math.min(...scored),
    reward_max: Math.max(...scored),
    /** Unbiased, within groups: what a step's gradient is made of. */
    group_variance: mean(variances),
    frac_reward_zero_std: mean(groups.map(({ min, max }) => (min === max ? 1 : 0))),
    zero_gradient_groups: mean(silentGroups(rollouts.group, advantages.perToken, rollouts.rows)),
    unscored_ratio: part((b) => rewards.verdicts[b]?.score === null),
  };
}

/** For each group 1 where all of its advantages are 0, else 0. */
function silentGroups(group: Int32Array, perToken: Float32Array, rows: number): number[] {
  const width = rows === 0 ? 0 : perToken.length / rows;
  const silent = new Map<number, number>();
  for (let b = 0; b < rows; b++) {
    const loud = perToken.subarray(b * width, (b + 1) * width).some((value) => value !== 0);
    const id = group[b] ?? -1;
    silent.set(id, loud ? 0 : (silent.get(id) ?? 1));
  }
  return [...silent.values()];
}

export interface CompletionContext {
  readonly maxTokens: number;
  /** Longest prompt that the run is made for, BOS counted. */
  readonly maxPromptTokens: number;
  readonly samplesPerPrompt: number;
  readonly tokenizer: Tokenizer;
  /** Tokens of the longest worked answer, EOS counted. */
  readonly longestGold: number;
  /** The default reward: the verifier's score, from 0 to 1. */
  readonly verifierReward: boolean;
  /** The method draws problems or completions in its own way, and may do otherwise at later steps. */
  readonly ownDrawing: boolean;
}

/** What is wrong with the completions, but for the gradient that comes of them. */
export function completionFindings(of: Rehearsed, context: CompletionContext): Finding[] {
  return [
    ...notFinite(of, context),
    ...mixedUpGroups(of, context),
    ...tooLongPrompts(of, context),
    ...cutOff(of, context),
    ...unscored(of),
    ...rewardRange(of, context),
    ...roundingNoise(of),
    ...specialTokens(of, context),
  ];
}

function notFinite({ rollouts, rewards }: Rehearsed, { tokenizer }: CompletionContext): Finding[] {
  const problem = describeToken(
    { tokenizer },
    {
      rollouts,
      columns: { "the policy's log-prob": rollouts.policyLogProbs, "the sampler's log-prob": rollouts.sampleLogProbs },
      without: (row) => rollouts.foreign?.[row] === 1,
    },
  );
  if (problem !== undefined) {
    return [
      { check: "not-finite", level: "refusal", problem, remedy: "load an earlier checkpoint: this one diverged" },
    ];
  }
  const bad = rewards.values.findIndex((value) => Math.abs(value) === Number.POSITIVE_INFINITY);
  if (bad < 0) return [];
  const infinite = `the reward is ${rewards.values[bad]} for ${describeRow(rollouts, bad)}`;
  const remedy = "bound the reward, or give NaN for not scored";
  return [{ check: "not-finite", level: "refusal", problem: infinite, remedy }];
}

/** A row whose prompt is that of another group: its reward would be compared with the wrong ones. */
function mixedUpGroups({ rollouts, rewards }: Rehearsed, { tokenizer }: CompletionContext): Finding[] {
  const prompts = rollouts.problems.map(({ prompt }) => prompt);
  const groupOf = new Map(prompts.map((prompt, group) => [prompt, group]));
  const wrong: number[] = [];
  for (let b = 0; b < rollouts.rows; b++) {
    const start = b * rollouts.width;
    const prompt = tokenizer.decode(rollouts.ids.subarray(start, start + (rollouts.promptLengths[b] ?? 0)));
    const own = prompts[rollouts.group[b] ?? -1];
    if (own !== prompt && groupOf.has(prompt)) wrong.push(b);
  }
  const [first] = wrong;
  if (first === undefined) return [];
  const problem = `${wrong.length} of ${rollouts.rows} rows were sampled after the prompt of another group than the one they are counted in, row ${first} first`;
  const samples = wrong
    .slice(0, 3)
    .map((b) => sampleOf({ rollouts, rewards }, b, `counted in group ${rollouts.group[b]}`));
  const remedy = "mend the group column that the rollout function returns";
  return [{ check: "groups", level: "refusal", problem, remedy, samples }];
}

function tooLongPrompts({ rollouts, rewards }: Rehearsed, { maxPromptTokens }: CompletionContext): Finding[] {
  const longest = rollouts.promptLengths.reduce((most, length) => Math.max(most, length), 0);
  if (longest <= maxPromptTokens) return [];
  const b = rollouts.promptLengths.indexOf(longest);
  const problem = `a prompt has ${longest} tokens, the run is made for ${maxPromptTokens}`;
  const remedy = "raise the task's maxPromptTokens, or the algorithm's extraPromptTokens";
  const samples = [sampleOf({ rollouts, rewards }, b, `${longest} tokens`)];
  // What does not fit stops the run by itself; short completions may still fit.
  return [{ check: "context", level: "warning", problem, remedy, samples }];
}

function cutOff(of: Rehearsed, { maxTokens, longestGold }: CompletionContext): Finding[] {
  const { rollouts, rewards } = of;
  const rows = [...verifiedRows(rollouts, rewards)];
  const cut = rows.filter((b) => rollouts.finish[b] === "length");
  const share = cut.length / rows.length;
  if (rows.length === 0 || share < MANY_CUT_OFF) return [];
  const values = rows.flatMap((b) => (Number.isNaN(rewards.values[b]) ? [] : [rewards.values[b] ?? 0]));
  const rewarded = cut.filter((b) => (rewards.values[b] ?? 0) > Math.min(...values)).length >= OFTEN * cut.length;
  const samples = shown(of, cut, "cut off");
  const level = leastShare(cut.length, rows.length) >= MOST_CUT_OFF && !rewarded ? "refusal" : "warning";
  const counted = `${cut.length} of ${rows.length} completions`;
  if (maxTokens < longestGold) {
    const problem = `maxTokens ${maxTokens} cuts off ${counted} (${percent(share)}); a worked answer takes up to ${longestGold}`;
    return [{ check: "truncation", level, problem, remedy: `raise maxTokens to ${longestGold} or more`, samples }];
  }
  if (cut.length === rows.length) {
    const problem = `none of ${rows.length} completions ends with EOS within maxTokens ${maxTokens}, which holds every worked answer`;
    const remedy =
      "pretrain the policy on completions that end with EOS, or check the tokenizer's eosId; more maxTokens do not help a policy that never ends";
    return [{ check: "no-eos", level, problem, remedy, samples }];
  }
  const problem = `maxTokens ${maxTokens} cuts off ${counted} (${percent(share)})`;
  return [{ check: "truncation", level, problem, remedy: "raise maxTokens, or pretrain the policy longer", samples }];
}

/** Lower end of Wilson's one-sided interval of 95 % (Wilson 1927, JASA 22, 209). */
function leastShare(count: number, of: number): number {
  const [share, z] = [count / of, 1.645];
  const spread = z * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2));
  return (share + z ** 2 / (2 * of) - spread) / (1 + z ** 2 / of);
}

function unscored(of: Rehearsed): Finding[] {
  const rows = [...verifiedRows(of.rollouts, of.rewards)];
  const failed = rows.filter((b) => of.rewards.verdicts[b]?.score === null);
  if (failed.length === 0) return [];
  const reason = of.rewards.verdicts[failed[0] ?? -1]?.reason;
  return [
    {
      check: "verifier-failed",
      level: 2 * failed.length >= rows.length ? "refusal" : "warning",
      problem: `the verifier fails on ${failed.length} of ${rows.length} completions, the first time with: ${reason}`,
      remedy: "mend the task's verify: completions that it fails on teach nothing",
      samples: shown(of, failed, "not scored"),
    },
  ];
}

/** Scores of a verifier are from 0 to 1 by its contract; methods that read them as chances rely on it. */
function rewardRange(of: Rehearsed, { verifierReward }: CompletionContext): Finding[] {
  if (!verifierReward) return [];
  const outside = [...of.rewards.values.keys()].filter((b) => {
    const value = of.rewards.values[b] ?? Number.NaN;
    return value < 0 || value > 1;
  });
  const [first] = outside;
  if (first === undefined) return [];
  const problem = `the verifier's score of row ${first} is ${of.rewards.values[first]}, outside of 0 to 1`;
  const remedy = "scale verify's score to 0 ... 1, or give other rewards in the algorithm's reward seam";
  return [{ check: "reward-range", level: "warning", problem, remedy, samples: shown(of, outside, "out of range") }];
}

/** Groups whose rewards are equal but for rounding, which a division by their deviation blows up to advantages of ±1. */
function roundingNoise(of: Rehearsed): Finding[] {
  const { rollouts, rewards, advantages } = of;
  const width = rollouts.width - 1;
  const groups = groupStatistics(rewards.values, rollouts.group);
  const noisy = new Set<number>();
  for (const [id, { min, max }] of groups) {
    if (max > min && max - min <= ROUNDING * Math.max(Math.abs(min), Math.abs(max))) noisy.add(id);
  }
  const loud = [...rewards.values.keys()].filter(
    (b) =>
      noisy.has(rollouts.group[b] ?? -1) &&
      advantages.perToken.subarray(b * width, (b + 1) * width).some((value) => Math.abs(value) > LOUD),
  );
  const [first] = loud;
  if (first === undefined) return [];
  const { min = 0, max = 0 } = groups.get(rollouts.group[first] ?? -1) ?? {};
  const hit = new Set(loud.map((b) => rollouts.group[b])).size;
  const problem = `in ${hit} of ${groups.size} groups rewards differ by rounding alone (${min} and ${max}), and the advantage makes ±1 of it`;
  const level = 2 * hit >= groups.size ? "refusal" : "warning";
  return [{ check: "reward-noise", level, problem, remedy: "round the rewards", samples: shown(of, loud, "rounding") }];
}

/** Completions with special tokens inside: the verifier reads a text that lacks them. */
function specialTokens(of: Rehearsed, { tokenizer }: CompletionContext): Finding[] {
  const { rollouts } = of;
  const special = [...verifiedRows(rollouts, of.rewards)].filter((b) => {
    const start = b * rollouts.width + (rollouts.promptLengths[b] ?? 0);
    const ids = rollouts.ids.subarray(start, start + (rollouts.completionLengths[b] ?? 0));
    return ids.subarray(0, -1).some((id) => id === tokenizer.padId || id === tokenizer.bosId);
  });
  if (special.length === 0) return [];
  const problem = `${special.length} of ${rollouts.rows} completions hold <pad> or <bos>, which the verifier does not see`;
  const remedy = "pretrain the policy longer: one that knows its format does not sample them";
  return [
    { check: "tokenizer", level: "warning", problem, remedy, samples: shown(of, special, "holds special tokens") },
  ];
}

/**
 * Nothing to learn from, with the reason why.
 *
 * @param loss whether it has a gradient all the same, and how many completions were drawn in vain
 */
export function gradientFindings(
  of: Rehearsed,
  context: CompletionContext,
  { gradient, drawn }: { readonly gradient: boolean; readonly drawn: number },
): Finding[] {
  const figures = completionFigures(of);
  const { zero_gradient_groups: silent = 0 } = figures;
  const groups = groupStatistics(of.rewards.values, of.rollouts.group).size;
  if (silent < MANY_SILENT || groups === 0) return [];
  const samples = shown(of, [...verifiedRows(of.rollouts, of.rewards)], "");
  if (silent < 1) {
    const problem = `in ${percent(silent)} of ${groups} groups all advantages are 0: they teach nothing`;
    const remedy = "choose a level at which the policy is right now and then, or raise samplesPerPrompt";
    return [{ check: "few-gradients", level: "warning", problem, remedy, samples }];
  }
  const [why, remedy] = reasonOfSilence(of, { ...figures, completions: drawn }, context);
  const problem = `in all of ${groups} groups every advantage is 0, so the gradient would be 0: ${why}`;
  const level = gradient || context.ownDrawing ? "warning" : "refusal";
  return [{ check: "no-gradient", level, problem, remedy, samples }];
}

function reasonOfSilence(
  { rollouts, rewards }: Rehearsed,
  figures: Readonly<Record<string, number>>,
  { samplesPerPrompt }: CompletionContext,
): readonly [why: string, remedy: string] {
  const { reward_min: min = 0, reward_max: max = 0, unscored_ratio: unscored, completions = 0 } = figures;
  if (unscored === 1) return ["no completion was scored", "mend the task's verify"];
  if (samplesPerPrompt === 1) {
    return ["a group of one completion has nothing to be compared with", "raise samplesPerPrompt to 2 or more"];
  }
  if (min < max) {
    const remedy = "choose problems whose completions differ in reward, or raise samplesPerPrompt";
    return ["within each group all rewards are equal", remedy];
  }
  const statuses = [...verifiedRows(rollouts, rewards)].map((b) => rewards.verdicts[b]?.status);
  if (statuses.length > 0 && statuses.every((status) => status === "correct")) {
    return [`all ${completions} completions are right`, "raise level: this one is solved"];
  }
  const unread = statuses.filter((status) => status === "unparsed").length;
  const format = unread === 0 ? "" : `, of ${unread} no answer could be read`;
  // None of n: with 95 % confidence the chance is below 1 - 0.05^(1/n), about 3/n.
  const bound = percent(1 - 0.05 ** (1 / Math.max(1, completions)));
  return [
    `all ${completions} completions get reward ${min}${format}; with 95 % confidence fewer than ${bound} would get another`,
    "start from a policy that is sometimes right: lower level, pretrain longer, or raise samplesPerPrompt",
  ];
}

function shown(of: Rehearsed, rows: readonly number[], note: string): EventSample[] {
  return rows.slice(0, 3).map((b) => sampleOf(of, b, of.rewards.verdicts[b]?.reason ?? note));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
