/** How long a run will take, from one dry step. */
import type { LearnRehearsal } from "../learner.ts";
import type { TrainSettings } from "../options.ts";
import type { Rehearsed } from "../step.ts";
import { batchArithmetic } from "./arithmetic.ts";

/** Seconds. Held-out evaluations, checkpoints and the growth of completions are not in it. */
export interface TimeForecast {
  readonly rollout: number;
  readonly verify: number;
  readonly score: number;
  readonly train: number;
  /** Sum of a step's parts. */
  readonly step: number;
  /** Of all steps. */
  readonly run: number;
}

/** Sampling and verifying are taken to cost the same a completion as in the dry step, learning the same a micro-batch. */
export function timeForecast(
  settings: TrainSettings,
  { rollouts, timing }: Rehearsed,
  learned: LearnRehearsal,
): TimeForecast {
  const { completionsPerStep, microBatchesPerUpdate, updatesPerStep } = batchArithmetic(settings);
  const more = completionsPerStep / rollouts.rows / 1000;
  const parts = {
    rollout: timing.rollout * more,
    verify: timing.verify * more,
    score: timing.score * more,
    train: (learned.ms / 1000) * microBatchesPerUpdate * updatesPerStep,
  };
  const step = Object.values(parts).reduce((a, b) => a + b, 0);
  return { ...parts, step, run: step * settings.steps };
}
