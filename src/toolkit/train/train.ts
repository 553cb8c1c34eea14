/**
 * The training loop: problems, completions, rewards, advantages, losses, weights, record; each through its seam.
 * It knows no algorithm and no plot: it calls the seams' functions and yields records.
 */
import { type CompleteAlgorithm, complete, describe } from "../algorithm.ts";
import { evaluate } from "../evaluate.ts";
import type { Policy } from "../policy/policy.ts";
import { progressReporter } from "../progress.ts";
import { environment } from "../runs/environment.ts";
import { createRunFolder, type RunFolder } from "../runs/run-folder.ts";
import { saveCheckpoint } from "./checkpoint.ts";
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
  const { options, settings } = loop;
  const start = performance.now();
  const folder = await openFolder(loop);
  const withHead = loop.algorithm.objective.needs.values === true;
  const policy = withHead ? await options.policy.withValueHead() : await options.policy.clone();
  const stepper = createStepper({ ...loop, policy });
  const snapshots: Snapshot[] = [];
  try {
    await stepper.prepare();
    const done = await steps(loop, { policy, stepper, folder, snapshots });
    await keep(folder, done, policy, stepper);
    const stopped = done < settings.steps ? "aborted" : "finished";
    const trained = withHead ? await policy.withoutValueHead() : policy;
    if (trained !== policy) await policy.dispose();
    const seconds = (performance.now() - start) / 1000;
    return { policy: trained, base: options.policy, snapshots, stopped, seconds };
  } catch (error) {
    for (const kept of [{ policy }, ...snapshots]) await kept.policy.dispose(); // nobody else has them
    throw error;
  } finally {
    await stepper.learner.dispose();
    await folder?.close();
  }
}

interface Parts {
  readonly policy: Policy;
  readonly stepper: Stepper;
  readonly folder: RunFolder | undefined;
  readonly snapshots: Snapshot[];
}

/** Takes the steps; returns how many were done in full. */
async function steps(
  { options, settings, emit }: Loop,
  { policy, stepper, folder, snapshots }: Parts,
): Promise<number> {
  const total = settings.steps;
  const report = progressReporter({ task: `train ${options.task.name}`, total, unit: "steps" });
  report(0);
  for (let step = 0; step < total; step++) {
    const taken = await unlessAborted(options.signal, () => stepper.step(step));
    if (taken === undefined) return step;
    const plain = taken.record;
    const record = (await unlessAborted(options.signal, () => evaluated(plain, options, policy, settings))) ?? plain;
    await folder?.step(record, taken.columns);
    if ((step + 1) % (settings.checkpointEvery ?? total) === 0 && step + 1 < total) {
      await keep(folder, step + 1, policy, stepper);
    }
    if ((step + 1) % (settings.snapshotEvery ?? Number.POSITIVE_INFINITY) === 0) {
      snapshots.push({ step: step + 1, policy: await policy.clone() });
    }
    report(step + 1, {
      reward: record.metrics.reward ?? Number.NaN,
      "tokens/s": record.metrics.tokens_per_second ?? 0,
    });
    emit(record);
  }
  return total;
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

async function keep(folder: RunFolder | undefined, done: number, policy: Policy, stepper: Stepper): Promise<void> {
  if (folder === undefined || done === 0) return;
  await folder.checkpoint(done, (path) => saveCheckpoint(path, { policy, stepsDone: done, stepper }));
}

async function openFolder({ options, settings, algorithm }: Loop): Promise<RunFolder | undefined> {
  if (options.runFolder === undefined) return undefined;
  const { task, policy } = options;
  const { learningRate, ...plain } = settings;
  const config: Record<string, unknown> = {
    startedAt: new Date().toISOString(), // allowed: for people; nothing is computed from it
    task: { name: task.name, settings: task.settings },
    algorithm: { name: algorithm.name, choices: describe(algorithm) },
    settings: { ...plain, learningRate: typeof learningRate === "number" ? learningRate : learningRate.toString() },
    policy: { config: policy.config, fingerprint: await policy.fingerprint() },
    environment: await environment(),
  };
  return createRunFolder(options.runFolder, config);
}
