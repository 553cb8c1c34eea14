/** A method in `train` on a tiny policy, twice with one seed; the second time stopped and resumed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Algorithm } from "../../src/toolkit/algorithm.ts";
import { Policy } from "../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import type { StepRecord } from "../../src/toolkit/train/record.ts";
import { type TrainOptions, train } from "../../src/toolkit/train/train.ts";
import { startsTask } from "./planted-task.ts";
import { tinyConfig } from "./tiny-policy.ts";

export interface TrainedTwice {
  /** Of the first run. */
  readonly records: readonly StepRecord[];
  /** Fingerprints: of the policy before, and after each of the two runs, of which the second was stopped and resumed. */
  readonly before: string;
  readonly after: readonly [string, string];
}

/**
 * Three steps of four prompts with four completions each, unless `options` say otherwise. The second run is stopped after
 * two steps and resumed from its folder; it begins with a pre-flight, which must not show.
 */
export async function trainedTwice(algorithm: Algorithm, options: Partial<TrainOptions> = {}): Promise<TrainedTwice> {
  const task = options.task ?? startsTask;
  const policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(task.alphabet), seed: 1 });
  const sizes = { steps: 3, seed: 5, promptsPerStep: 4, samplesPerPrompt: 4, learningRate: 1e-2 };
  const run = async (more: Partial<TrainOptions>, stop?: AbortController) => {
    const running = train({ policy, task, algorithm, ...sizes, ...options, ...more });
    running.onStep(({ step }) => {
      if (step === 1) stop?.abort();
    });
    const { records, policy: trained } = await running.finished;
    const fingerprint = await trained.fingerprint();
    await trained.dispose();
    return { records, fingerprint };
  };
  const runFolder = mkdtempSync(join(tmpdir(), "trained-twice-"));
  const stop = new AbortController();
  try {
    const first = await run({ preflight: "off" });
    await run({ runFolder, signal: stop.signal }, stop);
    const again = await run({ runFolder, resume: true });
    const before = await policy.fingerprint();
    return { records: first.records, before, after: [first.fingerprint, again.fingerprint] };
  } finally {
    rmSync(runFolder, { recursive: true });
    await policy.dispose();
  }
}

/** What is not a finite number among the figures of the steps. */
export function notFinite(records: readonly StepRecord[]): readonly (readonly [name: string, value: number])[] {
  return records.flatMap(({ metrics }) => Object.entries(metrics).filter(([, value]) => !Number.isFinite(value)));
}
