/**
 * A ground truth for the reasoning boundary: softmax policies of which every success rate is known exactly, trained by GRPO, and
 * what the tools say of samples of them. All contexts share one table of logits, so training on some moves the others: to where
 * their right answer is hardly ever drawn (the boundary shrinks), to where an answer that was never drawn comes (it grows), or
 * just up (it sharpens). A verifier that calls everything right changes nothing.
 */
import { grpo } from "../../../src/algorithms/index.ts";
import { type ReasoningBoundary, reasoningBoundary, type SolveCounts } from "../../../src/analysis/index.ts";
import { binomialShares } from "../../../src/analysis/statistics/discrete.ts";
import type { Estimate } from "../../../src/analysis/statistics/estimate.ts";
import { type Rng, rng } from "../../../src/toolkit/rng.ts";
import { answerProbabilities, type TabularPolicy, trainTabular } from "../../../src/toolkit/tabular.ts";

export const worldNames = ["shrinks", "grows", "sharpens", "same"] as const;
export type WorldName = (typeof worldNames)[number];

/** Exact success rates of every context, before and after. */
export interface World {
  readonly base: Float64Array; // [C]
  readonly trained: Float64Array; // [C]
}

const CONTEXTS = 400;
const SYMBOLS = 6;
/** One context in four is unlike the others. */
export const unlike = (context: number): boolean => context % 4 === 3;
/** From 0 to 1, evenly over the contexts. */
const spread = (context: number): number => (context * 0.618034) % 1;

const RIGHT: Readonly<Record<WorldName, (context: number) => number>> = {
  shrinks: (context) => (unlike(context) ? 1 : 0),
  grows: () => 0,
  sharpens: () => 0,
  same: () => 0,
};

/** Logit of the right answer before training; those of the five others are 0. */
const START: Readonly<Record<WorldName, (context: number) => number>> = {
  shrinks: (context) => 2 * spread(context) - 0.5,
  grows: (context) => (unlike(context) ? -9 : 2 * spread(context) - 0.5),
  sharpens: (context) => 5 * spread(context) - 5,
  same: (context) => 5 * spread(context) - 5,
};

export async function trainedWorld(name: WorldName): Promise<World> {
  const [right, start] = [RIGHT[name], START[name]];
  const problem = {
    contexts: CONTEXTS,
    symbols: SYMBOLS,
    features: Array.from({ length: CONTEXTS }, () => [1]),
    initial: (context: number) =>
      Float64Array.from({ length: SYMBOLS }, (_, s) => (s === right(context) ? start(context) : 0)),
    reward: (context: number, [answer]: readonly number[]) => (answer === right(context) ? 1 : 0),
  };
  const { initial, policy } = await trainTabular({
    ...{ problem, algorithm: grpo(), steps: name === "sharpens" ? 12 : 40, seed: 1 },
    ...{ promptsPerStep: 32, samplesPerPrompt: 8, learningRate: name === "sharpens" ? 1 : 5, measureEvery: 1000 },
    ...(name === "same" && { observed: () => 1 }),
  });
  const rates = (of: TabularPolicy): Float64Array =>
    Float64Array.from(
      { length: CONTEXTS },
      (_, context) => answerProbabilities(of, context)[right(context)] ?? Number.NaN,
    );
  return { base: rates(initial), trained: rates(policy) };
}

/** Mean pass@k of all contexts, exactly: 1 − (1 − p)^k. */
export function exactPass(rates: Float64Array, k: number): number {
  return rates.reduce((sum, rate) => sum - Math.expm1(k * Math.log1p(-Math.min(rate, 1 - 1e-16))), 0) / rates.length;
}

/** First k up to n at which the base's exact curve is ahead. */
export function exactCrossing({ base, trained }: World, n: number): number | undefined {
  for (let k = 1; k <= n; k++) if (exactPass(base, k) > exactPass(trained, k) + 1e-12) return k;
  return undefined;
}

