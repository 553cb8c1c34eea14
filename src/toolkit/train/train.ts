/**
 * The training loop: problems, completions, rewards, advantages, losses, weights, record; each through its seam.
 * It knows no algorithm and no plot: it calls the seams' functions and yields records.
 */
import { type CompleteAlgorithm, complete } from "../algorithm.ts";
import { evaluate } from "../evaluate.ts";
import type { Policy } from "../policy/policy.ts";
import { progressReporter } from "../progress.ts";
import type { FoundRun } from "../runs/resume-folder.ts";
import type { RunEnd, RunFolder, StepColumns } from "../runs/run-folder.ts";
import type { Json } from "../seam.ts";
import { begin, comparedWith } from "./begin.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { trainHost } from "./host.ts";
import { type TrainOptions, type TrainSettings, trainSettings } from "./options.ts";
import { type Flight, keepReport, planFlight, reportedEvents } from "./preflight/flight.ts";
import type { PreflightReport } from "./preflight/preflight.ts";
import { firstSamples, type StepEvent, type StepRecord } from "./record.ts";
import { type EmitPreflight, type EmitStep, type Run, type Snapshot, startRun, type TrainedRun } from "./run.ts";
import { createStepper, type Stepper } from "./step.ts";
import { pausingEvent } from "./watch/watch.ts";

export type { TrainOptions } from "./options.ts";

/**
 * Trains a copy of a policy on a task's problems by reinforcement from its verifier. Returns at once; the run goes on
 * in the background, and every later call on the policy given keeps giving what it gave.
 *
 *     const run = train({ policy: base, task, algorithm: grpo(), steps: 60, seed });
 *     for await (const { step, metrics } of run) console.log(step, metrics.reward);
 *     const { policy } = await run.finished;
 *
 * @throws UsageError for an unknown option, or one of the wrong type or range. `finished` rejects with a PreflightError
 *   when a few samples show the run to be for nothing
 */
export function train(given: TrainOptions): Run {
  const host = trainHost();
  const options = host?.options(given) ?? given;
  const settings = trainSettings(options);
  const algorithm = complete(options.algorithm);
  const info = {
    task: options.task.name,
    algorithm: algorithm.name,
    steps: settings.steps,
    seed: settings.seed,
    ...(options.runFolder === undefined ? {} : { folder: options.runFolder }),
  };
  const parts = { options, settings, algorithm };
  const run = startRun(info, (emit, emitPreflight) => runLoop({ ...parts, emit, emitPreflight }));
  host?.started(run);
  return run;
}

interface Loop {
  readonly options: TrainOptions;
  readonly settings: TrainSettings;
  readonly algorithm: CompleteAlgorithm;
  readonly emit: EmitStep;
  readonly emitPreflight: EmitPreflight;
}

async function runLoop(loop: Loop): Promise<Omit<TrainedRun, "records">> {
  const { options, algorithm } = loop;
  const start = performance.now();
  const flight = await planFlight(loop);
  const withHead = algorithm.objective.needs.values === true;
  const policy = withHead ? await options.policy.withValueHead() : await options.policy.withoutValueHead();
  const snapshots: Snapshot[] = [];
  const stepper = createStepper({ ...loop, policy });
  let stopped: TrainedRun["stopped"];
  try {
    stopped = await inFolder(loop, { policy, stepper, snapshots, flight });
  } catch (error) {
    for (const kept of [{ policy }, ...snapshots]) await kept.policy.dispose(); // nobody else has them
    throw error;
  } finally {
    await stepper.learner.dispose();
  }
  const trained = withHead ? await policy.withoutValueHead() : policy;
  if (trained !== policy) await policy.dispose();
  const seconds = (performance.now() - start) / 1000;
  return { policy: trained, base: options.policy, snapshots, stopped, seconds };
}

interface Parts {
  readonly policy: Policy;
  readonly stepper: Stepper;
  readonly snapshots: Snapshot[];
  readonly flight: Flight;
}

/** Takes the steps, in the run folder if there is one. A new folder is made after the pre-flight: a refused run leaves none. */
async function inFolder(loop: Loop, parts: Parts): Promise<TrainedRun["stopped"]> {
  const { options, settings, algorithm } = loop;
  const before = options.resume === true ? undefined : await prepared(parts);
  if (options.resume !== true) loop.emitPreflight(before);
  const { folder, found } = await begin(options, settings, algorithm);
  const end: { -readonly [K in keyof RunEnd]: RunEnd[K] } = { stopped: "failed", steps: found.records.length };
  try {
    const { stopped, steps: done } = await takeSteps(loop, { ...parts, folder, found }, before);
    Object.assign(end, { stopped, steps: done });
    return stopped;
  } catch (error) {
    end.error = error instanceof Error ? error.message : String(error);
    throw error;
  } finally {
    await folder?.close(end);
  }
}

/** Compiles the loss and looks at the run to come. */
async function prepared({ stepper, flight }: Parts): Promise<PreflightReport | undefined> {
  await stepper.prepare();
  return await flight.fly(stepper);
}

interface Begun extends Parts {
  readonly folder: RunFolder | undefined;
  readonly found: FoundRun;
}

