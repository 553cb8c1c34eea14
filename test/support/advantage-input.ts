/** Input of an advantage seam by hand: prompts of one token, so that column t is about a completion's token t. */
import type { AdvantageInput } from "../../src/toolkit/advantage.ts";
import { fromRows } from "../../src/toolkit/rows.ts";

export interface HandInput extends Partial<Omit<AdvantageInput, "rollouts" | "rewards">> {
  /** Tokens of each completion. */
  readonly lengths: readonly number[]; // [B]
  readonly rewards: readonly number[]; // [B]
  /** Default: all of one group. */
  readonly group?: readonly number[]; // [B]
}

export function advantageInput({ lengths, rewards, group, ...rest }: HandInput): AdvantageInput {
  const of = group ?? lengths.map(() => 0);
  const rows = lengths.map((length, b) => ({
    group: of[b] ?? 0,
    promptIds: Int32Array.of(1),
    completionIds: new Int32Array(length).fill(3),
    sampleLogProbs: new Float32Array(length).fill(-1),
    policyLogProbs: new Float32Array(length).fill(-1),
    completion: "x".repeat(length),
    finish: "length" as const,
    foreign: false,
  }));
  const problems = Array.from({ length: Math.max(...of) + 1 }, (_, id) => ({
    ...{ id: `${id}`, prompt: "", answer: "", level: 1, data: {} },
  }));
  const values = Float32Array.from(rewards);
  return {
    rollouts: fromRows(rows, { problems, padId: 0 }),
    rewards: { values, verdicts: [] },
    ...{ step: 0, steps: 1 },
    ...rest,
  };
}
