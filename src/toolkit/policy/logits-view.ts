/** A forward pass as statistics and objectives read it: what nobody reads is not worked out. */
import * as tf from "@tensorflow/tfjs";
import { tokenLogProbs } from "../jit/ops.ts";
import type { LogitsView } from "../models.ts";
import { refuse } from "../refuse.ts";
import type { PolicyConfig } from "./config.ts";
import { hiddenStates, type ParameterTensors, projectHidden } from "./forward.ts";
import { valueHeadName } from "./parameters.ts";

/**
 * @param ids [B, T + 1] int32
 * @param temperature divides the logits, as in sampling
 */
export function logitsView(
  parameters: ParameterTensors,
  ids: tf.Tensor2D,
  config: PolicyConfig,
  temperature: number,
): LogitsView {
  const [batch, width] = ids.shape;
  if (width === undefined || width < 2) refuse("score", `ids are [${ids.shape}]`, "pass at least two tokens a row");
  const length = width - 1;
  const targets = ids.slice([0, 1], [batch, length]).reshape<tf.Tensor1D>([batch * length]); // [N]
  const hidden = hiddenStates(parameters, ids.slice([0, 0], [batch, length]), config); // [N, d]
  const rawLogits = projectHidden(parameters, hidden, config); // [N, V]
  const logits = temperature === 1 ? rawLogits : rawLogits.div<tf.Tensor2D>(temperature);
  const scores = once(() => tokenLogProbs(logits, targets));
  const head = parameters[valueHeadName];
  return {
    rawLogits,
    logits,
    targets,
    hidden,
    get logProbs() {
      return scores().logProbs;
    },
    get entropies() {
      return scores().entropy;
    },
    ...(head && { values: tf.matMul(hidden, head as tf.Tensor2D, false, true).reshape<tf.Tensor1D>([batch * length]) }),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