/** From the beginning, or from what was found, to the end. @param before what the pre-flight found, if there was one */
async function takeSteps(
  loop: Loop,
  parts: Begun,
  before: PreflightReport | undefined,
): Promise<{ readonly stopped: TrainedRun["stopped"]; readonly steps: number }> {
  const { stepper, found, folder } = parts;
  const { steps: total } = loop.settings;
  const resumed = loop.options.resume === true;
  if (found.checkpoint !== undefined) await loadCheckpoint(found.checkpoint, parts);
  if (resumed && found.records.length < total) await stepper.prepare();
  const report = resumed && found.records.length === 0 ? await parts.flight.fly(stepper) : before;
  if (resumed) loop.emitPreflight(report);
  if (folder && report) await keepReport(folder.path, report);
  const keep = keeper(loop, parts);
  if (found.checkpoint === undefined) await keep({ done: 0, memory: stepper.memory() }, []);
  const { last, records, stopped } = await steps(loop, parts, { keep, events: reportedEvents(report) });
  if (folder && !lacksEvaluation(records.at(-1), loop.settings)) await keep(last, records);
  return { stopped, steps: last.done };
}

/** The moment after a step. */
interface Boundary {
  /** Steps done. */
  readonly done: number;
  /** What they remember; kept aside because a step that is stopped has already asked some seams. */
  readonly memory: () => Json;
}

/** Makes checkpoints, none twice. */
function keeper({ settings }: Loop, { policy, stepper, folder, found }: Begun) {
  const { evaluateEvery, keepCheckpoints } = settings;
  const by = keepCheckpoints.by ?? (evaluateEvery === undefined ? "reward" : "eval_reward");
  let newest = found.checkpoint === undefined ? -1 : found.records.length;
  return async ({ done, memory }: Boundary, records: readonly StepRecord[]): Promise<void> => {
    if (folder === undefined || done === newest) return;
    const score = records.findLast(({ metrics }) => metrics[by] !== undefined)?.metrics[by];
    const state = { stepsDone: done, memory: memory() };
    await folder.checkpoint(done, (path) => saveCheckpoint(path, { policy, stepper }, state), score);
    newest = done;
  };
}

/** Whether the signal stopped the step's evaluation: a run that is resumed takes the step again, to have it. */
function lacksEvaluation(record: StepRecord | undefined, { evaluateEvery }: TrainSettings): boolean {
  if (record === undefined || evaluateEvery === undefined || (record.step + 1) % evaluateEvery !== 0) return false;
  return record.metrics.eval_reward === undefined;
}

interface StepsTaken {
  /** The moment after the last step that was done in full. */
  readonly last: Boundary;
  /** Of all steps. */
  readonly records: readonly StepRecord[];
  readonly stopped: TrainedRun["stopped"];
}

/** Completions of a step that a run shows. */
const SHOWN = 6;

/** Takes the steps. @param events of the pre-flight, for the first step's record */
async function steps(
  { options, settings, emit }: Loop,
  { policy, stepper, folder, snapshots, found }: Begun,
  { keep, events }: { readonly keep: ReturnType<typeof keeper>; readonly events: readonly StepEvent[] },
): Promise<StepsTaken> {
  const total = settings.steps;
  const report = progressReporter({ task: `train ${options.task.name}`, total, unit: "steps" });
  const records: StepRecord[] = [];
  const tell = (record: StepRecord, columns?: StepColumns): void => {
    records.push(record);
    const { reward = Number.NaN, tokens_per_second: speed = 0 } = record.metrics;
    report(record.step + 1, { reward, "tokens/s": speed });
    emit(record, columns && firstSamples(columns, SHOWN));
  };
  report(0);
  for (const record of found.records) tell(record);
  let last: Boundary = { done: records.length, memory: stepper.memory() };
  for (let step = last.done; step < total; step++) {
    const taken = await unlessAborted(options.signal, () => stepper.step(step));
    if (taken === undefined) return { last, records, stopped: "aborted" };
    const compared = comparedWith(found.later[step - found.records.length], taken.record);
    const plain = step === 0 ? { ...compared, events: [...events, ...compared.events] } : compared;
    const record = (await unlessAborted(options.signal, () => evaluated(plain, options, policy, settings))) ?? plain;
    await folder?.step(record, taken.columns);
    if (folder) last = { done: step + 1, memory: stepper.memory() };
    else last = { ...last, done: step + 1 };
    const due = (step + 1) % settings.checkpointEvery === 0 && step + 1 < total;
    if (due && !lacksEvaluation(record, settings)) await keep(last, [...records, record]);
    if ((step + 1) % (settings.snapshotEvery ?? Number.POSITIVE_INFINITY) === 0) {
      snapshots.push({ step: step + 1, policy: await policy.clone() });
    }
    tell(record, taken.columns);
    const pause = step + 1 < total && pausingEvent(options.watch, record.events);
    if (pause) return { last, records, stopped: "paused" };
  }
  return { last, records, stopped: "finished" };
}

/** The result, or undefined when the signal stopped it. */
async function unlessAborted<T>(signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T | undefined> {
  if (signal?.aborted) return undefined;
  try {
    return await act();
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

async function evaluated(
  record: StepRecord,
  { task, signal }: TrainOptions,
  policy: Policy,
  settings: TrainSettings,
): Promise<StepRecord> {
  const { evaluateEvery, evaluation, level, maxTokens, seed } = settings;
  if (evaluateEvery === undefined || (record.step + 1) % evaluateEvery !== 0) return record;
  const { problems } = await evaluate(policy, {
    task,
    ...evaluation,
    ...(level === undefined ? {} : { level }),
    ...(signal && { signal }),
    maxTokens,
    seed,
  });
  const sum = (count: (of: (typeof problems)[number]) => number): number =>
    problems.reduce((total, problem) => total + count(problem), 0);
  const reward = sum(({ correct }) => correct) / sum(({ n }) => n);
  return { ...record, metrics: { ...record.metrics, eval_reward: reward } };
}
