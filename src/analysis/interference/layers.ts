/** Where in the network updates and problems pull against each other. */
import type { UpdateEffects } from "../../toolkit/probe/update-effects.ts";
import { studentQuantile } from "../statistics/beta.ts";
import { type Estimate, mean, squaredDeviations } from "../statistics/estimate.ts";

/** One layer, over pairs of an update and another problem. */
export interface LayerConflict {
  readonly name: string;
  /** Mean cosine of the update's change and the problem's gradient in this layer; 95 % interval over problems. */
  readonly cosine: Estimate;
  /** Share of pairs that pull apart in this layer. */
  readonly negativeShare: number;
  /** Sum over pairs of the predicted effect, nats; all layers' add up to the whole's. */
  readonly effect: number;
}

export function layerConflicts(
  draws: readonly UpdateEffects[],
  others: readonly { readonly j: number; readonly at: number }[],
  problems: number,
): LayerConflict[] {
  const names = draws[0]?.layers?.map(({ name }) => name) ?? [];
  return names.map((name) => {
    const layers = draws.flatMap(({ layers = [] }) => layers.filter((layer) => layer.name === name));
    const values = layers.flatMap(({ cosine }) => others.map(({ j, at }) => ({ j, value: cosine[at] ?? 0 })));
    const sums = new Float64Array(problems);
    const counts = new Float64Array(problems);
    for (const { j, value } of values) {
      sums[j] = (sums[j] ?? 0) + value;
      counts[j] = (counts[j] ?? 0) + 1;
    }
    const byProblem = Array.from(sums, (sum, j) => sum / (counts[j] ?? 0)).filter((value) => !Number.isNaN(value));
    const negative = values.filter(({ value }) => value < 0).length;
    const effect = layers.reduce(
      (sum, { predicted }) => sum + others.reduce((all, { at }) => all + (predicted[at] ?? 0), 0),
      0,
    );
    return {
      name,
      cosine: overProblems(byProblem),
      negativeShare: negative / values.length,
      effect: effect / draws.length,
    };
  });
}

function overProblems(values: readonly number[]): Estimate {
  const [value, n] = [mean(values), values.length];
  const half = n < 2 ? 0 : studentQuantile(0.95, n - 1) * Math.sqrt(squaredDeviations(values) / (n - 1) / n);
  return { value, low: value - half, high: value + half };
}
