/**
 * Completions of an older policy: a step learns from what was sampled some steps ago, as where sampling and learning run side
 * by side.
 * Noukhovitch, Huang, Xhonneux, Hosseini, Agarwal, Courville 2024, "Asynchronous RLHF: Faster and More Efficient Off-Policy RL
 * for Language Models", arXiv:2410.18252; the age is verl's, prime-rl's and TRL's off-policy step count.
 *
 *     step s samples with policy s and learns from the completions of policy s - age
 *     ratio = p / p_sampler ("sampler"), or p / p_s ("current", for an objective that corrects the rest itself)
 *
 * Seams: rollout (wraps the one that is there), objective (wraps, "sampler" only), with the completions between as state. The
 * first `age` steps only sample: they make no update and say so; the last `age` batches are never learned from. Tokens count
 * when they are sampled. Rewards are those of the time of sampling. Evaluation, and calls of other methods to the models, see
 * the policy as it is. Rows whose author's log-probs are unknown (demonstrations) need "current".
 * Learning several times from one batch is not this but `innerEpochs` and `miniBatches` of `train`.
 */
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { type Objective, required } from "../toolkit/objective.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { processedTokens, type RolloutInput, type Rollouts } from "../toolkit/rollout.ts";
import { packRollouts, unpackRollouts } from "../toolkit/rollouts-json.ts";
import { fromRows } from "../toolkit/rows.ts";
import { type Json, wrapStateful } from "../toolkit/seam.ts";

export interface SampleAheadOptions {
  /** Steps between sampling and learning, from 0. Default 1: one step off policy, as the paper. */
  readonly age?: number;
  /** What the ratio is taken to. Default "sampler": PPO's, TRL's and prime-rl's. */
  readonly ratioTo?: "sampler" | "current";
}

const SOURCES: ChoiceSources<keyof SampleAheadOptions> = {
  age: ["rollout", "arXiv:2410.18252: one step off policy"],
  ratioTo: ["objective", "arXiv:1707.06347, eq. 6: the policy that sampled"],
};

/** The change. @throws UsageError for an unknown option or one out of range */
export function sampleAhead(options: SampleAheadOptions = {}): AlgorithmChange {
  checkOptions("sampleAhead", options, {
    age: { kind: "integer", min: 0 },
    ratioTo: { kind: "either", values: ["sampler", "current"] },
  });
  const { age = 1, ratioTo = "sampler" } = options;
  return {
    name: "sample-ahead",
    wraps: {
      rollout: (inner) =>
        wrapStateful<readonly Rollouts[], RolloutInput, Rollouts>(inner, {
          init: () => [],
          next: (queue, input, ask) => exchange(queue, input, ask, age),
          save: (queue) => queue.map(packRollouts),
          restore,
        }),
      ...(ratioTo === "sampler" && { objective: toSampler }),
    },
    choices: choicesOf(SOURCES, { age, ratioTo }, options),
  };
}

async function exchange(
  queue: readonly Rollouts[],
  input: RolloutInput,
  ask: (input: RolloutInput) => Promise<Rollouts>,
  age: number,
): Promise<readonly [Rollouts, readonly Rollouts[]]> {
  const drawn = await ask(input);
  const spentTokens = drawn.spentTokens ?? processedTokens(drawn);
  const rewards = drawn.rewards ?? (await input.verify(drawn));
  const [oldest, ...rest] = [...queue, { ...drawn, rewards }];
  const metrics = { ...drawn.metrics, policy_age: age };
  if (oldest !== undefined && queue.length >= age) {
    const foreign = age === 0 ? oldest.foreign : new Uint8Array(oldest.rows).fill(1);
    const { events = [] } = drawn;
    return [{ ...oldest, ...(foreign && { foreign }), spentTokens, metrics, events }, rest];
  }
  const message = `sample ahead: ${queue.length + 1} of ${age} batches are there, learning starts after them`;
  const empty = fromRows([], { problems: [], padId: input.models.policy.tokenizer.padId });
  const none = { values: new Float32Array(), verdicts: [] };
  const events = [...(drawn.events ?? []), message];
  return [
    { ...empty, rewards: none, spentTokens, events, metrics: { ...drawn.metrics } },
    [...queue, { ...drawn, rewards }],
  ];
}

/** Log-probs of the sampler in the place of those of the policy before the step. */
function toSampler(inner: Objective): Objective {
  return {
    needs: inner.needs,
    loss: (batch) => inner.loss({ ...batch, oldLogProbs: required("sampleAhead", batch, "sampleLogProbs") }),
  };
}

function restore(saved: Json): readonly Rollouts[] {
  if (Array.isArray(saved)) return saved.map(unpackRollouts);
  return refuse("sampleAhead", `the saved state is ${JSON.stringify(saved)}`, "pass what save gave");
}
