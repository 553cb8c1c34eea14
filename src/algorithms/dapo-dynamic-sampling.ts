/**
 * Dynamic sampling: groups that are all right or all wrong teach nothing, so they are replaced by others until the step is full.
 * Yu et al. 2025, "DAPO: An Open-Source LLM Reinforcement Learning System at Scale", arXiv:2503.14476, section 3.2, eq. 11.
 *
 *     keep a group when 0 < right completions < completions; draw as many again as are missing
 *
 * Seam: rollout (wraps the one that is there). All that was drawn is counted: `num_tokens` has the tokens thrown away, the
 * step's figures have rounds and groups drawn, and why groups were dropped. Reward figures of the step are those of the groups
 * kept; `dynamic_sampling/reward` is that of all. After the last round the step goes on with fewer groups and says so, or
 * stops the run; without any it learns nothing and says so. With one round it is a filter of groups.
 *
 * Groups are told mixed by their numbers, not by a deviation; unscored completions do not count.
 */

import { groupStatistics } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import type { PromptBatch } from "../toolkit/curriculum.ts";
import { joinRollouts, selectGroups } from "../toolkit/join-rollouts.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { Rewards } from "../toolkit/reward.ts";
import { rng } from "../toolkit/rng.ts";
import { furtherDraw, processedTokens, type RolloutInput, type Rollouts } from "../toolkit/rollout.ts";
import { wrapSeam } from "../toolkit/seam.ts";
import type { Problem } from "../toolkit/tasks/task.ts";

export interface DynamicSamplingOptions {
  /** Draws at most, the first one counted. Default 10: NeMo-RL's; the paper sets no limit. */
  readonly maxRounds?: number;
  /** What is drawn in place of a dropped group: a new problem of its level, or its own problem again. Default "new": paper. */
  readonly redraw?: "new" | "same";
  /** What has to differ in a group: the verifier's scores, or the rewards with all that is added to them. Default "score". */
  readonly by?: "score" | "reward";
  /** What happens when groups are still missing. Default "fewer" (our choice: the step's cost is spent). */
  readonly whenShort?: "fewer" | "stop";
}

type Settings = Required<DynamicSamplingOptions>;

const SOURCES: ChoiceSources<keyof DynamicSamplingOptions> = {
  maxRounds: ["rollout", "NeMo-RL"],
  redraw: ["rollout", "arXiv:2503.14476, section 3.2"],
  by: ["rollout", "arXiv:2503.14476, eq. 11: right answers"],
  whenShort: ["rollout", "our choice: what was drawn is paid for"],
};

/** The change. @throws UsageError for an unknown option or one out of range */
export function dynamicSampling(options: DynamicSamplingOptions = {}): AlgorithmChange {
  checkOptions("dynamicSampling", options, {
    maxRounds: { kind: "integer", min: 1 },
    redraw: { kind: "either", values: ["new", "same"] },
    by: { kind: "either", values: ["score", "reward"] },
    whenShort: { kind: "either", values: ["fewer", "stop"] },
  });
  const settings: Settings = {
    maxRounds: options.maxRounds ?? 10,
    redraw: options.redraw ?? "new",
    by: options.by ?? "score",
    whenShort: options.whenShort ?? "fewer",
  };
  return {
    name: "dynamic-sampling",
    wraps: { rollout: (inner) => wrapSeam(inner, (input, next) => drawUntilFull(input, next, settings)) },
    choices: choicesOf(SOURCES, settings, options),
  };
}

/** What all rounds of a step add up to. */
interface Tally {
  rounds: number;
  drawn: number;
  right: number;
  wrong: number;
  /** Equal scores in between, or fewer than two scored completions. */
  other: number;
  tokens: number;
  reward: number;
  scored: number;
}

async function drawUntilFull(
  input: RolloutInput,
  next: (input: RolloutInput) => Promise<Rollouts>,
  settings: Settings,
): Promise<Rollouts> {
  const { padId } = input.models.policy.tokenizer;
  const tally: Tally = { rounds: 0, drawn: 0, right: 0, wrong: 0, other: 0, tokens: 0, reward: 0, scored: 0 };
  const kept: Rollouts[] = [];
  let [prompts, missing, figures]: [PromptBatch, number, Rollouts["metrics"]] = [input.prompts, 1, {}];
  while (missing > 0 && tally.rounds < settings.maxRounds) {
    const rollouts = await next({ ...input, prompts, sampling: furtherDraw(input.sampling, tally.rounds) });
    const drawn = { ...rollouts, rewards: rollouts.rewards ?? (await input.verify(rollouts)) };
    const groups = sortGroups(drawn, settings);
    count(tally, drawn, groups);
    if (groups.mixed.length > 0) kept.push(selectGroups(drawn, groups.mixed, padId));
    figures = drawn.metrics;
    missing = groups.dropped.length;
    prompts = again(input, drawn, groups.dropped, { round: tally.rounds, redraw: settings.redraw });
  }
  return finished({ ...joinRollouts(kept, padId), ...(figures && { metrics: figures }) }, { missing, tally, settings });
}

