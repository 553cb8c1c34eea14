/** Test suites: from generators of inputs, by two rules in place of a model, and as a reward. */
import { refuse } from "../../../refuse.ts";
import { outputOf, type Program, type StepLimit } from "./kills.ts";

export interface TestCase {
  readonly input: string;
  readonly output: string;
}

export interface SuiteOptions extends StepLimit {
  /** Each gives inputs; their order is that of the suite. */
  readonly generators: readonly (() => readonly string[])[];
  /** Whether an input obeys the problem's constraints; others are left out. */
  readonly validator: (input: string) => boolean;
  readonly reference: Program;
}

/**
 * Inputs that the validator accepts, each once, with the reference's outputs.
 *
 * @throws UsageError where the reference fails on an accepted input, or no input is accepted
 */
export function buildSuite({ generators, validator, reference, maxSteps }: SuiteOptions): TestCase[] {
  const inputs = new Set(generators.flatMap((generate) => generate()).filter(validator));
  if (inputs.size === 0) refuse("buildSuite", "the validator accepts no input", "correct it, or the generators");
  const limit = maxSteps === undefined ? {} : { maxSteps };
  return [...inputs].map((input) => {
    const output = outputOf(reference, input, limit);
    if (output !== undefined) return { input, output };
    return refuse("buildSuite", `the reference fails on ${JSON.stringify(input)}`, "correct it, or the validator");
  });
}

/** The reward of a program: 1 where it passes all tests, else 0. @throws UsageError without a test */
export function suiteReward(program: Program, tests: readonly TestCase[], limit: StepLimit = {}): 0 | 1 {
  if (tests.length === 0) refuse("suiteReward", "there is no test", "pass a suite: everything passes an empty one");
  return tests.every(({ input, output }) => outputOf(program, input, limit) === output) ? 1 : 0;
}

/**
 * Inputs of several whole numbers at the edges of their ranges: every combination of lowest, next to it, middle, next to the
 * highest, highest.
 *
 * @param ranges lowest and highest of each number, both allowed
 */
export function boundaryInputs(ranges: readonly (readonly [low: number, high: number])[]): string[] {
  const edges = ranges.map(([low, high], i) => {
    if (!Number.isInteger(low) || !Number.isInteger(high) || low > high) {
      refuse("boundaryInputs", `range ${i} is ${low} to ${high}`, "pass whole numbers, the lower one first");
    }
    const all = [low, high, low + 1, high - 1, Math.floor((low + high) / 2)];
    return [...new Set(all)].filter((value) => value >= low && value <= high);
  });
  return edges.reduce<string[]>(
    (inputs, values) =>
      values.flatMap((value) => inputs.map((input) => (input === "" ? `${value}` : `${input} ${value}`))),
    [""],
  );
}

export interface DifferentialOptions extends StepLimit {
  readonly accepted: Program;
  readonly rejected: readonly Program[];
  /** Inputs that are tried, in order. */
  readonly candidates: readonly string[];
}

/** For each rejected program the first candidate on which it differs from the accepted one; each input once. */
export function differentialInputs({ accepted, rejected, candidates, maxSteps }: DifferentialOptions): string[] {
  const limit = maxSteps === undefined ? {} : { maxSteps };
  const right = candidates.map((input) => outputOf(accepted, input, limit));
  const found = rejected.flatMap((program) => {
    const at = candidates.findIndex((input, i) => outputOf(program, input, limit) !== right[i]);
    return at < 0 ? [] : candidates.slice(at, at + 1);
  });
  return [...new Set(found)];
}
