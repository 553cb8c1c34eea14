/**
 * Multiple-choice sums in the format of the reward, for policies that learn in minutes:
 *
 *     prompt      7+15? A:21 B:22 C:12 D:32 =
 *     completion  <think>7+15=22</think><answer>B</answer>
 *
 * The noisy wording has marks strewn through the prompt, which stand in for a second modality. Our construction.
 */
import { checkOptions } from "../../../options.ts";
import { refuse } from "../../../refuse.ts";
import type { Rng } from "../../../rng.ts";
import { defineVerifier, type Judgement, judge } from "../../../verify/verifier.ts";
import { countProblems, drawProblems, type ProblemSource } from "../../stream.ts";
import type { Problem, Task } from "../../task.ts";
import { medReward } from "../medvlthinker.ts";

export interface ChoiceArithmeticOptions {
  /** Most digits of a term; the levels are 1 to this. From 1 to 4. Default 2. */
  readonly digits?: number;
  /** Marks strewn through the prompt, 0 to 16. Default 0: the clean wording. */
  readonly marks?: number;
}

const LABELS = ["A", "B", "C", "D"] as const;
const MARKS = ["~", "^"] as const;

interface Sum {
  readonly a: number;
  readonly b: number;
  readonly options: readonly number[];
}

/** The task; the verifier is `medReward` of a completion. The level is the number of digits of a term. */
export function choiceArithmetic(options: ChoiceArithmeticOptions = {}): Task {
  checkOptions("choiceArithmetic", options, {
    digits: { kind: "integer", min: 1, max: 4 },
    marks: { kind: "integer", min: 0, max: 16 },
  });
  const { digits = 2, marks = 0 } = options;
  const source: ProblemSource = {
    name: "choice-arithmetic",
    levels: Array.from({ length: digits }, (_, i) => i + 1),
    draw: (level, random) => draw(level, marks, random),
    list: () => "unknown",
  };
  const verifier = defineVerifier<Problem>({ name: "choice-arithmetic", version: "1", verify: judgeChoice });
  const thought = "<think></think><answer></answer>".length;
  return {
    name: source.name,
    settings: { digits, marks },
    alphabet: "0123456789+=?:ABCD <>/thinkaswer~^",
    levels: source.levels,
    maxPromptTokens: 1 + 2 * digits + 2 + LABELS.length * (digits + 4) + 2 + marks,
    maxCompletionTokens: thought + 3 * digits + 3 + 1 + 1,
    problems: (ask) => drawProblems(source, ask),
    available: ({ split, level }) => countProblems(source, split, level),
    demonstration: (problem, random, { flawed }) => demonstrate(sumOf(problem), flawed ? random : undefined),
    verify: (problem, completion) => verifier.verify(problem, completion),
  };
}

function draw(level: number, marks: number, random: Rng): Problem {
  const end = 10 ** level;
  const [a, b] = [random.integer(end), random.integer(end)];
  const wrong = new Set<number>();
  while (wrong.size < LABELS.length - 1) {
    const offset = random.pick([1, 2, 10, random.integer(end) + 1]) * random.pick([1, -1]);
    if (a + b + offset >= 0) wrong.add(a + b + offset);
  }
  const options = random.shuffle([a + b, ...wrong]);
  const shown = LABELS.map((label, i) => `${label}:${options[i]}`).join(" ");
  const place = options.indexOf(a + b);
  return {
    id: `choice-arithmetic:${Math.min(a, b)}+${Math.max(a, b)}`,
    prompt: strewn(`${a}+${b}? ${shown} =`, marks, random),
    answer: LABELS[place] ?? refuse("choiceArithmetic", "no option is right", "report this"),
    level,
    data: { a, b, options } satisfies Sum,
  };
}

function strewn(text: string, marks: number, random: Rng): string {
  let out = text;
  for (let i = 0; i < marks; i++) {
    const at = random.integer(out.length);
    out = out.slice(0, at) + random.pick(MARKS) + out.slice(at);
  }
  return out;
}

function sumOf({ id, data: { a, b, options } }: Problem): Sum {
  if (typeof a === "number" && typeof b === "number" && Array.isArray(options)) return { a, b, options };
  return refuse("choiceArithmetic", `problem ${id} is no sum with options`, "pass a problem that this task made");
}

/** With a generator, the thought ends in a wrong option's number, which is then chosen. */
function demonstrate({ a, b, options }: Sum, random: Rng | undefined): string {
  const value = random ? random.pick(options.filter((option) => option !== a + b)) : a + b;
  return `<think>${a}+${b}=${value}</think><answer>${LABELS[options.indexOf(value)]}</answer>`;
}

function judgeChoice(problem: Problem, completion: string): Judgement {
  const { a, b } = sumOf(problem);
  const { reward, format, prediction } = medReward(completion, { answer: String(a + b), answerLabel: problem.answer });
  if (format === 0) return judge.unparsed("the response is not one <think> and one <answer>, and nothing else");
  if (reward === 1) return judge.correct(prediction);
  return judge.wrong(`the answer is ${JSON.stringify(prediction)}, right is ${problem.answer}`, prediction);
}
