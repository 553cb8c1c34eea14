/**
 * SCRL: half of a group answers a chain of subproblems that leads to the problem, and each solved link is credited.
 * 2026, "From Reasoning Chains to Verifiable Subproblems: Curriculum Reinforcement Learning Enables Credit Assignment for
 * LLM Reasoning", arXiv:2605.22074.
 *
 *     G/2 rollouts of t_K(x), which asks for s_1 .. s_K = x in K blocks: prefix-gated rewards, an advantage per subproblem
 *     over this half, given to the block's own tokens (scrl-credit.ts);   G/2 of x: the algorithm's own advantage
 *
 * Seams: curriculum, reward, advantage (all wrapped). The halves are two groups: they answer different prompts. A response
 * without exactly its K blocks is all zeros and trains nothing. A problem without subproblems keeps all its rollouts. That
 * both halves share one loss, and that the recorded reward of a chain is the share of it that is solved, are
 * reconstruction. The paper has a language model write the subproblems; here a function does.
 */

import type { AdvantageInput, Advantages } from "../toolkit/advantage.ts";
import { givenChoices } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import type { PromptBatch } from "../toolkit/curriculum.ts";
import { groupRows } from "../toolkit/group-rows.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { RewardInput, Rewards } from "../toolkit/reward.ts";
import { rng } from "../toolkit/rng.ts";
import type { Rollouts } from "../toolkit/rollout.ts";
import { wrapSeam } from "../toolkit/seam.ts";
import type { Problem, Task } from "../toolkit/tasks/task.ts";
import { type BlockParser, blockOfTokens, parseBlocks, parseSteps, stepAnswers } from "./scrl-blocks.ts";
import { mixedGroup, scrlAdvantages, scrlRewards, scrlTokenAdvantages } from "./scrl-credit.ts";

/** A problem's chain: the prompt that asks for it, and the answers of its K links, the problem's own the last. */
export interface Subproblems {
  readonly prompt: string;
  readonly answers: readonly string[];
}

export interface ScrlOptions {
  /**
   * The chain of a problem, K of 2 or more; undefined where it has none. Default: the steps of the task's worked solution,
   * asked for by the problem's own prompt: what the bundled tasks' policies can write (our choice).
   */
  readonly subproblems?: (problem: Problem, task: Task) => Subproblems | undefined;
  /**
   * Finds the blocks of a response. Default: tags `<p1>` to `</pK>` with boxed answers, as in the paper; worked steps
   * where the chain is the default too.
   */
  readonly blocks?: BlockParser;
  /** Whether an answer is right. Default: the same text but for space around it. */
  readonly same?: (answer: string, right: string) => boolean;
  /** Tokens by which a chain's prompt may be longer than the task's longest. Default 0. */
  readonly extraPromptTokens?: number;
}

type Settings = Required<Omit<ScrlOptions, "extraPromptTokens">>;

const DEFAULTS = {
  subproblems: ["curriculum", "steps of the worked solution", "our choice: the paper has a language model write four"],
  blocks: [
    "reward",
    "worked steps, or tags where subproblems are given",
    "arXiv:2605.22074; our choice for worked steps",
  ],
  same: ["reward", "equal text", "our choice: the paper asks a verifier"],
} as const;

/** Where a problem of a step has its chain's answers. */
const CHAIN = "scrlAnswers";

/** The method: `compose(grpo(), scrl({ subproblems }))`. @throws UsageError for an unknown option */
export function scrl(options: ScrlOptions = {}): AlgorithmChange {
  checkOptions("scrl", options, {
    subproblems: { kind: "function" },
    blocks: { kind: "function" },
    same: { kind: "function" },
    extraPromptTokens: { kind: "integer", min: 0 },
  });
  const { subproblems = workedChain, extraPromptTokens = 0 } = options;
  const { blocks = options.subproblems === undefined ? parseSteps : parseBlocks } = options;
  const { same = (answer: string, right: string) => answer.trim() === right.trim() } = options;
  const settings: Settings = { subproblems, blocks, same };
  return {
    name: "scrl",
    makes: "token advantages",
    wraps: {
      curriculum: (inner) => wrapSeam(inner, async (input, next) => mixed(await next(input), input.task, settings)),
      reward: (inner) => wrapSeam(inner, async (input, next) => chainRewards(input, await next(input), settings)),
      advantage: (inner) => wrapSeam(inner, async (input, next) => credited(input, await next(input), settings)),
    },
    ...(extraPromptTokens > 0 && { extraPromptTokens }),
    choices: [
      ...givenChoices(options, DEFAULTS),
      { seam: "curriculum", name: "mixture", value: "half chains, half plain", source: "arXiv:2605.22074" },
      { seam: "reward", name: "gate", value: "solved prefix", source: "arXiv:2605.22074" },
    ],
  };
}

