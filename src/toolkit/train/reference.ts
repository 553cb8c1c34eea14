/** Log-probs of a step's tokens under the policy that the run started from, in the run's compiled shape. */
import type { Policy } from "../policy/policy.ts";
import type { Rollouts } from "../rollout.ts";
import { type BatchShape, chunks, pickRows } from "./columns.ts";

export interface ReferenceScorer {
  prepare(): Promise<void>;
  /** @returns [B, T] of the rollouts' own width; 0 where the rollouts are padding */
  score(rollouts: Rollouts): Promise<Float32Array>;
}

/** @param temperature the one that the rollouts are sampled at */
export function referenceScorer(policy: Policy, { rows, tokens }: BatchShape, temperature: number): ReferenceScorer {
  const shape = [rows, tokens + 1] as const;
  return {
    async prepare() {
      await policy.score(new Int32Array(rows * (tokens + 1)), shape, { temperature });
    },
    async score(rollouts) {
      const width = rollouts.width - 1;
      const result = new Float32Array(rollouts.rows * width);
      const all = Array.from({ length: rollouts.rows }, (_, b) => b);
      for (const some of chunks(all, rows)) {
        const ids = pickRows({ data: rollouts.ids, width: rollouts.width }, some, shape, 0).data;
        const { logProbs } = await policy.score(Int32Array.from(ids), shape, { temperature });
        for (const [i, b] of some.entries()) {
          result.set(logProbs.subarray(i * tokens, i * tokens + Math.min(width, tokens)), b * width);
        }
      }
      return result;
    },
  };
}
