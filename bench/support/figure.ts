/** The one line that a bench prints for a figure. */

export interface Figure {
  readonly bench: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is compared with, measured in the same run. */
  readonly against: string;
  readonly reference: number;
}

/** Prints the figure with its ratio, value / reference. */
export function report(figure: Figure): void {
  const digits = (x: number): number => Number(x.toPrecision(4));
  const { value, reference } = figure;
  const line = { ...figure, value: digits(value), reference: digits(reference), ratio: digits(value / reference) };
  console.log(JSON.stringify(line));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The shortest time. */
export function best(values: readonly number[]): number {
  return Math.min(...values);
}
