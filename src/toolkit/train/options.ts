/** Settings of `train`, their defaults and their ranges. */
import { type Algorithm, complete } from "../algorithm.ts";
import type { AdamWOptions } from "../jit/adamw.ts";
import { linearWarmup } from "../jit/schedules.ts";
import { checkOptions, type OptionRule } from "../options.ts";
import type { Policy } from "../policy/policy.ts";
import { refuse } from "../refuse.ts";
import type { Task } from "../tasks/task.ts";
import { tokensFor } from "./columns.ts";
import { checkWatchOptions, type WatchOptions } from "./watch/watch.ts";

export interface TrainOptions {
  /** Where training starts. It is not changed: the run trains a copy, so that the two can be compared. */
  readonly policy: Policy;
  readonly task: Task;
  /** Such as `grpo()`. */
  readonly algorithm: Algorithm;
  /** Steps of sampling and learning. Default 60: enough for nano on the bundled tasks, about a minute on two cores. */
  readonly steps?: number;
  /** Same seed, same machine, same number of threads: the same weights, bit for bit. Default 0. */
  readonly seed?: number;
  /** Level of the problems. Default: the task's last. */
  readonly level?: number;
  /** Problems per step. Default 32. */
  readonly promptsPerStep?: number;
  /** Completions per problem. Default 8: TRL's `num_generations`. */
  readonly samplesPerPrompt?: number;
  /** Longest completion, in tokens. Default: the task's bound, which holds every demonstration. */
  readonly maxTokens?: number;
  /**
   * Of sampling, and so of the loss: the learner, the reference and the entropy divide their logits by it too, as TRL
   * does, since the gradient is unbiased only for the distribution that was sampled from. The held-out evaluation samples
   * at 1. At a temperature other than 1, a rollout function that also cuts tokens off (top-k ...) stops the run: its
   * log-probs are not the learner's. Default 1: the policy as it is.
   */
  readonly temperature?: number;
  /**
   * A number, or a function of the step. Default: 2e-4 after 5 steps of warm-up, measured for nano on chain addition
   * (1e-4 gains half as much in 60 steps; without warm-up Adam's first, sign-like steps cost 0.1 of the reward). Larger
   * policies want less: TRL's default is 1e-6.
   */
  readonly learningRate?: number | ((step: number) => number);
  /** Longest gradient; a longer one is scaled down. Default 1: TRL's. */
  readonly maxGradNorm?: number;
  readonly optimizer?: AdamWOptions;
  /** Times a step's completions are learned from. Default 1: on-policy. */
  readonly innerEpochs?: number;
  /** Updates per inner epoch, each on its share of the rows. Default 1: on-policy. */
  readonly miniBatches?: number;
  /**
   * Pieces that an update's rows are computed in, to bound memory. Default: as few as keep a piece at 4096 tokens. The
   * result is the same up to the rounding of sums (about 1e-7 of the gradient): bit-identical only for equal settings.
   */
  readonly microBatches?: number;
  /** Every so many steps the policy is scored on held-out problems (`eval_reward`). Default: never. */
  readonly evaluateEvery?: number;
  /** How: 32 problems, 4 completions each. */
  readonly evaluation?: { readonly count?: number; readonly samples?: number };
  /** Every so many steps a copy of the policy is kept, for `TrainedRun.snapshots`. Default: none. */
  readonly snapshotEvery?: number;
  /** Folder to keep the run in; without `resume` it must not hold anything. Default: nothing is written. */
  readonly runFolder?: string;
  /**
   * Continues the run in `runFolder` from its newest whole checkpoint, or begins it where there is none: the weights,
   * records and completions are those of a run that was never stopped, bit for bit. All options must be those of the
   * beginning, except `steps`, `checkpointEvery`, `keepCheckpoints`, `snapshotEvery`,
   * `preflight`, `watch` and `signal`. Records of earlier
   * steps are told again; snapshots are of later ones alone. Default false.
   */
  readonly resume?: boolean;
  /**
   * Steps between checkpoints in the run folder: all that a resumed run needs; `Policy.load` opens one. There is always
   * one of the start and one of the end. Default 10: a checkpoint of nano takes some 60 ms, the most that is done again
   * is ten steps.
   */
  readonly checkpointEvery?: number;
  /** Which checkpoints stay besides those of start and end. Default: all. */
  readonly keepCheckpoints?: KeepOptions;
  /**
   * What becomes of a run that a few real samples show to be for nothing: completions cut off, no gradient, a verifier that
   * accepts anything ... `"refuse"`: the run rejects with a `PreflightError` before its first step; `"warn"`: what was found
   * is listed in the first step's record; `"off"`: nothing is looked at. Default "refuse".
   */
  readonly preflight?: "refuse" | "warn" | "off";
  /** What to look for while the run goes on, and what pauses it. Default: the built-in rules, and none pauses. */
  readonly watch?: WatchOptions;
  /**
   * Stops the run within a few tokens or one micro-batch; `finished` then resolves with `stopped: "aborted"`. A step is
   * taken whole or not at all: one that has updated weights is finished first. A held-out evaluation is dropped.
   */
  readonly signal?: AbortSignal;
}

