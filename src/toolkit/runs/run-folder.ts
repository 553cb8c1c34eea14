/**
 * A run on disk, readable while it is being written:
 *
 *     config.json                     settings, algorithm's choices, task, environment
 *     preflight.json                  what the pre-flight found
 *     history.jsonl                   a line for each start and end: when, where, from which step, how it ended
 *     metrics.jsonl                   one step record a line
 *     rollouts/step-000012.jsonl      one completion a line: texts, reward, verdict
 *     rollouts/step-000012.safetensors  the numbers of its tokens, in columns (rollout-columns.ts)
 *     checkpoints/step-000060/        the policy in the Hugging Face layout, and the trainer's state beside it
 *     lock                            there while a process writes into the folder
 *
 * Files appear whole, by renaming; the two that grow (history, metrics) grow line by line. A process killed at any moment
 * leaves a folder that `resumeRunFolder` puts in order.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Advantages } from "../advantage.ts";
import {
  isTemporary,
  openLines,
  removeFolder,
  removeTemporaries,
  writeFileAtomic,
  writeFolderAtomic,
} from "../files.ts";
import { refuse } from "../refuse.ts";
import type { Rewards } from "../reward.ts";
import type { Rollouts } from "../rollout.ts";
import type { StepRecord } from "../train/record.ts";
import type { VerdictStatus } from "../verify/verifier.ts";
import type { Environment } from "./environment.ts";
import { LOCK, type Lock, takeLock } from "./lock.ts";
import { readManifest, writeManifest } from "./manifest.ts";
import { encodeRollouts, type MaskReason } from "./rollout-columns.ts";

/** Written to `config.json`; `format` lets later readers tell old folders from new ones. */
const RUN_FORMAT = "rlvr-run/2";

/** Formats that are read; in the first, a line of the rollouts holds the numbers of its tokens too. */
export const RUN_FORMATS: readonly string[] = ["rlvr-run/1", RUN_FORMAT];

/** One completion as a line of a step's JSONL file; its numbers are in the columns beside it. */
export interface RolloutText {
  readonly row: number;
  readonly group: number;
  /** Problem's id. */
  readonly problem: string;
  readonly level: number;
  readonly prompt: string;
  readonly answer: string;
  readonly completion: string;
  readonly reward: number | null;
  readonly status: VerdictStatus;
  readonly reason: string;
  readonly finish: "eos" | "stop" | "length";
}

/** One completion, texts and numbers together. Numbers that are not known are null. */
export interface RolloutRow extends RolloutText {
  /** Prompt and completion, without padding. */
  readonly ids: readonly number[];
  readonly promptLength: number;
  /** Of the completion's tokens: under the policy, under the distribution sampled from, and their advantages. */
  readonly logProbs: readonly (number | null)[];
  readonly sampleLogProbs: readonly (number | null)[];
  readonly advantages: readonly (number | null)[];
  /** As the learner first saw the tokens, nats; absent where nothing was learned, and in folders of the first format. */
  readonly entropies?: readonly (number | null)[];
  /** Why each token was trained on, or not; absent in folders of the first format. */
  readonly masks?: readonly MaskReason[];
  /** Rewards that `reward` is made of, where there are several. */
  readonly components?: Readonly<Record<string, number | null>>;
  /** The policy of the step did not sample it: a demonstration, a replayed row. Its unknown log-probs are null. */
  readonly foreign?: true;
  /** The method's own columns: one number of the row; numbers of its completion's tokens; numbers of the step, in row 0. */
  readonly rowColumns?: Readonly<Record<string, number | null>>;
  readonly tokenColumns?: Readonly<Record<string, readonly (number | null)[]>>;
  readonly stepColumns?: Readonly<Record<string, number>>;
}

/** A step's columns, as they are written. */
export interface StepColumns {
  readonly rollouts: Rollouts;
  readonly rewards: Rewards;
  readonly advantages: Advantages;
  /** Of each token as the learner first saw it, nats; undefined where nothing was learned. */
  readonly entropies?: Float32Array; // [B, T]
}

/** Which checkpoints stay. The run's start, `step-000000`, always does. */
export interface KeepCheckpoints {
  /** The newest so many. Default: all. */
  readonly last?: number | undefined;
  /** Besides, the best so many by their figure. Default 0. */
  readonly best?: number | undefined;
}

/** How a run ended. */
export interface RunEnd {
  readonly stopped: "finished" | "aborted" | "paused" | "failed";
  /** Steps done in full. */
  readonly steps: number;
  readonly error?: string;
}

export interface RunFolder {
  readonly path: string;
  /** Writes the step's completions, then its record: a record on disk has its completions on disk. */
  step(record: StepRecord, columns: StepColumns): Promise<void>;
  /**
   * Makes a checkpoint of what `fill` writes into the folder it is given, then removes those that need not stay.
   *
   * @param score by which the best are told; none where NaN
   */
  checkpoint(stepsDone: number, fill: (folder: string) => Promise<void>, score?: number): Promise<void>;
  /** Releases the folder for other processes. */
  close(end?: RunEnd): Promise<void>;
}

/** What {@link createRunFolder} and {@link resumeRunFolder} are told beside the place. */
export interface RunFolderOptions {
  /** Goes into `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly keep?: KeepCheckpoints;
  /** Where this process runs: a line of `history.jsonl` for each start of the run. */
  readonly environment?: Environment;
}

/**
 * Makes a run folder.
 *
 * @throws UsageError when the folder holds anything already (no run is ever overwritten), or another process writes into it
 */
