/**
 * MQR (of MathForge): each question also in other words that keep its answer, so that the data get harder, not larger.
 * 2026, "Harder Is Better: Boosting Mathematical Reasoning via Difficulty-Aware GRPO and Multi-Aspect Question
 * Reformulation", arXiv:2601.20614.
 *
 *     background: a story around the mathematics;  term: a new word that a definition makes mean an operation;
 *     sub-problem: one number is given by a small problem whose answer it is
 *
 * Seam: curriculum (wrapped): each drawn question is followed by its rewritten versions, four times the prompts in all.
 * The paper has a language model rewrite and gives only the three instructions; the programs here, for arithmetic
 * questions, are our construction. A version whose recomputed answer differs is refused, and so is, before the run, a task
 * whose policy cannot read the versions: the default's words are in no bundled task of sums.
 */
import { givenChoices } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import type { CurriculumInput, PromptBatch } from "../toolkit/curriculum.ts";
import { checkOptions } from "../toolkit/options.ts";
import type { Tokenizer } from "../toolkit/policy/tokenizer.ts";
import { refuse, UsageError } from "../toolkit/refuse.ts";
import { type Rng, rng } from "../toolkit/rng.ts";
import { wrapSeam } from "../toolkit/seam.ts";
import type { Problem, Task } from "../toolkit/tasks/task.ts";
import { excerpt } from "../toolkit/verify/excerpt.ts";

export type Aspect = "background" | "term" | "sub-problem";

const ASPECTS: readonly Aspect[] = ["background", "term", "sub-problem"];

/** Another wording of a question. */
export type Reformulate = (question: string, aspect: Aspect, random: Rng) => string;

export interface MqrOptions {
  /** Default {@link reformulate}: arithmetic questions in running text. */
  readonly reformulate?: Reformulate;
  /** Default all three. */
  readonly aspects?: readonly Aspect[];
  /** Answer of a question, to prove that a version keeps it. Default: none, versions are trusted. */
  readonly solve?: (question: string) => string;
  /** Tokens by which a version may be longer than the task's longest prompt. Default 0. */
  readonly extraPromptTokens?: number;
}

/** The curriculum: `compose(grpo(...), mathforgeDgpo(), mqr({ reformulate }))`. @throws UsageError for bad options */
export function mqr(options: MqrOptions = {}): AlgorithmChange {
  checkOptions("mqr", options, {
    reformulate: { kind: "function" },
    aspects: { kind: "array" },
    solve: { kind: "function" },
    extraPromptTokens: { kind: "integer", min: 0 },
  });
  const { reformulate: rewrite = reformulate, aspects = ASPECTS, solve, extraPromptTokens = 0 } = options;
  const stranger = aspects.find((aspect) => !ASPECTS.includes(aspect));
  if (stranger !== undefined) refuse("mqr", `there is no aspect "${stranger}"`, `pass some of ${ASPECTS.join(", ")}`);
  if (aspects.length === 0 || new Set(aspects).size < aspects.length) {
    refuse("mqr", `aspects are [${aspects.join(", ")}]`, "pass at least one, each once");
  }
  return {
    name: "mqr",
    wraps: {
      curriculum: (inner) =>
        wrapSeam(inner, async (input, next) => withVersions(await next(input), input, { rewrite, aspects, solve })),
    },
    fits: (task, tokenizer) => checkFit(task, tokenizer, { rewrite, aspects, solve, extraPromptTokens }),
    ...(extraPromptTokens > 0 && { extraPromptTokens }),
    choices: [
      {
        seam: "curriculum",
        name: "aspects",
        value: aspects.join(", "),
        source: options.aspects === undefined ? "arXiv:2601.20614" : "given",
      },
      ...givenChoices(options, {
        reformulate: ["curriculum", "arithmetic in running text", "our choice: the paper asks a language model"],
        solve: ["curriculum", "none", "our choice: versions are trusted"],
      }),
    ],
  };
}

/** Rewrites one problem of the task in every aspect, before the run: what its policy cannot read is refused. */
function checkFit(
  task: Task,
  tokenizer: Tokenizer,
  { extraPromptTokens, ...how }: Rewriting & { readonly extraPromptTokens: number },
): void {
  const [problem] = task.problems({ split: "train", count: 1, seed: 0 });
  if (problem === undefined) return;
  const random = rng({ seed: 0, stream: "mqr" });
  for (const aspect of how.aspects) {
    const { prompt } = versionOf(problem, aspect, random, how);
    const version = `the ${aspect} version of ${excerpt(problem.prompt, 40)}, ${excerpt(prompt, 80)},`;
    const length = lengthOf(tokenizer, prompt);
    if (length === undefined) {
      const remedy = "pass a reformulate that keeps to the task's own characters, or aspects that do";
      refuse("mqr", `${version} has characters that the policy does not know`, remedy);
    }
    const room = task.maxPromptTokens + extraPromptTokens;
    if (length <= room) continue;
    const needed = `set extraPromptTokens to ${length - task.maxPromptTokens} or more`;
    refuse("mqr", `${version} has ${length} tokens, the run is made for ${room}`, needed);
  }
}

