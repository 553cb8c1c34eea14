/**
 * BNPO as TRL names it: GRPO's loss averaged over the tokens of the batch instead of over completions.
 * TRL, `GRPOConfig.loss_type = "bnpo"`. (Not the Beta normalisation of arXiv:2506.02864, which is about advantages.)
 *
 *     loss = -sum_b sum_t min( r_bt A_b, clip(r_bt) A_b ) / sum_b n_b
 *
 * Seams: advantage, objective; those of {@link grpo} with one setting. TRL divides by the tokens of each micro-batch, and so
 * depends on how the step is split; here the divisor is the update's number of tokens, which is TRL's of one micro-batch.
 */
import { type Algorithm, preset } from "../toolkit/algorithm.ts";
import { optionsObject, withDefaults } from "../toolkit/options.ts";
import { type GrpoOptions, grpo } from "./grpo.ts";

/** {@link grpo}'s options; aggregation is "token-mean" by default: TRL. */
export type BnpoOptions = GrpoOptions;

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function bnpo(options: BnpoOptions = {}): Algorithm {
  const settings = withDefaults<BnpoOptions>({ aggregation: "token-mean" }, optionsObject("bnpo", options));
  return preset(grpo(settings), "bnpo", { aggregation: 'TRL GRPOConfig.loss_type "bnpo"' }, options);
}
