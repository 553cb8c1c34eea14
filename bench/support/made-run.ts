/** Run folders with made-up steps: as `train` writes them, without training. */
import type { StepColumns } from "../../src/toolkit/runs/run-folder.ts";
import { createRunFolder, type RunFolder } from "../../src/toolkit/runs/run-folder.ts";
import type { StepRecord } from "../../src/toolkit/train/record.ts";

/** The record of a made-up step; its reward is the mean of its rows' that are scored. */
export function madeRecord(
  step: number,
  { rewards }: StepColumns,
  more: Readonly<Record<string, number>> = {},
): StepRecord {
  const scored = rewards.values.filter((value) => !Number.isNaN(value));
  return {
    step,
    metrics: { reward: scored.reduce((sum, value) => sum + value, 0) / scored.length, ...more },
    timing: { rollout: 1, verify: 1, score: 1, train: 1 },
    identity: { fingerprint: `f${step}`, maxLogProbDifference: 0 },
    events: step === 1 ? [{ kind: "truncation", message: "cut off" }] : [],
  };
}

/** Opens a new run folder with a configuration like that of `train`. */
export async function madeRun(path: string, more: Readonly<Record<string, unknown>> = {}): Promise<RunFolder> {
  const config = {
    task: { name: "made", settings: { digits: 3 } },
    algorithm: { name: "grpo", choices: [{ name: "clipHigh", value: 0.2, source: "default" }] },
    settings: { steps: 10, seed: 4 },
    ...more,
  };
  return await createRunFolder(path, { config });
}
