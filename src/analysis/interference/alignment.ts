/** What a step on one problem does to the others, from the inner products of their gradients. */
import { refuse } from "../../toolkit/refuse.ts";

/** Gradients of problems' log-likelihoods, as their inner products; `gradientAlignment` returns one. */
export interface GradientGram {
  readonly ids: readonly string[];
  /** [M, M] g_i · g_j, symmetric. */
  readonly gram: ArrayLike<number>;
}

/** One problem's step and what it costs another. */
export interface HarmfulPair {
  /** The problem stepped on. */
  readonly from: string;
  /** The problem that pays. */
  readonly to: string;
  readonly cosine: number;
  readonly effect: number;
}

export interface GradientAlignment {
  readonly ids: readonly string[];
  /** [M, M] cosine of the gradients of problems i and j; 0 where one of them is 0. */
  readonly cosine: Float64Array;
  /**
   * [M, M] change of j's log-likelihood (nats) by a gradient ascent step of `stepSize` on i's, to first order: +η g_i · g_j, row
   * i, column j. Below 0: the step hurts.
   */
  readonly effect: Float64Array;
  readonly stepSize: number;
  /** Number of pairs i < j, the share of them with a negative inner product, and their mean cosine (0 without pairs). */
  readonly pairs: number;
  readonly negativeShare: number;
  readonly meanCosine: number;
  /** Pairs that hurt, worst first, at most 20. */
  readonly worst: readonly HarmfulPair[];
  /** [M] sum of the negative effects that a step on i has on the others; by symmetry also what i suffers from a step on each. */
  readonly harm: readonly number[];
}

const WORST_SHOWN = 20;
/** Symmetry is checked to this share of the two gradients' norms (float32 gradients). */
const ASYMMETRY = 1e-4;

/** Reads a Gram matrix. */
export function alignGradients({ ids, gram }: GradientGram, stepSize: number): GradientAlignment {
  const m = ids.length;
  checkGram(ids, gram);
  const norms = ids.map((_, i) => Math.sqrt(gram[i * m + i] ?? 0));
  const cosine = Float64Array.from(gram, (product, at) => {
    const size = (norms[Math.floor(at / m)] ?? 0) * (norms[at % m] ?? 0);
    return size === 0 ? 0 : Math.max(-1, Math.min(1, product / size));
  });
  const effect = Float64Array.from(gram, (product) => stepSize * product);
  const harm = new Array<number>(m).fill(0);
  const harmful: HarmfulPair[] = [];
  let [pairs, negative, total] = [0, 0, 0];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < m; j++) {
      const [aligned, cost] = [cosine[i * m + j] ?? 0, effect[i * m + j] ?? 0];
      if (i < j) {
        pairs++;
        total += aligned;
        if (aligned < 0) {
          negative++;
          harmful.push({ from: ids[i] ?? "", to: ids[j] ?? "", cosine: aligned, effect: cost });
        }
      }
      if (i !== j && cost < 0) harm[i] = (harm[i] ?? 0) + cost;
    }
  }
  return {
    ids,
    cosine,
    effect,
    stepSize,
    pairs,
    negativeShare: pairs === 0 ? 0 : negative / pairs,
    meanCosine: pairs === 0 ? 0 : total / pairs,
    worst: harmful.sort((a, b) => a.effect - b.effect).slice(0, WORST_SHOWN),
    harm,
  };
}

function checkGram(ids: readonly string[], gram: ArrayLike<number>): void {
  const where = "negativeInterference";
  const m = ids.length;
  if (m === 0 || gram.length !== m * m) {
    refuse(
      where,
      `the Gram matrix has ${gram.length} entries for ${m} problems`,
      "pass [M, M] inner products, row-major",
    );
  }
  if (new Set(ids).size < m) refuse(where, "a problem is twice among the gradients", "pass each problem once");
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      const [product, mirrored] = [gram[i * m + j] ?? Number.NaN, gram[j * m + i] ?? Number.NaN];
      const size = Math.sqrt(Math.abs((gram[i * m + i] ?? 0) * (gram[j * m + j] ?? 0)));
      if (
        !Number.isFinite(product) ||
        !(Math.abs(product - mirrored) <= ASYMMETRY * size) ||
        (i === j && product < 0)
      ) {
        refuse(
          where,
          `entries (${i}, ${j}) and (${j}, ${i}) of the Gram matrix are ${product} and ${mirrored}`,
          "pass finite inner products g_i · g_j: symmetric, the diagonal not negative",
        );
      }
    }
  }
}
