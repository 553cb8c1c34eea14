/** Micro-batches: a step's rows cut to the compiled shape, and what the loss makes of them inside. */
import type * as tf from "@tensorflow/tfjs";
import { rowAdvantages } from "../advantage.ts";
import { type Algorithm, methodAt } from "../algorithm.ts";
import { checkFinite } from "../finite.ts";
import type { Batch } from "../jit/batch.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import type { StatisticColumns } from "../models.ts";
import type { BatchTotals, ColumnKind, ObjectiveNeeds } from "../objective.ts";
import { refuse } from "../refuse.ts";
import type { ExtraColumn, Rollouts } from "../rollout.ts";
import type { StepColumns } from "../runs/run-folder.ts";
import { type BatchShape, pickRows } from "./columns.ts";

/** A micro-batch as the loss sees it. */
export interface MicroBatch {
  readonly ids: tf.Tensor2D; // [B, T + 1] int32
  readonly oldLogProbs: tf.Tensor2D; // [B, T]
  readonly sampleLogProbs: tf.Tensor2D; // [B, T]
  readonly referenceLogProbs?: tf.Tensor2D; // [B, T]
  readonly referenceLogits?: tf.Tensor3D; // [B, T, V]
  readonly advantages: tf.Tensor2D; // [B, T]
  readonly mask: tf.Tensor2D; // [B, T]
  readonly rewards: tf.Tensor1D; // [B]
  readonly group: tf.Tensor1D; // [B] int32
  readonly rowMask: tf.Tensor1D; // [B]
  readonly columns: Readonly<Record<string, tf.Tensor>>;
  readonly totals: BatchTotals;
}

/** A step's columns, with what else the objective needs. All are of the rollouts' width. */
export interface LearnColumns extends StepColumns {
  /** Under the policy before the step, at the temperature of sampling. */
  readonly oldLogProbs: Float32Array; // [B, T]
  readonly referenceLogProbs?: Float32Array; // [B, T]
  readonly referenceLogits?: Float32Array; // [B, T, V]
  readonly statistics: StatisticColumns;
}

interface Totals {
  readonly rows: number;
  readonly tokens: number;
  readonly maxTokens: number;
  readonly groups: number;
}

export function totalsOf({ rollouts, advantages }: LearnColumns, rows: readonly number[], maxTokens: number): Totals {
  const [mask, width] = [advantages.mask ?? rollouts.mask, rollouts.width - 1];
  let tokens = 0;
  for (const row of rows) {
    for (let t = row * width; t < (row + 1) * width; t++) tokens += mask[t] ?? 0;
  }
  const groups = new Set(rows.map((row) => rollouts.group[row])).size;
  return { rows: rows.length, tokens, maxTokens, groups };
}

/**
 * Log-probs of a step's tokens under the policy that sampled them, at the temperature of sampling, [B, T]. At a
 * temperature other than 1 the sampler has them where it cut nothing off; elsewhere the identity proof fails.
 */
export function oldLogProbs(rollouts: Rollouts, temperature: number): Float32Array {
  return temperature === 1 ? rollouts.policyLogProbs : rollouts.sampleLogProbs;
}

/** What every micro-batch of an update has in common. */
export interface Cut {
  /** The algorithm, for refusals. */
  readonly algorithm: Pick<Algorithm, "name" | "claims">;
  readonly shape: BatchShape;
  readonly totals: Totals;
  readonly needs: ObjectiveNeeds;
  /** V. */
  readonly vocabulary: number;
}

/**
 * Some of a step's rows, filled up to the compiled shape.
 *
 * @throws UsageError when a column is missing or of another size, a number at a trained token is not finite (but sampling
 *   log-probs, which may be unknown), or a mask is neither 0 nor 1
 */
