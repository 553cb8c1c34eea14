/** Small programs with wrong variants of them, in place of problems with human submissions. */
import { refuse } from "../../../refuse.ts";
import { type Rng, rng } from "../../../rng.ts";
import { outputOf, type Program } from "./kills.ts";

export interface MutatedProblem {
  readonly name: string;
  /** Lowest and highest value of each number of the input. */
  readonly ranges: readonly (readonly [low: number, high: number])[];
  /** Whether an input obeys the ranges. */
  readonly validator: (input: string) => boolean;
  readonly reference: Program;
  /** Mutants; each fails on at least one allowed input. */
  readonly wrong: readonly Program[];
}

/** What can be wrong with a program: bounds a little off, a comparison too strict or too lax, 32-bit numbers, a missing guard. */
interface Slips {
  readonly low: number;
  readonly high: number;
  readonly step: number;
  readonly strictLow: boolean;
  readonly strictHigh: boolean;
  readonly narrow: boolean;
  readonly unguarded: boolean;
}

const NO_SLIP: Slips = {
  low: 0,
  high: 0,
  step: 0,
  strictLow: false,
  strictHigh: false,
  narrow: false,
  unguarded: false,
};

/** A kind of program: two numbers in, one out. */
interface Family {
  readonly name: string;
  readonly largest: number;
  compute(
    numbers: readonly [number, number],
    constants: readonly [number, number],
    slips: Slips,
    step: () => void,
  ): number;
}

const above = (x: number, bound: number, strict: boolean): boolean => (strict ? x > bound : x >= bound);

const FAMILIES: readonly Family[] = [
  {
    name: "count of multiples",
    largest: 60,
    compute([a, b], [from, divisor], { low, high, step: d, strictLow, strictHigh, unguarded }, step) {
      if (a > b && !unguarded) return 0;
      let count = 0;
      for (let x = Math.min(a, b) + low; strictHigh ? x < b + high : x <= b + high; x++) {
        step();
        if (x % (divisor + d) === 0 && above(x, from, strictLow)) count++;
      }
      return count;
    },
  },
  {
    name: "price in tiers",
    largest: 90,
    compute([amount, members], [tier, price], { low, high, step: d, strictLow, strictHigh, narrow, unguarded }, step) {
      step();
      if (members === 0 && !unguarded) return 0;
      const dear = above(amount, tier + low, strictLow) ? price + d : price + 3;
      const total = amount * dear * (above(members, 10 + high, strictHigh) ? 9 : 10) * 1_000_003;
      return Math.floor((narrow ? total | 0 : total) / Math.max(1, unguarded ? members - 1 : members));
    },
  },
  {
    name: "steps to one",
    largest: 80,
    compute([start, limit], [divisor, add], { low, high, step: d, strictLow, strictHigh, unguarded }, step) {
      let [x, count] = [start, 0];
      if (x === 0 && !unguarded) return -1;
      while (above(x, 2 + low, strictLow)) {
        step();
        if (strictHigh ? count > limit + high : count >= limit + high) return -1;
        x = x % divisor === 0 ? x / divisor : x + (add % 2 === 0 ? 1 : -1) + d;
        count++;
      }
      return count;
    },
  },
  {
    name: "clamped difference",
    largest: 99,
    compute([a, b], [floor, ceiling], { low, high, step: d, strictLow, strictHigh, narrow, unguarded }, step) {
      step();
      const product = (a - b + d) * 30_000_011;
      const value = Math.floor((narrow ? product | 0 : product) / 30_000_011);
      if (!unguarded && a === b) return 0;
      if (!above(value, low - floor * 4, strictLow)) return -floor * 4;
      return above(value, ceiling * 5 + high, strictHigh) ? ceiling * 5 + 1 : value;
    },
  },
  {
    name: "days between",
    largest: 70,
    compute([a, b], [week, holiday], { low, high, step: d, strictLow, strictHigh, unguarded }, step) {
      let days = 0;
      const [from, to] = a <= b || unguarded ? [a, b] : [b, a];
      for (let day = from + low; strictHigh ? day < to + high : day <= to + high; day++) {
        step();
        if (day % (week + d) !== 0 && !(strictLow && day === holiday)) days++;
      }
      return days;
    },
  },
];

