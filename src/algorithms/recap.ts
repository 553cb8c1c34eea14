/**
 * RECAP: several objectives, each weighed by whether its loss still falls and how much it swings; old skills replayed.
 * 2025, "Beyond Reasoning Gains: Mitigating General Capabilities Forgetting in Large Reasoning Models",
 * arXiv:2510.21978, eq. 1 (RECAP: replay-enhanced capability preservation).
 *
 *     mu_k, sigma_k: mean and deviation of objective k's latest W losses; mu'_k: mean of the W before them
 *     c_k = mu_k / mu'_k,  i_k = sigma_k / (mu_k + mu'_k),  s_k = c_k + i_k
 *     lambda_k = K exp(s_k / T) / sum_j exp(s_j / T);  1 until there are 2 W losses
 *     loss = (1 / K) sum_k lambda_k L_k
 *
 * Seams: curriculum and rollout (replayed rows join the batch), advantage, objective. L_k of a verifiable reward is the
 * clipped surrogate of that reward alone, whose weight multiplies its advantage; L of the replayed rows is their mean
 * negative log-likelihood. An objective that gets worse gets more weight. Reconstruction: W = 10, the deviation over n,
 * 1 - mean reward as the loss that is recorded of a reward, and the floor under mu'_k, which else lets one objective take
 * everything when its loss was near 0.
 */
import * as tf from "@tensorflow/tfjs";
import {
  type AdvantageInput,
  type Advantages,
  groupAdvantages,
  spreadOverTokens,
  statistic,
} from "../toolkit/advantage.ts";
import { type Algorithm, type ChoiceSources, choicesOf, givenChoices } from "../toolkit/algorithm.ts";
import { logProb } from "../toolkit/models.ts";
import { aggregate, checkBatch, column, masked, type ObjectiveResult, type PolicyBatch } from "../toolkit/objective.ts";
import { checkOptions } from "../toolkit/options.ts";
import { clippedGain, tokenRatio } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";
import { rng } from "../toolkit/rng.ts";
import { type RolloutInput, type Rollouts, sampleCompletions } from "../toolkit/rollout.ts";
import { foreignRow, fromRows, rowsOf, unscoredBehind } from "../toolkit/rows.ts";
import { stateful } from "../toolkit/seam.ts";
import type { Problem } from "../toolkit/tasks/task.ts";
import { type Histories, recapWeights, recordLosses, replayBatch, restoreHistories } from "./recap-weights.ts";

/** A source of rows to replay: prompts with completions that are worth keeping. */
export type ReplaySource = readonly { readonly problem: Problem; readonly completion: string }[];

export interface RecapOptions {
  /**
   * Names of the objectives: components of the reward seam's output, or "reward" for its total. Default: ["reward"].
   */
  readonly objectives?: readonly string[];
  /** Rows to replay, by source; one more objective, "replay", where there are any. Default: none. */
  readonly replay?: readonly ReplaySource[];
  /** Replayed rows a step. Default 16 (our choice: of 256 sampled). */
  readonly replayRows?: number;
  /** W. Default 10 (reconstruction). */
  readonly window?: number;
  /** T. Default 5: paper. */
  readonly temperature?: number;
  /** Least mu'_k divided by. Default 1e-8 (reconstruction). */
  readonly floor?: number;
  /** Clip range on both sides. Default 0.2: GRPO's. */
  readonly clip?: number;
}

type Settings = Required<RecapOptions>;

const SOURCES: ChoiceSources<"objectives" | "replayRows" | "window" | "temperature" | "floor" | "clip"> = {
  objectives: ["advantage", "one: the task's reward"],
  replayRows: ["rollout", "our choice: of 256 sampled"],
  window: ["advantage", "reconstruction"],
  temperature: ["advantage", "arXiv:2510.21978"],
  floor: ["advantage", "reconstruction"],
  clip: ["objective", "GRPO's"],
};

/** Name of the objective of replayed rows. */
const REPLAY = "replay";

/** Columns: which rows are replayed, their objective's weight over K, and the share of the step's tokens that are sampled. */
const [REPLAYED, WEIGHT, SAMPLED] = ["recapReplayed", "recapReplayWeight", "recapSampledShare"] as const;

