/**
 * DAPO's two ways with completions that are too long: not to learn from those that were cut off, and to charge for length
 * before the limit is reached.
 * Yu et al. 2025, "DAPO: An Open-Source LLM Reinforcement Learning System at Scale", arXiv:2503.14476, section 3.4, eq. 13.
 *
 *     overlongFilter   mask 0 on every completion that ended at the limit
 *     softOverlong     r_b + scale * 0                                   length <= limit - buffer
 *                      r_b + scale * (limit - buffer - length) / buffer  up to the limit
 *                      r_b - scale                                       above it
 *
 * Seams: advantage, reward (each wraps the one that is there). The filter leaves advantages as they are: a cut-off completion
 * still counts in its group's mean, as in TRL's mask_truncated_completions; where all were cut off the step is skipped. An
 * unscored row stays so. A completion cut off at the limit has the limit's length and pays in full.
 */
import type { Advantages } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { Rewards } from "../toolkit/reward.ts";
import type { Rollouts } from "../toolkit/rollout.ts";
import { wrapSeam } from "../toolkit/seam.ts";

/** No learning from completions that were cut off. @throws UsageError for any option: it has none */
export function overlongFilter(options: Readonly<Record<string, never>> = {}): AlgorithmChange {
  checkOptions("overlongFilter", options, {});
  return {
    name: "overlong-filter",
    wraps: {
      advantage: (inner) => wrapSeam(inner, async (input, next) => filtered(input.rollouts, await next(input))),
    },
    choices: [{ seam: "advantage", name: "cut off", value: "masked", source: "arXiv:2503.14476, section 3.4" }],
  };
}

/** Advantages with the mask 0 on rows whose completion ended at the limit. */
export function filtered(
  { finish, mask, width }: Pick<Rollouts, "finish" | "mask" | "width">,
  advantages: Advantages,
): Advantages {
  const cut = finish.flatMap((how, b) => (how === "length" ? [b] : []));
  const metrics = { ...advantages.metrics, overlong_ratio: cut.length / Math.max(finish.length, 1) };
  if (cut.length === 0) return { ...advantages, metrics };
  const kept = (advantages.mask ?? mask).slice();
  for (const b of cut) kept.fill(0, b * (width - 1), (b + 1) * (width - 1));
  const skip = cut.length === finish.length ? "every completion was cut off" : undefined;
  return { ...advantages, mask: kept, metrics, ...(skip !== undefined && { skip }) };
}

export interface SoftOverlongOptions {
  /** Longest completion, in tokens. Default: the task's bound, which is also that of `train`. */
  readonly limit?: number;
  /** Tokens before the limit over which the penalty grows. Default: a fifth of the limit (4096 of 20480), rounded up. */
  readonly buffer?: number;
  /** Penalty at the limit. Default 1: eq. 13. */
  readonly scale?: number;
}

const SOURCES: ChoiceSources<keyof SoftOverlongOptions> = {
  limit: ["reward", "the task's bound"],
  buffer: ["reward", "a fifth of the limit: arXiv:2503.14476, section 4.1"],
  scale: ["reward", "arXiv:2503.14476, eq. 13"],
};

/** A price on length near the limit. @throws UsageError for an unknown option or one out of range */
export function softOverlong(options: SoftOverlongOptions = {}): AlgorithmChange {
  checkLengths(options);
  const shown = { limit: options.limit ?? "task", buffer: options.buffer ?? "limit / 5", scale: options.scale ?? 1 };
  return {
    name: "soft-overlong",
    wraps: {
      reward: (inner) =>
        wrapSeam(inner, async (input, next) => {
          const { limit = input.task.maxCompletionTokens } = options;
          return charged(
            await next(input),
            softOverlongPenalty(input.rollouts.completionLengths, { ...options, limit }),
          );
        }),
    },
    choices: choicesOf(SOURCES, shown, options),
  };
}

function checkLengths(options: SoftOverlongOptions): void {
  checkOptions("softOverlong", options, {
    limit: { kind: "integer", min: 1 },
    buffer: { kind: "integer", min: 1 },
    scale: { kind: "number", min: 0 },
  });
  const { limit = Infinity, buffer = 1 } = options;
  if (buffer <= limit) return;
  refuse("softOverlong", `the buffer is ${buffer}, the limit ${limit}`, "pass a buffer of at most the limit");
}

/** Penalty of each completion, 0 or below. @param lengths [B], tokens @returns [B] */
export function softOverlongPenalty(
  lengths: ArrayLike<number>,
  options: SoftOverlongOptions & { readonly limit: number },
): Float32Array {
  checkLengths(options);
  const { limit, buffer = Math.ceil(limit / 5), scale = 1 } = options;
  return Float32Array.from(lengths, (length) => {
    const over = Math.min(Math.max(length - (limit - buffer), 0) / buffer, 1);
    return over === 0 ? 0 : -scale * over;
  });
}

/** Rewards with a component more, "overlong". */
function charged(rewards: Rewards, overlong: Float32Array): Rewards {
  const values = rewards.values.map((value, b) => value + (overlong[b] ?? 0));
  const charge = overlong.reduce((sum, penalty) => sum + penalty, 0) / Math.max(overlong.length, 1);
  return {
    ...rewards,
    values,
    components: { ...(rewards.components ?? { verifier: rewards.values }), overlong },
    metrics: { ...rewards.metrics, "rewards/overlong/mean": charge },
  };
}
