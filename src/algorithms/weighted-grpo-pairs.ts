/**
 * Prompt pairs for weighted GRPO: measure success rates once, keep a rarely solved prompt and a rarely failed one.
 * 2026, "Beyond Variance: Prompt-Efficient RLVR via Rare-Event Amplification and Bidirectional Pairing",
 * arXiv:2602.03452.
 *
 *     q+ of the hard pool: 1/G <= p(q) <= c/G;   q- of the easy pool: 1 - c/G <= p(q) <= 1 - 1/G
 *
 * Seam: curriculum. One pair for the whole run, or a pair drawn anew at every step from the two intervals. Of several,
 * the fixed pair is the q+ with the least and the q- with the greatest success rate, ties in the pool's order; that, the
 * interval of q+, G and c are reconstruction. An empty interval is refused by name.
 */
import type { Choice } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import type { CurriculumInput, PromptBatch } from "../toolkit/curriculum.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { rng } from "../toolkit/rng.ts";
import { type Json, stateful } from "../toolkit/seam.ts";
import type { Problem, Task } from "../toolkit/tasks/task.ts";

/** How often each prompt of a pool was solved, by id, in the pool's order. */
export type SuccessCounts = Readonly<Record<string, number>>;

export interface PairOptions {
  /** G: completions of each prompt when it is probed. Default 16 (reconstruction). */
  readonly samples?: number;
  /** c: how many of the G may be the rare event, at most. Default 2 (reconstruction). */
  readonly rare?: number;
}

export interface PromptPairs {
  readonly qPlus: readonly string[];
  readonly qMinus: readonly string[];
}

/**
 * The prompts of both intervals, in the pools' order.
 *
 * @throws UsageError when the intervals would meet (2 c >= G), a count is none of 0 to G, or an interval is empty
 */
export function selectPair(
  { hard, easy }: { readonly hard: SuccessCounts; readonly easy: SuccessCounts },
  options: PairOptions = {},
): PromptPairs {
  const { samples, rare } = settle(options);
  const within = (pool: string, counts: SuccessCounts, low: number, high: number): string[] => {
    for (const [id, count] of Object.entries(counts)) {
      if (Number.isInteger(count) && count >= 0 && count <= samples) continue;
      refuse(
        "selectPair",
        `${pool} prompt ${id} was solved ${count} of ${samples} times`,
        "pass counts from 0 to samples",
      );
    }
    const kept = Object.keys(counts).filter((id) => (counts[id] ?? -1) >= low && (counts[id] ?? -1) <= high);
    if (kept.length > 0) return kept;
    const asked = `no prompt of the ${pool} pool was solved ${low} to ${high} of ${samples} times`;
    return refuse("selectPair", asked, "pass a larger pool, more samples, or a larger rare");
  };
  return {
    qPlus: within("hard", hard, 1, rare),
    qMinus: within("easy", easy, samples - rare, samples - 1),
  };
}

/** One prompt of each: the least often solved q+ and the most often solved q-; ties in the pools' order. */
export function choosePair(
  counts: { readonly hard: SuccessCounts; readonly easy: SuccessCounts },
  options: PairOptions = {},
): { readonly qPlus: string; readonly qMinus: string } {
  const { qPlus, qMinus } = selectPair(counts, options);
  const least = (ids: readonly string[], of: (id: string) => number): string =>
    ids.reduce((best, id) => (of(id) < of(best) ? id : best));
  return {
    qPlus: least(qPlus, (id) => counts.hard[id] ?? 0),
    qMinus: least(qMinus, (id) => -(counts.easy[id] ?? 0)),
  };
}

function settle(options: PairOptions): Required<PairOptions> {
  checkOptions("selectPair", options, { samples: { kind: "integer", min: 3 }, rare: { kind: "integer", min: 1 } });
  const { samples = 16, rare = 2 } = options;
  if (2 * rare >= samples) {
    refuse("selectPair", `rare is ${rare} of ${samples} samples: the intervals meet`, "pass less than half of samples");
  }
  return { samples, rare };
}

/** What draws completions of prompts. @returns of each prompt, in their order, as many as asked for */
export type ProbeSampler = (prompts: readonly string[], samples: number) => Promise<readonly (readonly string[])[]>;

/** How often each problem of a pool is solved in `samples` tries; an unscored try counts as failed. */
export async function probe(
  pool: readonly Problem[],
  sampler: ProbeSampler,
  { task, samples }: { readonly task: Pick<Task, "verify">; readonly samples: number },
): Promise<SuccessCounts> {
  if (pool.length === 0) refuse("probe", "the pool is empty", "pass at least one problem");
  const texts = await sampler(
    pool.map(({ prompt }) => prompt),
    samples,
  );
  const solved = pool.map((problem, i) => {
    const rows = texts[i] ?? [];
    if (rows.length !== samples) refuse("probe", `${problem.id} has ${rows.length} completions`, `draw ${samples}`);
    return [problem.id, rows.filter((text) => task.verify(problem, text).score === 1).length] as const;
  });
  return Object.fromEntries(solved);
}

