/** Log-probs and entropies of given tokens under the policy: teacher forcing, nothing cut off. */
import type * as tf from "@tensorflow/tfjs";
import { tokenLogProbs } from "../jit/ops.ts";
import { refuse } from "../refuse.ts";
import type { PolicyConfig } from "./config.ts";
import { forward, type ParameterTensors } from "./forward.ts";

/** Both [B, T], in nats: column t is about token ids[b][t + 1]. */
export interface TokenScores {
  readonly logProbs: tf.Tensor2D;
  readonly entropy: tf.Tensor2D;
}

/**
 * Scores every token after the first, as a function that can be differentiated and compiled.
 *
 * @param ids [B, T + 1] int32
 * @param temperature divides the logits, as in sampling. Default 1: the policy as it is
 */
export function scoreTokens(
  parameters: ParameterTensors,
  ids: tf.Tensor2D,
  config: PolicyConfig,
  temperature = 1,
): TokenScores {
  const [batch, width] = ids.shape;
  if (width === undefined || width < 2)
    refuse("scoreTokens", `ids are [${ids.shape}]`, "pass at least two tokens a row");
  const length = width - 1;
  const contexts = ids.slice([0, 0], [batch, length]); // [B, T]
  const targets = ids.slice([0, 1], [batch, length]).reshape<tf.Tensor1D>([batch * length]);
  const logits = forward(parameters, contexts, config); // [B * T, V]
  const tempered = temperature === 1 ? logits : logits.div<tf.Tensor2D>(temperature);
  const { logProbs, entropy } = tokenLogProbs(tempered, targets);
  return { logProbs: logProbs.reshape([batch, length]), entropy: entropy.reshape([batch, length]) };
}
