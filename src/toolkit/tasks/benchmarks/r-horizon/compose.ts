/** Chains of problems: each but the first has a number of its own replaced by a function of the answer before it. */
import { refuse } from "../../../refuse.ts";
import { rng } from "../../../rng.ts";
import { expectedAccuracy } from "./expected.ts";
import type { FoundInteger } from "./integers.ts";

export interface KeyNumber extends FoundInteger {
  /** Whether it stands in LaTeX mathematics. Default false. */
  readonly inMath?: boolean;
}

export interface SeedProblem {
  readonly id: string;
  readonly question: string;
  /** A whole number. */
  readonly answer: number;
  /** The number of the question that the answer before it will give. */
  readonly key: KeyNumber;
}

export interface ChainedProblem {
  readonly prompt: string;
  /** Answers in order. */
  readonly targets: readonly number[];
  /** Of each problem behind the first: its key number less the answer before it. */
  readonly offsets: readonly number[];
  readonly ids: readonly string[];
}

/**
 * Offsets of a chain, and how the variables are written.
 *
 * @param answers of all problems
 * @param keys the key numbers; the first problem's is not used
 * @throws UsageError for numbers that are not whole, or unlike lengths
 */
export function chainOffsets(
  answers: readonly number[],
  keys: readonly (number | null | undefined)[],
): { readonly offsets: number[]; readonly expressions: string[] } {
  if (answers.length === 0 || answers.length !== keys.length) {
    refuse(
      "chainOffsets",
      `there are ${answers.length} answers and ${keys.length} key numbers`,
      "pass one of each a problem",
    );
  }
  const wrong = answers.findIndex((answer) => !Number.isSafeInteger(answer));
  if (wrong >= 0)
    refuse("chainOffsets", `answer ${wrong + 1} is ${answers[wrong]}`, "chain problems with whole answers");
  const offsets = keys.slice(1).map((key, i) => {
    if (!Number.isSafeInteger(key)) refuse("chainOffsets", `key number ${i + 2} is ${key}`, "pass a whole number");
    return Number(key) - (answers[i] ?? 0);
  });
  const expressions = offsets.map((d, i) => `[answer${i + 1}] ${d >= 0 ? "+" : "-"} ${Math.abs(d)}`);
  return { offsets, expressions };
}

/**
 * The chain of some problems, in the order given.
 *
 * @throws UsageError without a problem, for ids that come twice, and where a key is not what stands at its place
 */
export function composeChain(seeds: readonly SeedProblem[]): ChainedProblem {
  if (seeds.length === 0) refuse("composeChain", "there is no problem", "pass at least one");
  const ids = seeds.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) < i);
  if (twice !== undefined) refuse("composeChain", `problem ${twice} comes twice`, "chain different problems");
  for (const seed of seeds) checkKey(seed);
  const targets = seeds.map(({ answer }) => answer);
  const { offsets, expressions } = chainOffsets(
    targets,
    seeds.map(({ key }) => key.value),
  );
  const problems = seeds.map((seed, i) => `Problem ${i + 1}: ${linked(seed, i, expressions[i - 1])}`);
  const form = seeds.map((_, i) => `Problem ${i + 1}: \\boxed{[answer${i + 1}]}`);
  const prompt = [...problems, NOTE, "### Final Answers", ...form].join("\n\n");
  return { prompt, targets, offsets, ids };
}

/** What the placeholders mean, and the form of the answer; the headings and the boxes are the released ones, the words ours. */
const NOTE =
  "Here [variablek] is a number that problem k needs, and [answerk] is the answer to problem k. " +
  "Solve the problems one after the other, then give all answers in this form:";

function linked({ question, key }: SeedProblem, i: number, expression: string | undefined): string {
  if (expression === undefined) return question;
  const variable = `[variable${i + 1}]`;
  const placeholder = key.inMath === true ? `{${variable}}` : variable;
  const replaced = question.slice(0, key.start) + placeholder + question.slice(key.end);
  return `With [answer${i}], the answer to problem ${i}, ${variable} = ${expression}. ${replaced}`;
}

function checkKey({ id, question, answer, key }: SeedProblem): void {
  if (!Number.isSafeInteger(answer)) refuse("composeChain", `the answer of ${id} is ${answer}`, "use whole answers");
  const there = question.slice(key.start, key.end);
  if (/^\d+$/.test(there) && Number(there) === key.value) return;
  refuse(
    "composeChain",
    `${JSON.stringify(there)} stands where ${id} has its key ${key.value}`,
    "pass the key's place",
  );
}

export interface ComposeOptions {
  readonly seeds: readonly SeedProblem[];
  /** Problems of a chain. */
  readonly n: number;
  /** Chains wanted; fewer come where no more are found. */
  readonly count: number;
  /** Pass rates of the seeds alone, by id. */
  readonly passRates?: Readonly<Record<string, number>>;
  /** Expected accuracies at or below this are left out; needs `passRates`. Default none; the paper's training data: 0.25. */
  readonly minExpected?: number;
  /** Default 43: released code. */
  readonly seed?: number;
}

/** Draws for each chain that is wanted: released code. */
const TRIES = 5;

/**
 * Different chains of n problems drawn at random; where draws run short, orders of groups without a common problem.
 *
 * @throws UsageError for an n outside 1..seeds, a count below 1, ids that come twice, pass rates outside [0, 1] or missing
 */
export function composeDataset(options: ComposeOptions): ChainedProblem[] {
  const { seeds, n, count, passRates, minExpected, seed = 43 } = options;
  if (!Number.isInteger(n) || n < 1 || n > seeds.length) {
    refuse("composeDataset", `n is ${n} with ${seeds.length} seeds`, "pass a whole n up to the number of seeds");
  }
  if (!Number.isInteger(count) || count < 1)
    refuse("composeDataset", `count is ${count}`, "pass a whole number from 1");
  if (new Set(seeds.map(({ id }) => id)).size < seeds.length) {
    refuse("composeDataset", "an id comes twice", "give every seed its own");
  }
  if (minExpected !== undefined && passRates === undefined) {
    refuse("composeDataset", `minExpected is ${minExpected} without passRates`, "pass the rate of every seed");
  }
  const hardEnough = (chain: readonly SeedProblem[]): boolean => {
    const rates = chain.map(({ id }) => passRates?.[id] ?? (passRates === undefined ? 1 : Number.NaN));
    return expectedAccuracy(rates) > (minExpected ?? -1);
  };
  const random = rng({ seed, stream: "r-horizon", row: n });
  const seen = new Set<string>();
  const found: ChainedProblem[] = [];
  const offer = (chain: readonly SeedProblem[]): void => {
    const key = JSON.stringify(chain.map(({ id }) => id));
    if (found.length >= count || seen.has(key) || !hardEnough(chain)) return;
    seen.add(key);
    found.push(composeChain(chain));
  };
  for (let i = 0; i < TRIES * count && found.length < count; i++) offer(random.shuffle(seeds).slice(0, n));
  const groups = Array.from({ length: Math.floor(seeds.length / n) }, (_, i) => seeds.slice(i * n, (i + 1) * n));
  for (let i = 0; i < 3 * count && found.length < count; i++) offer(random.shuffle(random.pick(groups)));
  return found;
}
