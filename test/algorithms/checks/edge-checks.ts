/** Checks of the edges: nothing to train on, extreme ratios, bad input. */
import { UsageError } from "../../../src/toolkit/refuse.ts";
import { type Columns, columnOf, mapped, sizeOf, spoilPadding } from "./columns.ts";
import { notFinite } from "./compare.ts";
import { batchTensors } from "./evaluate.ts";
import type { Subject } from "./subject.ts";

/** Nothing to train on: finite loss and metrics, no gradient. */
export async function empty({ at, columns }: Subject): Promise<string[]> {
  const zero = (path: string) => mapped(columnOf(columns, path), () => 0);
  const given = { ...columns, mask: zero("mask"), "totals.tokens": zero("totals.tokens") };
  const { gradients, ...figures } = await at.double(spoilPadding(given, 0));
  const moved = Object.entries(gradients).filter(([, gradient]) => Array.from(gradient).some((x) => x !== 0));
  return [...notFinite(figures), ...moved.map(([path]) => `the gradient by ${path} is not 0`)];
}

/** Log-ratios of +-200: all is finite, also in float32. */
export async function extreme({ at, columns }: Subject): Promise<string[]> {
  const far = mapped(columnOf(columns, "logProbs"), (_, i) => (i % 2 === 0 ? -0.01 : -200));
  const old = mapped(columnOf(columns, "oldLogProbs"), (_, i) => (i % 2 === 0 ? -200 : -0.01));
  const found = await at.compiled({ ...columns, logProbs: far, oldLogProbs: old });
  return [...notFinite(found), ...notFinite(await at.compiled(columns))];
}

/** Columns of another shape, missing columns and the row's bad settings are refused. */
export async function refusals({ row, columns }: Subject): Promise<string[]> {
  const { rows } = sizeOf(columns);
  const narrow = (path: string): Columns => ({
    ...columns,
    [path]: { ...columnOf(columns, path), data: new Float64Array(rows), shape: [rows, 1] },
  });
  const common = ["oldLogProbs", "advantages", "mask", "rewards", "group", "rowMask"];
  const needed = Object.keys(columns).filter((path) => /^(reference|entropies|logits|values|columns\.)/.test(path));
  const without = (path: string): Columns =>
    Object.fromEntries(Object.entries(columns).filter(([name]) => name !== path));
  const attempts: (readonly [string, () => unknown])[] = [
    ...common.map((path) => [`${path} of shape [B, 1]`, () => row.objective.loss(batchTensors(narrow(path)))] as const),
    ...needed.map((path) => [`no ${path}`, () => row.objective.loss(batchTensors(without(path)))] as const),
    ...(row.refused ?? []).map((make) => [String(make), make] as const),
  ];
  return attempts.flatMap(([what, attempt]) => {
    const error = thrownBy(attempt);
    return error instanceof UsageError ? [] : [`${what} is not refused${error === undefined ? "" : `, but: ${error}`}`];
  });
}

function thrownBy(attempt: () => unknown): unknown {
  try {
    attempt();
  } catch (error) {
    return error;
  }
  return undefined;
}
