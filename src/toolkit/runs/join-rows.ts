/** Texts and numbers of a step's completions put together, row by row. */
import { decodeColumns } from "./column-file.ts";
import { encodeRollouts, MASK_REASONS, type StoredColumns, storedColumns } from "./rollout-columns.ts";
import { type RolloutRow, type RolloutText, rolloutText, type StepColumns } from "./run-folder.ts";

/** Undefined where the two have not the same rows. */
export function joinedRows(texts: readonly RolloutText[], columns: StoredColumns): RolloutRow[] | undefined {
  if (texts.length !== columns.group.length) return undefined;
  let [idsAt, tokensAt] = [0, 0];
  return texts.map((text, b) => {
    const promptLength = columns.promptLengths[b] ?? 0;
    const length = columns.completionLengths[b] ?? 0;
    const [ids, tokens] = [idsAt, tokensAt];
    idsAt += promptLength + length;
    tokensAt += length;
    const of = (column: Float32Array): (number | null)[] => Array.from(column.subarray(tokens, tokensAt), known);
    const ofRow = (column: Float32Array): number | null => known(column[b] ?? Number.NaN);
    const components = each(columns.components, ofRow);
    const rowColumns = each(columns.own.row, ofRow);
    const tokenColumns = each(columns.own.token, of);
    const stepColumns = b === 0 ? each(columns.own.step, (value) => value) : undefined;
    return {
      ...text,
      ids: [...columns.ids.subarray(ids, idsAt)],
      promptLength,
      logProbs: of(columns.logProbs),
      sampleLogProbs: of(columns.sampleLogProbs),
      advantages: of(columns.advantages),
      ...(columns.entropies && { entropies: of(columns.entropies) }),
      masks: Array.from(columns.masks.subarray(tokens, tokensAt), (code) => MASK_REASONS[code] ?? "trained"),
      ...(columns.foreign?.[b] === 1 && { foreign: true as const }),
      ...(components && { components }),
      ...(rowColumns && { rowColumns }),
      ...(tokenColumns && { tokenColumns }),
      ...(stepColumns && { stepColumns }),
    };
  });
}

/** What is not known is null, as JSON has it. */
function known(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** A record with each entry made into another one; undefined where there is none. */
function each<A, B>(of: Readonly<Record<string, A>>, make: (one: A) => B): Readonly<Record<string, B>> | undefined {
  const entries = Object.entries(of).map(([key, one]) => [key, make(one)] as const);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** The completions of a step as a run folder would give them back. */
export function stepRolloutRows(columns: StepColumns): RolloutRow[] {
  const texts = Array.from({ length: columns.rollouts.rows }, (_, b) => rolloutText(columns, b));
  const stored = storedColumns("the step", decodeColumns("the step", encodeRollouts(columns)));
  return joinedRows(texts, stored) ?? [];
}
