/**
 * Countdown: reach a target with given numbers, each used at most once, by + - * / and brackets. Many answers are right.
 *
 *     prompt      3,5,7>22:
 *     completion  3*5=15;15+7=22;#3*5+7
 *
 * The working shows each step with its result; the verifier reads the expression behind `#` alone and computes it in
 * exact fractions, so 8/(3-8/3) is 24. Levels are the number of given numbers.
 */
import { checkOptions } from "../options.ts";
import { refuse } from "../refuse.ts";
import type { Rng } from "../rng.ts";
import { finalAnswer } from "../verify/answer.ts";
import { evaluateExpression, formatExpression, parseExpression } from "../verify/expression.ts";
import { equals, formatRational, rational } from "../verify/rational.ts";
import { defineVerifier, type Judgement, judge } from "../verify/verifier.ts";
import { given, LARGEST_RESULT, type Step, solve, steps, type Term } from "./countdown-solver.ts";
import { countProblems, drawProblems, type ProblemSource } from "./stream.ts";
import type { Problem, Task } from "./task.ts";

export interface CountdownOptions {
  /** Given numbers at the hardest level, 2 to 5; the levels are 2 to this. Default 3. */
  readonly numbers?: number;
  /** Given numbers are 1 to this, 2 to 99. Default 12: some 4,400 problems of three numbers, and sums a small policy can learn. */
  readonly largest?: number;
  /** Targets are 1 to this, 10 to 999. Default 99. */
  readonly largestTarget?: number;
}

interface Question {
  readonly numbers: readonly number[];
  readonly target: number;
}

/**
 * The countdown task. Every problem is made from a solution that uses all of its numbers, and its target is none of them.
 *
 * @throws UsageError on options out of range
 */
export function countdown(options: CountdownOptions = {}): Task {
  checkOptions("countdown", options, {
    numbers: { kind: "integer", min: 2, max: 5 },
    largest: { kind: "integer", min: 2, max: 99 },
    largestTarget: { kind: "integer", min: 10, max: LARGEST_RESULT },
  });
  const { numbers = 3, largest = 12, largestTarget = 99 } = options;
  const name = "countdown";
  const levels = Array.from({ length: numbers - 1 }, (_, i) => i + 2);
  const range = { largest, largestTarget };
  const source: ProblemSource = {
    name,
    levels,
    draw: (level, random) => drawProblem(level, range, random),
    list: () => "unknown",
  };
  const verifier = defineVerifier<Problem>({ name, version: "1", verify });
  return {
    name,
    settings: { numbers, largest, largestTarget },
    alphabet: "0123456789+-*/()=,>:;#",
    levels,
    ...longest(numbers, `${largest}`.length, `${largestTarget}`.length),
    problems: (ask) => drawProblems(source, ask),
    available: ({ split, level }) => countProblems(source, split, level),
    demonstration(problem, random, { flawed }) {
      const question = questionOf(problem);
      return flawed ? flawedWorking(question, random) : rightWorking(question, random);
    },
    verify: verifier.verify,
  };
}

/** Bounds for n numbers of w digits; a working has n - 1 steps, an expression n - 2 pairs of brackets at most. */
function longest(n: number, w: number, targetDigits: number): { maxPromptTokens: number; maxCompletionTokens: number } {
  const resultDigits = `${LARGEST_RESULT}`.length;
  const operands = n * w + (n - 2) * resultDigits; // each number and each result but the last is used once
  const working = operands + (n - 1) * (resultDigits + 3); // a step has an operator, "=", ";" and its result
  const expression = n * w + (n - 1) + 2 * (n - 2);
  return {
    maxPromptTokens: 1 + n * (w + 1) + targetDigits + 1, // BOS, numbers with "," or ">", target, ":"
    maxCompletionTokens: working + 1 + expression + 1, // "#", EOS
  };
}

interface Range {
  readonly largest: number;
  readonly largestTarget: number;
}

/** Draws in a row without a problem after which the options are taken to allow none. */
const MOST_DRAWS = 10_000;

function drawProblem(level: number, { largest, largestTarget }: Range, random: Rng): Problem {
  for (let i = 0; i < MOST_DRAWS; i++) {
    const numbers = Array.from({ length: level }, () => 1 + random.integer(largest));
    const { value: target, expression } = combineAll(numbers.map(given), random);
    if (target < 1 || target > largestTarget || numbers.includes(target)) continue;
    const sorted = numbers.toSorted((a, b) => a - b); // the order of the numbers is spelling, not content
    return {
      id: `countdown:${sorted.join()}>${target}`,
      prompt: `${numbers.join()}>${target}:`,
      answer: formatExpression(expression),
      level,
      data: { numbers, target },
    };
  }
  return refuse("countdown", `no target up to ${largestTarget} was found`, "raise largestTarget");
}

