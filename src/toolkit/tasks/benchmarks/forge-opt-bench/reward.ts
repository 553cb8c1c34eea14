/** The ratio to a reference, and the training reward made of it. */
import { refuse } from "../../../refuse.ts";
import type { NpResult } from "../np-engine/np-task.ts";
import { npRatio } from "../np-engine/score.ts";
import { type NpTaskName, npTask } from "../np-engine/tasks.ts";

/** Whether more or less is better, or the task, which says so. */
export type ForgeKind = "min" | "max" | NpTaskName;

/**
 * ref / value where less is better, value / ref where more is. A value (or, where more is better, a reference) of 0 gives 1 where
 * both are 0, else 0.
 *
 * @param value of a feasible answer
 * @throws UsageError for an unknown task, numbers that are not finite, and a reference of 0 or below where less is better; a set
 * cover that is impossible has 0, and with `kind` "min" so may what is measured by it
 */
export function qualityRatio(kind: ForgeKind, value: number, reference: number): number {
  checkReference(kind, value, reference);
  if (!Number.isFinite(value)) refuse("qualityRatio", `the value is ${value}`, "pass the value of a feasible answer");
  return npRatio({ direction: directionOf(kind) }, { feasible: true, value }, reference);
}

function directionOf(kind: ForgeKind): "min" | "max" {
  return kind === "min" || kind === "max" ? kind : npTask(kind).direction;
}

function checkReference(kind: ForgeKind, value: number | undefined, reference: number): void {
  if (!(Number.isFinite(reference) && reference >= 0)) {
    refuse("forge", `the reference is ${reference}`, "pass the value of a reference answer");
  }
  const impossible = kind === "set-cover" || (kind === "min" && value === 0);
  if (directionOf(kind) === "min" && reference === 0 && !impossible) {
    refuse("forge", "the reference is 0 where less is better", "leave out instances that cost nothing");
  }
}

export interface ForgeAnswer extends Pick<NpResult, "formatOk" | "feasible" | "value"> {
  /** Value of the reference answer. */
  readonly reference: number;
  readonly kind: ForgeKind;
}

export interface ForgeRewardOptions {
  /** What a feasible answer is worth: its ratio, up to 1, or 1. Default "quality": the paper's. */
  readonly mode?: "quality" | "binary";
}

export interface ForgeReward {
  /** R_format + R_feas, −2.5 to 2. */
  readonly reward: number;
  /** 1 where the answer could be read, else −1. */
  readonly format: number;
  /** −1.5 where it is infeasible. */
  readonly feasibility: number;
  /** Not clipped; 0 where infeasible. */
  readonly ratio: number;
  /** Better than the reference: to be logged, since the reward is clipped. */
  readonly beatsReference: boolean;
}

const INFEASIBLE = -1.5;

/** The reward of an answer. @throws UsageError as `qualityRatio`, and for an unknown mode */
export function forgeReward(answer: ForgeAnswer, { mode = "quality" }: ForgeRewardOptions = {}): ForgeReward {
  const { formatOk, feasible, value, reference, kind } = answer;
  if (mode !== "quality" && mode !== "binary") {
    refuse("forgeReward", `mode is ${String(mode satisfies never)}`, 'pass "quality" or "binary"');
  }
  if (!feasible) checkReference(kind, undefined, reference);
  const ratio = feasible ? qualityRatio(kind, value, reference) : 0;
  const format = formatOk ? 1 : -1;
  const earned = mode === "binary" ? 1 : Math.min(ratio, 1);
  const feasibility = feasible ? earned : INFEASIBLE;
  return { reward: format + feasibility, format, feasibility, ratio, beatsReference: ratio > 1 };
}

/**
 * A ratio on the scale of its task: 0 is what random answers reach, 1 the reference. Raw ratios of different tasks do not compare.
 *
 * @throws UsageError where random answers are as good as the reference
 */
export function aboveRandom(ratio: number, randomRatio: number): number {
  if (!(randomRatio < 1 && Number.isFinite(ratio - randomRatio))) {
    refuse(
      "aboveRandom",
      `the ratio is ${ratio}, of random answers ${randomRatio}`,
      "pass numbers, the latter below 1",
    );
  }
  return (ratio - randomRatio) / (1 - randomRatio);
}