export async function createRunFolder(path: string, options: RunFolderOptions): Promise<RunFolder> {
  return await locked(path, async (lock) => {
    const present = (await readdir(path)).filter((name) => !isOwnTrace(name));
    if (present.length > 0) {
      const remedy = "choose another runFolder, pass resume: true to continue the run in it, or remove it";
      refuse("train", `the run folder ${path} is not empty`, remedy);
    }
    const text = JSON.stringify({ format: RUN_FORMAT, ...options.config }, null, 2);
    await removeTemporaries(path);
    await writeFileAtomic(join(path, "config.json"), `${text}\n`);
    return await openFolder(path, lock, options, { stepsDone: 0, notes: [] });
  });
}

/** Takes the folder's lock for `act`; gives it back when that fails. */
export async function locked<T>(path: string, act: (lock: Lock) => Promise<T>): Promise<T> {
  const lock = await takeLock(path);
  try {
    return await act(lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** What a process that was killed before its run began may leave. */
function isOwnTrace(name: string): boolean {
  return name === LOCK || name.startsWith(`${LOCK}.`) || isTemporary(name);
}

/** Opens a folder whose files are in order for steps from `stepsDone` on. */
export async function openFolder(
  path: string,
  lock: Lock,
  { keep = {}, environment }: RunFolderOptions,
  { stepsDone, notes }: { readonly stepsDone: number; readonly notes: readonly string[] },
): Promise<RunFolder> {
  const metrics = await openLines(join(path, "metrics.jsonl"));
  const history = await openLines(join(path, "history.jsonl"));
  const at = (): string => new Date().toISOString(); // for people; nothing is computed from it
  await history.append({ kind: "start", at: at(), fromStep: stepsDone, notes, environment });
  return {
    path,
    async step(record, columns) {
      await writeFileAtomic(columnsPath(path, record.step), encodeRollouts(columns));
      await writeFileAtomic(rolloutsPath(path, record.step), rolloutLines(columns));
      await metrics.append(record);
    },
    async checkpoint(done, fill, score = Number.NaN) {
      await metrics.sync(); // no checkpoint without the records before it, even if the power fails
      await writeFolderAtomic(checkpointPath(path, done), async (folder) => {
        await fill(folder);
        await writeManifest(folder, { stepsDone: done, ...(Number.isFinite(score) && { score }) });
      });
      await removeOld(path, keep);
    },
    async close(end) {
      const told = end && history.append({ kind: "end", at: at(), ...end });
      const ended = await Promise.allSettled([told, metrics.close(), history.close()]);
      await lock.release();
      for (const one of ended) if (one.status === "rejected") throw one.reason;
    },
  };
}

/** Removes the checkpoints that are neither the start, nor among the last, nor among the best. */
async function removeOld(path: string, { last, best = 0 }: KeepCheckpoints): Promise<void> {
  if (last === undefined) return;
  const all = (await listCheckpoints(path)).filter(({ step }) => step > 0);
  const scored = await Promise.all(
    all.map(async (one) => ({ ...one, score: Number((await readManifest(one.path))?.notes.score ?? Number.NaN) })),
  );
  const ranked = scored
    .filter(({ score }) => !Number.isNaN(score))
    .sort((a, b) => b.score - a.score || b.step - a.step);
  const kept = new Set([...all.slice(-last), ...ranked.slice(0, best)].map(({ step }) => step));
  for (const { step, path: folder } of all) if (!kept.has(step)) await removeFolder(folder);
}

/** A run's checkpoints in the order of their steps. */
export async function listCheckpoints(path: string): Promise<{ readonly step: number; readonly path: string }[]> {
  const folder = join(path, "checkpoints");
  const names = await readdir(folder).catch(() => []);
  const steps = names.flatMap((name) => /^step-(\d{6,})$/.exec(name)?.[1] ?? []).map(Number);
  return steps.sort((a, b) => a - b).map((step) => ({ step, path: checkpointPath(path, step) }));
}

function checkpointPath(path: string, step: number): string {
  return join(path, "checkpoints", stepName(step));
}

/** Where the texts of a step's completions lie. */
export function rolloutsPath(path: string, step: number): string {
  return join(path, "rollouts", `${stepName(step)}.jsonl`);
}

/** Where their numbers lie. */
export function columnsPath(path: string, step: number): string {
  return join(path, "rollouts", `${stepName(step)}.safetensors`);
}

/** `step-000012`: sorts as text in the order of the steps. */
export function stepName(step: number): string {
  return `step-${String(step).padStart(6, "0")}`;
}

/** Rows written between two turns of the event loop; a row takes some 3 us. */
const ROWS_A_TURN = 512;

async function* rolloutLines(columns: StepColumns): AsyncGenerator<string> {
  const { rows } = columns.rollouts;
  for (let b = 0; b < rows; b += ROWS_A_TURN) {
    const some = Array.from({ length: Math.min(ROWS_A_TURN, rows - b) }, (_, i) => rolloutText(columns, b + i));
    yield some.map((row) => `${JSON.stringify(row)}\n`).join("");
    await nextTurn();
  }
}

/** A row's line. */
export function rolloutText({ rollouts, rewards }: StepColumns, b: number): RolloutText {
  const group = rollouts.group[b] ?? -1;
  const [problem, verdict] = [rollouts.problems[group], rewards.verdicts[b]];
  if (problem === undefined || verdict === undefined) throw new Error(`internal: row ${b} has no problem or verdict`);
  const reward = rewards.values[b] ?? Number.NaN;
  return {
    row: b,
    group,
    problem: problem.id,
    level: problem.level,
    prompt: problem.prompt,
    answer: problem.answer,
    completion: rollouts.completions[b] ?? "",
    reward: Number.isNaN(reward) ? null : reward,
    status: verdict.status,
    reason: verdict.reason,
    finish: rollouts.finish[b] ?? "length",
  };
}
