/** The rule-based test bench: what is put into two designs, and how often their outputs differ. */
import { refuse } from "../../../refuse.ts";
import { type Rng, rng } from "../../../rng.ts";
import { type Bits, bits, same } from "./bits.ts";
import {
  type Circuit,
  type CircuitPorts,
  checkPorts,
  type ResetOption,
  type ResetPort,
  type Words,
} from "./circuit.ts";

/** One reset of a phase, with the way it is released. */
export interface PhaseReset extends ResetOption {
  readonly name: string;
}

/**
 * Every non-empty subset of the reset ports with every listed way to reset each of them: Π (1 + options) − 1 phases.
 *
 * @returns [combination][port]
 */
export function resetCombinations(ports: readonly ResetPort[]): PhaseReset[][] {
  let sets: PhaseReset[][] = [[]];
  for (const { name, options } of ports) {
    const more = options.flatMap((option) => sets.map((set) => [...set, { name, ...option }]));
    sets = [...sets, ...more];
  }
  return sets.slice(1);
}

export interface BenchSize {
  /** Sequences of a phase. Default 100: the code's. */
  readonly outer?: number;
  /** Checks of a sequence after its first. Default 1000: the code's. */
  readonly inner?: number;
}

/** @throws UsageError for sizes that are no whole numbers, or too small */
function sizeOf({ outer = 100, inner = 1000 }: BenchSize): { readonly outer: number; readonly inner: number } {
  if (!(Number.isSafeInteger(outer) && outer >= 1))
    refuse("codev-r1", `outer is ${outer}`, "pass a whole number from 1");
  if (!(Number.isSafeInteger(inner) && inner >= 0))
    refuse("codev-r1", `inner is ${inner}`, "pass a whole number from 0");
  return { outer, inner };
}

/**
 * How long a bench is, from the number of ways that each reset port can be used.
 *
 * @throws UsageError for a count that is no whole number from 0, or a size out of range
 */
export function benchLength(
  options: readonly number[],
  size: BenchSize = {},
): { readonly combinations: number; readonly checks: number } {
  const { outer, inner } = sizeOf(size);
  const wrong = options.find((count) => !(Number.isSafeInteger(count) && count >= 0));
  if (wrong !== undefined) refuse("benchLength", `a port has ${wrong} options`, "pass whole numbers from 0");
  const combinations = options.reduce((product, count) => product * (1 + count), 1) - 1;
  return { combinations, checks: outer * (1 + inner) * (1 + combinations) };
}

/** Inputs of one moment, and whether the outputs are compared then. */
export interface Moment {
  readonly inputs: Words;
  readonly check: boolean;
}

/**
 * The bench for a design: a phase in which resets are random, then one for each combination of resets. Inputs and clock do not
 * change in one moment: the inputs first, so that both designs see them at the edge. Resets outside a phase's combination are
 * released (our choice).
 *
 * @throws UsageError for more than one clock, ports without width, no outputs, or sizes out of range
 */
export function* testBench(ports: CircuitPorts, random: Rng, size: BenchSize = {}): Generator<Moment> {
  checkPorts("testBench", ports);
  const { outer, inner } = sizeOf(size);
  const { inputs, clocks: [clock] = [], resets = [] } = ports;
  let now: Record<string, Bits> = Object.fromEntries(inputs.map(({ name, width }) => [name, bits(width, 0)]));
  const put = (name: string, value: number): void => {
    now = { ...now, [name]: bits(1, value) };
  };
  if (clock) put(clock.name, 0);
  for (const reset of resets) put(reset.name, released(reset));
  const toggle = (): void => {
    if (clock) put(clock.name, now[clock.name]?.value === 0n ? 1 : 0);
  };
  const randomise = (): void => {
    now = { ...now, ...Object.fromEntries(inputs.map(({ name, width }) => [name, randomWord(random, width)])) };
  };
  function* checked(): Generator<Moment> {
    yield { inputs: now, check: true };
    for (let i = 0; i < inner; i++) {
      randomise();
      if (clock) yield { inputs: now, check: false };
      toggle();
      yield { inputs: now, check: true };
    }
  }

  for (let i = 0; i < outer; i++) {
    for (const { name } of resets) put(name, random.integer(2));
    yield* checked();
  }
  for (const combination of resetCombinations(resets)) {
    for (const reset of resets) put(reset.name, released(reset));
    for (let i = 0; i < outer; i++) {
      for (const { name, polarity } of combination) put(name, polarity);
      yield { inputs: now, check: false };
      if (combination.some(({ synchronous }) => synchronous)) {
        for (let half = 0; half < 4; half++) {
          toggle();
          yield { inputs: now, check: false };
        }
      }
      for (const { name, polarity } of combination) put(name, 1 - polarity);
      yield* checked();
    }
  }
}

