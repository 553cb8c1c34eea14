/**
 * Sums of several numbers with the column working written out, lowest column first, then the answer:
 *
 *     prompt      347+585=
 *     completion  7+5=12;4+8+1=13;3+5+1=9;#932
 *
 * A column is its digits, then the carry where there is one, and its sum. Working from the lowest column up lets a small
 * policy write every character from a short look back; the answer is read off the column sums.
 */
import { refuse } from "../refuse.ts";
import type { Rng } from "../rng.ts";
import { finalAnswer, readNatural } from "../verify/answer.ts";
import { defineVerifier, type Judgement, judge } from "../verify/verifier.ts";
import { countProblems, drawProblems, type ProblemSource } from "./stream.ts";
import type { Problem, Task } from "./task.ts";

export interface ChainAdditionOptions {
  /** Most digits of a number; the levels are 1 to this. From 1 to 9. Default 3: 405,000 sums, 0.8 M weights learn it. */
  readonly digits?: number;
  /** Numbers in a sum, from 2 to 5. Default 2. */
  readonly terms?: number;
  /**
   * What earns the reward. `"answer"` (default) reads the final answer alone, as RLVR usually does; `"working"` gives a
   * right answer whose working is not right 0.5, status "partial".
   */
  readonly reward?: "answer" | "working";
}

/** Levels with up to this many sums are listed; the next larger one has 125,580 (two digits, three terms). */
const MOST_LISTED = 20_000;

/** A task of multi-digit sums. The level is the number of digits of each term. */
export function chainAddition(options: ChainAdditionOptions = {}): Task {
  const { digits = 3, terms = 2, reward = "answer" } = options;
  const where = "chainAddition";
  if (!Number.isInteger(digits) || digits < 1 || digits > 9) refuse(where, `digits is ${digits}`, "pass 1 to 9");
  if (!Number.isInteger(terms) || terms < 2 || terms > 5) refuse(where, `terms is ${terms}`, "pass 2 to 5");
  if (reward !== "answer" && reward !== "working") {
    refuse(where, `reward is ${JSON.stringify(reward)}`, 'pass "answer" or "working"');
  }
  const source: ProblemSource = {
    name: "chain-addition",
    levels: Array.from({ length: digits }, (_, i) => i + 1),
    draw: (level, random) => {
      const [low, high] = range(level);
      return problemOf(
        Array.from({ length: terms }, () => low + random.integer(high - low)),
        level,
      );
    },
    list: (level) => listProblems(level, terms),
  };
  const verifier = defineVerifier<Problem>({
    name: `chain-addition/${reward}`,
    version: "1",
    verify: (problem, completion) => judgeSum(problem, completion, reward === "working"),
  });
  return {
    name: source.name,
    settings: { digits, terms, reward },
    alphabet: "0123456789+=;#",
    levels: source.levels,
    maxPromptTokens: 1 + terms * (digits + 1),
    maxCompletionTokens: longestCompletion(digits, terms) + 1,
    problems: (ask) => drawProblems(source, ask),
    available: ({ split, level }) => countProblems(source, split, level),
    demonstration: (problem, random, { flawed }) => demonstrate(termsOf(problem), flawed ? random : undefined),
    verify: (problem, completion) => verifier.verify(problem, completion),
  };
}

/** Lowest value and one past the highest of a number with this many digits; one digit includes 0. */
function range(digits: number): [number, number] {
  return [digits === 1 ? 0 : 10 ** (digits - 1), 10 ** digits];
}

/** The order of the terms is spelling, not content. */
function problemOf(terms: readonly number[], level: number): Problem {
  const sum = terms.reduce((a, b) => a + b, 0);
  return {
    id: `chain-addition:${terms.toSorted((a, b) => a - b).join("+")}`,
    prompt: `${terms.join("+")}=`,
    answer: String(sum),
    level,
    data: { terms },
  };
}

function termsOf(problem: Problem): readonly number[] {
  const { terms } = problem.data;
  if (!Array.isArray(terms) || !terms.every((term) => Number.isSafeInteger(term) && term >= 0)) {
    refuse("chainAddition", `problem ${problem.id} has no terms`, "pass a problem that this task made");
  }
  return terms;
}

/** Sums of t terms out of m numbers, in no order: C(m + t - 1, t). */
function listProblems(level: number, terms: number): readonly Problem[] | "many" {
  const [low, high] = range(level);
  let contents = 1;
  for (let i = 0; i < terms; i++) contents *= (high - low + i) / (i + 1);
  if (contents > MOST_LISTED) return "many";
  let partial: number[][] = [[]];
  for (let i = 0; i < terms; i++) {
    partial = partial.flatMap((head) => {
      const from = head.at(-1) ?? low;
      return Array.from({ length: high - from }, (_, n) => [...head, from + n]);
    });
  }
  return partial.map((sorted) => problemOf(sorted, level));
}

/**
 * The worked completion. With a generator, one column sum is wrong by 1 to 9 and everything after it follows from the
 * wrong value, so that the answer is wrong as well.
 */
function demonstrate(terms: readonly number[], random: Rng | undefined): string {
  const columns = Math.max(...terms.map((term) => String(term).length));
  const flawedColumn = random?.integer(columns);
  let carry = 0;
  let answer = "";
  let working = "";
  for (let column = 0; column < columns; column++) {
    const digits = terms.map((term) => Math.floor(term / 10 ** column) % 10);
    const parts = carry > 0 ? [...digits, carry] : digits;
    let sum = parts.reduce((a, b) => a + b, 0);
    if (random && column === flawedColumn) sum = slip(sum, lowest(column, columns), 10 * terms.length - 1, random);
    working += `${parts.join("+")}=${sum};`;
    answer = column === columns - 1 ? `${sum}${answer}` : `${sum % 10}${answer}`;
    carry = Math.floor(sum / 10);
  }
  return `${working}#${answer}`;
}

/** The top column of a longer sum is never 0: the answer would start with a zero. */
function lowest(column: number, columns: number): number {
  return column > 0 && column === columns - 1 ? 1 : 0;
}

/** A sum that is off by 1 to 9, within the lowest and the highest sum that a column can have. */
function slip(sum: number, least: number, highest: number, random: Rng): number {
  const wrong: number[] = [];
  for (let value = Math.max(least, sum - 9); value <= Math.min(highest, sum + 9); value++) {
    if (value !== sum) wrong.push(value);
  }
  return random.pick(wrong);
}

/** Nines everywhere: every column but the first has a carry, every sum two digits. */
function longestCompletion(digits: number, terms: number): number {
  return demonstrate(new Array(terms).fill(10 ** digits - 1), undefined).length;
}

/** The answer is what follows the one `#`, up to the end: digits without leading zeros. */
function judgeSum(problem: Problem, completion: string, working: boolean): Judgement {
  const terms = termsOf(problem);
  const found = finalAnswer(completion, "#");
  if (found.kind === "unparsed") return judge.unparsed(found.reason);
  const answer = readNatural(found.text, 16);
  if (answer.kind === "unparsed") return judge.unparsed(answer.reason);
  if (answer.text !== problem.answer) {
    return judge.wrong(`the answer is ${answer.text}, the sum is ${problem.answer}`, answer.text);
  }
  if (working && completion !== demonstrate(terms, undefined)) {
    return judge.partial(0.5, "the answer is right, the working is not", answer.text);
  }
  return judge.correct(answer.text);
}
