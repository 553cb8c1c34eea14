/**
 * The training loop: problems, completions, rewards, advantages, losses, weights, record; each through its seam.
 * It knows no algorithm and no plot: it calls the seams' functions and yields records.
 */
import { type CompleteAlgorithm, complete } from "../algorithm.ts";
import { evaluate } from "../evaluate.ts";
import type { Policy } from "../policy/policy.ts";
import { progressReporter } from "../progress.ts";
import type { FoundRun } from "../runs/resume-folder.ts";
import type { RunEnd, RunFolder } from "../runs/run-folder.ts";
import type { Json } from "../seam.ts";
import { begin, comparedWith } from "./begin.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { type TrainOptions, type TrainSettings, trainSettings } from "./options.ts";
import type { StepRecord } from "./record.ts";
import { type EmitStep, type Run, type Snapshot, startRun, type TrainedRun } from "./run.ts";
import { createStepper, type Stepper } from "./step.ts";

export type { TrainOptions } from "./options.ts";

/**
 * Trains a copy of a policy on a task's problems by reinforcement from its verifier. Returns at once; the run goes on
 * in the background, and every later call on the policy given keeps giving what it gave.
 *
 *     const run = train({ policy: base, task, algorithm: grpo(), steps: 60, seed });
 *     for await (const { step, metrics } of run) console.log(step, metrics.reward);
 *     const { policy } = await run.finished;
 *
 * @throws UsageError for an unknown option, or one of the wrong type or range
 */
export function train(options: TrainOptions): Run {
  const settings = trainSettings(options);
  const algorithm = complete(options.algorithm);
  const info = {
    task: options.task.name,
    algorithm: algorithm.name,
    steps: settings.steps,
    seed: settings.seed,
    ...(options.runFolder === undefined ? {} : { folder: options.runFolder }),
  };
  return startRun(info, (emit) => runLoop({ options, settings, algorithm, emit }));
}

interface Loop {
  readonly options: TrainOptions;
  readonly settings: TrainSettings;
  readonly algorithm: CompleteAlgorithm;
  readonly emit: EmitStep;
}

async function runLoop(loop: Loop): Promise<Omit<TrainedRun, "records">> {
  const { options, settings, algorithm } = loop;
  const start = performance.now();
  const { folder, found } = await begin(options, settings, algorithm);
  const end: { -readonly [K in keyof RunEnd]: RunEnd[K] } = { stopped: "failed", steps: found.records.length };
  try {
    const withHead = algorithm.objective.needs.values === true;
    const policy = withHead ? await options.policy.withValueHead() : await options.policy.clone();
    const parts: Parts = { policy, stepper: createStepper({ ...loop, policy }), folder, found, snapshots: [] };
    Object.assign(end, await takeSteps(loop, parts));
    const trained = withHead ? await policy.withoutValueHead() : policy;
    if (trained !== policy) await policy.dispose();
    const seconds = (performance.now() - start) / 1000;
    const { snapshots } = parts;
    const stopped = end.steps < settings.steps ? "aborted" : "finished";
    return { policy: trained, base: options.policy, snapshots, stopped, seconds };
  } catch (error) {
    end.error = error instanceof Error ? error.message : String(error);
    throw error;
  } finally {
    await folder?.close(end);
  }
}

interface Parts {
  readonly policy: Policy;
  readonly stepper: Stepper;
  readonly folder: RunFolder | undefined;
  readonly found: FoundRun;
  readonly snapshots: Snapshot[];
}

/** From the beginning, or from what was found, to the end; frees all but policy and snapshots, and those on failure. */
async function takeSteps(loop: Loop, parts: Parts): Promise<RunEnd> {
  const { policy, stepper, found, snapshots, folder } = parts;
  const { steps: total } = loop.settings;
  try {
    if (found.checkpoint !== undefined) await loadCheckpoint(found.checkpoint, parts);
    if (found.records.length < total) await stepper.prepare();
    const keep = keeper(loop, parts);
    if (found.checkpoint === undefined) await keep({ done: 0, memory: stepper.memory() }, []);
    const { last, records } = await steps(loop, parts, keep);
    if (folder && !lacksEvaluation(records.at(-1), loop.settings)) await keep(last, records);
    return { stopped: last.done < total ? "aborted" : "finished", steps: last.done };
  } catch (error) {
    for (const kept of [{ policy }, ...snapshots]) await kept.policy.dispose(); // nobody else has them
    throw error;
  } finally {
    await stepper.learner.dispose();
  }
}

/** The moment after a step. */
interface Boundary {
  /** Steps done. */
  readonly done: number;
  /** What they remember; kept aside because a step that is stopped has already asked some seams. */
  readonly memory: () => Json;
}

/** Makes checkpoints, none twice. */
function keeper({ settings }: Loop, { policy, stepper, folder, found }: Parts) {
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

/** Takes the steps; returns the moment after the last one that was done in full, and the records of all. */
async function steps(
  { options, settings, emit }: Loop,
  { policy, stepper, folder, snapshots, found }: Parts,
  keep: ReturnType<typeof keeper>,
): Promise<{ readonly last: Boundary; readonly records: readonly StepRecord[] }> {
  const total = settings.steps;
  const report = progressReporter({ task: `train ${options.task.name}`, total, unit: "steps" });
  const records: StepRecord[] = [];
  const tell = (record: StepRecord): void => {
    records.push(record);
    const { reward = Number.NaN, tokens_per_second: speed = 0 } = record.metrics;
    report(record.step + 1, { reward, "tokens/s": speed });
    emit(record);
  };
  report(0);
  found.records.forEach(tell);
  let last: Boundary = { done: records.length, memory: stepper.memory() };
  for (let step = last.done; step < total; step++) {
    const taken = await unlessAborted(options.signal, () => stepper.step(step));
    if (taken === undefined) break;
    const plain = comparedWith(found.later[step - found.records.length], taken.record);
    const record = (await unlessAborted(options.signal, () => evaluated(plain, options, policy, settings))) ?? plain;
    await folder?.step(record, taken.columns);
    if (folder) last = { done: step + 1, memory: stepper.memory() };
    else last = { ...last, done: step + 1 };
    const due = (step + 1) % settings.checkpointEvery === 0 && step + 1 < total;
    if (due && !lacksEvaluation(record, settings)) await keep(last, [...records, record]);
    if ((step + 1) % (settings.snapshotEvery ?? Number.POSITIVE_INFINITY) === 0) {
      snapshots.push({ step: step + 1, policy: await policy.clone() });
    }
    tell(record);
  }
  return { last, records };
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
