/** Complaints: how far what was found is from what was expected. */
import type { Evaluation } from "./evaluate.ts";
import { distance } from "./slopes.ts";

/** A complaint where two lists differ by more than `limit` of the largest expected entry. */
export function far(
  what: string,
  found: ArrayLike<number> | undefined,
  expected: ArrayLike<number> | undefined,
  limit: number,
): string[] {
  const apart = distance(found ?? [], expected ?? [Number.NaN]);
  return apart <= limit ? [] : [`${what} is off by ${apart} of its largest entry`];
}

/** Complaints where two evaluations differ; `arrange` brings the expected gradient into the order of the found one. */
export function compare(
  found: Evaluation,
  expected: Evaluation,
  arrange: (gradient: ArrayLike<number>) => ArrayLike<number>,
  limit: number,
): string[] {
  const number = (name: string, a: number, b: number): string[] =>
    Math.abs(a - b) <= limit * Math.max(1, Math.abs(b)) ? [] : [`${name} is ${a}, not ${b}`];
  return [
    ...number("the loss", found.loss, expected.loss),
    ...Object.entries(expected.metrics).flatMap(([name, value]) =>
      number(name, found.metrics[name] ?? Number.NaN, value),
    ),
    ...Object.entries(expected.gradients).flatMap(([path, gradient]) =>
      far(`the gradient by ${path}`, found.gradients[path], arrange(gradient), limit),
    ),
  ];
}

/** Rows of a gradient in another order. */
export function reorder(x: ArrayLike<number>, order: readonly number[]): number[] {
  const width = x.length / order.length;
  return order.flatMap((b) => Array.from({ length: width }, (_, i) => x[b * width + i] ?? Number.NaN));
}

export function notFinite({
  loss,
  metrics,
  gradients = {},
}: Omit<Evaluation, "gradients"> & Partial<Evaluation>): string[] {
  const numbers: [string, ArrayLike<number>][] = [["loss", [loss]], ...Object.entries(gradients)];
  for (const [name, value] of Object.entries(metrics)) numbers.push([name, [value]]);
  return numbers.flatMap(([name, values]) => {
    const bad = Array.from(values).find((x) => !Number.isFinite(x));
    return bad === undefined ? [] : [`${name} is ${bad}`];
  });
}

export function mapValues<T, R>(
  record: Readonly<Record<string, T>>,
  of: (value: T, name: string) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value, name)]));
}
