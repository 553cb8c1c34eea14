/** A stored run taken again from its start: it comes out the same, or the first token that does not is named. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Algorithm, complete } from "../algorithm.ts";
import { checkOptions } from "../options.ts";
import { Policy } from "../policy/policy.ts";
import { progressReporter } from "../progress.ts";
import { refuse } from "../refuse.ts";
import { differenceText } from "../runs/differences.ts";
import { type ComparedStep, type Divergence, stepDivergence } from "../runs/divergence.ts";
import { stepRolloutRows } from "../runs/join-rows.ts";
import { parseJson, readRun, type StoredRun } from "../runs/read-run.ts";
import { decisiveDifferences, environmentNotes } from "../runs/resume-folder.ts";
import type { Task } from "../tasks/task.ts";
import { configOf } from "./begin.ts";
import { type TrainOptions, trainSettings } from "./options.ts";
import { createStepper } from "./step.ts";

/** What a record cannot hold of a run: functions. */
export interface ReplayOptions {
  /** The task it was trained on. */
  readonly task: Task;
  /** The algorithm, made as it was then. */
  readonly algorithm: Algorithm;
  /** The policy it began with. Default: the run's `checkpoints/step-000000`. */
  readonly policy?: Policy;
  /** The last step to take again. Default: the last that is stored. */
  readonly until?: number;
  /** Stops it between two steps. */
  readonly signal?: AbortSignal;
}

export interface Replayed {
  readonly run: string;
  /** Steps that came out the same. */
  readonly same: number;
  /** Steps that were to be taken. */
  readonly of: number;
  /** Where it came out otherwise; undefined where it did not. */
  readonly divergence?: Divergence;
  /** What differs between where the run was made and here: the same bits are then not promised. */
  readonly environment: readonly string[];
  readonly seconds: number;
}

/**
 * Takes the steps of a stored run again, each compared with what is stored, up to the first that differs. Nothing is
 * written. Learning rates are those of the record, so that a schedule need not be given.
 *
 *     const { same, of, divergence } = await replay("runs/first", { task: chainAddition({ digits: 3 }), algorithm: grpo() });
 *
 * @param run its folder, or what `readRun` gave
 * @throws UsageError naming the first difference when task, algorithm or policy are not those of the run
 */
export async function replay(run: string | StoredRun, options: ReplayOptions): Promise<Replayed> {
  checkOptions("replay", options, {
    task: { kind: "object", required: true },
    algorithm: { kind: "object", required: true },
    policy: { kind: "object" },
    until: { kind: "integer", min: 0 },
    signal: { kind: "object" },
  });
  const start = performance.now();
  const stored = typeof run === "string" ? await readRun(run) : run;
  const steps = Math.min(stored.records.length, (options.until ?? Number.POSITIVE_INFINITY) + 1);
  const base = options.policy ?? (await firstPolicy(stored));
  try {
    const environment = await checkSame(stored, { ...options, policy: base });
    const { same, divergence } = await takeAgain(stored, { ...options, policy: base }, steps);
    const seconds = (performance.now() - start) / 1000;
    return { run: stored.folder, same, of: steps, ...(divergence && { divergence }), environment, seconds };
  } finally {
    if (base !== options.policy) await base.dispose();
  }
}

async function firstPolicy({ folder, checkpoints }: StoredRun): Promise<Policy> {
  const first = checkpoints.find((path) => path.endsWith("step-000000"));
  if (first === undefined) {
    return refuse("replay", `${folder} has no checkpoint of its start`, "pass the policy that the run began with");
  }
  return await Policy.load(first);
}

type Given = ReplayOptions & { readonly policy: Policy };

