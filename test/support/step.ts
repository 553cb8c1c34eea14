/** A step's rollouts and rewards from a few numbers, for tests of advantages. */
import type { AdvantageInput } from "../../src/toolkit/advantage.ts";
import { fromRows } from "../../src/toolkit/rows.ts";
import type { Problem } from "../../src/toolkit/tasks/task.ts";
import type { Verdict } from "../../src/toolkit/verify/verifier.ts";

export interface StepNumbers {
  readonly group: readonly number[];
  readonly rewards: readonly number[];
  /** Tokens of each completion. Default 1. */
  readonly lengths?: readonly number[];
  readonly completions?: readonly string[];
  /** Reward components, by name. */
  readonly components?: Readonly<Record<string, readonly number[]>>;
  readonly more?: Partial<AdvantageInput>;
}

/** One token of prompt a row, so that column t is about the completion's token t. */
export function stepOf({ group, rewards, lengths, completions, components, more }: StepNumbers): AdvantageInput {
  const problems = Array.from({ length: Math.max(...group) + 1 }, (_, i): Problem => {
    return { id: `p${i}`, prompt: "", answer: "", level: 1, data: {} };
  });
  const rows = group.map((id, b) => {
    const tokens = new Float32Array(lengths?.[b] ?? 1).fill(-1);
    return {
      group: id,
      promptIds: Int32Array.of(1),
      completionIds: new Int32Array(tokens.length).fill(3),
      sampleLogProbs: tokens,
      policyLogProbs: tokens,
      completion: completions?.[b] ?? "",
      finish: "eos" as const,
      foreign: false,
    };
  });
  const verdicts = rewards.map((score): Verdict => {
    const verifier = { name: "test", version: "1" };
    return {
      score: Number.isNaN(score) ? null : score,
      status: score > 0 ? "correct" : "wrong",
      reason: "",
      ms: 0,
      verifier,
    };
  });
  const named = Object.entries(components ?? {}).map(([name, column]) => [name, Float32Array.from(column)] as const);
  return {
    rollouts: fromRows(rows, { problems, padId: 0 }),
    rewards: {
      values: Float32Array.from(rewards),
      verdicts,
      ...(named.length > 0 && { components: Object.fromEntries(named) }),
    },
    step: 0,
    steps: 10,
    ...more,
  };
}
