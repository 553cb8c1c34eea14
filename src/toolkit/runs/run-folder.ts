/**
 * A run on disk, readable while it is being written:
 *
 *     config.json                     settings, algorithm's choices, task, environment
 *     metrics.jsonl                   one step record a line
 *     rollouts/step-000012.jsonl      one completion a line, with token ids and log-probs
 *     checkpoints/step-000060/        the policy in the Hugging Face layout, and the trainer's state beside it
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Advantages } from "../advantage.ts";
import { type LineWriter, openLines, writeFileAtomic, writeFolderAtomic } from "../files.ts";
import { refuse } from "../refuse.ts";
import type { Rewards } from "../reward.ts";
import type { Rollouts } from "../rollout.ts";
import type { StepRecord } from "../train/record.ts";
import type { VerdictStatus } from "../verify/verifier.ts";

/** Written to `config.json`; `format` lets later readers tell old folders from new ones. */
export const RUN_FORMAT = "rlvr-run/1";

/** One completion, as a line of a rollouts file. */
export interface RolloutRow {
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
  /** Prompt and completion, without padding. */
  readonly ids: readonly number[];
  readonly promptLength: number;
  /** Of the completion's tokens: under the policy, under the distribution sampled from, and their advantages. */
  readonly logProbs: readonly number[];
  readonly sampleLogProbs: readonly number[];
  readonly advantages: readonly number[];
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
}

export interface RunFolder {
  readonly path: string;
  /** Writes the step's completions, then its record: a record on disk has its completions on disk. */
  step(record: StepRecord, columns: StepColumns): Promise<void>;
  /** Makes a checkpoint of what `fill` writes into the folder it is given. */
  checkpoint(stepsDone: number, fill: (folder: string) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes a run folder.
 *
 * @throws UsageError when the folder holds anything already: no run is ever overwritten
 */
export async function createRunFolder(path: string, config: Readonly<Record<string, unknown>>): Promise<RunFolder> {
  const present = await readdir(path).catch(() => []);
  if (present.length > 0)
    refuse("train", `the run folder ${path} is not empty`, "choose another runFolder, or remove it");
  await writeFileAtomic(join(path, "config.json"), `${JSON.stringify({ format: RUN_FORMAT, ...config }, null, 2)}\n`);
  const metrics = await openLines(join(path, "metrics.jsonl"));
  return {
    path,
    async step(record, columns) {
      const rollouts = await openLines(join(path, "rollouts", `${stepName(record.step)}.jsonl`));
      await writeRollouts(rollouts, columns);
      await rollouts.close();
      await metrics.append(record);
    },
    checkpoint: (stepsDone, fill) => writeFolderAtomic(join(path, "checkpoints", stepName(stepsDone)), fill),
    close: () => metrics.close(),
  };
}

/** `step-000012`: sorts as text in the order of the steps. */
export function stepName(step: number): string {
  return `step-${String(step).padStart(6, "0")}`;
}

/** Rows written between two turns of the event loop; a row takes about 50 us. */
const ROWS_A_TURN = 64;

async function writeRollouts(lines: LineWriter, columns: StepColumns): Promise<void> {
  for (let b = 0; b < columns.rollouts.rows; b++) {
    await lines.append(rolloutRow(columns, b));
    if (b % ROWS_A_TURN === ROWS_A_TURN - 1) await nextTurn();
  }
}

function rolloutRow({ rollouts, rewards, advantages }: StepColumns, b: number): RolloutRow {
  const group = rollouts.group[b] ?? -1;
  const [problem, verdict] = [rollouts.problems[group], rewards.verdicts[b]];
  const [promptLength, length] = [rollouts.promptLengths[b] ?? 0, rollouts.completionLengths[b] ?? 0];
  if (problem === undefined || verdict === undefined) throw new Error(`internal: row ${b} has no problem or verdict`);
  const tokens = rollouts.width - 1;
  const start = b * tokens + promptLength - 1; // column t is about token t + 1
  const completionOf = (column: Float32Array): number[] => [...column.subarray(start, start + length)].map(shortest);
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
    ids: [...rollouts.ids.subarray(b * rollouts.width, b * rollouts.width + promptLength + length)],
    promptLength,
    logProbs: completionOf(rollouts.policyLogProbs),
    sampleLogProbs: completionOf(rollouts.sampleLogProbs),
    advantages: completionOf(advantages.perToken),
    ...(rollouts.foreign?.[b] === 1 && { foreign: true }),
    ...ownColumns(rollouts, b, completionOf),
  };
}

/** A row's share of the method's own columns; those of the vocabulary are too wide to keep. */
function ownColumns(
  { columns = {}, rows, width }: Rollouts,
  b: number,
  completionOf: (column: Float32Array) => number[],
): Pick<RolloutRow, "rowColumns" | "tokenColumns" | "stepColumns"> {
  const entries = Object.entries(columns);
  const arrays = entries.flatMap(([name, column]) => (typeof column === "number" ? [] : [[name, column] as const]));
  const ofRow = arrays.filter(([, column]) => column.length === rows);
  const ofTokens = arrays.filter(([, column]) => column.length === rows * (width - 1) && column.length !== rows);
  const ofStep = b > 0 ? [] : entries.flatMap(([name, column]) => (typeof column === "number" ? [[name, column]] : []));
  return {
    ...(ofRow.length > 0 && {
      rowColumns: Object.fromEntries(ofRow.map(([name, column]) => [name, shortest(column[b] ?? Number.NaN)])),
    }),
    ...(ofTokens.length > 0 && {
      tokenColumns: Object.fromEntries(ofTokens.map(([name, column]) => [name, completionOf(column)])),
    }),
    ...(ofStep.length > 0 && { stepColumns: Object.fromEntries(ofStep) }),
  };
}

/** Nine significant digits give a float32 back exactly. */
function shortest(value: number): number {
  return Number(value.toPrecision(9));
}
