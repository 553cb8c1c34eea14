/** Draws of runs within each task: which cells of a score matrix a resample is made of. */
import { refuse } from "../../toolkit/refuse.ts";
import type { Rng } from "../../toolkit/rng.ts";
import type { Scores } from "./scores.ts";

/** Where drawn indices come from; an `Rng` is one. */
export interface IndexSource {
  /** Uniform whole number in [0, n). */
  integer(n: number): number;
}

/**
 * The 32-bit generator of Numerical Recipes: s ← 1664525 s + 1013904223 mod 2³², index = (s >> 16) mod n. A few lines in any
 * language, so that intervals can be compared to the last digit. Its low quality is known: not for results.
 *
 * @throws UsageError when the seed is not whole, or more than 65536 values are asked for
 */
export function linearCongruential(seed: number): IndexSource {
  if (!Number.isSafeInteger(seed)) refuse("linearCongruential", `the seed is ${seed}`, "pass a whole number");
  let state = seed >>> 0;
  return {
    integer(n) {
      if (!(n >= 1 && n <= 65536)) refuse("linearCongruential", `n is ${n}`, "draw from 1 to 65536 values");
      state = (Math.imul(1664525, state) + 1013904223) >>> 0;
      return (state >>> 16) % n;
    },
  };
}

/** Fills an array with uniform indices. */
export type IndexFiller = (out: Int32Array) => void;

/** One index at a time, in order. */
export function oneByOne(source: IndexSource, n: number): IndexFiller {
  return (out) => {
    for (let i = 0; i < out.length; i++) out[i] = source.integer(n);
  };
}

/** Entries of the digit table at most: stays in the processor's nearest cache. */
const TABLE = 16384;

/**
 * Many indices from each random word: a uniform number below nᵏ is k independent uniform digits in base n, so a word that is
 * uniform below n²ᵏ gives 2k indices by two looks into a table of the nᵏ digit strings. No bias: the generator rejects words
 * above the last whole multiple.
 */
export function manyAtOnce(random: Rng, n: number): IndexFiller {
  const digits = Math.floor(Math.log(TABLE) / Math.log(Math.max(2, n)) + 1e-9);
  if (digits < 2) return oneByOne(random, n);
  const strings = Math.max(2, n) ** digits;
  const table = new Uint8Array(strings * digits);
  for (let i = 0; i < strings; i++) {
    for (let d = 0, rest = i; d < digits; d++, rest = Math.floor(rest / n)) table[i * digits + d] = rest % n;
  }
  const spare = new Int32Array(2 * digits);
  return (out) => {
    const whole = out.length - (out.length % spare.length);
    fillWhole(out, whole, random, { table, strings, digits });
    if (whole === out.length) return;
    fillWhole(spare, spare.length, random, { table, strings, digits });
    out.set(spare.subarray(0, out.length - whole), whole);
  };
}

/** Fills the places up to `end`, a whole multiple of two digit strings. */
function fillWhole(
  out: Int32Array,
  end: number,
  random: Rng,
  { table, strings, digits }: { readonly table: Uint8Array; readonly strings: number; readonly digits: number },
): void {
  const range = strings * strings;
  for (let at = 0; at < end; at += digits) {
    const drawn = random.integer(range);
    const high = Math.floor(drawn / strings);
    const one = high * digits;
    const other = (drawn - high * strings) * digits;
    for (let d = 0; d < digits; d++) out[at + d] = table[one + d] ?? 0;
    at += digits;
    for (let d = 0; d < digits; d++) out[at + d] = table[other + d] ?? 0;
  }
}

/** Writes the cells of the next resample. */
export type Resampler = (cells: Int32Array) => void;

/**
 * Runs drawn within each task, independently: place (n, m) gets a cell of task m, or of a drawn task where tasks are drawn
 * too. Indices are used up resample by resample, run by run, task by task; then the drawn tasks.
 *
 * @param filler gives a filler of indices below n
 */
export function stratified(
  { runs, tasks }: Pick<Scores, "runs" | "tasks">,
  filler: (n: number) => IndexFiller,
  taskBootstrap: boolean,
): Resampler {
  const fillRuns = filler(runs);
  const columns = Int32Array.from({ length: tasks }, (_, m) => m);
  const fillTasks = taskBootstrap ? filler(tasks) : undefined;
  return (cells) => {
    fillRuns(cells);
    fillTasks?.(columns);
    toCells(cells, columns);
  };
}

/** Turns drawn runs into cells of the drawn columns. */
function toCells(cells: Int32Array, columns: Int32Array): void {
  const tasks = columns.length;
  for (let c = 0; c < cells.length; ) {
    for (let m = 0; m < tasks; m++, c++) cells[c] = Math.imul(cells[c] ?? 0, tasks) + (columns[m] ?? 0);
  }
}

/** Every cell once: the sample itself. */
export function everyCell({ values }: Pick<Scores, "values">): Int32Array {
  return Int32Array.from({ length: values.length }, (_, c) => c);
}
