/**
 * The pool of RLEP: problems with right completions of theirs, the one that was asked longest ago first.
 * Zhang et al. 2025, "RLEP: Reinforcement Learning with Experience Replay for LLM Reasoning", arXiv:2507.07451, section 2;
 * collecting it on the way is a reconstruction.
 *
 *     0 < right / scored <= hardest   the right completions join the pool, newest last, each text once
 *     right / scored > hardest        the problem leaves it
 *
 * Seam: rollout. Only completions that the policy itself has sampled and ended are kept.
 */
import { groupRows } from "../toolkit/group-rows.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { Rewards } from "../toolkit/reward.ts";
import type { Rollouts } from "../toolkit/rollout.ts";
import { packRollouts, unpackRollouts } from "../toolkit/rollouts-json.ts";
import { fromRows, type Row, rowsOf } from "../toolkit/rows.ts";
import type { Json } from "../toolkit/seam.ts";
import type { Problem } from "../toolkit/tasks/task.ts";

export interface ReplayEntry {
  readonly problem: Problem;
  readonly rows: readonly Row[];
}
export type ReplayPool = readonly ReplayEntry[];

export interface CollectOptions {
  readonly hardest: number;
  readonly keep: number;
  readonly poolSize: number;
}

/** The pool after a step's new completions. */
export function collect(
  pool: ReplayPool,
  rollouts: Rollouts & { readonly rewards: Rewards },
  { hardest, keep, poolSize }: CollectOptions,
): ReplayPool {
  const entries = new Map(pool.map((entry) => [entry.problem.id, entry]));
  const all = rowsOf(rollouts);
  for (const members of groupRows(rollouts.group)) {
    const problem = rollouts.problems[all[members[0] ?? -1]?.group ?? -1];
    if (problem === undefined) continue;
    const scores = members.map((b) => scoreOf(rollouts.rewards, b));
    const scored = scores.filter((score) => !Number.isNaN(score)).length;
    const right = members.filter((_, i) => scores[i] === 1);
    const known = entries.get(problem.id)?.rows ?? [];
    entries.delete(problem.id); // back at the end: others have their turn
    if (right.length > hardest * scored) continue;
    const rows = distinct([...known, ...right.flatMap((b) => ownRow(all[b]))]).slice(-keep);
    if (rows.length > 0) entries.set(problem.id, { problem, rows });
  }
  return [...entries.values()].slice(-poolSize);
}

/** The verifier's score; the reward where there is no verdict. */
function scoreOf({ values, verdicts }: Rewards, b: number): number {
  const verdict = verdicts[b];
  return verdict === undefined ? (values[b] ?? Number.NaN) : (verdict.score ?? Number.NaN);
}

function ownRow(row: Row | undefined): Row[] {
  return row === undefined || row.foreign || row.finish === "length" ? [] : [row];
}

/** One row of each text, the newest. */
function distinct(rows: readonly Row[]): Row[] {
  const newest = new Map<string, Row>();
  for (const row of rows) {
    newest.delete(row.completion);
    newest.set(row.completion, row);
  }
  return [...newest.values()];
}

export function savePool(pool: ReplayPool): Json {
  const rows = pool.flatMap((entry, group) => entry.rows.map((row) => ({ ...row, group })));
  return packRollouts(fromRows(rows, { problems: pool.map(({ problem }) => problem), padId: 0 }));
}

/** @throws UsageError when it is not a saved pool */
export function restorePool(saved: Json): ReplayPool {
  const rollouts = unpackRollouts(saved);
  const rows = rowsOf(rollouts);
  if (rows.some(({ group }) => rollouts.problems[group] === undefined)) {
    refuse("rlep", "a row of the saved pool has no problem", "pass what save gave");
  }
  return rollouts.problems.map((problem, id) => ({ problem, rows: rows.filter(({ group }) => group === id) }));
}
