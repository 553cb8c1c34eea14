/**
 * RLEP: right completions of hard problems are kept and learned from again, beside new ones of the same problem.
 * Zhang, Fu, Zhang, Fu, Wang, Zhang, Zhou 2025, "RLEP: Reinforcement Learning with Experience Replay for LLM Reasoning",
 * arXiv:2507.07451, section 2.
 *
 *     group of a known problem = its new completions + `replays` right ones from before; advantages over all of them
 *
 * The paper collects the right completions in a first phase, with a policy trained to convergence. Here they are collected
 * on the way (reconstruction: there is one phase): from groups with at most `hardest` right, and problems of the pool come
 * back in place of some of the step's, by turns, until they are no longer hard.
 *
 * Seam: rollout (wraps the one that is there), with the pool as state. Replayed rows are foreign: the ratio is to the policy
 * before the step, which scores them. They cost no sampling; `num_tokens` counts them as processed. Unscored completions are
 * neither right nor wrong. Problems are told apart by their id.
 */
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import type { PromptBatch } from "../toolkit/curriculum.ts";
import { joinRollouts } from "../toolkit/join-rollouts.ts";
import { checkOptions } from "../toolkit/options.ts";
import { rng } from "../toolkit/rng.ts";
import { processedTokens, type RolloutInput, type Rollouts } from "../toolkit/rollout.ts";
import { fromRows, type Row } from "../toolkit/rows.ts";
import { wrapStateful } from "../toolkit/seam.ts";
import { collect, type ReplayPool, restorePool, savePool } from "./rlep-pool.ts";

export interface RlepOptions {
  /** Right completions from before for each group of a known problem. Default 2: paper, section 3. */
  readonly replays?: number;
  /** Success rate above which a problem is not hard. Default 0.5 (our choice). */
  readonly hardest?: number;
  /** Problems of a step that come from the pool. Default 1 (our choice: where problems do not come again by themselves). */
  readonly again?: number;
  /** Right completions kept of a problem, the newest. Default 4 (our choice). */
  readonly keep?: number;
  /** Problems kept, the newest. Default 64 (our choice). */
  readonly poolSize?: number;
}

type Settings = Required<RlepOptions>;

const SOURCES: ChoiceSources<keyof RlepOptions> = {
  replays: ["rollout", "arXiv:2507.07451, section 3"],
  hardest: ["rollout", "our choice: more wrong than right"],
  again: ["rollout", "our choice: problems may never come again by themselves"],
  keep: ["rollout", "our choice: bounds the state"],
  poolSize: ["rollout", "our choice: bounds the state"],
};

/** The change. @throws UsageError for an unknown option or one out of range */
export function rlep(options: RlepOptions = {}): AlgorithmChange {
  checkOptions("rlep", options, {
    replays: { kind: "integer", min: 1 },
    hardest: { kind: "number", min: 0, max: 1 },
    again: { kind: "integer", min: 0 },
    keep: { kind: "integer", min: 1 },
    poolSize: { kind: "integer", min: 1 },
  });
  const { replays = 2, hardest = 0.5, again = 1, keep = 4, poolSize = 64 } = options;
  const settings: Settings = { replays, hardest, again, keep, poolSize };
  return {
    name: "rlep",
    wraps: {
      rollout: (inner) =>
        wrapStateful<ReplayPool, RolloutInput, Rollouts>(inner, {
          init: () => [],
          next: (pool, input, ask) => mix(pool, input, ask, settings),
          save: savePool,
          restore: restorePool,
        }),
    },
    choices: choicesOf(SOURCES, settings, options),
  };
}

async function mix(
  pool: ReplayPool,
  input: RolloutInput,
  ask: (input: RolloutInput) => Promise<Rollouts>,
  settings: Settings,
): Promise<readonly [Rollouts, ReplayPool]> {
  const { padId } = input.models.policy.tokenizer;
  const drawn = await ask({ ...input, prompts: withKnown(input.prompts, pool, settings.again) });
  const scored = { ...drawn, rewards: drawn.rewards ?? (await input.verify(drawn)) };
  const after = collect(pool, scored, settings);
  const old = replayed(scored, pool, input, settings.replays);
  const metrics = { ...drawn.metrics, replayed_rows: old.length, replay_pool: after.length };
  if (old.length === 0) return [{ ...scored, metrics }, after];
  const from = fromRows(old, { problems: drawn.problems, padId });
  const replay = { ...from, rewards: await input.verify(from) };
  const spentTokens = (drawn.spentTokens ?? processedTokens(drawn)) + processedTokens(from);
  const { events, tokensPerSecond } = drawn;
  const joined = joinRollouts([scored, replay], padId, { problems: "shared" });
  return [{ ...joined, tokensPerSecond, spentTokens, metrics, ...(events && { events }) }, after];
}

/** The step's problems, the last of them replaced by the first of the pool that are not among them. */
function withKnown(prompts: PromptBatch, pool: ReplayPool, again: number): PromptBatch {
  const asked = new Set(prompts.problems.map(({ id }) => id));
  const known = pool.filter(({ problem }) => !asked.has(problem.id)).slice(0, Math.min(again, prompts.problems.length));
  const kept = prompts.problems.slice(0, prompts.problems.length - known.length);
  return { ...prompts, problems: [...kept, ...known.map(({ problem }) => problem)] };
}

/** Rows from the pool for the groups of known problems, after the prompts that the groups have now. */
function replayed(
  { group, problems, ids, width, promptLengths }: Rollouts,
  pool: ReplayPool,
  { sampling: { seed, step } }: RolloutInput,
  replays: number,
): Row[] {
  return problems.flatMap((problem, id) => {
    const rows = pool.find((entry) => entry.problem.id === problem.id)?.rows ?? [];
    const first = group.indexOf(id);
    if (first < 0) return [];
    const promptIds = ids.slice(first * width, first * width + (promptLengths[first] ?? 0));
    const order = rng({ seed, stream: "replay", step, row: id }).shuffle(rows);
    return order.slice(0, replays).map((row) => ({ ...row, group: id, promptIds, foreign: true }));
  });
}
