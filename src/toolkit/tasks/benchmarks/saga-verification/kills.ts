/** Which wrong program fails which test. */
import { refuse } from "../../../refuse.ts";

/**
 * From an input to an output. A program calls `step` in its loops: past the limit it is stopped, at the same place on every
 * machine.
 */
export type Program = (input: string, step: () => void) => string;

/** [wrong programs][tests], 1 where the program fails the test. */
export type KillMatrix = readonly (readonly number[])[];

export interface StepLimit {
  /** Steps after which a run counts as too long. Default 100,000 (our choice). */
  readonly maxSteps?: number;
}

/** A program's output, or undefined where it crashes or takes too many steps. */
export function outputOf(program: Program, input: string, { maxSteps = 100_000 }: StepLimit = {}): string | undefined {
  let steps = 0;
  try {
    return program(input, () => {
      if (++steps > maxSteps) throw new RangeError(`more than ${maxSteps} steps`);
    });
  } catch {
    return undefined; // a crash is what is looked for
  }
}

/**
 * Runs every wrong program on every test input.
 *
 * @throws UsageError where the reference itself fails, and without a wrong program or a test
 */
export function killMatrix({
  reference,
  wrong,
  inputs,
  maxSteps,
}: StepLimit & {
  readonly reference: Program;
  readonly wrong: readonly Program[];
  readonly inputs: readonly string[];
}): number[][] {
  if (wrong.length === 0 || inputs.length === 0) {
    refuse(
      "killMatrix",
      `there are ${wrong.length} wrong programs and ${inputs.length} tests`,
      "pass one of each or more",
    );
  }
  const limit = maxSteps === undefined ? {} : { maxSteps };
  const expected = inputs.map((input, j) => {
    const output = outputOf(reference, input, limit);
    return output ?? refuse("killMatrix", `the reference fails on test ${j}`, "correct it, or leave the test out");
  });
  return wrong.map((program) => inputs.map((input, j) => (outputOf(program, input, limit) === expected[j] ? 0 : 1)));
}

/** Number of tests of a matrix. @throws UsageError as `suiteMetrics` says */
export function checkKillMatrix(where: string, matrix: KillMatrix, problem: number): number {
  const name = `problem ${problem}`;
  const [first] = matrix;
  if (first === undefined) refuse(where, `${name} has no wrong program`, "leave it out: every suite would do");
  if (first.length === 0) refuse(where, `${name} has no test`, "pass at least one");
  for (const [s, row] of matrix.entries()) {
    if (row.length !== first.length) {
      refuse(where, `rows 0 and ${s} of ${name} have ${first.length} and ${row.length} tests`, "run all on every test");
    }
    const at = row.findIndex((entry) => entry !== 0 && entry !== 1);
    if (at >= 0) refuse(where, `entry [${s}][${at}] of ${name} is ${row[at]}`, "pass 0 or 1");
  }
  return first.length;
}
