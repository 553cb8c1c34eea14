/** One training step: from problems to changed weights, through the seams. */
import type { CompleteAlgorithm } from "../algorithm.ts";
import type { Policy } from "../policy/policy.ts";
import { refuse } from "../refuse.ts";
import type { Rewards } from "../reward.ts";
import { processedTokens, type Rollouts } from "../rollout.ts";
import type { StepColumns } from "../runs/run-folder.ts";
import type { Json } from "../seam.ts";
import { openChecked } from "../seam-output.ts";
import { compareFingerprints } from "./identity.ts";
import { createLearner, type Learned, type Learner } from "./learner.ts";
import { type Memory, nothing, packMemory, unpackMemory } from "./memory.ts";
import type { LearnColumns } from "./micro-batch.ts";
import { rateAt, type TrainOptions, type TrainSettings } from "./options.ts";
import { rolloutMetrics, type StepEvent, type StepRecord, stepEvents } from "./record.ts";
import { noRollouts } from "./rollouts.ts";
import { createScoring, type Scored, type Scoring } from "./scoring.ts";
import { checkSampled, namingWeights } from "./watch/finite.ts";
import { createWatch, type Watch } from "./watch/watch.ts";

export interface StepperOptions {
  readonly options: TrainOptions;
  readonly settings: TrainSettings;
  readonly algorithm: CompleteAlgorithm;
  /** The copy that is trained. */
  readonly policy: Policy;
}

/** Takes steps one after the other and holds what is remembered between them. */
export interface Stepper {
  prepare(): Promise<void>;
  step(step: number): Promise<{ readonly record: StepRecord; readonly columns: StepColumns }>;
  /**
   * Completions, rewards and advantages as the first step would have them, with settings changed; seams are opened afresh
   * and forgotten, and nothing is learned.
   */
  rehearse(changes: RehearsalChanges): Promise<Rehearsed>;
  readonly learner: Learner;
  /** What the steps so far leave for the next one, seams' states included. @returns a function that gives it as JSON */
  memory(): () => Json;
  /** Goes on from what {@link memory} gave, in an earlier process; before the first step. */
  restore(memory: Json): void;
}

/** What differs from the run's settings. */
type RehearsalChanges = Pick<TrainSettings, "promptsPerStep" | "seed">;

/** A step without its learning. */
export interface Rehearsed extends LearnColumns {
  /** Times, ms; nothing is trained. */
  readonly timing: Omit<StepRecord["timing"], "train">;
}

export function createStepper(setup: StepperOptions): Stepper {
  const { options, settings, algorithm, policy } = setup;
  const rowsPerUpdate = Math.ceil((settings.promptsPerStep * settings.samplesPerPrompt) / settings.miniBatches);
  const shape = { rows: Math.ceil(rowsPerUpdate / settings.microBatches), tokens: settings.tokens };
  const { maxTokens, temperature, optimizer } = settings;
  const learner = createLearner({ policy, algorithm, shape, maxTokens, temperature, optimizer });
  const scoring = createScoring({ algorithm, policy, base: options.policy, temperature, tokens: shape.tokens });
  const watch = createWatch(options.watch);
  const parts = { ...setup, learner, scoring, seams: openSeams(algorithm), memory: nothing, watch };
  return {
    learner,
    prepare: () => learner.prepare(),
    step: (step) => takeStep(parts, step),
    rehearse: (changes) => rehearse(parts, changes),
    memory() {
      const { memory, seams } = parts;
      const states = Object.entries(seams).flatMap(([name, seam]) => (seam ? [[name, seam.save()] as const] : []));
      const watched = parts.watch.save();
      return () => packMemory(memory, Object.fromEntries(states), watched);
    },
    restore(saved) {
      const { memory, seams, watch: watched } = unpackMemory(saved);
      parts.memory = memory;
      parts.watch = createWatch(options.watch, watched);
      parts.seams = openSeams(algorithm, seams);
    },
  };
}

interface StepParts extends StepperOptions {
  readonly learner: Learner;
  readonly scoring: Scoring;
  readonly seams: Seams;
  memory: Memory;
  readonly watch: Watch;
}

