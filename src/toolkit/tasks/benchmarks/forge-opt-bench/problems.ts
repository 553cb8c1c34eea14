/** Training problems with their references: three tiers, mixed or one after the other. */
import { checkOptions } from "../../../options.ts";
import { refuse } from "../../../refuse.ts";
import { type Rng, rng } from "../../../rng.ts";
import type { NpCategory, NpDifficulty } from "../np-engine/np-task.ts";
import { NP_TASKS, type NpTaskName, npTask } from "../np-engine/tasks.ts";

export interface ForgeProblem {
  readonly id: string;
  readonly task: NpTaskName;
  readonly category: NpCategory;
  readonly tier: NpDifficulty;
  readonly instance: unknown;
  readonly prompt: string;
  /** Value of the reference, for the reward. */
  readonly reference: number;
}

export interface ForgeProblemsOptions {
  readonly count: number;
  readonly seed: number;
  /** Default: all ten. */
  readonly tasks?: readonly NpTaskName[];
  /** Shares of the tiers. Default easy 5, medium 4, hard 1: the paper's best mix. */
  readonly mix?: Readonly<Partial<Record<NpDifficulty, number>>>;
  /** One tier after the other, from easy on, or all mixed. Default "staged": better in the paper (SR 93.0, mixed 72.6). */
  readonly order?: "staged" | "mixed";
  /** Steps of each reference's search. Default 20 000: our choice, tens of milliseconds. */
  readonly steps?: number;
}

const TIERS: readonly NpDifficulty[] = ["easy", "medium", "hard", "bench"];

/**
 * Problems with instances of the published sizes; tasks take turns. Instances whose reference is 0 are drawn again.
 *
 * @throws UsageError for an option out of range, an unknown task, or shares that are no numbers from 0
 */
export function forgeProblems(options: ForgeProblemsOptions): ForgeProblem[] {
  checkOptions("forgeProblems", options, {
    count: { kind: "integer", min: 1, required: true },
    seed: { kind: "integer", min: 0, required: true },
    tasks: { kind: "array" },
    mix: { kind: "object" },
    order: { kind: "either", values: ["staged", "mixed"] },
    steps: { kind: "integer", min: 1 },
  });
  const { count, seed, mix = { easy: 5, medium: 4, hard: 1 }, order = "staged", steps = 20_000 } = options;
  const tasks = options.tasks ?? (Object.keys(NP_TASKS) as NpTaskName[]);
  if (tasks.length === 0) refuse("forgeProblems", "there is no task", "pass at least one");
  checkOptions("forgeProblems.mix", mix, Object.fromEntries(TIERS.map((tier) => [tier, { kind: "number", min: 0 }])));
  const staged = tiersOf(count, mix);
  const tiers = order === "staged" ? staged : rng({ seed, stream: "forge/order" }).shuffle(staged);
  return tiers.map((tier, row) => {
    const name = tasks[row % tasks.length] ?? refuse("forgeProblems", "there is no task", "pass at least one");
    return problemOf(name, tier, rng({ seed, stream: "forge/problems", row }), { id: `forge/${seed}/${row}`, steps });
  });
}

/** Tiers in rising order, as many of each as its share says: the largest remainders are rounded up. */
function tiersOf(count: number, mix: NonNullable<ForgeProblemsOptions["mix"]>): NpDifficulty[] {
  const shares = TIERS.map((tier) => ({ tier, share: mix[tier] ?? 0 }));
  const total = shares.reduce((sum, { share }) => sum + share, 0);
  if (total === 0) refuse("forgeProblems", "the shares of all tiers are 0", "give one of them a share");
  const counts = shares.map(({ tier, share }) => ({ tier, exact: (count * share) / total }));
  const missing = count - counts.reduce((sum, { exact }) => sum + Math.floor(exact), 0);
  const up = counts.toSorted((a, b) => (b.exact % 1) - (a.exact % 1)).slice(0, missing);
  return counts.flatMap((one) =>
    Array.from({ length: Math.floor(one.exact) + (up.includes(one) ? 1 : 0) }, () => one.tier),
  );
}

/** Draws of an instance before it is given up. */
const MOST_DRAWS = 100;

function problemOf(
  name: NpTaskName,
  tier: NpDifficulty,
  random: Rng,
  { id, steps }: { readonly id: string; readonly steps: number },
): ForgeProblem {
  const task = npTask(name);
  for (let draw = 0; draw < MOST_DRAWS; draw++) {
    const { instance } = task.generate(random, task.sizes[tier]);
    const { value } = task.reference(instance, { random, steps });
    if (value === 0) continue;
    const { category } = task;
    return { id, task: name, category, tier, instance, prompt: task.prompt(instance), reference: value };
  }
  throw new Error(`internal: no instance of ${name} has an answer`);
}