/** Random steps until one term is left. There always is a step: a - b or b - a. */
function combineAll(terms: readonly Term[], random: Rng): Term {
  let held = terms;
  while (held.length > 1) held = random.pick(steps(held)).rest;
  const [last] = held;
  return last ?? refuse("countdown", "there are no numbers", "pass a problem of this task");
}

/** A random solution, written out. */
function rightWorking({ numbers, target }: Question, random: Rng): string {
  const solution = solve(numbers.map(given), target, random);
  if (solution === undefined) refuse("countdown.demonstration", `${numbers.join()} cannot make ${target}`, SOLVABLE);
  return solution.length === 0 ? `#${target}` : writeOut(solution); // no step where the target itself is given
}

const SOLVABLE = "pass a problem of this task, which has a solution in whole numbers";

/** Tries to build the flaw into an early step before it is put into the last one. */
const TRIES = 8;

/**
 * One step has a wrong result. Where it can, the working goes on from that result to the target; otherwise the last step
 * claims the target. Either way the expression behind it has another value.
 */
function flawedWorking({ numbers, target }: Question, random: Rng): string {
  for (let i = 0; i < TRIES; i++) {
    const { step, rest } = random.pick(steps(numbers.map(given)));
    const value = step.result.value + random.pick([-10, -1, 1, 10]);
    if (value < 0 || value > LARGEST_RESULT) continue;
    const slip: Step = { ...step, result: { ...step.result, value } };
    const tail = solve([slip.result, ...rest.slice(0, -1)], target, random);
    if (tail === undefined) continue;
    const working = [slip, ...tail];
    if (!reaches(working, target)) return writeOut(working);
  }
  for (let held: readonly Term[] = numbers.map(given), working: Step[] = []; held.length > 1; ) {
    const { step, rest } = random.pick(steps(held));
    working = [...working, step];
    held = rest;
    if (held.length === 1 && !reaches(working, target) && isChain(working)) return writeOut(claim(working, target));
  }
  const wrong = steps(numbers.map(given)).filter(({ step }) => step.result.value !== target);
  return writeOut(claim([random.pick(wrong).step], target)); // never empty: a + b and a - b differ
}

/** Whether every step but the last is used by the last, so that the expression holds the whole working. */
function isChain(working: readonly Step[]): boolean {
  return working.every(
    ({ result }, i) =>
      i === working.length - 1 || working.some(({ left, right }) => left === result || right === result),
  );
}

/** The working with the target as its last result. */
function claim(working: readonly Step[], target: number): readonly Step[] {
  const last = working.at(-1);
  if (last === undefined) throw new Error("internal: a working without steps");
  return [...working.slice(0, -1), { ...last, result: { ...last.result, value: target } }];
}

function reaches(working: readonly Step[], target: number): boolean {
  const expression = working.at(-1)?.result.expression;
  const value = expression && evaluateExpression(expression);
  return value !== undefined && equals(value, rational(BigInt(target)));
}

function writeOut(working: readonly Step[]): string {
  const lines = working.map(
    ({ left, operator, right, result }) => `${left.value}${operator}${right.value}=${result.value};`,
  );
  const last = working.at(-1);
  if (last === undefined) throw new Error("internal: a working without steps");
  return `${lines.join("")}#${formatExpression(last.result.expression)}`;
}

function questionOf(problem: Problem): Question {
  const { numbers, target } = problem.data;
  if (!Array.isArray(numbers) || !numbers.every(Number.isInteger) || typeof target !== "number") {
    refuse("countdown", `data of problem ${problem.id} has no numbers and target`, "pass a problem of this task");
  }
  return { numbers, target };
}

function verify(problem: Problem, completion: string): Judgement {
  const { numbers, target } = questionOf(problem);
  const found = finalAnswer(completion, "#");
  if (found.kind === "unparsed") return judge.unparsed(found.reason);
  const parsed = parseExpression(found.text);
  if (parsed.kind === "unparsed") return judge.unparsed(parsed.reason);
  const left = [...numbers];
  for (const number of parsed.numbers) {
    const at = left.indexOf(number);
    if (at < 0) return judge.wrong(`${number} is not given, or is used more often than given`, found.text);
    left.splice(at, 1);
  }
  const value = evaluateExpression(parsed.expression);
  if (value === undefined) return judge.wrong("the expression divides by 0", found.text);
  if (!equals(value, rational(BigInt(target)))) {
    return judge.wrong(`the expression is ${formatRational(value)}, the target is ${target}`, found.text);
  }
  return judge.correct(found.text);
}
