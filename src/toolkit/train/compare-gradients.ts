/** How the directions in which algorithms would move the weights, on the same completions, stand to each other. */
import type { Algorithm } from "../algorithm.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import { layerOf } from "../policy/layers.ts";
import { progressReporter } from "../progress.ts";
import { refuse } from "../refuse.ts";
import { type Recomputed, type RecomputeOptions, type RewardedRollouts, recompute } from "./recompute.ts";

/** Cosines between n gradients, [n, n] row-major; NaN where one of the two is 0. */
export type Cosines = Float64Array;

export interface GradientComparison {
  /** Of the algorithms; a name that occurs twice is numbered. */
  readonly names: readonly string[];
  /** Over all weights. */
  readonly cosines: Cosines;
  /** Length of each gradient. */
  readonly norms: readonly number[];
  /** The same for each layer, from the embedding to the head. */
  readonly layers: readonly { readonly name: string; readonly cosines: Cosines; readonly norms: readonly number[] }[];
  /** Each algorithm's view of the step, in the order given. */
  readonly results: readonly Recomputed[];
}

/**
 * Recomputes a step under several algorithms and compares their gradients, as a whole and layer by layer. What an
 * optimizer makes of them (momentum, Adam's scaling, clipping) is not in it.
 *
 * @throws UsageError for fewer than two algorithms, and what {@link recompute} refuses
 */
export async function compareGradients(
  step: RewardedRollouts,
  algorithms: readonly Algorithm[],
  options: RecomputeOptions,
): Promise<GradientComparison> {
  if (algorithms.length < 2) refuse("compareGradients", `${algorithms.length} algorithms`, "pass two or more");
  const report = progressReporter({ task: "compare gradients", total: algorithms.length, unit: "algorithms" });
  const results: Recomputed[] = [];
  for (const algorithm of algorithms) {
    report(results.length);
    results.push(await recompute(step, algorithm, options));
  }
  report(results.length);
  const weights = Object.keys(options.policy.parameters.shapes);
  const layers = [...new Set(weights.map(layerOf))];
  return {
    names: numbered(algorithms.map(({ name }) => name)),
    ...compare(results, weights),
    layers: layers.map((name) => ({
      name,
      ...compare(
        results,
        weights.filter((weight) => layerOf(weight) === name),
      ),
    })),
    results,
  };
}

function numbered(names: readonly string[]): string[] {
  return names.map((name, i) => {
    if (names.indexOf(name) === names.lastIndexOf(name)) return name;
    return `${name} (${names.slice(0, i + 1).filter((other) => other === name).length})`;
  });
}

function compare(
  results: readonly Recomputed[],
  weights: readonly string[],
): { readonly cosines: Cosines; readonly norms: readonly number[] } {
  const n = results.length;
  const products = new Float64Array(n * n);
  for (const [i, a] of results.entries()) {
    for (let j = 0; j <= i; j++) {
      const b = results[j] ?? a;
      const product = weights.reduce((sum, name) => sum + dot(a.gradient[name], b.gradient[name]), 0);
      products[i * n + j] = product;
      products[j * n + i] = product;
    }
  }
  const norms = results.map((_, i) => Math.sqrt(products[i * n + i] ?? 0));
  const cosines = products.map((product, at) => {
    const lengths = (norms[Math.floor(at / n)] ?? 0) * (norms[at % n] ?? 0);
    return lengths === 0 ? Number.NaN : Math.max(-1, Math.min(1, product / lengths));
  });
  return { cosines, norms };
}

function dot(a: HostTensor | undefined, b: HostTensor | undefined): number {
  if (a === undefined || b === undefined) return 0;
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i] ?? 0) * (b.data[i] ?? 0);
  return sum;
}
