/** What a model makes of a step's completions when they stand after other prompts. */
import { logProb, type Model, type Statistic, type StatisticColumns } from "./models.ts";
import { refuse } from "./refuse.ts";
import type { Rollouts } from "./rollout.ts";
import { fromRows, rowsOf } from "./rows.ts";

/** Log-probs of the completions' own tokens after other prompts: {@link statisticsAfter}. @returns [B, T] */
export async function logProbsAfter(
  where: string,
  model: Model,
  rollouts: Rollouts,
  promptOf: (b: number) => Int32Array,
): Promise<Float32Array> {
  return (await statisticsAfter(where, model, rollouts, promptOf, { logProb })).logProb;
}

/**
 * Statistics of the completions' own tokens after other prompts, from one forward pass without gradient; the ids of the
 * completions are kept as they are.
 *
 * @param where the method's name, for the message
 * @param promptOf the other prompt's ids for a row, BOS first
 * @returns by name, [B, T] or [B, T, n] in the rollouts' own places, 0 outside of the completions
 * @throws UsageError when prompt and completion do not fit into the model's positions
 */
export async function statisticsAfter<Name extends string>(
  where: string,
  model: Model,
  rollouts: Rollouts,
  promptOf: (b: number) => Int32Array,
  statistics: Readonly<Record<Name, Statistic>>,
): Promise<StatisticColumns<Name>> {
  const rows = rowsOf(rollouts).map((row, b) => ({ ...row, promptIds: promptOf(b) }));
  const moved = fromRows(rows, { problems: rollouts.problems, padId: 0 });
  if (moved.width > model.maxPositions) {
    const given = `a completion after its other prompt has ${moved.width} tokens, the policy ${model.maxPositions} positions`;
    refuse(where, given, "shorten what is put into prompts, or lower maxTokens");
  }
  const found = await model.measure(moved, statistics);
  const columns = (Object.keys(statistics) as Name[]).map((name) => {
    const each = found[name].length / (moved.rows * (moved.width - 1)); // n numbers a position
    const out = new Float32Array(rollouts.rows * (rollouts.width - 1) * each);
    for (const [b, { promptIds, completionIds }] of rows.entries()) {
      const from = b * (moved.width - 1) + promptIds.length - 1; // column t is about token t + 1
      const to = b * (rollouts.width - 1) + (rollouts.promptLengths[b] ?? 1) - 1;
      out.set(found[name].subarray(from * each, (from + completionIds.length) * each), to * each);
    }
    return [name, out] as const;
  });
  return Object.fromEntries(columns) as Record<Name, Float32Array>;
}