async function rehearse(parts: StepParts, changes: RehearsalChanges): Promise<Rehearsed> {
  const apart: StepParts = {
    ...parts,
    settings: { ...parts.settings, ...changes },
    seams: openSeams(parts.algorithm),
    memory: nothing,
  };
  const clock = stopwatch();
  const { rollouts } = await sample(apart, 0);
  const rollout = clock();
  const rewards = rollouts.rewards ?? (await verify(apart, 0)(rollouts));
  const verified = clock();
  const scored = await parts.scoring.score(rollouts);
  const advantages = await advantagesOf(apart, 0, { rollouts, rewards, ...scored });
  if (rollouts.rows > 0) checkWidths(rollouts, parts.settings);
  return { rollouts, rewards, advantages, ...scored, timing: { rollout, verify: verified, score: clock() } };
}

async function takeStep(
  parts: StepParts,
  step: number,
): Promise<{ readonly record: StepRecord; readonly columns: StepColumns }> {
  const { options, settings, policy, scoring, memory } = parts;
  const rate = rateAt(settings, step);
  const clock = stopwatch();
  const { rollouts, fingerprint, promptMetrics } = await namingWeights(step, policy, () => sample(parts, step));
  const rollout = clock();
  const rewards = rollouts.rewards ?? (await verify(parts, step)(rollouts));
  const verified = clock();
  await checkSampled(step, policy, { rollouts, rewards });
  const scored = await scoring.score(rollouts);
  const advantages = await advantagesOf(parts, step, { rollouts, rewards, ...scored });
  const score = clock();
  options.signal?.throwIfAborted();
  compareFingerprints(step, fingerprint, await policy.fingerprint());
  const columns = { rollouts, rewards, advantages, ...scored };
  const skipped = rollouts.rows === 0 ? "there are no completions to learn from" : advantages.skip;
  const { learned, update } = await learnAndUpdate(parts, step, { columns, rate, skipped });
  const { entropies } = learned;
  const timing = { rollout, verify: verified, score, train: clock() };
  const tokensSeen = memory.tokensSeen + (rollouts.spentTokens ?? processedTokens(rollouts));
  const metrics = {
    ...(rollouts.rows > 0 && rolloutMetrics(rollouts, rewards)),
    ...promptMetrics,
    ...rollouts.metrics,
    ...rewards.metrics,
    ...advantages.metrics,
    ...learned.metrics,
    ...update,
    ...{ learning_rate: rate, num_tokens: tokensSeen, step_time: seconds(timing) },
  };
  const watched = rollouts.rows === 0 ? [] : parts.watch.look({ step, metrics, timing, rollouts, rewards });
  const reads = parts.algorithm.objective.needs.advantages !== "none";
  const record = recordOf({ step, metrics, timing, fingerprint, learned, columns, skipped, watched, reads });
  parts.memory = { previous: { rollouts, rewards }, metrics: record.metrics, tokensSeen };
  return { columns: { ...columns, ...(entropies && { entropies }) }, record };
}

interface LearnInput {
  readonly columns: LearnColumns;
  readonly rate: number;
  /** Reason to leave the weights as they are. */
  readonly skipped: string | undefined;
}

async function learnAndUpdate(
  parts: StepParts,
  step: number,
  { columns, rate, skipped }: LearnInput,
): Promise<{ readonly learned: Learned; readonly update: Readonly<Record<string, number>> | undefined }> {
  if (skipped !== undefined) return { learned: { metrics: {}, difference: { max: 0, mean: 0 } }, update: {} };
  const { settings, options, learner } = parts;
  checkWidths(columns.rollouts, settings);
  const learned = await learner.learn(columns, { ...settings, step, learningRate: rate, signal: options.signal });
  return { learned, update: await updateWeights(parts, step, learned.metrics) };
}

/** @throws UsageError for a row that the run's shape does not hold: it would be cut off unseen */
function checkWidths({ rows, promptLengths, completionLengths }: Rollouts, { tokens }: TrainSettings): void {
  for (let b = 0; b < rows; b++) {
    const length = (promptLengths[b] ?? 0) + (completionLengths[b] ?? 0) - 1;
    if (length <= tokens) continue;
    const given = `row ${b} has ${length + 1} tokens, the run is made for ${tokens + 1}`;
    refuse("train", given, "raise maxTokens, or the algorithm's extraPromptTokens if it lengthens prompts");
  }
}

async function advantagesOf(
  { seams, settings, options, scoring, memory }: StepParts,
  step: number,
  { rollouts, rewards, statistics, referenceStatistics }: Pick<LearnColumns, "rollouts" | "rewards"> & Scored,
) {
  if (rollouts.rows === 0) return { perToken: new Float32Array() };
  return seams.advantage.next({
    rollouts,
    rewards,
    step,
    steps: settings.steps,
    statistics,
    referenceStatistics,
    ...(memory.metrics && { previousMetrics: memory.metrics }),
    seed: settings.seed,
    task: options.task,
    models: scoring.models,
  });
}

