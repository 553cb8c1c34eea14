/**
 * Rollouts taken apart and put together: rows selected, rows of several draws joined, completions moved to another
 * prompt, rows written by somebody else. Token ids are kept throughout; text is encoded only where there are no ids.
 */
import type { Finish } from "./policy/generation.ts";
import type { Tokenizer } from "./policy/tokenizer.ts";
import { refuse } from "./refuse.ts";
import type { Rewards } from "./reward.ts";
import type { ExtraColumn, ExtraColumns, Rollouts } from "./rollout.ts";
import type { Problem } from "./tasks/task.ts";

/** One completion with its prompt, out of columns. */
export interface Row {
  /** Index into the problems. */
  readonly group: number;
  /** BOS first. */
  readonly promptIds: Int32Array;
  /** EOS included where there is one. */
  readonly completionIds: Int32Array;
  /** Of the completion's tokens; NaN where unknown. */
  readonly sampleLogProbs: Float32Array;
  /** Of the completion's tokens; NaN where unknown. */
  readonly policyLogProbs: Float32Array;
  readonly completion: string;
  readonly finish: Finish;
  /** The current policy did not sample it after this prompt: {@link Rollouts.foreign}. */
  readonly foreign: boolean;
}

/** The rows of rollouts, one by one; extra columns are not in them. */
export function rowsOf(rollouts: Rollouts): Row[] {
  const { width, ids, promptLengths, completionLengths, sampleLogProbs, policyLogProbs } = rollouts;
  return Array.from({ length: rollouts.rows }, (_, b) => {
    const [prompt, length] = [promptLengths[b] ?? 0, completionLengths[b] ?? 0];
    const start = b * (width - 1) + prompt - 1; // column t is about token t + 1
    return {
      group: rollouts.group[b] ?? -1,
      promptIds: ids.slice(b * width, b * width + prompt),
      completionIds: ids.slice(b * width + prompt, b * width + prompt + length),
      sampleLogProbs: sampleLogProbs.slice(start, start + length),
      policyLogProbs: policyLogProbs.slice(start, start + length),
      completion: rollouts.completions[b] ?? "",
      finish: rollouts.finish[b] ?? "length",
      foreign: rollouts.foreign?.[b] === 1,
    };
  });
}

/** What is not in the rows themselves. */
export interface RowsContext {
  readonly problems: readonly Problem[];
  readonly padId: number;
  readonly tokensPerSecond?: number;
  readonly columns?: ExtraColumns;
  readonly rewards?: Rewards;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly events?: readonly string[];
  readonly spentTokens?: number;
}

/** Rows put into columns, padded to the longest. @throws UsageError for a row of no problem, or without prompt */
export function fromRows(rows: readonly Row[], context: RowsContext): Rollouts {
  const { padId, tokensPerSecond = 0, ...rest } = context;
  for (const [b, { group, promptIds }] of rows.entries()) {
    if (context.problems[group] === undefined)
      refuse("rollouts", `row ${b} is of group ${group}`, "number the problems");
    if (promptIds.length === 0) refuse("rollouts", `row ${b} has no prompt`, "begin every prompt with BOS");
  }
  const width = rows.reduce((most, row) => Math.max(most, row.promptIds.length + row.completionIds.length), 2);
  const perToken = (): Float32Array => new Float32Array(rows.length * (width - 1));
  const columns = {
    ids: new Int32Array(rows.length * width).fill(padId),
    sampleLogProbs: perToken(),
    policyLogProbs: perToken(),
    mask: perToken(),
  };
  for (const [b, row] of rows.entries()) {
    columns.ids.set(row.promptIds, b * width);
    columns.ids.set(row.completionIds, b * width + row.promptIds.length);
    const start = b * (width - 1) + row.promptIds.length - 1;
    columns.sampleLogProbs.set(row.sampleLogProbs, start);
    columns.policyLogProbs.set(row.policyLogProbs, start);
    columns.mask.fill(1, start, start + row.completionIds.length);
  }
  const foreign = rows.some((row) => row.foreign) ? Uint8Array.from(rows, (row) => (row.foreign ? 1 : 0)) : undefined;
  return {
    rows: rows.length,
    width,
    ...columns,
    promptLengths: Int32Array.from(rows, (row) => row.promptIds.length),
    completionLengths: Int32Array.from(rows, (row) => row.completionIds.length),
    group: Int32Array.from(rows, (row) => row.group),
    finish: rows.map((row) => row.finish),
    completions: rows.map((row) => row.completion),
    tokensPerSecond,
    ...(foreign && { foreign }),
    ...rest,
  };
}

/** A row that somebody else wrote: a demonstration, say. Its log-probs are unknown; EOS is put at its end. */
export function foreignRow(tokenizer: Tokenizer, group: number, prompt: string, completion: string): Row {
  const completionIds = Int32Array.from([...tokenizer.encode(completion), tokenizer.eosId]);
  const unknown = new Float32Array(completionIds.length).fill(Number.NaN);
  return {
    group,
    promptIds: Int32Array.from(tokenizer.encodePrompt(prompt)),
    completionIds,
    sampleLogProbs: unknown,
    policyLogProbs: unknown,
    completion,
    finish: "eos",
    foreign: true,
  };
}

