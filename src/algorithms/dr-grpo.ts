/**
 * Dr. GRPO: GRPO without its two biases, the division by the group's deviation and the one by each answer's length.
 * Liu et al. 2025, "Understanding R1-Zero-Like Training: A Critical Perspective", arXiv:2503.20783, section 3.2.
 *
 *     A_b  = r_b - mean_group r
 *     loss = -sum_b sum_t min( r_bt A_b, clip(r_bt) A_b ) / (B L),  L = longest answer allowed
 *
 * Seams: advantage, objective; those of {@link grpo} with two settings. The paper sums over tokens; the constant L is its
 * code's and TRL's, and only scales the loss. An answer of half the length has half the weight.
 */
import { type Algorithm, preset } from "../toolkit/algorithm.ts";
import { optionsObject, withDefaults } from "../toolkit/options.ts";
import { type GrpoOptions, grpo } from "./grpo.ts";

/** {@link grpo}'s options; scale is "none" and aggregation "constant" by default: section 3.2. */
export type DrGrpoOptions = GrpoOptions;

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function drGrpo(options: DrGrpoOptions = {}): Algorithm {
  const settings = withDefaults<DrGrpoOptions>(
    { scale: "none", aggregation: "constant" },
    optionsObject("drGrpo", options),
  );
  const sources = { scale: "arXiv:2503.20783, section 3.2", aggregation: "arXiv:2503.20783, section 3.2, by its code" };
  return preset(grpo(settings), "dr-grpo", sources, options);
}
