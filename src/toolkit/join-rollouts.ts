/** Several draws of one step put together. */
import { refuse } from "./refuse.ts";
import type { Rewards } from "./reward.ts";
import type { ExtraColumn, Rollouts } from "./rollout.ts";
import { fromRows, rowsOf, selectRows } from "./rows.ts";

export interface JoinOptions {
  /** "after": a draw's problems come after those of the draws before it. "shared": all draws have the first one's. Default "after". */
  readonly problems?: "after" | "shared";
}

/**
 * Rows of several rollouts, in order; extra columns and rewards come along, figures and spent tokens do not.
 *
 * @throws UsageError where some parts have rewards, or a column, and others do not, or where a step's number differs
 */
export function joinRollouts(parts: readonly Rollouts[], padId: number, options: JoinOptions = {}): Rollouts {
  const shared = options.problems === "shared";
  let before = 0;
  const rows = parts.flatMap((part) => {
    const moved = rowsOf(part).map((row) => ({ ...row, group: row.group + before }));
    before += shared ? 0 : part.problems.length;
    return moved;
  });
  const problems = shared ? (parts[0]?.problems ?? []) : parts.flatMap((part) => part.problems);
  const rates = parts.filter((part) => part.rows > 0).map((part) => part.tokensPerSecond);
  const tokensPerSecond = rates.reduce((sum, rate) => sum + rate, 0) / Math.max(rates.length, 1);
  const made = fromRows(rows, { problems, padId, tokensPerSecond });
  const filled = parts.filter((part) => part.rows > 0);
  const columns = joinColumns(filled, made.width);
  const rewards = joinRewards(filled, made.width);
  return { ...made, ...(columns && { columns }), ...(rewards && { rewards }) };
}

function joinColumns(parts: readonly Rollouts[], width: number): Rollouts["columns"] | undefined {
  const names = [...new Set(parts.flatMap((part) => Object.keys(part.columns ?? {})))];
  if (names.length === 0) return undefined;
  const joined = names.map((name) => {
    const columns = parts.map((part) => part.columns?.[name] ?? lacking(`column "${name}"`));
    return [name, joinColumn(name, columns, parts, width)] as const;
  });
  return Object.fromEntries(joined);
}

function joinColumn(
  name: string,
  columns: readonly ExtraColumn[],
  parts: readonly Rollouts[],
  width: number,
): ExtraColumn {
  const [first = 0] = columns;
  if (typeof first === "number") {
    if (columns.every((column) => column === first)) return first;
    return refuse("joinRollouts", `column "${name}" is ${columns.join(" and ")}`, "give a number per row instead");
  }
  const lists = columns.map((column) => (typeof column === "number" ? lacking(`column "${name}" per row`) : column));
  const perRow = lists.every((list, i) => list.length === parts[i]?.rows);
  return perRow ? joinLists(lists) : joinPerToken(lists, parts, width);
}

function joinLists(lists: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(lists.reduce((sum, list) => sum + list.length, 0));
  let at = 0;
  for (const list of lists) {
    out.set(list, at);
    at += list.length;
  }
  return out;
}

/** [B, T] or [B, T, n] of several widths, widened with 0. */
function joinPerToken(lists: readonly Float32Array[], parts: readonly Rollouts[], width: number): Float32Array {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const [{ rows: some = 1, width: narrow = 2 } = {}] = parts;
  const each = (lists[0]?.length ?? 0) / (some * (narrow - 1));
  const out = new Float32Array(rows * (width - 1) * each);
  let row = 0;
  for (const [i, list] of lists.entries()) {
    const perRow = list.length / (parts[i]?.rows ?? 1);
    for (let b = 0; b < (parts[i]?.rows ?? 0); b++) {
      out.set(list.subarray(b * perRow, (b + 1) * perRow), row++ * (width - 1) * each);
    }
  }
  return out;
}

function joinRewards(parts: readonly Rollouts[], width: number): Rewards | undefined {
  if (parts.every((part) => part.rewards === undefined)) return undefined;
  const all = parts.map((part) => part.rewards ?? lacking("rewards"));
  const names = [...new Set(all.flatMap((rewards) => Object.keys(rewards.components ?? {})))];
  const components = names.map((name) => {
    const lists = all.map((rewards) => rewards.components?.[name] ?? lacking(`reward "${name}"`));
    return [name, joinLists(lists)] as const;
  });
  const perToken = all.some((rewards) => rewards.perToken !== undefined)
    ? joinPerToken(
        all.map((rewards) => rewards.perToken ?? lacking("rewards per token")),
        parts,
        width,
      )
    : undefined;
  return {
    values: joinLists(all.map((rewards) => rewards.values)),
    verdicts: all.flatMap((rewards) => rewards.verdicts),
    ...(names.length > 0 && { components: Object.fromEntries(components) }),
    ...(perToken && { perToken }),
  };
}

function lacking(what: string): never {
  return refuse("joinRollouts", `some of the draws have no ${what}`, "give it in all of them, or in none");
}

/** The rows of some groups, numbered anew in the order given; problems of other groups are dropped. */
export function selectGroups(rollouts: Rollouts, groups: readonly number[], padId: number): Rollouts {
  const numbers = new Map(groups.map((id, i) => [id, i]));
  const rows = Array.from(rollouts.group.keys()).filter((b) => numbers.has(rollouts.group[b] ?? -1));
  const problems = groups.map(
    (id) => rollouts.problems[id] ?? refuse("rollouts", `there is no problem ${id}`, "pass one"),
  );
  const group = Int32Array.from(rows, (b) => numbers.get(rollouts.group[b] ?? -1) ?? -1);
  return { ...selectRows(rollouts, rows, padId), problems, group };
}
