/**
 * Three tasks that a policy of a table learns in a second, one a level, and the recipes that take part:
 *
 *     1  modular arithmetic: the sum of two numbers is shown, its remainder is asked for; an exact check
 *     2  replies to prompts, which a noisy judge prefers to a reference or not
 *     3  a 5 by 5 grid: 20 steps to the goal, a reward at the goal alone
 *
 * A reconstruction of the paper's protocol at small scale. The budget is in tokens: actions sampled or learned from.
 */
import { checkOptions } from "../../../options.ts";
import { refuse } from "../../../refuse.ts";
import { type Rng, rng } from "../../../rng.ts";
import type { RunMetrics } from "../agent2-rl-bench.ts";
import { gradingServer, type Submission } from "./grading-server.ts";
import type { RegisteredTask } from "./registry.ts";

/** Logits of the actions in each context: [contexts, actions]. */
export interface TablePolicy {
  readonly actions: number;
  readonly logits: Float64Array;
}

interface Episode {
  readonly contexts: readonly number[];
  readonly actions: readonly number[];
  readonly reward: number;
}

/** A registered task that can also be sampled and shown. */
export interface TinyTask extends RegisteredTask<TablePolicy, number> {
  readonly contexts: number;
  readonly actions: number;
  /** One episode from a start that is an item of the data. */
  play(policy: TablePolicy, item: number, random: Rng): Episode;
  /** What an expert does in an item: contexts with actions. */
  demonstration(item: number): Pick<Episode, "contexts" | "actions">;
}