export function microBatch(columns: LearnColumns, rows: readonly number[], cut: Cut): Batch<MicroBatch> {
  const { algorithm, shape, totals, needs, vocabulary } = cut;
  const where = algorithm.name;
  const { rollouts, rewards, referenceLogProbs, referenceLogits } = columns;
  const { perToken: advantages, mask = rollouts.mask } = columns.advantages;
  const tokens = rollouts.width - 1;
  checkLengths(where, columns, { advantages, "advantages' mask": mask });
  if (needs.advantages === "row") {
    const pair = `the objective of ${methodAt(algorithm, "objective")} on advantages of ${methodAt(algorithm, "advantage")}`;
    rowAdvantages(pair, advantages, { mask, rows: rollouts.rows });
  }
  const perToken = (data: Float32Array): HostTensor =>
    pickRows({ data, width: tokens }, rows, [shape.rows, shape.tokens], 0);
  const perRow = (data: Float32Array | Int32Array, fill: number): HostTensor => ({
    data: pickRows({ data, width: 1 }, rows, [shape.rows, 1], fill).data,
    shape: [shape.rows],
  });
  const perEntry = (data: Float32Array): HostTensor => ({
    data: pickRows({ data, width: tokens * vocabulary }, rows, [shape.rows, shape.tokens * vocabulary], 0).data,
    shape: [shape.rows, shape.tokens, vocabulary],
  });
  const extra = Object.entries(needs.columns ?? {}).map(([name, kind]) => {
    const found = extraColumn(columns, name, kind, cut);
    if (typeof found === "number") return [name, scalar(found)] as const;
    const pick = {
      token: perToken,
      row: (data: Float32Array) => perRow(data, 0),
      vocabulary: perEntry,
      step: perToken,
    };
    return [name, pick[kind](found)] as const;
  });
  const batch = {
    ids: pickRows({ data: rollouts.ids, width: rollouts.width }, rows, [shape.rows, shape.tokens + 1], 0),
    oldLogProbs: perToken(columns.oldLogProbs),
    sampleLogProbs: perToken(rollouts.sampleLogProbs),
    ...(referenceLogProbs && { referenceLogProbs: perToken(referenceLogProbs) }),
    ...(referenceLogits && { referenceLogits: perEntry(referenceLogits) }),
    advantages: perToken(advantages),
    mask: perToken(mask),
    rewards: perRow(
      rewards.values.map((value) => (Number.isNaN(value) ? 0 : value)),
      0,
    ),
    group: perRow(rollouts.group, -1),
    rowMask: perRow(new Float32Array(rollouts.rows).fill(1), 0),
    columns: Object.fromEntries(extra),
    totals: {
      rows: scalar(totals.rows),
      tokens: scalar(totals.tokens),
      maxTokens: scalar(totals.maxTokens),
      groups: scalar(totals.groups),
    },
  };
  checkTokens(batch, cut);
  if (mask !== rollouts.mask) checkMask(where, batch.mask, perToken(rollouts.mask));
  return batch;
}

/** Columns of another length would be read past their end, or shifted. */
function checkLengths(
  where: string,
  { rollouts, rewards, oldLogProbs }: LearnColumns,
  perToken: Readonly<Record<string, Float32Array>>,
): void {
  const { rows, width, ids, group, mask, sampleLogProbs } = rollouts;
  const all = { "rollouts' mask": mask, sampleLogProbs, oldLogProbs, ...perToken };
  const lengths: readonly (readonly [string, ArrayLike<number>, number])[] = [
    ...Object.entries(all).map(([name, column]) => [name, column, rows * (width - 1)] as const),
    ...[
      ["ids", ids, rows * width] as const,
      ["group", group, rows] as const,
      ["rewards", rewards.values, rows] as const,
    ],
  ];
  for (const [name, column, length] of lengths) {
    if (column.length === length) continue;
    refuse(where, `${name} has ${column.length} numbers, ${rows} rows of ${width} ids need ${length}`, "pass as many");
  }
}

/**
 * Refuses what would make the loss NaN without a word: numbers at trained tokens that are not finite. Sampling log-probs
 * may be NaN: those of rows that others wrote are unknown.
 */