/** Tokens of a prompt; undefined where the tokenizer does not know a character of it. */
function lengthOf(tokenizer: Tokenizer, prompt: string): number | undefined {
  try {
    return tokenizer.encodePrompt(prompt).length;
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

interface Rewriting {
  readonly rewrite: Reformulate;
  readonly aspects: readonly Aspect[];
  readonly solve: MqrOptions["solve"];
}

function withVersions(batch: PromptBatch, { seed, step }: CurriculumInput, how: Rewriting): PromptBatch {
  const { problems, samplesPerPrompt } = batch;
  const versions = how.aspects.length + 1;
  const all = problems.flatMap((problem, row) => {
    const random = rng({ seed, stream: "mqr", step, row });
    return [problem, ...how.aspects.map((aspect) => versionOf(problem, aspect, random, how))];
  });
  const counts =
    typeof samplesPerPrompt === "number"
      ? samplesPerPrompt
      : samplesPerPrompt.flatMap((count) => Array.from({ length: versions }, () => count));
  return { ...batch, problems: all, samplesPerPrompt: counts };
}

function versionOf(problem: Problem, aspect: Aspect, random: Rng, { rewrite, solve }: Rewriting): Problem {
  const prompt: unknown = rewrite(problem.prompt, aspect, random);
  if (typeof prompt !== "string" || prompt.trim() === "") {
    const version = `the ${aspect} version of ${excerpt(problem.prompt, 40)}`;
    refuse("mqr", `${version} is ${JSON.stringify(prompt)}`, "have reformulate return the question's new text");
  }
  if (solve !== undefined) checkAnswerKept(problem.prompt, prompt, solve);
  return { ...problem, prompt };
}

/** @throws UsageError when the two questions have different answers */
export function checkAnswerKept(original: string, version: string, solve: (question: string) => string): void {
  const [before, after] = [solve(original), solve(version)];
  if (before === after) return;
  refuse(
    "mqr",
    `the answer was ${before} and is ${after} of "${version.slice(0, 80)}"`,
    "keep the answer in rewriting",
  );
}

const STORIES: readonly string[] = [
  "A lighthouse keeper writes one line in the log every night. Tonight's line reads: ",
  "On the back of an old map a sailor left a note: ",
  "The clock maker's apprentice must settle this before the shop opens: ",
];

const TERMS: readonly (readonly [sign: string, name: string, meaning: string])[] = [
  ["+", "blend", "added to"],
  ["-", "shorten", "less"],
  ["*", "stack", "times"],
];

/** Largest number that a sub-problem is made for. */
const MOST = 1_000_000_000;

/**
 * Rewrites an arithmetic question in text: a story before it, its sign renamed by a definition, or one of its whole
 * numbers replaced by a sum in brackets.
 *
 * @throws UsageError when the question has no sign (term) or no whole number (sub-problem) to work on
 */
export function reformulate(question: string, aspect: Aspect, random: Rng): string {
  switch (aspect) {
    case "background":
      return `${random.pick(STORIES)}${question}`;
    case "term":
      return renamed(question);
    case "sub-problem":
      return nested(question, random);
    default:
      return aspect satisfies never;
  }
}

function renamed(question: string): string {
  const [sign, name, meaning] =
    TERMS.find(([symbol]) => question.includes(symbol)) ??
    refuse("reformulate", `"${question.slice(0, 40)}" has none of the signs + - *`, "leave out the aspect term");
  return `Let "a ${name} b" mean a ${meaning} b. ${question.replaceAll(sign, ` ${name} `).replace(/ {2,}/g, " ")}`;
}

function nested(question: string, random: Rng): string {
  const numbers = [...question.matchAll(/\d+/g)].filter(([digits]) => Number(digits) > 0 && Number(digits) <= MOST);
  if (numbers.length === 0) {
    refuse("reformulate", `"${question.slice(0, 40)}" has no whole number above 0`, "leave out the aspect sub-problem");
  }
  const found = random.pick(numbers);
  const value = Number(found[0]);
  const part = random.integer(value + 1);
  return `${question.slice(0, found.index)}(${part}+${value - part})${question.slice(found.index + found[0].length)}`;
}