function draw(policy: TablePolicy, context: number, random: Rng): number {
  const weights = softmax(policy, context);
  let left = random.uniform();
  for (const [action, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return action;
  }
  return policy.actions - 1;
}

function softmax({ logits, actions }: TablePolicy, context: number): number[] {
  const row = Array.from(logits.subarray(context * actions, (context + 1) * actions));
  const most = Math.max(...row);
  const weights = row.map((logit) => Math.exp(logit - most));
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** How a task of single replies differs from another. */
interface Replies {
  readonly id: string;
  readonly level: 1 | 2;
  readonly contexts: number;
  readonly actions: number;
  readonly items: number;
  context(item: number): number;
  best(item: number): number;
  reward(item: number, action: number, random: Rng): number;
}

const MODULUS = 7;
const REPLIES = 6;
const SIDE = 5;
const STEPS = 20;
const GOAL = SIDE * SIDE - 1;

function repliesTask({ id, level, contexts, actions, items, context, best, reward }: Replies): TinyTask {
  return tiny({
    id,
    level,
    contexts,
    actions,
    items: Array.from({ length: items }, (_, item) => item),
    play: (policy, item, random) => {
      const action = draw(policy, context(item), random);
      return { contexts: [context(item)], actions: [action], reward: reward(item, action, random) };
    },
    demonstration: (item) => ({ contexts: [context(item)], actions: [best(item)] }),
  });
}

/** A sixth of the items is the grader's; each is scored by five episodes of its own seeds. */
function tiny(
  task: Pick<TinyTask, "id" | "level" | "contexts" | "actions" | "play" | "demonstration"> & {
    readonly items: readonly number[];
  },
): TinyTask {
  const { items, ...rest } = task;
  const shuffled = rng({ seed: 0, stream: `agent2/${task.id}/split` }).shuffle(items); // every sixth sum would be of three contexts
  const evaluate = (policy: TablePolicy, data: readonly number[]): number => {
    if (policy.logits.length !== task.contexts * task.actions) {
      refuse(task.id, `the policy has ${policy.logits.length} logits`, `pass ${task.contexts * task.actions}`);
    }
    const rewards = data.flatMap((item) =>
      Array.from({ length: 5 }, (_, row) => task.play(policy, item, rng({ seed: item, stream: task.id, row })).reward),
    );
    return (100 * rewards.reduce((sum, reward) => sum + reward, 0)) / rewards.length;
  };
  return {
    ...rest,
    evaluate,
    trainData: shuffled.filter((_, i) => i % 6 !== 0),
    heldOut: shuffled.filter((_, i) => i % 6 === 0),
  };
}

/** Share of a reply's wins against the reference, by its distance from the best one. */
const winRate = (distance: number): number => [0.95, 0.6, 0.35, 0.15][distance] ?? 0.05;

function moved(place: number, action: number): number {
  const [row, column] = [Math.floor(place / SIDE), place % SIDE];
  const held = (at: number): number => Math.min(Math.max(at, 0), SIDE - 1);
  const [down, right] = [[-1, 0] as const, [1, 0] as const, [0, -1] as const, [0, 1] as const][action] ?? [0, 0];
  return held(row + down) * SIDE + held(column + right);
}

/** The three tasks, levels 1 to 3. */
export function tinyTasks(): readonly TinyTask[] {
  const sum = (item: number): number => Math.floor(item / MODULUS) + (item % MODULUS);
  const liked = (item: number): number => ((item % 10) * 5 + 2) % REPLIES;
  const arithmetic = repliesTask({
    id: "modular-arithmetic",
    level: 1,
    contexts: 2 * MODULUS - 1,
    actions: MODULUS,
    items: MODULUS * MODULUS,
    context: sum,
    best: (item) => sum(item) % MODULUS,
    reward: (item, action) => (action === sum(item) % MODULUS ? 1 : 0),
  });
  const preference = repliesTask({
    id: "noisy-preference",
    level: 2,
    contexts: 10,
    actions: REPLIES,
    items: 60,
    context: (item) => item % 10,
    best: liked,
    reward: (item, action, random) => (random.uniform() < winRate(Math.abs(action - liked(item))) ? 1 : 0),
  });
  const grid = tiny({
    id: "grid-world",
    level: 3,
    contexts: SIDE * SIDE,
    actions: 4,
    items: Array.from({ length: GOAL }, (_, place) => place),
    play: (policy, item, random) => {
      const episode = { contexts: [] as number[], actions: [] as number[] };
      let place = item;
      while (place !== GOAL && episode.actions.length < STEPS) {
        const action = draw(policy, place, random);
        episode.contexts.push(place);
        episode.actions.push(action);
        place = moved(place, action);
      }
      return { ...episode, reward: place === GOAL ? 1 : 0 };
    },
    demonstration: (item) => {
      const [contexts, actions]: [number[], number[]] = [[], []];
      for (let place = item; place !== GOAL; place = moved(place, actions.at(-1) ?? 0)) {
        contexts.push(place);
        actions.push(place % SIDE < SIDE - 1 ? 3 : 1);
      }
      return { contexts, actions };
    },
  });
  return [arithmetic, preference, grid];
}

/** One stage of a recipe: how much of the budget it may spend, and on what. */
interface Stage {
  readonly kind: "sft" | "grpo" | "copy";
  readonly share: number;
  /** The bug of the broken recipe: every episode is rewarded. */
  readonly rewardsAll?: boolean;
}

export interface TinyRecipe {
  readonly name: string;
  readonly stages: readonly Stage[];
}

/** Participants: fixed recipes. */
export const recipes: readonly TinyRecipe[] = [
  { name: "copy", stages: [{ kind: "copy", share: 0 }] },
  { name: "sft", stages: [{ kind: "sft", share: 1 }] },
  { name: "grpo", stages: [{ kind: "grpo", share: 1 }] },
  {
    name: "sft, grpo",
    stages: [
      { kind: "sft", share: 0.25 },
      { kind: "grpo", share: 0.75 },
    ],
  },
  { name: "grpo with a bug", stages: [{ kind: "grpo", share: 1, rewardsAll: true }] },
];

export interface TinyRunOptions {
  readonly task: TinyTask;
  readonly recipe: TinyRecipe;
  readonly seed: number;
  /** Tokens. Default 20,000. */
  readonly budget?: number;
  /** Submissions spread over each stage. Default 4. */
  readonly submissions?: number;
}

export interface TinyRun {
  readonly baseline: number;
  readonly submissions: readonly Submission[];
  readonly metrics: RunMetrics;
}

/** One participant's run: it trains on the training items, hands in along the way, and is graded on the others. */
export async function tinyRun(options: TinyRunOptions): Promise<TinyRun> {
  checkOptions("tinyRun", options, {
    task: { kind: "object", required: true },
    recipe: { kind: "object", required: true },
    seed: { kind: "integer", min: 0, required: true },
    budget: { kind: "integer", min: 1 },
    submissions: { kind: "integer", min: 1 },
  });
  const { task, recipe, seed, budget = 20_000, submissions = 4 } = options;
  const random = rng({ seed, stream: `agent2/${task.id}/${recipe.name}` });
  const policy: TablePolicy = { actions: task.actions, logits: new Float64Array(task.contexts * task.actions) };
  const content = (): TablePolicy => ({ ...policy, logits: policy.logits.slice() });
  let spent = 0;
  const base = { path: "base", stamp: 0, content: content() };
  const server = await gradingServer({ task, base, workspaceRoot: "/run", clock: () => spent, timeout: budget });
  for (const stage of recipe.stages) {
    if (stage.kind === "copy") await server.submit(base);
    const start = spent;
    for (let part = 1; part <= (stage.kind === "copy" ? 0 : submissions); part++) {
      const until = Math.min(start + (stage.share * budget * part) / submissions, budget);
      while (spent < until) {
        const tokens = stage.kind === "sft" ? imitate(task, policy, random) : reinforce(task, policy, random, stage);
        spent = Math.min(spent + tokens, budget);
      }
      await server.submit({ path: `checkpoints/${spent}`, stamp: spent, content: content() });
    }
  }
  const metrics = server.finish();
  return { baseline: server.baseline, submissions: server.scores(), metrics };
}

const SFT_RATE = 0.05;
const GRPO_RATE = 0.3;
const GROUP = 8;

/** A step along the log-probability of an action. @returns nothing; the policy's row changes */
function push(
  { logits, actions }: TablePolicy,
  context: number,
  action: number,
  weight: number,
  shares: readonly number[],
): void {
  for (const [other, share] of shares.entries()) {
    const at = context * actions + other;
    logits[at] = (logits[at] ?? 0) + weight * ((other === action ? 1 : 0) - share);
  }
}

function imitate(task: TinyTask, policy: TablePolicy, random: Rng): number {
  const { contexts, actions } = task.demonstration(random.pick(task.trainData));
  for (const [t, context] of contexts.entries())
    push(policy, context, actions[t] ?? 0, SFT_RATE, softmax(policy, context));
  return contexts.length;
}

/** Group-relative advantages, on policy: one step a group. */
function reinforce(task: TinyTask, policy: TablePolicy, random: Rng, { rewardsAll = false }: Stage): number {
  const item = random.pick(task.trainData);
  const group = Array.from({ length: GROUP }, () => task.play(policy, item, random));
  const rewards = group.map(({ reward }) => (rewardsAll ? 1 : reward));
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / GROUP;
  const std = Math.sqrt(rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / (GROUP - 1));
  const before: TablePolicy = { ...policy, logits: policy.logits.slice() };
  for (const [i, { contexts, actions }] of group.entries()) {
    const weight = (GRPO_RATE * ((rewards[i] ?? 0) - mean)) / (std + 1e-6) / GROUP;
    for (const [t, context] of contexts.entries())
      push(policy, context, actions[t] ?? 0, weight, softmax(before, context));
  }
  return group.reduce((sum, { actions }) => sum + actions.length, 0);
}
