/** Instruction, states and reward, accepted together; and the loop that makes them behind a wall from each other. */
import { refuse } from "../../../refuse.ts";
import type { RewardProgram } from "./reward-program.ts";

export interface TupleCandidate<S> {
  /** Makes the initial state; a throw means that the set-up does not run. */
  readonly initial: () => S;
  /** Makes the state in which the task is done, from the initial one. */
  readonly golden: (initial: S) => S;
  readonly reward: RewardProgram;
  /** The reward as text, where there is one: forbidden patterns are looked for in it. */
  readonly source?: string;
}

export interface Acceptance {
  readonly accepted: boolean;
  /** What did not hold, for the generator to read. */
  readonly failures: readonly string[];
}

/** Patterns that make a reward worthless, and what to call them. */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\breturn\s+(1(\.0)?|True)\s*;?\s*$|REWARD:\s*1(\.0)?["']\s*\)\s*$/m, "the score is hard-coded"],
  [/screenshot|pixel|pyautogui|psutil|\bpgrep\b|window_title/i, "it looks at pixels, windows or processes"],
  [/golden|ground_truth|\/(tmp|hidden|solution)\b/i, "it reads hidden files"],
  [/\b(open|exec|eval|__\w+__|subprocess|socket|requests|urllib|import_module)\b/, "it leaves the sandbox"],
];

/** The five conditions. */
export function acceptTuple<S>({ initial, golden, reward, source = "" }: TupleCandidate<S>): Acceptance {
  const failures = FORBIDDEN.flatMap(([pattern, problem]) => (pattern.test(source) ? [problem] : []));
  const run = <T>(name: string, act: () => T): { readonly value: T } | undefined => {
    try {
      return { value: act() };
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const start = run("the initial set-up does not run", () => initial());
  const end = start && run("the golden patch does not run", () => golden(structuredClone(start.value)));
  for (const [name, state, wanted] of [
    ["initial", start, 0],
    ["golden", end, 1],
  ] as const) {
    if (start === undefined || state === undefined) continue;
    const scored = run(`the reward fails on the ${name} state`, () =>
      reward.score({ initial: start.value, current: state.value }),
    );
    if (scored && scored.value.score !== wanted) {
      failures.push(`the reward of the ${name} state is ${scored.value.score}, not ${wanted}`);
    }
  }
  return { accepted: failures.length === 0, failures: [...new Set(failures)] };
}

export type GeneratedStates<S> = Pick<TupleCandidate<S>, "initial" | "golden">;

export interface CoGeneration<S> {
  /** undefined where no round was accepted. */
  readonly tuple: TupleCandidate<S> | undefined;
  readonly rounds: number;
  /** What each rejected round was told. */
  readonly reviews: readonly (readonly string[])[];
}

/**
 * Generator and discriminator by turns. The discriminator gets the instruction and the states as they run, never the generator.
 *
 * @param options.maxRounds default 5: the paper's
 */
export async function coGenerate<S>(
  instruction: string,
  generator: (instruction: string, review: readonly string[]) => GeneratedStates<S> | Promise<GeneratedStates<S>>,
  discriminator: (
    instruction: string,
    initialState: S | undefined,
  ) => Pick<TupleCandidate<S>, "reward" | "source"> | Promise<Pick<TupleCandidate<S>, "reward" | "source">>,
  options: { readonly maxRounds?: number } = {},
): Promise<CoGeneration<S>> {
  const { maxRounds = 5 } = options;
  if (!Number.isInteger(maxRounds) || maxRounds < 1)
    refuse("coGenerate", `maxRounds is ${maxRounds}`, "pass 1 or more");
  const reviews: (readonly string[])[] = [];
  for (let round = 1; round <= maxRounds; round++) {
    const states = await generator(instruction, reviews.at(-1) ?? []);
    let shown: S | undefined;
    try {
      shown = structuredClone(states.initial());
    } catch {
      shown = undefined; // acceptTuple says what did not run
    }
    const tuple = { ...states, ...(await discriminator(instruction, shown)) };
    const { accepted, failures } = acceptTuple(tuple);
    if (accepted) return { tuple, rounds: round, reviews };
    reviews.push(failures);
  }
  return { tuple: undefined, rounds: maxRounds, reviews };
}
