/**
 * Random projection of long vectors that keeps their inner products: a count sketch, which costs one addition an entry.
 * Charikar, Chen & Farach-Colton 2002, "Finding frequent items in data streams"; as a Johnson-Lindenstrauss map: Weinberger et al.
 * 2009, "Feature hashing for large scale multitask learning", arXiv:0902.2206.
 *
 *     (S x)_b = Σ_{i : h(i) = b} s(i) x_i,   h(i) uniform over k buckets, s(i) = ±1, both from (seed, i)
 *
 *     E ⟨Sx, Sy⟩ = ⟨x, y⟩,   Var ⟨Sx, Sy⟩ = (|x|²|y|² + ⟨x, y⟩² − 2 Σ_i x_i² y_i²) / k ≤ 2 |x|²|y|² / k
 *
 * so that, by Chebyshev's inequality, |⟨Sx, Sy⟩ − ⟨x, y⟩| > ε |x| |y| with a chance of at most 2 / (k ε²).
 */
import { checkOptions, type OptionRule } from "../options.ts";
import { philox } from "../rng.ts";

/** How vectors are projected. */
export interface ProjectionOptions {
  /** k, numbers kept of each vector. Default 4096: a cosine is then off by 0.022 at most, as a standard error. */
  readonly dimensions?: number;
  /** Same seed, same map. Default 0. */
  readonly seed?: number;
}

const projectionRules: Readonly<Record<keyof ProjectionOptions, OptionRule>> = {
  dimensions: { kind: "integer", min: 1, max: 2 ** 24 },
  seed: { kind: "integer", min: 0, max: 2 ** 32 - 1 },
};

/** A map of vectors of one length; two vectors can be compared where one map made both. */
export interface Projection {
  readonly dimensions: number;
  /** Bound of the standard error of a cosine of two projected vectors: √(2 / k). */
  readonly standardError: number;
  /** [k] of a stretch [from, to) of the vector. Stretches that are disjoint add up to the whole's. Default: all of it. */
  project(vector: Float32Array, from?: number, to?: number): Float32Array;
}

/** @throws UsageError for a number of dimensions or a seed that is none */
export function randomProjection(options: ProjectionOptions = {}): Projection {
  checkOptions("randomProjection", options, projectionRules);
  const { dimensions = 4096, seed = 0 } = options;
  return {
    dimensions,
    standardError: Math.sqrt(2 / dimensions),
    project(vector, from = 0, to = vector.length) {
      const sums = new Float64Array(dimensions);
      const words = new Uint32Array(4);
      let block = -1;
      for (let i = from; i < to; i++) {
        // Two words an entry, four a block: an even entry takes the first two.
        if (i >> 1 !== block) {
          block = i >> 1;
          philox(seed, STREAM, block, 0, 0, words);
        }
        const odd = i & 1;
        const bucket = Math.floor(((words[2 * odd] ?? 0) / 2 ** 32) * dimensions);
        const value = vector[i] ?? Number.NaN;
        sums[bucket] = (sums[bucket] ?? 0) + ((words[2 * odd + 1] ?? 0) >= 2 ** 31 ? value : -value);
      }
      return Float32Array.from(sums);
    },
  };
}

/** Second key of the generator: a purpose of its own, so that nothing else draws the same numbers. */
const STREAM = 0x70726f6a;

/**
 * The least k with which a pair's inner product is off by more than `error` |x| |y| with a chance of at most `chance`: 2 / (chance
 * · error²), by Chebyshev's inequality.
 */
export function projectionDimensions(error: number, chance: number): number {
  checkOptions(
    "projectionDimensions",
    { error, chance },
    { error: { kind: "number", above: 0 }, chance: { kind: "number", above: 0, below: 1 } },
  );
  return Math.ceil(2 / (chance * error ** 2));
}
