/**
 * Countdown: reach a target with the given numbers, each used at most once. Many expressions are right.
 *
 *     prompt      3,7,5:26=
 *     completion  3*7+5
 */
import { refuse } from "../refuse.ts";
import type { Rng } from "../rng.ts";
import { defineVerifier, type Judgement, judge } from "../verify/verifier.ts";
import { evaluateExpression, searchExpression } from "./expression.ts";
import { drawProblems, type ProblemSource } from "./stream.ts";
import type { Problem, Task } from "./task.ts";

export interface CountdownOptions {
  /** Most numbers given; the levels are 2 to this. From 2 to 5. Default 3. */
  readonly numbers?: number;
  /** The numbers are drawn from 1 to this, up to 99. Default 12. */
  readonly largest?: number;
  /** The target is from 1 to this, up to 999. Default 99. */
  readonly largestTarget?: number;
}

/** Draws of numbers before a level is taken to have no problem at all. */
const MOST_DRAWS = 1000;

/** A task of reaching a target. The level is how many numbers are given; every problem can be solved with all of them. */
export function countdown(options: CountdownOptions = {}): Task {
  const { numbers = 3, largest = 12, largestTarget = 99 } = options;
  const where = "countdown";
  if (!Number.isInteger(numbers) || numbers < 2 || numbers > 5) refuse(where, `numbers is ${numbers}`, "pass 2 to 5");
  if (!Number.isInteger(largest) || largest < 2 || largest > 99) refuse(where, `largest is ${largest}`, "pass 2 to 99");
  if (!Number.isInteger(largestTarget) || largestTarget < 1 || largestTarget > 999) {
    refuse(where, `largestTarget is ${largestTarget}`, "pass 1 to 999");
  }
  const source: ProblemSource = {
    name: "countdown",
    levels: Array.from({ length: numbers - 1 }, (_, i) => i + 2),
    draw: (level, random) => drawProblem({ level, largest, largestTarget }, random),
    list: () => undefined,
  };
  const verifier = defineVerifier<Problem>({ name: "countdown", version: "1", verify: judgeExpression });
  const width = String(largest).length;
  return {
    name: source.name,
    settings: { numbers, largest, largestTarget },
    alphabet: "0123456789+-*/(),:=",
    levels: source.levels,
    maxPromptTokens: 1 + numbers * (width + 1) + String(largestTarget).length + 1,
    maxCompletionTokens: numbers * width + (numbers - 1) + 2 * (numbers - 2) + 1,
    problems: (ask) => drawProblems(source, ask),
    available: () => undefined,
    demonstration: (problem, random, { flawed }) => demonstrate(problem, random, flawed),
    verify: (problem, completion) => verifier.verify(problem, completion),
  };
}

function drawProblem(
  { level, largest, largestTarget }: { level: number; largest: number; largestTarget: number },
  random: Rng,
): Problem {
  for (let i = 0; i < MOST_DRAWS; i++) {
    const numbers = Array.from({ length: level }, () => 1 + random.integer(largest));
    const text = searchExpression(numbers, (value) => value >= 1 && value <= largestTarget, random);
    const reached = text === undefined ? undefined : evaluateExpression(text);
    if (reached?.kind !== "value") continue;
    const target = reached.value;
    const sorted = numbers.toSorted((a, b) => a - b); // the order of the numbers is spelling, not content
    return {
      id: `countdown:${sorted.join(",")}:${target}`,
      prompt: `${numbers.join(",")}:${target}=`,
      answer: text ?? "",
      level,
      data: { numbers, target },
    };
  }
  return refuse("countdown", `no target up to ${largestTarget} was found`, "raise largestTarget");
}

function givenOf(problem: Problem): { numbers: readonly number[]; target: number } {
  const { numbers, target } = problem.data;
  if (!Array.isArray(numbers) || typeof target !== "number") {
    refuse("countdown", `problem ${problem.id} has no numbers and target`, "pass a problem that this task made");
  }
  return { numbers, target };
}

/** A flawed one reaches something else with all the numbers, as a slip of the head does. */
function demonstrate(problem: Problem, random: Rng, flawed: boolean): string {
  const { numbers, target } = givenOf(problem);
  const text = searchExpression(numbers, (value) => (value === target) !== flawed, random);
  return text ?? refuse("countdown", `problem ${problem.id} has no such expression`, "pass a problem of this task");
}

function judgeExpression(problem: Problem, completion: string): Judgement {
  const { numbers, target } = givenOf(problem);
  if (completion.length > 200) return judge.unparsed("the expression has more than 200 characters");
  const reached = evaluateExpression(completion);
  if (reached.kind === "error") return judge.unparsed(reached.problem);
  const left = [...numbers];
  for (const used of reached.numbers) {
    const at = left.indexOf(used);
    if (at < 0) return judge.wrong(`${used} is not given, or used too often`, completion);
    left.splice(at, 1);
  }
  if (reached.value !== target) return judge.wrong(`${completion} is ${reached.value}, not ${target}`, completion);
  return judge.correct(completion);
}
