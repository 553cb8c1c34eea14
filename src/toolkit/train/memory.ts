/** What a step remembers of the steps before, beside weights and optimizer; and the same as JSON, for checkpoints. */
import { refuse } from "../refuse.ts";
import type { Rewards } from "../reward.ts";
import type { Rollouts } from "../rollout.ts";
import {
  packNumbers,
  packRewards,
  packRollouts,
  unpackNumbers,
  unpackRewards,
  unpackRollouts,
} from "../rollouts-json.ts";
import type { Json } from "../seam.ts";
import type { StepRecord } from "./record.ts";

export interface Memory {
  readonly previous: { readonly rollouts: Rollouts; readonly rewards: Rewards } | undefined;
  readonly metrics: StepRecord["metrics"] | undefined;
  readonly tokensSeen: number;
}

/** Before the first step. */
export const nothing: Memory = { previous: undefined, metrics: undefined, tokensSeen: 0 };

/** @param seams each seam's state by its name @param watch the watch's state */
export function packMemory(
  { previous, metrics, tokensSeen }: Memory,
  seams: Readonly<Record<string, Json>>,
  watch: Json,
): Json {
  return {
    tokensSeen,
    ...(previous && { rollouts: packRollouts(previous.rollouts), rewards: packRewards(previous.rewards) }),
    ...(metrics && { metrics: packNumbers(metrics) }),
    seams,
    watch,
  };
}

/** @throws UsageError when it is not what {@link packMemory} gave */
export function unpackMemory(saved: Json): {
  readonly memory: Memory;
  readonly seams: Readonly<Record<string, Json | undefined>>;
  readonly watch: Json | undefined;
} {
  const { tokensSeen, rollouts, rewards, metrics, seams, watch } = objectOf(saved);
  if (typeof tokensSeen !== "number") refuse("train", "the checkpoint has no tokensSeen", "resume from an earlier one");
  const previous = rollouts !== undefined && rewards !== undefined;
  return {
    memory: {
      previous: previous ? { rollouts: unpackRollouts(rollouts), rewards: unpackRewards(rewards) } : undefined,
      metrics: metrics === undefined ? undefined : unpackNumbers(metrics),
      tokensSeen,
    },
    seams: objectOf(seams ?? {}),
    watch,
  };
}

function objectOf(saved: Json): Readonly<Record<string, Json | undefined>> {
  if (typeof saved === "object" && saved !== null && !Array.isArray(saved)) return saved as Record<string, Json>;
  return refuse("train", "what the checkpoint remembers is no object", "resume from an earlier one");
}