/** Draws counts of n samples: the distribution of each context once, then by its sums. */
function countSampler({ base, trained }: World, n: number): (random: Rng, context: number, run: keyof World) => number {
  const sums = new Map<string, Float64Array>();
  const sumsOf = (context: number, run: keyof World): Float64Array => {
    const key = `${run}/${context}`;
    const known = sums.get(key);
    if (known !== undefined) return known;
    let sum = 0;
    const made = binomialShares(n, (run === "base" ? base : trained)[context] ?? 0).map((share) => (sum += share));
    sums.set(key, made);
    return made;
  };
  return (random, context, run) => {
    const [at, all] = [random.uniform(), sumsOf(context, run)];
    let [low, high] = [0, n];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((all[middle] ?? 1) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

export interface DrawOptions {
  readonly problems: number;
  readonly samples: number;
  readonly repetitions: number;
  readonly resamples: number;
  readonly seed: number;
  /** The ks of the curves. Default: all that `reasoningBoundary` takes. */
  readonly ks?: readonly number[];
}

/** How often the tools were right and wrong, as shares of the repetitions. */
export interface Tally {
  readonly verdicts: Readonly<Record<ReasoningBoundary["moves"]["verdict"], number>>;
  /** A problem is said to have crossed the boundary whose rate did not cross the rule's threshold. */
  readonly falseMove: number;
  /** A problem's rate is said to have changed beyond chance; and the mean share of such that did not change. */
  readonly anyChange: number;
  readonly falseShare: number;
  /** The base is said to lead clearly at some k at which it does not. */
  readonly clearLead: number;
  readonly falseLead: number;
  /** The intervals that hold the truth over all contexts: pass@n of both, and where the curves cross (if they do). */
  readonly baseBand: number;
  readonly trainedBand: number;
  readonly crossing: number;
}

/** Draws problems and samples again and again, and keeps the score. */
export function tally(world: World, { problems, samples, repetitions, resamples, seed, ks }: DrawOptions): Tally {
  const draw = countSampler(world, samples);
  const truth = {
    base: exactPass(world.base, samples),
    trained: exactPass(world.trained, samples),
    crossing: exactCrossing(world, samples),
  };
  const verdicts = { shrinks: 0, grows: 0, "shrinks and grows": 0, "no change shown": 0 };
  const sums = {
    falseMove: 0,
    anyChange: 0,
    falseShare: 0,
    clearLead: 0,
    falseLead: 0,
    baseBand: 0,
    trainedBand: 0,
    crossing: 0,
  };
  for (let r = 0; r < repetitions; r++) {
    const random = rng({ seed, stream: "worlds", step: r });
    const contexts = random.shuffle(Array.from({ length: CONTEXTS }, (_, i) => i)).slice(0, problems);
    const run = (of: keyof World): SolveCounts => ({
      problems: contexts.map((context) => ({ id: String(context), n: samples, correct: draw(random, context, of) })),
    });
    const found = reasoningBoundary(run("base"), run("trained"), { resamples, seed: r, ...(ks && { ks }) });
    verdicts[found.moves.verdict] += 1 / repetitions;
    for (const [name, value] of Object.entries(judged(found, world, truth))) {
      sums[name as keyof typeof sums] += Number(value) / repetitions;
    }
  }
  return { verdicts, ...sums };
}

function judged(
  found: ReasoningBoundary,
  world: World,
  truth: { readonly base: number; readonly trained: number; readonly crossing: number | undefined },
): Record<Exclude<keyof Tally, "verdicts">, boolean | number> {
  const { moves, problems, crossing, curve, n } = found;
  const { threshold } = moves.rule;
  const rate = (of: keyof World, id: string): number => world[of][Number(id)] ?? Number.NaN;
  const stayed = (from: keyof World, to: keyof World) => (id: string) =>
    !(rate(from, id) > threshold && rate(to, id) <= threshold);
  const changed = problems.filter(({ beyondChance }) => beyondChance);
  const unchanged = changed.filter(({ id }) => rate("base", id) === rate("trained", id));
  const lead = crossing.clearFrom;
  const last = curve.at(-1);
  const holds = ({ low, high }: Estimate, value: number): boolean => low <= value && value <= high;
  return {
    falseMove: moves.lost.some(stayed("base", "trained")) || moves.gained.some(stayed("trained", "base")),
    anyChange: changed.length > 0,
    falseShare: changed.length === 0 ? 0 : unchanged.length / changed.length,
    clearLead: lead !== undefined,
    falseLead: lead !== undefined && exactPass(world.base, lead) <= exactPass(world.trained, lead) + 1e-12,
    baseBand: last !== undefined && holds(last.base, truth.base),
    trainedBand: last !== undefined && holds(last.trained, truth.trained),
    crossing: holdsCrossing(crossing, truth.crossing, n.common),
  };
}

function holdsCrossing({ low, high }: ReasoningBoundary["crossing"], k: number | undefined, n: number): boolean {
  if (k === undefined) return high === undefined;
  return (low ?? n + 1) <= k && k <= (high ?? n);
}