export interface KeepOptions {
  /** The newest so many, at least 1. Default: all, as in TRL and verl. */
  readonly last?: number;
  /** Besides, so many with the highest figure. Default 0. */
  readonly best?: number;
  /** The figure, as the newest record at the checkpoint has it. Default `"eval_reward"` with `evaluateEvery`, else `"reward"`. */
  readonly by?: string;
}

const RULES: Readonly<Record<keyof TrainOptions, OptionRule>> = {
  policy: { kind: "object", required: true },
  task: { kind: "object", required: true },
  algorithm: { kind: "object", required: true },
  steps: { kind: "integer", min: 1 },
  seed: { kind: "integer", min: 0, max: 2 ** 32 - 1 },
  level: { kind: "number" },
  promptsPerStep: { kind: "integer", min: 1 },
  samplesPerPrompt: { kind: "integer", min: 1 },
  maxTokens: { kind: "integer", min: 1 },
  temperature: { kind: "number", above: 0 },
  learningRate: { kind: "schedule", above: 0 },
  maxGradNorm: { kind: "number", above: 0 },
  optimizer: { kind: "object" },
  innerEpochs: { kind: "integer", min: 1 },
  miniBatches: { kind: "integer", min: 1 },
  microBatches: { kind: "integer", min: 1 },
  evaluateEvery: { kind: "integer", min: 1 },
  evaluation: { kind: "object" },
  snapshotEvery: { kind: "integer", min: 1 },
  runFolder: { kind: "string" },
  resume: { kind: "boolean" },
  checkpointEvery: { kind: "integer", min: 1 },
  keepCheckpoints: { kind: "object" },
  preflight: { kind: "either", values: ["refuse", "warn", "off"] },
  watch: { kind: "object" },
  signal: { kind: "object" },
};

/** @throws UsageError when the schedule gives what is no rate: it would spoil the weights for good */
export function rateAt({ learningRate }: Pick<TrainSettings, "learningRate">, step: number): number {
  const rate = typeof learningRate === "number" ? learningRate : learningRate(step);
  if (Number.isFinite(rate) && rate >= 0) return rate;
  return refuse("train", `learningRate gives ${String(rate)} at step ${step}`, "return a finite number, 0 or more");
}

/** Tokens of one piece of an update: enough for full speed on CPUs, a few hundred MB of activations for micro. */
const TOKENS_A_PIECE = 4096;