function checkTokens(batch: Batch<MicroBatch>, { algorithm, needs }: Cut): void {
  const { oldLogProbs, referenceLogProbs, advantages, mask, columns } = batch;
  const named = { oldLogProbs, ...(referenceLogProbs && { referenceLogProbs }), advantages };
  const own = Object.entries(columns).filter(([name]) => needs.columns?.[name] === "token");
  const all = [...Object.entries(named), ...own].map(([name, { data }]) => [name, data] as const);
  checkFinite(algorithm.name, Object.fromEntries(all), mask.data);
}

/** A token of the prompt, or of padding, is nobody's choice: the mask may leave tokens out, and add none. */
function checkMask(where: string, own: HostTensor, sampled: HostTensor): void {
  const i = own.data.findIndex((on, at) => on === 1 && sampled.data[at] !== 1);
  if (i < 0) return;
  const [, tokens = 1] = own.shape;
  const place = `row ${Math.floor(i / tokens)}, position ${i % tokens} of the batch`;
  refuse(
    where,
    `the advantages' mask is 1 at ${place}, where the rollouts' is 0`,
    "train on tokens of completions alone",
  );
}

/** A column that the objective needs, wherever it comes from. @throws UsageError when it is nowhere, or of another size */
function extraColumn(
  columns: LearnColumns,
  name: string,
  kind: ColumnKind,
  { algorithm, vocabulary }: Pick<Cut, "algorithm" | "vocabulary">,
): ExtraColumn {
  const { rollouts, advantages, statistics } = columns;
  const where = algorithm.name;
  const found = advantages.columns?.[name] ?? rollouts.columns?.[name] ?? statistics[name];
  if (found === undefined) {
    return refuse(where, `nothing gives its column "${name}"`, "return it in the advantage's or rollout's columns");
  }
  const positions = rollouts.rows * (rollouts.width - 1);
  const size = { step: 1, row: rollouts.rows, token: positions, vocabulary: positions * vocabulary }[kind];
  const given = typeof found === "number" ? "one number" : `${found.length} numbers`;
  if (kind === "step" ? typeof found === "number" : typeof found !== "number" && found.length === size) return found;
  return refuse(where, `column "${name}" is ${given}`, `one per ${kind} is needed: ${size}`);
}

/** A micro-batch of the run's shape without content, to compile with. */
export function emptyBatch({ rows, tokens }: BatchShape, needs: ObjectiveNeeds, vocabulary: number): Batch<MicroBatch> {
  const zeros = (...shape: number[]): HostTensor => ({
    data: new Float32Array(shape.reduce((product, length) => product * length, 1)),
    shape,
  });
  const perToken = (): HostTensor => zeros(rows, tokens);
  const shapes = { step: [], row: [rows], token: [rows, tokens], vocabulary: [rows, tokens, vocabulary] };
  const extra = Object.entries(needs.columns ?? {}).map(([name, kind]) => [name, zeros(...shapes[kind])] as const);
  return {
    ids: { data: new Int32Array(rows * (tokens + 1)), shape: [rows, tokens + 1] },
    oldLogProbs: perToken(),
    sampleLogProbs: perToken(),
    ...(needs.referenceLogProbs === true && { referenceLogProbs: perToken() }),
    ...(needs.referenceLogits === true && { referenceLogits: zeros(rows, tokens, vocabulary) }),
    advantages: perToken(),
    mask: perToken(),
    rewards: zeros(rows),
    group: { data: new Int32Array(rows).fill(-1), shape: [rows] },
    rowMask: zeros(rows),
    columns: Object.fromEntries(extra),
    totals: { rows: scalar(1), tokens: scalar(1), maxTokens: scalar(1), groups: scalar(1) },
  };
}

function scalar(value: number): HostTensor {
  return { data: Float32Array.of(value), shape: [] };
}
