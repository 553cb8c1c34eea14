/** Log-probs and entropies of given tokens under the policy: teacher forcing, nothing cut off. */
import type * as tf from "@tensorflow/tfjs";
import type { PolicyConfig } from "./config.ts";
import type { ParameterTensors } from "./forward.ts";
import { logitsView } from "./logits-view.ts";

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
  const { logProbs, entropies } = logitsView(parameters, ids, config, temperature);
  const shape: [number, number] = [batch, width - 1];
  return { logProbs: logProbs.reshape(shape), entropy: entropies.reshape(shape) };
}
