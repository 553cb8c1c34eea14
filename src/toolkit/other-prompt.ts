/** What a model makes of a step's completions when they stand after other prompts. */
import { logProb, type Model } from "./models.ts";
import { refuse } from "./refuse.ts";
import type { Rollouts } from "./rollout.ts";
import { fromRows, rowsOf } from "./rows.ts";

/**
 * Log-probs of the completions' own tokens after other prompts; the ids of the completions are kept as they are.
 *
 * @param where the method's name, for the message
 * @param promptOf the other prompt's ids for a row, BOS first
 * @returns [B, T] in the rollouts' own places, 0 outside of the completions
 * @throws UsageError when prompt and completion do not fit into the model's positions
 */
export async function logProbsAfter(
  where: string,
  model: Model,
  rollouts: Rollouts,
  promptOf: (b: number) => Int32Array,
): Promise<Float32Array> {
  const rows = rowsOf(rollouts).map((row, b) => ({ ...row, promptIds: promptOf(b) }));
  const moved = fromRows(rows, { problems: rollouts.problems, padId: 0 });
  if (moved.width > model.maxPositions) {
    const given = `a completion after its other prompt has ${moved.width} tokens, the policy ${model.maxPositions} positions`;
    refuse(where, given, "shorten what is put into prompts, or lower maxTokens");
  }
  const { scores } = await model.measure(moved, { scores: logProb });
  const out = new Float32Array(rollouts.rows * (rollouts.width - 1));
  for (const [b, { promptIds, completionIds }] of rows.entries()) {
    const from = b * (moved.width - 1) + promptIds.length - 1; // column t is about token t + 1
    const to = b * (rollouts.width - 1) + (rollouts.promptLengths[b] ?? 1) - 1;
    out.set(scores.subarray(from, from + completionIds.length), to);
  }
  return out;
}