/** Options with every default filled in. */
export interface TrainSettings {
  readonly steps: number;
  readonly seed: number;
  readonly level: number | undefined;
  readonly promptsPerStep: number;
  readonly samplesPerPrompt: number;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly learningRate: number | ((step: number) => number);
  readonly maxGradNorm: number;
  readonly optimizer: AdamWOptions;
  readonly innerEpochs: number;
  readonly miniBatches: number;
  readonly microBatches: number;
  /** T of every micro-batch. */
  readonly tokens: number;
  readonly evaluateEvery: number | undefined;
  readonly evaluation: { readonly count: number; readonly samples: number };
  readonly snapshotEvery: number | undefined;
  readonly checkpointEvery: number;
  readonly keepCheckpoints: KeepOptions;
}

/**
 * Checks the options and fills in defaults.
 *
 * @throws UsageError naming the option and the remedy
 */
export function trainSettings(options: TrainOptions): TrainSettings {
  checkOptions("train", options, RULES);
  const { objective, extraPromptTokens = 0, name, fits } = complete(options.algorithm);
  const { task, policy, promptsPerStep = 32, samplesPerPrompt = 8, miniBatches = 1, evaluation = {} } = options;
  checkWatchOptions(options.watch ?? {});
  checkOptions("train, evaluation", evaluation, {
    count: { kind: "integer", min: 1 },
    samples: { kind: "integer", min: 1 },
  });
  checkOptions("train, keepCheckpoints", options.keepCheckpoints ?? {}, {
    last: { kind: "integer", min: 1 },
    best: { kind: "integer", min: 0 },
    by: { kind: "string" },
  });
  if (options.resume === true && options.runFolder === undefined) {
    refuse("train", "resume is true and there is no runFolder", "pass the folder of the run to continue");
  }
  const maxTokens = options.maxTokens ?? task.maxCompletionTokens;
  const tokens = tokensFor(task.maxPromptTokens + extraPromptTokens, maxTokens);
  const limit = policy.config.max_position_embeddings;
  if (tokens > limit) {
    const needed = `prompt and completion take up to ${tokens} positions, the policy has ${limit}`;
    refuse("train", needed, "lower maxTokens, or make the policy with more max_position_embeddings");
  }
  fits?.(task, policy.tokenizer);
  const rows = promptsPerStep * samplesPerPrompt;
  if (miniBatches > rows) {
    refuse("train", `miniBatches is ${miniBatches} for ${rows} completions a step`, "pass at most one per completion");
  }
  const { together } = objective.needs;
  if (together !== undefined && miniBatches > promptsPerStep) {
    const whole = `${name} needs whole groups, and a step has ${promptsPerStep} for ${miniBatches}`;
    refuse("train", `miniBatches is ${miniBatches}: ${whole}`, "pass at most promptsPerStep");
  }
  if (together === "update" && (options.microBatches ?? 1) > 1) {
    const whole = `${name} needs all rows of an update at once`;
    refuse("train", `microBatches is ${options.microBatches}: ${whole}`, "pass 1, and more miniBatches to save memory");
  }
  const perUpdate = Math.ceil(rows / miniBatches);
  return {
    steps: options.steps ?? 60,
    seed: options.seed ?? 0,
    level: options.level,
    promptsPerStep,
    samplesPerPrompt,
    maxTokens,
    temperature: options.temperature ?? 1,
    learningRate: options.learningRate ?? linearWarmup(2e-4, { warmupSteps: 5 }),
    maxGradNorm: options.maxGradNorm ?? 1,
    optimizer: options.optimizer ?? {},
    innerEpochs: options.innerEpochs ?? 1,
    miniBatches,
    microBatches:
      together === "update"
        ? 1
        : Math.min(options.microBatches ?? Math.ceil((perUpdate * tokens) / TOKENS_A_PIECE), perUpdate),
    tokens,
    evaluateEvery: options.evaluateEvery,
    evaluation: { count: evaluation.count ?? 32, samples: evaluation.samples ?? 4 },
    snapshotEvery: options.snapshotEvery,
    checkpointEvery: options.checkpointEvery ?? 10,
    keepCheckpoints: options.keepCheckpoints ?? {},
  };
}