/** @returns what differs in the environment */
async function checkSame(stored: StoredRun, given: Given): Promise<string[]> {
  const { task, policy, algorithm } = given;
  const now = await configOf({ task, policy }, trainSettings(trainOptions(stored, given)), complete(algorithm));
  const [first] = decisiveDifferences(stored.config, now);
  if (first === undefined) return environmentNotes(stored.config.environment, now.environment);
  const { script, notebook } = stored.config;
  const made = [script, notebook].find((one) => typeof one === "string");
  const remedy = made === undefined ? "pass what it was made with" : `pass what ${made} made it with`;
  const text = differenceText(first, ["in the folder", "given"]);
  return refuse("replay", `${stored.folder} is not a run of these: ${text}`, remedy);
}

/** Settings of the record that are options of `train`. */
const SETTINGS = [
  ...["steps", "seed", "level", "promptsPerStep", "samplesPerPrompt", "maxTokens", "temperature", "maxGradNorm"],
  ...["innerEpochs", "miniBatches", "microBatches", "evaluateEvery", "evaluation", "snapshotEvery", "checkpointEvery"],
  "keepCheckpoints",
];

function trainOptions(
  { config, records, folder }: StoredRun,
  { task, policy, algorithm, signal }: Given,
): TrainOptions {
  const settings = record(config.settings);
  const kept = SETTINGS.flatMap((name) => {
    const value = settings[name];
    if (value === undefined) return [];
    return [[name, value ?? Number.POSITIVE_INFINITY] as const]; // JSON has no number for "no limit"
  });
  const { decaying, ...optimizer } = record(settings.optimizer);
  return {
    ...Object.fromEntries(kept),
    ...{ task, policy, algorithm },
    optimizer: { ...optimizer, ...(Array.isArray(decaying) && { decays: (name: string) => decaying.includes(name) }) },
    learningRate: (step) =>
      records[step]?.metrics.learning_rate ??
      refuse("replay", `step ${step} of ${folder} has no learning_rate in its record`, "replay up to the step before"),
    ...(signal && { signal }),
  };
}

async function takeAgain(
  stored: StoredRun,
  given: Given,
  steps: number,
): Promise<{ readonly same: number; readonly divergence?: Divergence }> {
  const algorithm = complete(given.algorithm);
  const options = trainOptions(stored, given);
  const withHead = algorithm.objective.needs.values === true;
  const policy = withHead ? await given.policy.withValueHead() : await given.policy.clone();
  const stepper = createStepper({ options, settings: trainSettings(options), algorithm, policy });
  const report = progressReporter({ task: "replay", total: steps, unit: "steps" });
  try {
    await stepper.prepare();
    for (let step = 0; step < steps; step++) {
      report(step);
      if (given.signal?.aborted) return { same: step };
      const { record: again, columns } = await stepper.step(step);
      const before = await comparedStep(stored, step);
      const divergence = stepDivergence(before, { record: again, rows: stepRolloutRows(columns) });
      if (divergence) return { same: step, divergence };
    }
    const [expected, found] = [await fingerprintAfter(stored, steps), await policy.fingerprint()];
    if (expected === undefined || expected === found) return { same: steps };
    return { same: steps, divergence: { step: steps, weights: { a: expected, b: found } } };
  } finally {
    await stepper.learner.dispose();
    await policy.dispose();
  }
}

async function comparedStep({ records, rollouts }: StoredRun, step: number): Promise<ComparedStep> {
  const found = records[step];
  if (found === undefined) throw new Error(`internal: there is no step ${step}`);
  return { record: found, rows: await rollouts(step) };
}

/** Of the weights after so many steps, where the run says it: in the next record, or in a checkpoint. */
async function fingerprintAfter({ records, checkpoints }: StoredRun, steps: number): Promise<string | undefined> {
  const next = records[steps]?.identity.fingerprint;
  if (next !== undefined) return next;
  const folder = checkpoints.find((path) => Number(/step-(\d+)$/.exec(path)?.[1]) === steps);
  const text = folder && (await readFile(join(folder, "trainer.json"), "utf8").catch(() => undefined));
  const { fingerprint } = record(text && parseJson(text));
  return typeof fingerprint === "string" ? fingerprint : undefined;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
