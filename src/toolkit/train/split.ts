/** How a step's rows are split into updates and those into micro-batches, with the rows that must meet kept together. */
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
  const units = together === undefined ? Array.from(group, (_, b) => [b]) : groupsOf(group, allRows(group));
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
  for (const members of groupsOf(group, rows)) {
    const last = parts.at(-1);
    if (last !== undefined && last.length + members.length <= height) last.push(...members);
    else parts.push([...members]);
  }
  return parts;
}

function groupsOf(group: Int32Array, rows: readonly number[]): number[][] {
  const members = new Map<number, number[]>();
  for (const b of rows) {
    const id = group[b] ?? -1;
    const list = members.get(id);
    if (list) list.push(b);
    else members.set(id, [b]);
  }
  return [...members.values()];
}

function allRows(group: Int32Array): number[] {
  return Array.from(group, (_, b) => b);
}