/** The level at which a reset does nothing: the other one than its first option's. */
const released = ({ options: [first] }: ResetPort): number => (first === undefined ? 0 : 1 - first.polarity);

function randomWord(random: Rng, width: number): Bits {
  let value = 0n;
  for (let low = 0; low < width; low += 24) value |= BigInt(random.integer(2 ** 24)) << BigInt(low);
  return bits(width, value);
}

export interface EquivalenceOptions extends BenchSize {
  readonly golden: Circuit;
  /** Undefined where the candidate could not be read: reward 0. */
  readonly candidate: Circuit | undefined;
  /** Those of the golden design. */
  readonly ports: CircuitPorts;
  readonly seed: number;
  /** Wall-clock limit. Default 30 000: the code's. */
  readonly timeoutMs?: number;
}

export interface Equivalence {
  /** 1 where no check differs, else 0. */
  readonly reward: 0 | 1;
  /** Mismatching checks by checks; 1 where none was made. */
  readonly errorRate: number;
  readonly checks: number;
  /** Why the reward is 0; empty where it is 1. */
  readonly reason: string;
}

/**
 * Runs two designs side by side on the same inputs. Unknown bits have to match, too.
 *
 * @throws UsageError for ports or sizes out of range, and where the golden design fails
 */
export function equivalence(options: EquivalenceOptions): Equivalence {
  const { ports, seed, outer, inner } = options;
  const size = { ...(outer !== undefined && { outer }), ...(inner !== undefined && { inner }) };
  return compareOn(options, testBench(ports, rng({ seed, stream: "codev-r1/bench" }), size));
}

/**
 * The same on inputs of one's own.
 *
 * @param moments in their order
 */
export function compareOn(
  { golden, candidate, ports, timeoutMs = 30_000 }: Omit<EquivalenceOptions, "seed" | "outer" | "inner">,
  moments: Iterable<Moment>,
): Equivalence {
  checkPorts("equivalence", ports);
  const none = (reason: string): Equivalence => ({ reward: 0, errorRate: 1, checks: 0, reason });
  if (candidate === undefined) return none("there is no design to compare");
  const end = performance.now() + timeoutMs;
  let [ours, theirs]: [unknown, unknown] = [golden.initial, candidate.initial];
  let [checks, wrong] = [0, 0];
  let first = "";
  for (const { inputs, check } of moments) {
    const want = golden.step(inputs, ours);
    const got = attempt(() => candidate.step(inputs, theirs));
    if (got.kind === "failed") return none(got.reason);
    [ours, theirs] = [want.state, got.value.state];
    if (!check) continue;
    checks++;
    const differs = ports.outputs.find(({ name }) => !matches(want.outputs[name], got.value.outputs[name]));
    if (differs !== undefined && wrong++ === 0) first = `check ${checks}: the output "${differs.name}" differs`;
    if (checks % 256 === 0 && performance.now() > end) return none(`it took more than ${timeoutMs} ms`);
  }
  if (checks === 0) return none("there was no check");
  return { reward: wrong === 0 ? 1 : 0, errorRate: wrong / checks, checks, reason: first };
}

const matches = (want: Bits | undefined, got: Bits | undefined): boolean =>
  want !== undefined && got !== undefined && same(want, got);

/** What a candidate gives, or why it failed: a design is a model's text, and may do anything. */
function attempt<T>(
  run: () => T,
): { readonly kind: "ok"; readonly value: T } | { readonly kind: "failed"; readonly reason: string } {
  try {
    return { kind: "ok", value: run() };
  } catch (error) {
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}
