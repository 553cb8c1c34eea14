/** A set of the same form from sums worked in steps: one right solution and nine wrong ones, all in one style. */
import { refuse } from "../../../refuse.ts";
import { type Rng, rng } from "../../../rng.ts";

export interface RewardMathProblem {
  readonly problem: string;
  readonly answer: string;
  /** Ten solutions, a list of steps each; the right one stands at a place of its own in every problem. */
  readonly solutions: readonly (readonly string[])[];
  /** What each was made by: "human_to_GPT-4" is the right one, as in the released files. */
  readonly solution_reference: readonly string[];
}

export interface RewardMathSetOptions {
  readonly problems: number;
  readonly seed: number;
  /** Numbers in a sum, 4 to 12. Default 6: as many steps as most solutions of the paper's set have (our choice). */
  readonly terms?: number;
}

interface Sum {
  readonly start: number;
  readonly moves: readonly { readonly operator: "+" | "-"; readonly by: number }[];
}

/** How a wrong solution is made; each leads to another answer, and none changes number or style of the steps. */
const WRONG: Readonly<Record<string, (sum: Sum, random: Rng) => Sum | "slip">> = {
  "arithmetic slip": () => "slip",
  "early slip": () => "slip",
  "late slip": () => "slip",
  "wrong operation": (sum, random) => changed(sum, random, ({ operator, by }) => ({ operator: flip(operator), by })),
  "misread number": (sum, random) => changed(sum, random, ({ operator, by }) => ({ operator, by: by + 1 })),
  "digits swapped": (sum, random) => changed(sum, random, ({ operator, by }) => ({ operator, by: swapped(by) })),
  "step taken twice": (sum, random) => changed(sum, random, ({ operator, by }) => ({ operator, by: 2 * by })),
  "wrong start": ({ start, moves }) => ({ start: start + 10, moves }),
  "modified_with_GPT-4": (sum, random) => changed(sum, random, ({ operator, by }) => ({ operator, by: by + 10 })),
};

const flip = (operator: "+" | "-"): "+" | "-" => (operator === "+" ? "-" : "+");

/** 47 is 74; 44 is 45, so that it changes too. */
function swapped(by: number): number {
  const other = (by % 10) * 10 + Math.floor(by / 10);
  return other === by ? by + 1 : other;
}

function changed(
  { start, moves }: Sum,
  random: Rng,
  change: (move: Sum["moves"][number]) => Sum["moves"][number],
): Sum {
  const at = random.integer(moves.length);
  return { start, moves: moves.map((move, i) => (i === at ? change(move) : move)) };
}

/** @throws UsageError for a count below 1 or terms outside 4 to 12 */
export function makeRewardMathSet({ problems, seed, terms = 6 }: RewardMathSetOptions): RewardMathProblem[] {
  if (!Number.isInteger(problems) || problems < 1) {
    refuse("makeRewardMathSet", `problems is ${problems}`, "pass a whole number from 1");
  }
  if (!Number.isInteger(terms) || terms < 4 || terms > 12) {
    refuse("makeRewardMathSet", `terms is ${terms}`, "pass a whole number from 4 to 12");
  }
  return Array.from({ length: problems }, (_, row) => problemOf(rng({ seed, stream: "rewardmath", row }), terms));
}

function problemOf(random: Rng, terms: number): RewardMathProblem {
  const sum: Sum = {
    start: 100 + random.integer(100),
    moves: Array.from({ length: terms - 1 }, () => ({
      operator: random.pick(["+", "-"]),
      by: 10 + random.integer(40),
    })),
  };
  const written = sum.moves.map(({ operator, by }) => ` ${operator} ${by}`).join("");
  const right = { source: "human_to_GPT-4", steps: worked(sum) };
  const wrong = Object.entries(WRONG).map(([source, make]) => {
    const made = make(sum, random);
    return { source, steps: made === "slip" ? slipped(sum, slipAt(source, terms, random), random) : worked(made) };
  });
  const all = random.shuffle([right, ...wrong]);
  return {
    problem: `What is ${sum.start}${written}?`,
    answer: `${resultOf(sum)}`,
    solutions: all.map(({ steps }) => steps),
    solution_reference: all.map(({ source }) => source),
  };
}

function slipAt(source: string, terms: number, random: Rng): number {
  if (source === "early slip") return 0;
  return source === "late slip" ? terms - 2 : 1 + random.integer(terms - 3);
}

const moved = (total: number, { operator, by }: Sum["moves"][number]): number =>
  operator === "+" ? total + by : total - by;
const resultOf = ({ start, moves }: Sum): number => moves.reduce(moved, start);

function worked(sum: Sum): string[] {
  return slipped(sum, -1);
}

/** The steps, with the result of step `at` wrong by a little and carried on. */
function slipped({ start, moves }: Sum, at: number, random?: Rng): string[] {
  let total = start;
  return moves.map((move, i) => {
    const before = total;
    total = moved(before, move) + (i === at ? (random?.pick([-10, -1, 1, 10]) ?? 0) : 0);
    return `Step ${i + 1}: ${before} ${move.operator} ${move.by} = ${total}.`;
  });
}