/** Statistic: log-probs before the step, for the replayed rows' likelihood. */
const LOG_PROBS = "recapLogProbs";

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function recap(options: RecapOptions = {}): Algorithm {
  const settings = settle(options);
  const names = [...settings.objectives, ...(settings.replay.length > 0 ? [REPLAY] : [])];
  return {
    name: "recap",
    inseparable: true,
    rollout: (input) => withReplay(input, settings),
    advantage: stateful<Histories, AdvantageInput, Advantages>({
      init: () => Object.fromEntries(names.map((name) => [name, []])),
      next: (histories, input) => advantages(histories, input, settings),
      save: (histories) => histories,
      restore: (saved) => restoreHistories(saved, names),
    }),
    objective: {
      needs: { columns: { [REPLAYED]: "row", [WEIGHT]: "step", [SAMPLED]: "step" } },
      loss: (batch) => recapLoss(batch, settings),
    },
    ...(settings.replay.length > 0 && { statistics: { [LOG_PROBS]: logProb } }),
    choices: [
      ...choicesOf(SOURCES, { ...settings, objectives: names.join(", ") }, options),
      ...givenChoices(options, { replay: ["rollout", "none", "our choice: data to keep are the user's"] }),
    ],
  };
}

function settle(options: RecapOptions): Settings {
  checkOptions("recap", options, {
    objectives: { kind: "array" },
    replay: { kind: "array" },
    replayRows: { kind: "integer", min: 1 },
    window: { kind: "integer", min: 2 },
    temperature: { kind: "number", above: 0 },
    floor: { kind: "number", above: 0 },
    clip: { kind: "number", min: 0, max: 1 },
  });
  const { objectives = ["reward"], replay = [], replayRows = 16 } = options;
  const { window = 10, temperature = 5, floor = 1e-8, clip = 0.2 } = options;
  if (objectives.length === 0) refuse("recap", "there are no objectives", 'name at least one, such as "reward"');
  if (objectives.includes(REPLAY)) refuse("recap", `an objective is named "${REPLAY}"`, "that is the replayed rows'");
  return { objectives, replay, replayRows, window, temperature, floor, clip };
}

/** The sampled rows verified, and replayed rows behind them, which are not scored. */
async function withReplay(input: RolloutInput, { replay, replayRows }: Settings): Promise<Rollouts> {
  const sampled = await sampleCompletions(input);
  if (replay.length === 0) return sampled;
  const rewards = await input.verify(sampled);
  const { tokenizer } = input.models.policy;
  const { seed, step } = input.sampling;
  const random = rng({ seed, stream: "recap-replay", step });
  const drawn = replayBatch(replay, replayRows, random);
  const first = sampled.problems.length;
  const shown = drawn.map(({ problem, completion }, i) => foreignRow(tokenizer, first + i, problem.prompt, completion));
  const rows = [...rowsOf(sampled), ...shown];
  const columns = { [REPLAYED]: Float32Array.from(rows, (_, b) => (b < sampled.rows ? 0 : 1)) };
  const problems = [...sampled.problems, ...drawn.map(({ problem }) => problem)];
  const { tokensPerSecond } = sampled;
  return fromRows(rows, {
    problems,
    padId: tokenizer.padId,
    tokensPerSecond,
    columns,
    rewards: unscoredBehind(rewards, shown.length, "replayed, not verified"),
  });
}

function advantages(before: Histories, input: AdvantageInput, settings: Settings): readonly [Advantages, Histories] {
  const { rollouts, rewards } = input;
  const tokens = rollouts.width - 1;
  const replayed = replayedRows(rollouts);
  const columnOf = (name: string): Float32Array =>
    (name === "reward" ? rewards.values : rewards.components?.[name]) ??
    refuse("recap", `the rewards have no component "${name}"`, "return it in the reward seam's components");
  const losses = Object.fromEntries(settings.objectives.map((name) => [name, rewardLoss(name, columnOf(name))]));
  const nll = settings.replay.length > 0 ? { [REPLAY]: replayLoss(input, replayed) } : {};
  const histories = recordLosses(before, { ...losses, ...nll }, settings);
  const weights = recapWeights(histories, settings);
  const count = Object.keys(weights).length;
  const perRow = new Float32Array(rollouts.rows);
  for (const name of settings.objectives) {
    const scale = (weights[name] ?? 1) / count;
    const own = groupAdvantages(columnOf(name), rollouts.group, SCALED);
    for (const [b, value] of own.entries()) perRow[b] = (perRow[b] ?? 0) + scale * value;
  }
  const metrics = Object.entries(weights).map(([name, weight]) => [`recap/weight/${name}`, weight] as const);
  const output = {
    perToken: spreadOverTokens(perRow, tokens),
    columns: {
      [REPLAYED]: replayed,
      [WEIGHT]: (weights[REPLAY] ?? 0) / count,
      [SAMPLED]: sampledShare(rollouts, replayed),
    },
    metrics: Object.fromEntries(metrics),
  };
  return [output, histories];
}

