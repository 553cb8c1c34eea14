/**
 * A run folder whose process ended at any moment, put in order for going on: the newest whole checkpoint is found, and
 * what was written after it is taken out of the way, to be written again.
 */
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { removeTemporaries, writeFileAtomic } from "../files.ts";
import { refuse } from "../refuse.ts";
import type { StepRecord } from "../train/record.ts";
import { type Difference, differences, differenceText } from "./differences.ts";
import { faultOf } from "./manifest.ts";
import { isStepRecord, parseJson, readConfig } from "./read-run.ts";
import {
  createRunFolder,
  listCheckpoints,
  locked,
  openFolder,
  type RunFolder,
  type RunFolderOptions,
  rolloutsPath,
} from "./run-folder.ts";

/** What was found in the folder. */
export interface FoundRun {
  /** The checkpoint to go on from; undefined where the run has to begin anew. */
  readonly checkpoint: string | undefined;
  /** Records of the steps before it. */
  readonly records: readonly StepRecord[];
  /** Records of steps after it, which are taken again: they must come out the same. */
  readonly later: readonly StepRecord[];
  /** What a person should know, such as a checkpoint that cannot be used. */
  readonly notes: readonly string[];
}

const NOTHING: FoundRun = { checkpoint: undefined, records: [], later: [], notes: [] };

/** Settings that may change from one start of a run to the next: no weight of a step depends on them. */
const FREE = ["settings.steps", "settings.checkpointEvery", "settings.snapshotEvery", "settings.keepCheckpoints"];

/** Settings that cannot be compared as text. */
const FUNCTIONS = ["settings.learningRate"];

/** Parts of the configuration that decide what the steps give. */
const DECISIVE = ["task", "algorithm", "settings", "policy"] as const;

/**
 * Opens a folder to continue its run, or makes it where there is no run yet.
 *
 * @throws UsageError naming what differs when the folder holds a run of another task, algorithm, policy or settings
 */
export async function resumeRunFolder(
  path: string,
  options: RunFolderOptions,
): Promise<{ readonly folder: RunFolder; readonly found: FoundRun }> {
  const begun = await stat(join(path, "config.json")).catch(() => undefined);
  if (begun === undefined) return { folder: await createRunFolder(path, options), found: NOTHING };
  return await locked(path, async (lock) => {
    const stored = await readConfig(join(path, "config.json"));
    checkSame(path, stored, options.config);
    for (const place of [path, join(path, "rollouts"), join(path, "checkpoints")]) await removeTemporaries(place);
    const lines = await wholeRecords(path);
    const { checkpoint, stepsDone, notes } = await newestUsable(path, lines.length);
    const found: FoundRun = {
      checkpoint,
      records: lines.slice(0, stepsDone).map(({ record }) => record),
      later: lines.slice(stepsDone).map(({ record }) => record),
      notes: [...notes, ...environmentNotes(stored.environment, options.environment)],
    };
    await writeFileAtomic(join(path, "metrics.jsonl"), textOf(lines.slice(0, stepsDone)));
    await removeRollouts(path, stepsDone);
    return { folder: await openFolder(path, lock, options, { stepsDone, notes: found.notes }), found };
  });
}

/** What decides the steps, with the algorithm's choices by name. A value counts, not whether it was given or a default. */
export function decisiveParts(config: object): Readonly<Record<string, unknown>> {
  const parts = Object.fromEntries(DECISIVE.map((key) => [key, Reflect.get(config, key)]));
  const choices: unknown = parts.algorithm?.choices;
  const named = Array.isArray(choices) ? Object.fromEntries(choices.map(({ name, value }) => [name, value])) : {};
  return { ...parts, algorithm: { name: parts.algorithm?.name, ...named } };
}

/** Where what decides the steps differs; settings that may change are left out, and functions. */
export function decisiveDifferences(stored: object, now: object): Difference[] {
  return differences(decisiveParts(stored), decisiveParts(now)).filter(
    (difference) => ![...FREE, ...FUNCTIONS].some((free) => difference.path.startsWith(free)),
  );
}

function checkSame(path: string, stored: object, now: object): void {
  const differing = decisiveDifferences(stored, now);
  const [first] = differing;
  if (first === undefined) return;
  const more = differing.length > 1 ? ` (and ${differing.length - 1} more)` : "";
  const text = `${differenceText(first, ["in the folder", "now"])}${more}`;
  refuse("train", `the run in ${path} cannot be continued: ${text}`, remedyOf(path, first));
}

function remedyOf(path: string, { path: place }: Difference): string {
  if (!place.startsWith("policy")) return "pass what the run began with, or another runFolder";
  return `pass the policy that the run began with: Policy.load(${JSON.stringify(join(path, "checkpoints", "step-000000"))})`;
}

/** What differs in the environment: the same bits are then not promised. */
export function environmentNotes(stored: unknown, now: unknown): string[] {
  if (stored === undefined || now === undefined) return [];
  const differing = differences(stored, now).map((difference) => differenceText(difference, ["before", "now"]));
  return differing.map((text) => `the environment has changed, the same bits are not promised: ${text}`);
}

/** A record with the line that it was read from. */
interface Line {
  readonly text: string;
  readonly record: StepRecord;
}

/** Records of steps 0, 1, 2 ... as far as all are there with their completions. What follows a broken line is lost. */
async function wholeRecords(path: string): Promise<Line[]> {
  const text = await readFile(join(path, "metrics.jsonl"), "utf8").catch(() => "");
  const found: Line[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    const record = parseJson(line);
    if (!isStepRecord(record) || record.step !== found.length) break;
    if ((await stat(rolloutsPath(path, record.step)).catch(() => undefined)) === undefined) break;
    found.push({ text: line, record });
  }
  return found;
}

function textOf(lines: readonly Line[]): string {
  return lines.map(({ text }) => `${text}\n`).join("");
}

/** The newest checkpoint that is whole and has all records before it; broken ones are moved aside. */
async function newestUsable(
  path: string,
  records: number,
): Promise<{ readonly checkpoint: string | undefined; readonly stepsDone: number; readonly notes: readonly string[] }> {
  const notes: string[] = [];
  for (const { step, path: checkpoint } of (await listCheckpoints(path)).reverse()) {
    const fault = await faultOf(checkpoint);
    if (fault === undefined && step <= records) return { checkpoint, stepsDone: step, notes };
    const reason = fault ?? `records of its steps are missing: ${records} of ${step} are whole`;
    const aside = await moveAside(checkpoint);
    notes.push(
      `the checkpoint ${checkpoint} cannot be used (${reason}); it is now ${aside}, the one before it is taken`,
    );
  }
  return { checkpoint: undefined, stepsDone: 0, notes };
}

/** Gives a broken checkpoint a name that no reader takes for one. */
async function moveAside(checkpoint: string): Promise<string> {
  for (let n = 0; ; n++) {
    const aside = `${checkpoint}.broken${n === 0 ? "" : `-${n}`}`;
    if ((await stat(aside).catch(() => undefined)) !== undefined) continue;
    await rename(checkpoint, aside);
    return aside;
  }
}

/** Completions of steps that are taken again. */
async function removeRollouts(path: string, from: number): Promise<void> {
  const folder = join(path, "rollouts");
  for (const name of await readdir(folder).catch(() => [])) {
    const step = /^step-(\d{6,})\./.exec(name)?.[1];
    if (step !== undefined && Number(step) >= from) await rm(join(folder, name));
  }
}
