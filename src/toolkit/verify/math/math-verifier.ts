/**
 * The mathematics verifier: takes the final answer out of a completion and says whether it is the gold answer.
 * The conventions are in `docs/verifiers.md`.
 */

import { refuse } from "../../refuse.ts";
import { excerpt } from "../excerpt.ts";
import { defineVerifier, type Judgement, judge, type Verifier } from "../verifier.ts";
import { type CompareOptions, sameAnswer } from "./compare.ts";
import { type Candidate, candidatesOf, type ExtractionOrder } from "./extract.ts";
import type { Node } from "./node.ts";
import { type Answer, readAnswer } from "./reading.ts";
import { choiceOf, sameWords } from "./text.ts";

export interface MathOptions {
  /**
   * Significant digits that a decimal must show to stand for a number that it is not, such as 0.333333 for 1/3. Default 6, as
   * Math-Verify's `float_rounding`; where it is given, decimals that end are rounded to it too.
   */
  readonly precision?: number;
  /** Whether the names of symbols matter: with `false`, f(y) is f(x). Default true: a formula in another symbol is another one. */
  readonly strict?: boolean;
  /** Whether an inequality may stand for the interval that is asked for. Default false: "in interval notation" is a part of the question. */
  readonly allowSetRelation?: boolean;
  /** Which boxed or final answer counts where there are several. Default "last". */
  readonly extraction?: ExtractionOrder;
}

export interface MathCase {
  /** The gold answer: plain, in LaTeX, or a solution that ends with it. */
  readonly answer: string;
}

const MATH_VERSION = "1";

/** Characters of a completion at most. */
const LONGEST_COMPLETION = 4_000_000;

/**
 * A verifier of final answers.
 *
 * @example
 * mathVerifier().verify({ answer: "\\frac{1}{2}" }, "so the answer is \\boxed{0.5}").status; // "correct"
 * @throws UsageError for an option out of range
 */
export function mathVerifier(options: MathOptions = {}): Verifier<MathCase> {
  const compare = compareOptionsOf(options);
  const { extraction = "last" } = options;
  if (extraction !== "last" && extraction !== "first" && extraction !== "all") {
    refuse("mathVerifier", `extraction is ${excerpt(String(extraction))}`, 'pass "last", "first" or "all"');
  }
  const golds = new Map<string, Answer>();
  return defineVerifier<MathCase>({
    name: "math",
    version: MATH_VERSION,
    options: { ...compare, precision: compare.precision.precision, extraction },
    maxLength: LONGEST_COMPLETION,
    verify({ answer }, completion) {
      const gold = golds.get(answer) ?? readGold(answer);
      if (golds.size >= MOST_GOLDS) golds.clear();
      golds.set(answer, gold);
      return judgeAnswer(gold, completion, extraction, compare);
    },
  });
}

/** Gold answers kept read at most. */
const MOST_GOLDS = 2000;

function compareOptionsOf({ precision, strict = true, allowSetRelation = false }: MathOptions): CompareOptions {
  if (precision !== undefined && !(Number.isInteger(precision) && precision >= 1 && precision <= 100)) {
    refuse("mathVerifier", `precision is ${precision}`, "pass a whole number of digits from 1 to 100");
  }
  return {
    precision: { precision: precision ?? 6, stated: precision !== undefined && precision !== 6 },
    strict,
    allowSetRelation,
  };
}

/**
 * Checks the gold answers of a data set when it is loaded.
 *
 * @throws UsageError that names the first row that cannot be read, and how many there are
 */
export function checkGoldAnswers(answers: readonly string[]): void {
  const problems = answers.flatMap((answer, row) => {
    const problem = goldProblem(answer);
    return problem === undefined ? [] : [{ row, problem }];
  });
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  refuse(
    "checkGoldAnswers",
    `the gold answer of row ${first.row} cannot be read: ${first.problem}${more}`,
    "correct the row or leave it out",
  );
}

