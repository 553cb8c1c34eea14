/** One training step: from problems to changed weights, through the seams. */
import type { CompleteAlgorithm } from "../algorithm.ts";
import type { Policy } from "../policy/policy.ts";
import { refuse } from "../refuse.ts";
import type { Rewards } from "../reward.ts";
import type { Rollouts } from "../rollout.ts";
import type { StepColumns } from "../runs/run-folder.ts";
import { type Json, openSeam } from "../seam.ts";
import { compareFingerprints } from "./identity.ts";
import { createLearner, type Learned, type Learner } from "./learner.ts";
import type { TrainOptions, TrainSettings } from "./options.ts";
import { rolloutMetrics, type StepRecord, stepEvents } from "./record.ts";
import { referenceScorer } from "./reference.ts";

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
  readonly learner: Learner;
  /** State of every seam, for the checkpoint. */
  seamStates(): Record<string, Json>;
}

export function createStepper(setup: StepperOptions): Stepper {
  const { options, settings, algorithm, policy } = setup;
  const rowsPerUpdate = Math.ceil((settings.promptsPerStep * settings.samplesPerPrompt) / settings.miniBatches);
  const shape = { rows: Math.ceil(rowsPerUpdate / settings.microBatches), tokens: settings.tokens };
  const { maxTokens, temperature, optimizer } = settings;
  const learner = createLearner({ policy, algorithm, shape, maxTokens, temperature, optimizer });
  const { needs } = algorithm.objective;
  const reference = needs.referenceLogProbs ? referenceScorer(options.policy, shape, temperature) : undefined;
  const seams = openSeams(algorithm);
  let previous: { readonly rollouts: Rollouts; readonly rewards: Rewards } | undefined;
  let tokensSeen = 0;

  return {
    learner,
    async prepare() {
      await learner.prepare();
      await reference?.prepare();
    },
    async step(step) {
      const rate = rateAt(settings, step);
      const clock = stopwatch();
      const { rollouts, fingerprint } = await sample({ ...setup, seams, previous, step });
      const rollout = clock();
      const rewards = await seams.reward.next({ task: options.task, rollouts });
      const verify = clock();
      const advantages = await seams.advantage.next({ rollouts, rewards, step, steps: settings.steps });
      const referenceLogProbs = await reference?.score(rollouts);
      const score = clock();
      options.signal?.throwIfAborted();
      compareFingerprints(step, fingerprint, await policy.fingerprint());
      const columns = { rollouts, rewards, advantages, ...(referenceLogProbs && { referenceLogProbs }) };
      const learned = await learner.learn(columns, { ...settings, step, learningRate: rate, signal: options.signal });
      const update = await updateWeights(seams.update, setup, step, learned.metrics);
      const timing = { rollout, verify, score, train: clock() };
      previous = { rollouts, rewards };
      tokensSeen += tokensOf(rollouts);
      const own = { learning_rate: rate, num_tokens: tokensSeen, step_time: seconds(timing) };
      const metrics = {
        ...rolloutMetrics(rollouts, rewards),
        ...advantages.metrics,
        ...learned.metrics,
        ...update,
        ...own,
      };
      return { columns, record: recordOf({ step, metrics, timing, fingerprint, learned, rows: rollouts.rows }) };
    },
    seamStates: () =>
      Object.fromEntries(Object.entries(seams).flatMap(([name, seam]) => (seam ? [[name, seam.save()]] : []))),
  };
}

function openSeams({ curriculum, rollout, reward, advantage, update }: CompleteAlgorithm) {
  return {
    curriculum: openSeam(curriculum),
    rollout: openSeam(rollout),
    reward: openSeam(reward),
    advantage: openSeam(advantage),
    update: update && openSeam(update),
  };
}
type Seams = ReturnType<typeof openSeams>;

interface SampleInput extends StepperOptions {
  readonly seams: Seams;
  readonly previous: { readonly rollouts: Rollouts; readonly rewards: Rewards } | undefined;
  readonly step: number;
}

async function sample({ options, settings, policy, seams, previous, step }: SampleInput) {
  const { seed, steps, level, promptsPerStep, samplesPerPrompt, maxTokens, temperature } = settings;
  const { task, signal } = options;
  const chosen = { task, seed, step, steps, level, promptsPerStep, samplesPerPrompt, previous };
  const prompts = await seams.curriculum.next(chosen);
  const fingerprint = await policy.fingerprint();
  const sampling = { maxTokens, temperature, seed, step, ...(signal && { signal }) };
  return { fingerprint, rollouts: await seams.rollout.next({ prompts, sampler: policy, sampling }) };
}

/** @throws UsageError when the schedule gives what is no rate: it would spoil the weights for good */
function rateAt({ learningRate }: TrainSettings, step: number): number {
  const rate = typeof learningRate === "number" ? learningRate : learningRate(step);
  if (Number.isFinite(rate) && rate >= 0) return rate;
  return refuse("train", `learningRate gives ${String(rate)} at step ${step}`, "return a finite number, 0 or more");
}

async function updateWeights(
  update: Seams["update"],
  setup: StepperOptions,
  step: number,
  metrics: Learned["metrics"],
) {
  if (update === undefined) return {};
  const weights = { parameters: setup.policy.parameters, initial: setup.options.policy.parameters };
  return (await update.next({ step, steps: setup.settings.steps, ...weights, metrics })).metrics;
}

interface Finished extends Pick<StepRecord, "step" | "metrics" | "timing"> {
  readonly fingerprint: string;
  readonly learned: Learned;
  readonly rows: number;
}

function recordOf({ step, metrics, timing, fingerprint, learned, rows }: Finished): StepRecord {
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
    events: stepEvents(metrics, rows),
  };
}

/** Tokens of all rows, each with its prompt: TRL's count. */
function tokensOf({ promptLengths, completionLengths }: Rollouts): number {
  return completionLengths.reduce((sum, length, b) => sum + length + (promptLengths[b] ?? 0), 0);
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