function verify({ seams, options, settings, scoring }: StepParts, step: number) {
  const { steps, seed } = settings;
  return async (rollouts: Rollouts): Promise<Rewards> =>
    seams.reward.next({ task: options.task, rollouts, step, steps, seed, models: scoring.models });
}

function openSeams(algorithm: CompleteAlgorithm, saved: Readonly<Record<string, Json | undefined>> = {}) {
  const { curriculum, rollout, reward, advantage, update } = algorithm;
  return {
    curriculum: openChecked(algorithm, "curriculum", { seam: curriculum, saved: saved.curriculum }),
    rollout: openChecked(algorithm, "rollout", { seam: rollout, saved: saved.rollout }),
    reward: openChecked(algorithm, "reward", { seam: reward, saved: saved.reward }),
    advantage: openChecked(algorithm, "advantage", { seam: advantage, saved: saved.advantage }),
    update: update && openChecked(algorithm, "update", { seam: update, saved: saved.update }),
  };
}
type Seams = ReturnType<typeof openSeams>;

async function sample(parts: StepParts, step: number) {
  const { options, settings, policy, seams, scoring, memory } = parts;
  const { seed, steps, level, promptsPerStep, samplesPerPrompt, maxTokens, temperature } = settings;
  const { task, signal } = options;
  const { models } = scoring;
  const chosen = {
    task,
    seed,
    step,
    steps,
    level,
    promptsPerStep,
    samplesPerPrompt,
    previous: memory.previous,
    models,
  };
  const prompts = await seams.curriculum.next(chosen);
  const fingerprint = await policy.fingerprint();
  const sampling = { maxTokens, temperature, seed, step, ...(signal && { signal }) };
  const input = { prompts, sampler: policy, sampling, task, steps, models, verify: verify(parts, step) };
  const rollouts = prompts.problems.length === 0 ? noRollouts : await seams.rollout.next(input);
  return { fingerprint, rollouts, promptMetrics: prompts.metrics };
}

async function updateWeights(
  { seams: { update }, options, policy, settings, scoring }: StepParts,
  step: number,
  metrics: Learned["metrics"],
) {
  if (update === undefined) return {};
  const weights = { parameters: policy.parameters, initial: options.policy.parameters };
  const { steps, seed } = settings;
  const result = await update.next({
    ...{ step, steps, metrics, ...weights },
    ...{ task: options.task, seed, models: scoring.models },
  });
  return result.metrics;
}

interface Finished extends Pick<StepRecord, "step" | "metrics" | "timing"> {
  readonly fingerprint: string;
  readonly learned: Learned;
  readonly columns: Pick<LearnColumns, "rollouts" | "rewards" | "advantages">;
  readonly skipped: string | undefined;
  readonly watched: readonly StepEvent[];
  /** The objective reads advantages. */
  readonly reads: boolean;
}

function recordOf(of: Finished): StepRecord {
  const { step, metrics, timing, fingerprint, learned, columns, skipped, watched, reads } = of;
  const { rollouts, rewards, advantages } = columns;
  const { max, mean } = learned.difference;
  const all = {
    ...metrics,
    "sampling/sampling_logp_difference/mean": mean,
    "sampling/sampling_logp_difference/max": max,
  };
  return {
    step,
    metrics: Object.fromEntries(Object.entries(all).filter(([, value]) => !Number.isNaN(value))), // NaN: not defined here
    timing,
    identity: { fingerprint, maxLogProbDifference: max },
    events: [
      ...stepEvents(metrics, {
        ...{ rollouts, rewards },
        noAdvantage: reads && advantages.perToken.every((advantage) => advantage === 0),
      }),
      ...watched,
      ...told("rollout", rollouts),
      ...told("advantage", advantages),
      ...skipEvents(skipped),
    ],
  };
}

/** What a seam's function tells of its step. */
function told(kind: "rollout" | "advantage", { events = [] }: Pick<Rollouts, "events">): StepEvent[] {
  return events.map((message) => ({ kind, message }));
}

function skipEvents(reason: string | undefined): StepEvent[] {
  return reason === undefined ? [] : [{ kind: "skipped", message: `no update: ${reason}` }];
}

function seconds(timing: StepRecord["timing"]): number {
  return Object.values(timing).reduce((sum, ms) => sum + ms, 0) / 1000;
}

/** Milliseconds since the call before. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const [before, now] = [last, performance.now()];
    last = now;
    return now - before;
  };
}
