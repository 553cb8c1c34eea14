/**
 * ReMax: the baseline of a prompt is the reward of the policy's greedy completion.
 * Li, Xu, Zhang, Lin, Yu, Sun, Luo 2023, "ReMax: A Simple, Effective, and Efficient Reinforcement Learning Method for
 * Aligning Large Language Models", arXiv:2310.10505, section 3, algorithm 1.
 *
 *     A_bt = sum_{i >= t} r_bi - r(greedy completion of the prompt)
 *
 * Seams: rollout (wraps the one that is there; one greedy completion more for each problem, verified by the step's own
 * reward and counted in its tokens), advantage. Works with one completion a prompt. Equal rewards do not give 0: what all get
 * right and greedy decoding gets wrong is better than it. An unscored row gets 0, so does a prompt whose greedy completion
 * is unscored.
 */
import type { AdvantageInput, Advantages } from "../toolkit/advantage.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { equalLengths } from "../toolkit/finite.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { processedTokens, type RolloutInput, type Rollouts } from "../toolkit/rollout.ts";
import { wrapSeam } from "../toolkit/seam.ts";
import { completionSpan, returnsToGo, tokenRewards } from "../toolkit/token-rewards.ts";

/** Column of the baselines, [B]. */
const BASELINE = "remax baseline";

/** The change. @throws UsageError for any option: it has none */
export function remax(options: Readonly<Record<string, never>> = {}): AlgorithmChange {
  checkOptions("remax", options, {});
  return {
    name: "remax",
    replaces: { advantage },
    wraps: {
      rollout: (inner) => wrapSeam(inner, async (input, next) => withBaseline(await next(input), input)),
    },
    choices: [
      { seam: "advantage", name: "baseline", value: "greedy completion", source: "arXiv:2310.10505, algorithm 1" },
      {
        seam: "rollout",
        name: "extra",
        value: "one greedy completion a problem",
        source: "arXiv:2310.10505, algorithm 1",
      },
    ],
  };
}

async function withBaseline(rollouts: Rollouts, input: RolloutInput): Promise<Rollouts> {
  if (rollouts.rows === 0) return rollouts;
  const { problems } = rollouts;
  const { maxTokens, seed, step, signal } = input.sampling;
  const prompts = problems.map(({ prompt }) => prompt);
  const drawn = await input.models.policy.generate(prompts, { maxTokens, seed, step, greedy: true, signal });
  const { values } = await input.verify({ ...drawn, problems });
  const perRow = Float32Array.from(rollouts.group, (id) => values[id] ?? Number.NaN);
  const spent = (rollouts.spentTokens ?? processedTokens(rollouts)) + processedTokens(drawn);
  const scored = values.filter((value) => !Number.isNaN(value));
  const mean = scored.reduce((sum, value) => sum + value, 0) / scored.length;
  return {
    ...rollouts,
    columns: { ...rollouts.columns, [BASELINE]: perRow },
    spentTokens: spent,
    metrics: { ...rollouts.metrics, greedy_reward: mean },
  };
}

function advantage({ rollouts, rewards }: AdvantageInput): Advantages {
  const baselines = rollouts.columns?.[BASELINE];
  if (baselines === undefined || typeof baselines === "number") {
    return refuse("remax", `there is no column "${BASELINE}"`, "keep the rollout function that remax puts in");
  }
  return { perToken: remaxAdvantages({ rollouts, rewards }, baselines) };
}

/** Advantage of each token, 0 outside of completions. @param baselines [B], NaN where unknown @returns [B, T] */
export function remaxAdvantages(
  { rollouts, rewards }: Pick<AdvantageInput, "rollouts" | "rewards">,
  baselines: Float32Array,
): Float32Array {
  equalLengths("remax", { rewards: rewards.values, baselines });
  const out = returnsToGo(rollouts, tokenRewards(rollouts, rewards), 1);
  for (const [b, baseline] of baselines.entries()) {
    const { start, end } = completionSpan(rollouts, b);
    const unknown = Number.isNaN(baseline) || Number.isNaN(rewards.values[b]);
    for (let i = start; i < end; i++) out[i] = unknown ? 0 : (out[i] ?? 0) - baseline;
  }
  return out;
}