/** The same completion after another prompt; what the policy makes of it there is not known yet. */
export function movedRow(tokenizer: Tokenizer, row: Row, prompt: string): Row {
  const unknown = new Float32Array(row.completionIds.length).fill(Number.NaN);
  const promptIds = Int32Array.from(tokenizer.encodePrompt(prompt));
  return { ...row, promptIds, policyLogProbs: unknown, foreign: true };
}

/**
 * A completion that was begun for the policy: `row` was sampled after `prompt` and a beginning; here the beginning counts
 * as the completion's first tokens (there are `row.promptIds.length` less the prompt's of them).
 *
 * @throws UsageError when the row's prompt does not begin with `prompt`, token by token
 */
export function begunRow(tokenizer: Tokenizer, row: Row, prompt: string): Row {
  const promptIds = Int32Array.from(tokenizer.encodePrompt(prompt));
  const same = promptIds.every((id, t) => id === row.promptIds[t]);
  if (!same) refuse("rows", `a prompt does not begin with ${JSON.stringify(prompt)}`, "end it where a token ends");
  const begun = row.promptIds.slice(promptIds.length);
  const unknown = new Float32Array(begun.length + row.completionIds.length).fill(Number.NaN);
  const sampleLogProbs = unknown.slice();
  sampleLogProbs.set(row.sampleLogProbs, begun.length);
  return {
    ...row,
    promptIds,
    completionIds: Int32Array.from([...begun, ...row.completionIds]),
    sampleLogProbs,
    policyLogProbs: unknown,
    completion: tokenizer.decode(begun) + row.completion,
    foreign: true,
  };
}

/** Some of the rows, with their extra columns and rewards. Problems and their numbers stay. @param rows numbers of rows */
export function selectRows(rollouts: Rollouts, rows: readonly number[], padId: number): Rollouts {
  const all = rowsOf(rollouts);
  const picked = rows.map((b) => all[b] ?? refuse("rollouts", `there is no row ${b}`, `pass rows below ${all.length}`));
  const { problems, tokensPerSecond, metrics, events, spentTokens } = rollouts;
  const made = fromRows(picked, {
    ...{ problems, padId, tokensPerSecond },
    ...(metrics && { metrics }),
    ...(events && { events }),
  });
  const columns = Object.entries(rollouts.columns ?? {}).map(
    ([name, column]) => [name, pickColumn(column, rows, rollouts, made.width)] as const,
  );
  const rewards = rollouts.rewards && narrowed(pickRewards(rollouts.rewards, rows), rollouts, made.width);
  return {
    ...made,
    ...(columns.length > 0 && { columns: Object.fromEntries(columns) }),
    ...(rewards && { rewards }),
    ...(spentTokens !== undefined && { spentTokens }),
  };
}

function pickColumn(column: ExtraColumn, rows: readonly number[], from: Rollouts, width: number): ExtraColumn {
  if (typeof column === "number") return column;
  if (column.length === from.rows) return Float32Array.from(rows, (b) => column[b] ?? Number.NaN);
  return pickTokens(column, rows, from, width);
}

/** @param from rows and width of `column`'s rollouts @param width of those made */
function pickTokens(
  column: Float32Array,
  rows: readonly number[],
  from: Pick<Rollouts, "rows" | "width">,
  width: number,
): Float32Array {
  const perRow = column.length / from.rows;
  const kept = (perRow / (from.width - 1)) * (width - 1); // n numbers for each of the T positions kept
  const out = new Float32Array(rows.length * kept);
  for (const [i, b] of rows.entries()) out.set(column.subarray(b * perRow, b * perRow + kept), i * kept);
  return out;
}

/** Rewards of picked rows whose columns per token are as wide as before. */
function narrowed({ perToken, ...rewards }: Rewards, from: Rollouts, width: number): Rewards {
  if (perToken === undefined) return rewards;
  const rows = rewards.values.length;
  const all = Array.from({ length: rows }, (_, b) => b);
  return { ...rewards, perToken: pickTokens(perToken, all, { rows, width: from.width }, width) };
}

/** Rewards of some of the rows; columns per token stay as wide as they are. */
export function pickRewards(rewards: Rewards, rows: readonly number[]): Rewards {
  const pick = (values: Float32Array): Float32Array => Float32Array.from(rows, (b) => values[b] ?? Number.NaN);
  const { values, verdicts, components, perToken } = rewards;
  return {
    ...rewards,
    values: pick(values),
    verdicts: rows.map((b) => verdicts[b] ?? refuse("rewards", `there is no row ${b}`, "pass rows that are there")),
    ...(perToken && { perToken: pickTokens(perToken, rows, { rows: values.length, width: 2 }, 2) }),
    ...(components && {
      components: Object.fromEntries(Object.entries(components).map(([name, column]) => [name, pick(column)])),
    }),
  };
}

/** Rewards with `more` rows behind them that are not scored, for rows put behind those that were verified. */
export function unscoredBehind(rewards: Rewards, more: number, reason: string): Rewards {
  const longer = (values: Float32Array): Float32Array =>
    Float32Array.from([...values, ...new Float32Array(more).fill(Number.NaN)]);
  const verifier = { name: "none", version: "1" };
  const unscored = { score: null, status: "failed", reason, ms: 0, verifier } as const;
  const { values, verdicts, components } = rewards;
  return {
    ...rewards,
    values: longer(values),
    verdicts: [...verdicts, ...Array.from({ length: more }, () => unscored)],
    ...(components && {
      components: Object.fromEntries(Object.entries(components).map(([name, column]) => [name, longer(column)])),
    }),
  };
}