/** Why a gold answer cannot be read; undefined where it can. */
export function goldProblem(answer: unknown): string | undefined {
  if (typeof answer !== "string") return `it is ${answer === null ? "null" : `a ${typeof answer}`}, not a text`;
  const gold = readGold(answer);
  return gold.nodes.length === 0 ? gold.problem : undefined;
}

function readGold(answer: string): Answer {
  if (typeof answer !== "string") throw new TypeError(`the gold answer is a ${typeof answer}, not a text`);
  const candidates = candidatesOf(answer, "last").filter(({ from }) => from !== "number"); // a gold answer is not guessed
  const boxed = candidates.some(({ from }) => from === "box");
  return bestAnswer(boxed ? candidates : [wholeOf(answer), ...candidates]) ?? readAnswer(answer, false);
}

function wholeOf(text: string): Candidate {
  return { text, latex: /(?<!\\)\$[^$]+\$|\\[([a-zA-Z]/.test(text), from: "whole" };
}

/** The first candidate that can be read, or the first of all. */
function bestAnswer(candidates: readonly Candidate[]): Answer | undefined {
  let first: Answer | undefined;
  for (const { text, latex, from } of candidates) {
    const answer = readChoice(text, latex);
    if (answer.nodes.length > 0 && !(from === "phrase" && isBareSentence(answer.nodes))) return answer;
    first ??= answer;
    if (from === "box") return answer; // a box that cannot be read is the answer all the same
  }
  return first;
}

/** An answer; of a choice's letter and what stands behind it, the latter. */
function readChoice(text: string, latex: boolean): Answer {
  const rest = choiceOf(text)?.rest ?? "";
  return rest === "" ? readAnswer(text, latex) : { ...readAnswer(rest, true), raw: text, spelling: "" };
}

/** A sentence behind a phrase that was read as words alone may hold the answer further on. */
function isBareSentence(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.kind === "text" && node.text.split(" ").length > 4);
}

function judgeAnswer(
  gold: Answer,
  completion: string,
  extraction: ExtractionOrder,
  options: CompareOptions,
): Judgement {
  if (completion.trim() === "") return judge.unparsed("the completion is empty");
  const given = bestAnswer(candidatesOf(completion, extraction));
  if (given === undefined) {
    const isText = gold.nodes.length > 0 && gold.nodes.every((node) => node.kind === "text");
    if (isText && sameWords(gold.raw, completion)) return judge.correct(gold.raw);
    return judge.unparsed(`there is no answer in ${excerpt(completion)}`);
  }
  if (gold.spelling !== "" && gold.spelling === given.spelling) return judge.correct(given.raw);
  if (sameChoice(gold, given, options) ?? sameReadings(gold, given, options)) return judge.correct(given.raw);
  if (gold.nodes.length === 0) throw new Error(`the gold answer cannot be read: ${gold.problem}`);
  if (given.nodes.length === 0) return judge.unparsed(given.problem);
  return judge.wrong(`${excerpt(given.raw)} is not ${excerpt(gold.raw)}`, given.raw);
}

function sameReadings(gold: Answer, given: Answer, options: CompareOptions): boolean {
  if (gold.nodes.some((node) => given.nodes.some((other) => sameAnswer(node, other, options)))) return true;
  return gold.nodes.every((node) => node.kind === "text") && sameWords(gold.raw, given.raw);
}

/** By the letters of choices, where the gold is one; undefined where letters decide nothing. */
function sameChoice(gold: Answer, given: Answer, options: CompareOptions): boolean | undefined {
  const [a, b] = [choiceOf(gold.raw), choiceOf(given.raw)];
  if (a === undefined && b?.rest) return sameReadings(gold, readAnswer(b.rest, true), options) || undefined;
  if (a === undefined) return undefined;
  if (b === undefined) return a.rest === "" ? undefined : sameReadings(readAnswer(a.rest, true), given, options);
  const isCapital = a.label === a.label.toUpperCase();
  const sameLabel = isCapital ? a.label === b.label.toUpperCase() : a.label === b.label;
  if (!sameLabel || a.rest === "" || b.rest === "") return sameLabel;
  return sameReadings(readAnswer(a.rest, true), readAnswer(b.rest, true), options);
}
