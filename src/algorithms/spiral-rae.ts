/**
 * RAE: the baseline is a moving average of earlier rewards, one for each kind of problem; it needs no second completion.
 * Liu, Guertler, Yu, Liu, Qi, Balcells, Liu, Tan, Shi, Lin, Lee, Jaques 2025, "SPIRAL: Self-Play on Zero-Sum Games
 * Incentivizes Reasoning via Multi-Agent Multi-Turn Reinforcement Learning", arXiv:2506.24119, eq. 2 and algorithm 1.
 *
 *     b <- decay b + (1 - decay) r_b,   A_b = r_b - b        completion after completion; b is 0 at first
 *
 * The paper keeps one baseline for each game and role; here one for each level of the problems, or one for the run (our
 * choice: what stands for a game where there is one player). A completion moves its own baseline, as in the paper.
 *
 * Seam: advantage, with state. An unscored row gets 0 and moves nothing. Equal rewards do not give 0 here: what all get
 * right is still better than before.
 */
import { type AdvantageInput, type Advantages, groupStatistics, spreadOverTokens } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Json, stateful } from "../toolkit/seam.ts";

export interface RaeOptions {
  /** Of the average. Default 0.95: paper, and prime-rl. */
  readonly decay?: number;
  /** What shares a baseline. Default "level" (our choice). */
  readonly per?: "level" | "run";
}

const SOURCES: ChoiceSources<keyof RaeOptions> = {
  decay: ["advantage", "arXiv:2506.24119, appendix D"],
  per: ["advantage", "our choice: a level stands for the paper's game and role"],
};

/** Baselines by key. */
export type RaeBaselines = Readonly<Record<string, number>>;

/** The change. @throws UsageError for an unknown option or one out of range */
export function rae(options: RaeOptions = {}): AlgorithmChange {
  const settings = settle(options);
  const { decay, per } = settings;
  return {
    name: "spiral-rae",
    replaces: {
      advantage: stateful<RaeBaselines, AdvantageInput, Advantages>({
        init: () => ({}),
        next(baselines, input) {
          const keys = keysOf(input, per);
          const after = raeAdvantages({ rewards: input.rewards.values, keys }, baselines, { decay });
          const means = Object.values(after.baselines);
          const mean = means.reduce((sum, x) => sum + x, 0) / Math.max(means.length, 1);
          const perToken = spreadOverTokens(after.advantages, input.rollouts.width - 1);
          return [{ perToken, metrics: { baseline: mean } }, after.baselines];
        },
        save: (baselines) => baselines,
        restore,
      }),
    },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function settle(options: RaeOptions): Required<RaeOptions> {
  checkOptions("rae", options, {
    decay: { kind: "number", min: 0, max: 1 },
    per: { kind: "either", values: ["level", "run"] },
  });
  return { decay: options.decay ?? 0.95, per: options.per ?? "level" };
}

export interface RaeRows {
  /** NaN: unscored. */
  readonly rewards: Float32Array; // [B]
  /** Whose baseline each row is held against. */
  readonly keys: readonly string[]; // [B]
}

/** Advantages of the rows in their order, and the baselines after them. */
export function raeAdvantages(
  { rewards, keys }: RaeRows,
  baselines: RaeBaselines,
  options: Pick<RaeOptions, "decay"> = {},
): { readonly advantages: Float32Array; readonly baselines: RaeBaselines } {
  const { decay } = settle(options);
  groupStatistics(rewards, new Int32Array(rewards.length)); // refuses what is not finite
  const after: Record<string, number> = { ...baselines };
  const advantages = rewards.map((reward, b) => {
    if (Number.isNaN(reward)) return 0;
    const key = keys[b] ?? refuse("rae", `row ${b} has no key`, "pass one per row");
    const baseline = decay * (after[key] ?? 0) + (1 - decay) * reward;
    after[key] = baseline;
    return reward - baseline;
  });
  return { advantages, baselines: after };
}

function keysOf({ rollouts }: AdvantageInput, per: "level" | "run"): string[] {
  const { group, problems } = rollouts;
  return Array.from(group, (id) => (per === "run" ? "run" : `level ${problems[id]?.level}`));
}

function restore(saved: Json): RaeBaselines {
  const entries = typeof saved === "object" && saved !== null && !Array.isArray(saved) ? Object.entries(saved) : [];
  const baselines = entries.flatMap(([key, value]) => (typeof value === "number" ? [[key, value] as const] : []));
  if (typeof saved !== "object" || saved === null || baselines.length < Object.keys(saved).length) {
    return refuse("rae", `the saved state is ${JSON.stringify(saved)}`, "pass numbers by key, as save gives them");
  }
  return Object.fromEntries(baselines);
}