export interface PromptPairOptions extends PairOptions {
  readonly hard: readonly Problem[];
  readonly easy: readonly Problem[];
  /** "fixed": one pair for the run; "each-step": drawn anew from the two intervals. Default "fixed": the paper's runs. */
  readonly pair?: "fixed" | "each-step";
}

/**
 * Trains on pairs alone: half of a step's prompts are q+, half q-. The pools are probed before the first step with the
 * policy as it is then; what was found is kept in the checkpoint.
 *
 * @throws UsageError as {@link selectPair}; for an odd number of prompts a step
 */
export function promptPair(options: PromptPairOptions): AlgorithmChange {
  const { hard, easy, pair = "fixed", ...rest } = options;
  checkOptions(
    "promptPair",
    { hard, easy, pair },
    {
      hard: { kind: "array", required: true },
      easy: { kind: "array", required: true },
      pair: { kind: "either", values: ["fixed", "each-step"] },
    },
  );
  const settings = settle(rest);
  const choice = (name: string, value: Choice["value"], source: string): Choice => ({
    seam: "curriculum",
    name,
    value,
    source,
  });
  return {
    name: "prompt-pair",
    replaces: { curriculum: pairCurriculum({ hard, easy, pair, ...settings }) },
    choices: [
      choice("pair", pair, options.pair === undefined ? "arXiv:2602.03452" : "given"),
      choice("samples", settings.samples, options.samples === undefined ? "reconstruction" : "given"),
      choice("rare", settings.rare, options.rare === undefined ? "reconstruction" : "given"),
    ],
  };
}

type Found = { readonly hard: SuccessCounts; readonly easy: SuccessCounts };

function pairCurriculum(options: Required<PromptPairOptions>) {
  return stateful<Found | undefined, CurriculumInput, PromptBatch>({
    init: () => undefined,
    async next(before, input) {
      const found = before ?? {
        hard: await probeWith(input, options.hard, options.samples, 0),
        easy: await probeWith(input, options.easy, options.samples, 1),
      };
      return [batchOf(found, input, options), found];
    },
    save: (found) => found ?? null,
    restore: (saved) => (saved === null ? undefined : countsOf(saved)),
  });
}

async function probeWith(
  { models, task, seed }: CurriculumInput,
  pool: readonly Problem[],
  samples: number,
  which: number,
): Promise<SuccessCounts> {
  const { policy } = models ?? refuse("promptPair", "there is no policy to probe with", "use it in train");
  const sampler: ProbeSampler = async (prompts, samplesPerPrompt) => {
    const drawn = rng({ seed, stream: "probe", step: which }).integer(2 ** 32);
    const { maxCompletionTokens: maxTokens } = task;
    const { completions } = await policy.generate(prompts, { samplesPerPrompt, maxTokens, seed: drawn });
    return prompts.map((_, i) => completions.slice(i * samples, (i + 1) * samples));
  };
  return probe(pool, sampler, { task, samples });
}

function batchOf(found: Found, input: CurriculumInput, options: Required<PromptPairOptions>): PromptBatch {
  const { promptsPerStep, samplesPerPrompt, seed, step } = input;
  if (promptsPerStep % 2 !== 0) refuse("promptPair", `promptsPerStep is ${promptsPerStep}`, "pass an even number");
  const random = rng({ seed, stream: "pair", step });
  const { samples, rare } = options;
  const fixed = choosePair(found, { samples, rare });
  const both = selectPair(found, { samples, rare });
  const plus = options.pair === "fixed" ? fixed.qPlus : random.pick(both.qPlus);
  const minus = options.pair === "fixed" ? fixed.qMinus : random.pick(both.qMinus);
  const problem = (pool: readonly Problem[], id: string): Problem =>
    pool.find((one) => one.id === id) ?? refuse("promptPair", `${id} is not in its pool`, "resume with the same pools");
  const pair = [problem(options.hard, plus), problem(options.easy, minus)];
  return { problems: Array.from({ length: promptsPerStep / 2 }, () => pair).flat(), samplesPerPrompt };
}

function countsOf(saved: Json): Found {
  const isCounts = (value: unknown): value is SuccessCounts =>
    typeof value === "object" && value !== null && Object.values(value).every((count) => typeof count === "number");
  if (typeof saved === "object" && saved !== null && "hard" in saved && "easy" in saved) {
    const { hard, easy } = saved;
    if (isCounts(hard) && isCounts(easy)) return { hard, easy };
  }
  return refuse("promptPair", "the saved state is not its own", "resume with the same algorithm");
}