/** The steps of the task's worked solution. */
function workedChain(problem: Problem, task: Task): Subproblems | undefined {
  const answers = stepAnswers(task.demonstration(problem, rng({ seed: 0, stream: "scrl" }), { flawed: false }));
  return answers && { prompt: problem.prompt, answers };
}

/** Every problem with a chain twice, with half of its rollouts each. */
function mixed(batch: PromptBatch, task: Task, { subproblems }: Settings): PromptBatch {
  const { problems, samplesPerPrompt } = batch;
  const parts = problems.flatMap((problem, i) => {
    const count = typeof samplesPerPrompt === "number" ? samplesPerPrompt : (samplesPerPrompt[i] ?? 0);
    const chain = subproblems(problem, task);
    if (chain === undefined) return [{ problem, count }];
    if (chain.answers.length < 2) {
      refuse("scrl", `the chain of ${problem.id} has ${chain.answers.length} links`, "give 2 or more, or undefined");
    }
    const asked = { ...problem, prompt: chain.prompt, data: { ...problem.data, [CHAIN]: chain.answers } };
    const { curriculum, plain } = mixedGroup(count);
    return [
      { problem: asked, count: curriculum },
      { problem, count: plain },
    ];
  });
  return { ...batch, problems: parts.map(({ problem }) => problem), samplesPerPrompt: parts.map(({ count }) => count) };
}

/** The answers of the chain that a row was asked for; undefined for a plain row. */
function chainOf({ problems, group }: Rollouts, b: number): readonly string[] | undefined {
  const answers = problems[group[b] ?? -1]?.data[CHAIN];
  return Array.isArray(answers) ? answers.map(String) : undefined;
}

interface Answered {
  readonly valid: boolean;
  readonly scores: readonly number[];
  readonly blocks: ReturnType<BlockParser>["blocks"];
}

function answered(rollouts: Rollouts, b: number, answers: readonly string[], { blocks, same }: Settings): Answered {
  const found = blocks(rollouts.completions[b] ?? "", answers.length);
  const scores = answers.map((right, j) => {
    const answer = found.blocks[j]?.answer;
    return found.valid && answer !== undefined && same(answer, right) ? 1 : 0;
  });
  return { valid: found.valid, scores, blocks: found.blocks };
}

/** The share of its chain that a row solved, in place of what the task's verifier made of the whole text. */
function chainRewards({ rollouts }: RewardInput, rewards: Rewards, settings: Settings): Rewards {
  const values = rewards.values.slice();
  let [chains, formatted, links] = [0, 0, 0];
  const verdicts = rewards.verdicts.map((verdict, b) => {
    const answers = chainOf(rollouts, b);
    if (answers === undefined) return verdict;
    const { valid, scores } = answered(rollouts, b, answers, settings);
    const first = scores.findIndex((score) => score !== 1);
    const progress = first < 0 ? scores.length : first;
    const score = progress / answers.length;
    values[b] = score;
    chains++;
    formatted += valid ? 1 : 0;
    links += score;
    const status = valid ? (score === 1 ? "correct" : score > 0 ? "partial" : "wrong") : "unparsed";
    return { ...verdict, score, status, reason: `${progress} of ${answers.length} subproblems in a row` } as const;
  });
  if (chains === 0) return rewards;
  const metrics = { "scrl/format_valid": formatted / chains, "scrl/progress": links / chains };
  return { ...rewards, values, verdicts, metrics: { ...rewards.metrics, ...metrics } };
}

/** The advantages with those of the chains' rows replaced, block by block. */
function credited(input: AdvantageInput, before: Advantages, settings: Settings): Advantages {
  const { rollouts, models } = input;
  const tokens = rollouts.width - 1;
  const perToken = before.perToken.slice();
  for (const rows of groupRows(rollouts.group)) {
    const answers = chainOf(rollouts, rows[0] ?? -1);
    if (answers === undefined) continue;
    const { tokenizer } = models?.policy ?? refuse("scrl", "there is no tokenizer", "use it in train");
    for (const b of rows) perToken.fill(0, b * tokens, (b + 1) * tokens);
    if (rows.length < 2) continue; // nothing to compare with
    const found = rows.map((b) => answered(rollouts, b, answers, settings));
    const formatValid = found.map(({ valid }) => valid);
    const { rewards } = scrlRewards(
      found.map(({ scores }) => scores),
      formatValid,
    );
    const advantages = scrlAdvantages({ rewards, formatValid });
    const spanIndex = rows.map((b, i) => {
      const start = b * rollouts.width + (rollouts.promptLengths[b] ?? 0);
      const ids = rollouts.ids.subarray(start, start + (rollouts.completionLengths[b] ?? 0));
      return blockOfTokens(tokenizer, ids, found[i]?.blocks ?? []);
    });
    for (const [i, values] of scrlTokenAdvantages({ spanIndex, advantages }).entries()) {
      const b = rows[i] ?? -1;
      perToken.set(values, b * tokens + (rollouts.promptLengths[b] ?? 1) - 1); // column t is about token t + 1
    }
  }
  return { ...before, perToken };
}
