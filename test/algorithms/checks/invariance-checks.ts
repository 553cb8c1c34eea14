/** Checks of what must not matter: compilation, order, padding, micro-batches. */
import { addFillerRows, pick, sizeOf, split, spoilPadding } from "./columns.ts";
import { compare, mapValues, reorder } from "./compare.ts";
import type { Evaluation } from "./evaluate.ts";
import { DOUBLE_TOLERANCE } from "./slopes.ts";
import type { Subject } from "./subject.ts";

/** Compiled, the objective gives what it gives operation by operation. */
export async function compiledEqualsEager({ at, columns }: Subject): Promise<string[]> {
  return compare(await at.compiled(columns), await at.eager(columns), (x) => x, 1e-5);
}

/** The order of rows changes nothing but the gradient's order. */
export async function permutation({ at, columns }: Subject): Promise<string[]> {
  const { rows } = sizeOf(columns);
  const order = Array.from({ length: rows }, (_, b) => (b * 5 + 3) % rows); // 5 and 16 have no common divisor
  const turned = pick(columns, order);
  return compare(await at.double(turned), await at.double(columns), (x) => reorder(x, order), DOUBLE_TOLERANCE);
}

/** What stands where nothing is trained changes nothing, be it NaN, nor do more such columns. */
export async function padding({ at, columns }: Subject): Promise<string[]> {
  const { rows, tokens } = sizeOf(columns);
  const whole = await at.double(columns);
  const found = await at.double(spoilPadding(columns, 2));
  const widen = (x: ArrayLike<number>): number[] => {
    const depth = x.length / (rows * tokens);
    const width = (tokens + 2) * depth;
    return Array.from({ length: rows * width }, (_, i) =>
      i % width < tokens * depth ? (x[Math.floor(i / width) * tokens * depth + (i % width)] ?? 0) : 0,
    );
  };
  return compare(found, whole, widen, DOUBLE_TOLERANCE);
}

/** Rows that only fill a micro-batch up change nothing. */
export async function filler({ at, columns }: Subject): Promise<string[]> {
  const { rows } = sizeOf(columns);
  const longer = (x: ArrayLike<number>): number[] =>
    Array.from({ length: (x.length / rows) * (rows + 2) }, (_, i) => x[i] ?? 0);
  return compare(await at.double(addFillerRows(columns, 2)), await at.double(columns), longer, DOUBLE_TOLERANCE);
}

/** Two or four micro-batches give what one gives: losses, metrics and gradients add up. */
export async function microBatches({ row, at, columns }: Subject): Promise<string[]> {
  const { together } = row.objective.needs;
  if (together === "update") return [];
  const whole = await at.double(columns);
  const found: string[] = [];
  for (const count of [2, 4]) {
    const parts = split(columns, count, together);
    const given = await Promise.all(parts.map((rows) => at.double(pick(columns, rows))));
    const sum: Evaluation = {
      loss: total(given, ({ loss }) => loss),
      metrics: mapValues(whole.metrics, (_, name) => total(given, ({ metrics }) => metrics[name] ?? Number.NaN)),
      gradients: mapValues(whole.gradients, (_, path) =>
        given.flatMap(({ gradients }) => Array.from(gradients[path] ?? [])),
      ),
    };
    const order = parts.flat();
    found.push(
      ...compare(sum, whole, (x) => reorder(x, order), DOUBLE_TOLERANCE).map((text) => `${count} parts: ${text}`),
    );
  }
  return found;
}

function total<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
