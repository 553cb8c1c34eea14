/** A stored step as columns again, for everything that works on completions without sampling. */
import { refuse } from "../refuse.ts";
import type { ExtraColumn, Rollouts } from "../rollout.ts";
import { fromRows, type Row } from "../rows.ts";
import type { Problem } from "../tasks/task.ts";
import type { RewardedRollouts } from "../train/recompute.ts";
import type { Verdict } from "../verify/verifier.ts";
import type { StoredRun } from "./read-run.ts";
import type { RolloutRow } from "./run-folder.ts";

/**
 * The completions of a run's step with their rewards. Problems have what was stored of them: id, prompt, answer, level.
 *
 * @param padId of the policy's tokenizer
 * @throws UsageError when the step is not in the run or holds no completion
 */
export async function storedStep(run: StoredRun, step: number, padId = 0): Promise<RewardedRollouts> {
  const rows = await run.rollouts(step);
  if (rows.length === 0) refuse("storedStep", `step ${step} of ${run.folder} has no completions`, "pass another step");
  const problems: Problem[] = [];
  for (const { group, problem: id, prompt, answer, level } of rows) {
    problems[group] ??= { id, prompt, answer, level, data: {} };
  }
  for (let group = 0; group < problems.length; group++) {
    problems[group] ??= { id: "", prompt: "", answer: "", level: 0, data: {} }; // a group none of whose rows was kept
  }
  return {
    rollouts: withColumns(fromRows(rows.map(rowOf), { problems, padId }), rows),
    rewards: { values: Float32Array.from(rows, ({ reward }) => reward ?? Number.NaN), verdicts: rows.map(verdictOf) },
    step,
    steps: Math.max(run.records.length, step + 1),
  };
}

/** The method's own columns again; token columns are 0 outside of the completions. */
function withColumns(rollouts: Rollouts, rows: readonly RolloutRow[]): Rollouts {
  const tokens = rollouts.width - 1;
  const columns: Record<string, ExtraColumn> = { ...rows[0]?.stepColumns };
  for (const name of Object.keys(rows[0]?.rowColumns ?? {})) {
    columns[name] = Float32Array.from(rows, ({ rowColumns }) => rowColumns?.[name] ?? Number.NaN);
  }
  for (const name of Object.keys(rows[0]?.tokenColumns ?? {})) {
    const column = new Float32Array(rows.length * tokens);
    for (const [b, { tokenColumns, promptLength }] of rows.entries()) {
      const values = (tokenColumns?.[name] ?? []).map((value) => value ?? Number.NaN);
      column.set(values, b * tokens + promptLength - 1); // column t is about token t + 1
    }
    columns[name] = column;
  }
  return Object.keys(columns).length === 0 ? rollouts : { ...rollouts, columns };
}

function rowOf(row: RolloutRow): Row {
  const completionIds = Int32Array.from(row.ids.slice(row.promptLength));
  const known = (values: readonly (number | null)[]): Float32Array =>
    Float32Array.from(completionIds, (_, t) => values[t] ?? Number.NaN);
  return {
    group: row.group,
    promptIds: Int32Array.from(row.ids.slice(0, row.promptLength)),
    completionIds,
    sampleLogProbs: known(row.sampleLogProbs),
    policyLogProbs: known(row.logProbs),
    completion: row.completion,
    finish: row.finish,
    foreign: row.foreign === true,
  };
}

function verdictOf({ reward, status, reason }: RolloutRow): Verdict {
  return { score: reward, status, reason, ms: 0, verifier: { name: "stored", version: "unknown" } };
}