/** Problems of each family. */
const VARIANTS = 4;

/** Draws after which a problem is taken to have no further mutants. */
const MOST_DRAWS = 1000;

/**
 * Twenty problems with their mutants, in the place of human submissions that cannot be shipped: five kinds of program, four
 * times with other constants.
 *
 * @param options.mutants wrong programs of each problem, all of them different on some input. Default 30: the card's small scale.
 */
export function mutatedProblems({
  seed,
  mutants = 30,
}: {
  readonly seed: number;
  readonly mutants?: number;
}): MutatedProblem[] {
  if (!Number.isInteger(mutants) || mutants < 1 || mutants > 40) {
    refuse("mutatedProblems", `mutants is ${mutants}`, "pass a whole number from 1 to 40");
  }
  return FAMILIES.flatMap((family, f) =>
    Array.from({ length: VARIANTS }, (_, v) =>
      mutated(family, mutants, rng({ seed, stream: "mutated-problems", row: f * VARIANTS + v })),
    ),
  );
}

function mutated(family: Family, mutants: number, random: Rng): MutatedProblem {
  const constants = [2 + random.integer(6), 3 + random.integer(5)] as const;
  const ranges = [0, 1].map(() => [0, family.largest] as const);
  const make = (slips: Slips): Program => {
    return (input, step) => `${family.compute(pairOf(input), constants, slips, step)}`;
  };
  const reference = make(NO_SLIP);
  const everything = allInputs(family.largest);
  const right = everything.map((input) => outputOf(reference, input));
  const seen = new Set([right.join()]);
  const wrong: Program[] = [];
  for (let i = 0; wrong.length < mutants && i < MOST_DRAWS; i++) {
    const program = make(drawSlips(random));
    const behaviour = everything.map((input) => outputOf(program, input)).join();
    if (seen.has(behaviour)) continue; // equal to the reference, or to another mutant, on every input
    seen.add(behaviour);
    wrong.push(program);
  }
  if (wrong.length < mutants) throw new Error(`internal: ${family.name} has ${wrong.length} mutants`);
  const validator = (input: string): boolean =>
    /^\d+ \d+$/.test(input) && pairOf(input).every((x) => x <= family.largest);
  return { name: `${family.name} ${constants.join(" ")}`, ranges, validator, reference, wrong };
}

/** A coarse grid and the edges of both numbers: mutants are told apart by it, and differ from the reference on it. */
function allInputs(largest: number): string[] {
  const values = Array.from({ length: largest + 1 }, (_, x) => x).filter(
    (x) => x < 6 || x > largest - 4 || x % 9 === 0,
  );
  return values.flatMap((a) => values.map((b) => `${a} ${b}`));
}

function pairOf(input: string): readonly [number, number] {
  const [a, b] = input.split(" ").map(Number);
  if (a === undefined || b === undefined || !Number.isInteger(a) || !Number.isInteger(b)) throw new RangeError(input);
  return [a, b];
}

/** One slip, or two. */
function drawSlips(random: Rng): Slips {
  const one = (): Partial<Slips> =>
    random.pick<() => Partial<Slips>>([
      () => ({ low: random.pick([-4, -3, -2, -1, 1, 2, 3, 4]) }),
      () => ({ high: random.pick([-4, -3, -2, -1, 1, 2, 3, 4]) }),
      () => ({ step: random.pick([-1, 1, 2, 3]) }),
      () => ({ strictLow: true }),
      () => ({ strictHigh: true }),
      () => ({ narrow: true }),
      () => ({ unguarded: true }),
    ])();
  return { ...NO_SLIP, ...one(), ...(random.uniform() < 0.5 ? one() : {}) };
}
