/**
 * Only the tokens at which the policy wavers are trained: the share of highest entropy, the forks of a solution.
 * Wang et al. 2025, "Beyond the 80/20 Rule: High-Entropy Minority Tokens Drive Effective Reinforcement Learning for LLM
 * Reasoning", arXiv:2506.01939, section 5, eq. 6; TRL's top_entropy_quantile.
 *
 *     A'_bt = A_bt where H_bt >= q, else 0;  q = quantile 1 - share of the entropies of the step's trained tokens
 *
 * Seam: advantage (wraps the one that is there). The quantile is interpolated, as numpy's and torch's; tokens on it are kept.
 * Entropies are those of the policy that sampled, over the whole step, so that neither micro-batches nor inner epochs change
 * the choice (TRL: of the policy in training, by micro-batch). Divisors stay those of all tokens, a KL term acts on all.
 */
import { type Advantage, statistic } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkEntropies } from "../toolkit/finite.ts";
import { entropy } from "../toolkit/models.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { wrapSeam } from "../toolkit/seam.ts";

export interface TopEntropyMaskOptions {
  /** Share of the tokens that is trained. Default 0.2: section 5.2. 1 keeps all. */
  readonly share?: number;
}

const SOURCES: ChoiceSources<keyof TopEntropyMaskOptions> = { share: ["advantage", "arXiv:2506.01939, section 5.2"] };

/**
 * The change: `compose(dapo(), topEntropyMask())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function topEntropyMask(options: TopEntropyMaskOptions = {}): AlgorithmChange {
  checkOptions("topEntropyMask", options, { share: { kind: "number", min: 0, max: 1 } });
  const settings = withDefaults({ share: 0.2 }, options);
  return {
    name: "top-entropy-mask",
    makes: "token advantages",
    wraps: { advantage: (inner) => forksOnly(inner, settings.share) },
    statistics: { entropy },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function forksOnly(inner: Advantage, share: number): Advantage {
  return wrapSeam(inner, async (input, next) => {
    const advantages = await next(input);
    const mask = advantages.mask ?? input.rollouts.mask;
    const entropies = statistic("topEntropyMask", input.statistics, "entropy");
    checkEntropies("topEntropyMask", entropies, mask);
    const kept = highEntropy(entropies, mask, share);
    const perToken = advantages.perToken.map((advantage, i) => (kept[i] === 1 ? advantage : 0));
    return { ...advantages, perToken };
  });
}

/**
 * 1 for the trained tokens whose entropy is at least the quantile 1 - share of all of them, else 0. Nothing trained: all 0.
 *
 * @param entropies [B, T] @param mask [B, T]
 */
export function highEntropy(entropies: Float32Array, mask: Float32Array, share: number): Float32Array {
  if (entropies.length !== mask.length) {
    refuse("highEntropy", `${entropies.length} entropies for ${mask.length} positions`, "pass one per token");
  }
  const sorted = entropies.filter((_, i) => mask[i] === 1).sort();
  const place = (1 - share) * Math.max(sorted.length - 1, 0);
  const [below, above] = [sorted[Math.floor(place)] ?? 0, sorted[Math.ceil(place)] ?? 0];
  const quantile = Math.fround(below + (above - below) * (place - Math.floor(place)));
  return mask.map((trained, i) => (trained === 1 && (entropies[i] ?? 0) >= quantile ? 1 : 0));
}
