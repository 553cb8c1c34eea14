/**
 * DAPO: GRPO with a higher clip above, and every token of the step weighing the same.
 * Yu et al. 2025, "DAPO: An Open-Source LLM Reinforcement Learning System at Scale", arXiv:2503.14476, eq. 8 and 9.
 *
 *     loss = -sum_b sum_t min( r_bt A_b, clip(r_bt, 1 - 0.2, 1 + 0.28) A_b ) / sum_b n_b, no KL
 *
 * Seams: advantage, objective; those of {@link grpo} with two settings. The paper's other two parts are changes of their own,
 * to be composed with it: groups of equal rewards are drawn anew (section 3.2), and overlong answers lose reward gradually
 * (section 3.4). The divisor is the update's number of tokens, however it is split into micro-batches.
 */
import { type Algorithm, preset } from "../toolkit/algorithm.ts";
import { optionsObject, withDefaults } from "../toolkit/options.ts";
import { type GrpoOptions, grpo } from "./grpo.ts";

/** {@link grpo}'s options; clipHigh is 0.28 (section 3.1) and aggregation "token-mean" (section 3.3) by default. */
export type DapoOptions = GrpoOptions;

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function dapo(options: DapoOptions = {}): Algorithm {
  const settings = withDefaults<DapoOptions>(
    { clipHigh: 0.28, aggregation: "token-mean" },
    optionsObject("dapo", options),
  );
  const sources = { clipHigh: "arXiv:2503.14476, section 3.1", aggregation: "arXiv:2503.14476, section 3.3, eq. 8" };
  return preset(grpo(settings), "dapo", sources, options);
}
