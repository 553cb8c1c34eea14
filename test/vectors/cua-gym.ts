/** From the names of the cua-gym forms to `src/toolkit/tasks/benchmarks/cua-gym.ts` and `src/algorithms/gspo.ts`. */
import type * as tf from "@tensorflow/tfjs";
import { gspo } from "../../src/algorithms/index.ts";
import { clippedGain, groupAdvantages, someTrained } from "../../src/index.ts";
import { checkBatch } from "../../src/toolkit/objective.ts";
import { sequenceRatio } from "../../src/toolkit/ratio.ts";
import { majorityFilter, parseCheck, rewardProgram, type Vote } from "../../src/toolkit/tasks/benchmarks/index.ts";
import { inDouble, slope } from "./adapter/double.ts";
import { block, checkNumbers, type Nested } from "./adapter/nested.ts";

interface Inputs {
  readonly logProbs: Nested;
  readonly oldLogProbs: Nested;
  readonly mask: readonly (readonly number[])[];
  readonly rewards: readonly number[];
  readonly clipLow?: number;
  readonly clipHigh?: number;
  readonly votes: readonly Vote[];
  readonly components: readonly { readonly weight: number; readonly path: string; readonly check: string }[];
  readonly states: readonly unknown[];
}

export async function evaluate(inputs: Inputs, form: string): Promise<unknown> {
  switch (form) {
    case "cua-gym/0":
      return await gspoCase(inputs);
    case "cua-gym/1":
    case "cua-gym/2": {
      const { verdict, poor, revised = "" } = majorityFilter(inputs.votes);
      return { verdict, poor, revised };
    }
    case "cua-gym/3": {
      const components = inputs.components.map(({ weight, path, check }) => {
        const holds = parseCheck(path, check);
        return { name: `${path} ${check}`, weight, check: (_: unknown, current: unknown) => holds(current) };
      });
      const program = rewardProgram({ components });
      const [initial] = inputs.states;
      return { scores: inputs.states.map((current) => program.score({ initial, current }).score) };
    }
    default:
      throw new Error(`no form ${form}`);
  }
}

async function gspoCase({ logProbs, oldLogProbs, mask, rewards, clipLow = 3e-4, clipHigh = 4e-4 }: Inputs) {
  checkNumbers("cua-gym", { logProbs, oldLogProbs }, mask);
  for (const row of mask) someTrained("cua-gym", row);
  const advantages = groupAdvantages(Float64Array.from(rewards), new Int32Array(rewards.length), {
    scale: "group-std",
    deviation: "sample",
    epsilon: 1e-6,
  });
  const { objective } = gspo({ clipLow, clipHigh }).replaces ?? {};
  if (objective === undefined || typeof objective !== "object") throw new Error("internal: gspo has no objective");
  const columns = { logProbs, oldLogProbs, mask, advantages: [...block("advantages", [...advantages]).data] };
  const found = await inDouble(columns, (x) => {
    const rest = {
      oldLogProbs: x.oldLogProbs as tf.Tensor2D,
      mask: x.mask as tf.Tensor2D,
      advantages: (x.advantages as tf.Tensor1D).expandDims<tf.Tensor2D>(1).mul<tf.Tensor2D>(x.mask as tf.Tensor2D),
    };
    const at = (policy: tf.Tensor) => ({ ...rest, logProbs: policy as tf.Tensor2D });
    const ratio = sequenceRatio(checkBatch("cua-gym", at(x.logProbs)));
    return {
      ratio,
      objective: clippedGain(ratio, x.advantages as tf.Tensor1D, { clipLow, clipHigh }),
      loss: objective.loss(at(x.logProbs)).loss,
      gradLogProbs: slope((policy) => objective.loss(at(policy)).loss, x.logProbs),
    };
  });
  return { ...found, advantages };
}
