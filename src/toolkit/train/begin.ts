/** Where a run begins: at its first step, or where an earlier process left its folder. */

import { stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { type CompleteAlgorithm, describe } from "../algorithm.ts";
import { writeFileAtomic } from "../files.ts";
import { adamWSettings } from "../jit/adamw.ts";
import { refuse } from "../refuse.ts";
import { type Environment, environment, uncommittedChanges } from "../runs/environment.ts";
import { type FoundRun, resumeRunFolder } from "../runs/resume-folder.ts";
import { createRunFolder, type RunFolder } from "../runs/run-folder.ts";
import type { TrainOptions, TrainSettings } from "./options.ts";
import type { StepEvent, StepRecord } from "./record.ts";

export interface Beginning {
  /** Undefined where nothing is kept on disk. */
  readonly folder: RunFolder | undefined;
  readonly found: FoundRun;
}

const NEW: FoundRun = { checkpoint: undefined, records: [], later: [], notes: [] };

/**
 * Opens the run folder, if there is to be one. What a person should know of an earlier process is told as a warning.
 *
 * @throws UsageError when the folder cannot be used, or holds another run
 */
export async function begin(
  options: TrainOptions,
  settings: TrainSettings,
  algorithm: CompleteAlgorithm,
): Promise<Beginning> {
  const { runFolder: path, resume = false } = options;
  if (path === undefined) return { folder: undefined, found: NEW };
  const config = await configOf(options, settings, algorithm);
  const making = { config, environment: config.environment, keep: settings.keepCheckpoints };
  if (!resume) {
    const folder = await createRunFolder(path, making);
    await keepChanges(path, config.environment);
    return { folder, found: NEW };
  }
  const begun = await resumeRunFolder(path, making);
  await keepChanges(path, config.environment);
  for (const note of begun.found.notes) process.emitWarning(note, "RunResume");
  try {
    checkRates(path, settings, [...begun.found.records, ...begun.found.later]);
  } catch (error) {
    await begun.folder.close();
    throw error;
  }
  return begun;
}

/** Code that is in no commit is kept as a patch: without it nobody could run the run's code again. */
async function keepChanges(path: string, { changes }: Environment): Promise<void> {
  if (changes === undefined) return;
  const target = join(path, `changes-${changes.slice(0, 8)}.patch`);
  const text = await uncommittedChanges();
  const there = await stat(target).catch(() => undefined);
  if (text !== undefined && there === undefined) await writeFileAtomic(target, `${text}\n`);
}

/** What `config.json` says of a run: everything that decides its steps, and where they were taken. */
export async function configOf(
  options: Pick<TrainOptions, "task" | "policy">,
  settings: TrainSettings,
  algorithm: CompleteAlgorithm,
): Promise<Readonly<Record<string, unknown>> & { readonly environment: Environment }> {
  const { task, policy } = options;
  const { learningRate, optimizer, ...plain } = settings;
  return {
    startedAt: new Date().toISOString(), // allowed: for people; nothing is computed from it
    ...madeBy(),
    task: { name: task.name, settings: task.settings },
    algorithm: { name: algorithm.name, choices: describe(algorithm) },
    settings: {
      ...plain,
      learningRate: typeof learningRate === "number" ? learningRate : learningRate.toString(),
      optimizer: adamWSettings(optimizer, policy.parameters.shapes),
    },
    policy: { config: policy.config, fingerprint: await policy.fingerprint() },
    environment: await environment(),
  };
}

/** The script or notebook that makes the run, from the working folder: what a replay has to be given. */
function madeBy(): { readonly script?: string; readonly notebook?: string } {
  const notebook = process.env.JPY_SESSION_NAME; // set by Jupyter's server for the kernels that it starts
  if (notebook !== undefined) return { notebook: relative(".", notebook) };
  const [, script] = process.argv;
  const path = script === undefined ? ".." : relative(".", script);
  return path.startsWith("..") || path.includes("node_modules") ? {} : { script: path };
}

/** A schedule cannot be compared as text: its rates are, with those that the steps were taken at. */
function checkRates(path: string, { learningRate }: TrainSettings, records: readonly StepRecord[]): void {
  for (const { step, metrics } of records) {
    const rate = typeof learningRate === "number" ? learningRate : learningRate(step);
    if (rate === metrics.learning_rate) continue;
    const differing = `learningRate is ${metrics.learning_rate} in the folder, ${rate} now, at step ${step}`;
    refuse("train", `the run in ${path} cannot be continued: ${differing}`, "pass what the run began with");
  }
}

/** Figures that are about time, and so differ between two runs of the same steps. */
const TIMES = ["step_time", "tokens_per_second"];

/**
 * The record of a step that was taken before, in a process that did not get to the next checkpoint: with an event where
 * it has come out otherwise.
 */
export function comparedWith(before: StepRecord | undefined, record: StepRecord): StepRecord {
  if (before === undefined) return record;
  const difference = firstDifference(before, record);
  if (difference === undefined) return record;
  const message = `taken again after a resume, the step came out otherwise: ${difference}`;
  return { ...record, events: [...record.events, { kind: "diverged", message } satisfies StepEvent] };
}

/** The first thing in which two records of one step differ, times aside, in words; undefined where nothing does. */
function firstDifference(before: StepRecord, after: StepRecord): string | undefined {
  const [was, is] = [before.identity.fingerprint, after.identity.fingerprint];
  if (was !== is) return `the weights that sampled have fingerprint ${is}, before ${was}`;
  for (const [name, value] of Object.entries(before.metrics)) {
    const now = after.metrics[name];
    if (!TIMES.includes(name) && now !== value) return `${name} is ${now}, before ${value}`;
  }
  return undefined;
}
