/**
 * Group flips: with some probability all rewards of a group are turned round, as in VIMPO's test of robustness.
 * 2026, "VIMPO: Value-Implicit Policy Optimization for LLMs", arXiv:2606.20008, and its released code.
 *
 *     r -> 1 - r for every completion of the group, with probability p
 *
 * Seam: reward.
 * In training alone: held-out evaluation asks the task itself. Unscored rows stay unscored.
 */
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkBinary } from "../toolkit/finite.ts";
import { checkOptions } from "../toolkit/options.ts";
import { rng } from "../toolkit/rng.ts";
import { wrapSeam } from "../toolkit/seam.ts";

export interface GroupFlipOptions {
  /** p. Default 0.2: our choice, the noise of our own comparison; the paper's text at hand gives none. */
  readonly probability?: number;
}

/** The change. @throws UsageError for an option out of range, and in a run for rewards other than 0 and 1 */
export function groupFlips(options: GroupFlipOptions = {}): AlgorithmChange {
  checkOptions("groupFlips", options, { probability: { kind: "number", min: 0, max: 1 } });
  const { probability = 0.2 } = options;
  const source = options.probability === undefined ? "our choice: the paper's text at hand gives none" : "given";
  return {
    name: "group-flips",
    wraps: {
      reward: (inner) =>
        wrapSeam(inner, async (input, next) => {
          const rewards = await next(input);
          const { seed = 0, step = 0, rollouts } = input;
          const { values, flipped } = flipGroups(rewards.values, rollouts.group, { probability, seed, step });
          return { ...rewards, values, metrics: { ...rewards.metrics, "group_flips/share": flipped } };
        }),
    },
    choices: [{ seam: "reward", name: "probability", value: probability, source }],
  };
}

/**
 * Turns the rewards of some groups round; which, is drawn from seed, step and the group's number.
 *
 * @param rewards [B] 0, 1, or NaN where not scored
 * @param group [B]
 * @returns rewards [B] and the share of groups that were turned round
 */
export function flipGroups(
  rewards: Float32Array,
  group: Int32Array,
  { probability, seed, step }: { readonly probability: number; readonly seed: number; readonly step: number },
): { readonly values: Float32Array; readonly flipped: number } {
  checkBinary("groupFlips", rewards, "left out");
  const ids = [...new Set(group)];
  const turned = new Set(
    ids.filter((id) => rng({ seed, stream: "group-flips", step, row: id }).uniform() < probability),
  );
  const values = rewards.map((reward, b) => (turned.has(group[b] ?? -1) ? 1 - reward : reward));
  return { values, flipped: turned.size / Math.max(ids.length, 1) };
}