type Scored = Rollouts & { readonly rewards: Rewards };

interface Groups {
  readonly mixed: readonly number[];
  readonly right: readonly number[];
  readonly wrong: readonly number[];
  /** All that have completions and are not mixed. */
  readonly dropped: readonly number[];
}

/** Numbers of the groups that have completions. */
function sortGroups({ rewards, group }: Scored, { by }: Settings): Groups {
  const groups = groupStatistics(by === "score" ? scoresOf(rewards) : rewards.values, group);
  const ids = [...new Set(group)];
  const of = (id: number) => groups.get(id) ?? { min: Number.NaN, max: Number.NaN };
  const dropped = ids.filter((id) => !(of(id).min < of(id).max));
  return {
    mixed: ids.filter((id) => of(id).min < of(id).max),
    right: dropped.filter((id) => of(id).min === 1),
    wrong: dropped.filter((id) => of(id).max === 0),
    dropped,
  };
}

function count(tally: Tally, drawn: Scored, { mixed, right, wrong, dropped }: Groups): void {
  tally.rounds++;
  tally.drawn += mixed.length + dropped.length;
  tally.right += right.length;
  tally.wrong += wrong.length;
  tally.other += dropped.length - right.length - wrong.length;
  tally.tokens += drawn.spentTokens ?? processedTokens(drawn);
  for (const value of drawn.rewards.values) {
    if (Number.isNaN(value)) continue;
    tally.reward += value;
    tally.scored++;
  }
}

/** The verifier's scores; the rewards where there are no verdicts. */
function scoresOf({ values, verdicts }: Rewards): Float32Array {
  return values.map((value, b) => {
    const verdict = verdicts[b];
    return verdict === undefined ? value : (verdict.score ?? Number.NaN);
  });
}

/** Problems of the next round, in place of those dropped, with as many completions. */
function again(
  { task, sampling }: RolloutInput,
  { problems, group }: Rollouts,
  dropped: readonly number[],
  { round, redraw }: { readonly round: number; readonly redraw: Settings["redraw"] },
): PromptBatch {
  const samplesPerPrompt = dropped.map((id) => group.filter((other) => other === id).length);
  const old = dropped.map((id) => problems[id] ?? refuse("dynamicSampling", `there is no problem ${id}`, "pass all"));
  if (redraw === "same") return { problems: old, samplesPerPrompt };
  const seed = rng({ seed: sampling.seed, stream: "dynamic-sampling", step: sampling.step, row: round }).integer(
    2 ** 32,
  );
  const fresh = new Map<number, Problem[]>();
  for (const level of new Set(old.map((problem) => problem.level))) {
    const count = old.filter((problem) => problem.level === level).length;
    fresh.set(level, task.problems({ split: "train", count, seed, level }));
  }
  return { problems: old.map((problem) => fresh.get(problem.level)?.shift() ?? problem), samplesPerPrompt };
}

interface Outcome {
  readonly missing: number;
  readonly tally: Tally;
  readonly settings: Settings;
}

function finished(rollouts: Rollouts, { missing, tally, settings }: Outcome): Rollouts {
  const kept = tally.drawn - tally.right - tally.wrong - tally.other;
  const short = `${kept} of ${kept + missing} groups are there after ${tally.rounds} draws, ${tally.drawn} groups in all`;
  if (missing > 0 && settings.whenShort === "stop") {
    refuse("dynamicSampling", short, "raise maxRounds, or choose problems that are neither too easy nor too hard");
  }
  return {
    ...rollouts,
    spentTokens: tally.tokens,
    metrics: {
      ...rollouts.metrics,
      "dynamic_sampling/rounds": tally.rounds,
      "dynamic_sampling/groups_drawn": tally.drawn,
      "dynamic_sampling/groups_kept": kept,
      "dynamic_sampling/dropped_all_right": tally.right,
      "dynamic_sampling/dropped_all_wrong": tally.wrong,
      "dynamic_sampling/dropped_other": tally.other,
      "dynamic_sampling/reward": tally.reward / tally.scored,
    },
    ...(missing > 0 && { events: [`dynamic sampling: ${short}`] }),
  };
}