/** GRPO's: each objective's advantage is of the size of one. */
const SCALED = { scale: "group-std", deviation: "sample", epsilon: 1e-6 } as const;

function replayedRows({ columns, rows }: Rollouts): Float32Array {
  const found = columns?.[REPLAYED];
  return found instanceof Float32Array ? found : new Float32Array(rows);
}

/** 1 - mean reward. @throws UsageError for a reward above 1, whose loss would be below 0 */
function rewardLoss(name: string, values: Float32Array): number {
  const scored = values.filter((value) => !Number.isNaN(value));
  if (scored.length === 0) return 1; // nothing known: as bad as can be
  const loss = 1 - scored.reduce((sum, value) => sum + value, 0) / scored.length;
  if (loss < 0) refuse("recap", `the mean of "${name}" is ${1 - loss}`, "pass rewards of at most 1");
  return loss;
}

/** Mean negative log-likelihood of the replayed rows' tokens, before the step. */
function replayLoss({ rollouts, statistics }: AdvantageInput, replayed: Float32Array): number {
  const logProbs = statistic("recap", statistics, LOG_PROBS);
  const { mask, rows, width } = rollouts;
  let [sum, count] = [0, 0];
  for (let b = 0; b < rows; b++) {
    if (replayed[b] !== 1) continue;
    for (let i = b * (width - 1); i < (b + 1) * (width - 1); i++) {
      if (mask[i] === 0) continue;
      sum -= logProbs[i] ?? Number.NaN;
      count++;
    }
  }
  return count === 0 ? 0 : Math.max(0, sum / count);
}

/** Every token of a completion is trained on, so lengths are counts. */
function sampledShare({ completionLengths }: Rollouts, replayed: Float32Array): number {
  let [sampled, all] = [0, 0];
  for (let b = 0; b < completionLengths.length; b++) {
    const length = completionLengths[b] ?? 0;
    all += length;
    if (replayed[b] !== 1) sampled += length;
  }
  return all === 0 ? 1 : sampled / all;
}

/**
 * Clipped surrogate over the sampled tokens plus weighted likelihood of the replayed ones, each a mean over its own
 * tokens (of the step: with several mini-batches their shares are taken to be the step's).
 */
function recapLoss(batch: PolicyBatch, { clip }: Settings): ObjectiveResult {
  const checked = checkBatch("recap", batch);
  const { mask } = checked;
  const replayed = column("recap", batch, REPLAYED).reshape<tf.Tensor2D>([mask.shape[0], 1]); // [B, 1]
  const share = column("recap", batch, SAMPLED);
  const ofSampled = mask.mul<tf.Tensor2D>(tf.sub(1, replayed)); // [B, T]
  const ofReplayed = mask.mul<tf.Tensor2D>(replayed); // [B, T]
  const gain = clippedGain(tokenRatio(checked), masked(checked.advantages, mask), { clipLow: clip, clipHigh: clip });
  const policyLoss = aggregate(masked(gain, ofSampled), checked, "token-mean").neg().div(share.maximum(1e-9));
  const likelihood = aggregate(masked(checked.logProbs, ofReplayed), checked, "token-mean").neg();
  const nll = likelihood.div(tf.sub(1, share).maximum(1e-9));
  const loss = policyLoss.add(nll.mul(column("recap", batch, WEIGHT)));
  return { loss: loss.asScalar(), metrics: { policy_loss: policyLoss.asScalar(), "recap/replay_nll": nll.asScalar() } };
}
