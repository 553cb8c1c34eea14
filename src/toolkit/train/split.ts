/** How a step's rows are split into updates and those into micro-batches, with the rows that must meet kept together. */
import { groupRows } from "../group-rows.ts";
import type { ObjectiveNeeds } from "../objective.ts";
import { rng } from "../rng.ts";
import { chunks, splitEvenly } from "./columns.ts";

/** Which rows must meet in one call of the objective. */
type Together = ObjectiveNeeds["together"];

export interface MiniBatchSplit {
  readonly miniBatches: number;
  readonly epoch: number;
  readonly seed: number;
  readonly step: number;
  readonly together: Together;
}

/**
 * Rows of each update of an epoch: all as they came for a single one; shuffled by (seed, step, epoch) when they are
 * split. Where rows of a group must meet, whole groups are shuffled and split; an update never spans fewer.
 *
 * @param group [B]
 */
export function miniBatchRows(group: Int32Array, split: MiniBatchSplit): number[][] {
  const { miniBatches, epoch, seed, step, together } = split;
  const units = together === undefined ? Array.from(group, (_, b) => [b]) : groupRows(group);
  const order = miniBatches === 1 ? units : rng({ seed, stream: "mini-batches", step, row: epoch }).shuffle(units);
  return splitEvenly(order, miniBatches)
    .map((some) => some.flat())
    .filter((some) => some.length > 0);
}

/** Rows of each micro-batch of an update: at most `height`, unless more must meet. */
export function microBatchRows(
  group: Int32Array,
  rows: readonly number[],
  height: number,
  together: Together,
): number[][] {
  if (together === undefined) return chunks(rows, height);
  if (together === "update") return [[...rows]];
  const parts: number[][] = [];
  for (const places of groupRows(rows.map((b) => group[b] ?? -1))) {
    const members = places.map((place) => rows[place] ?? -1);
    const last = parts.at(-1);
    if (last !== undefined && last.length + members.length <= height) last.push(...members);
    else parts.push([...members]);
  }
  return parts;
}
