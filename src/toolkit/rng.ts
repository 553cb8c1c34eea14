/**
 * Counter-based randomness: every number is a pure function of (seed, stream, step, row, position), so the same seed
 * gives the same run whatever the batch order, the thread count or the point of resuming.
 *
 * Philox4x32-10: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC'11. The key is (seed, stream),
 * the counter is (position, row, step, 0).
 */
import { refuse } from "./refuse.ts";

/** What a number is for, and where in the run it is drawn. Each part is a whole number from 0 to 2^32 - 1. */
export interface RngKey {
  readonly seed: number;
  /** Purpose of the numbers, such as `"sampling"` or `"init"`: two purposes never share numbers. */
  readonly stream: string;
  /** Training step. Default 0. */
  readonly step?: number;
  /** Row of the batch, problem index. Default 0. */
  readonly row?: number;
}

/** A sequence of numbers at one key. Reading advances `position`; nothing else is state. */
export interface Rng {
  /** Position of the next block of four words in the sequence; set it to go back or ahead. */
  position: number;
  /** Uniform in [0, 1), 24 bits: exact in float32. */
  uniform(): number;
  /** Uniform whole number in [0, n), without modulo bias. */
  integer(n: number): number;
  /** Standard normal (Box-Muller, two uniforms a number). */
  normal(): number;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const WEYL = [0x9e3779b9, 0xbb67ae85] as const;
const TO_UNIT = 2 ** -24;

/** Opens the sequence of a key. */
export function rng(key: RngKey): Rng {
  const { seed, stream, step = 0, row = 0 } = key;
  for (const [name, value] of Object.entries({ seed, step, row })) {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
      refuse("rng", `${name} is ${value}`, "pass a whole number from 0 to 2^32 - 1");
    }
  }
  const streamKey = hashName(stream);
  const block = new Uint32Array(4);
  let position = 0;
  let used = 4;

  function word(): number {
    if (used === 4) {
      philox(seed, streamKey, position++, row, step, block);
      used = 0;
    }
    return block[used++] ?? 0;
  }
  const uniform = (): number => (word() >>> 8) * TO_UNIT;
  let [range, limit] = [0, 0];
  const integer = (n: number): number => {
    if (n !== range) {
      if (!Number.isInteger(n) || n < 1 || n > 2 ** 32)
        refuse("rng.integer", `n is ${n}`, "pass a whole number from 1");
      range = n;
      limit = 2 ** 32 - (2 ** 32 % n);
    }
    for (;;) {
      const drawn = word();
      if (drawn < limit) return drawn - Math.floor(drawn / n) * n; // the remainder, exactly, and faster than % above 2^31
    }
  };
  return {
    get position() {
      return position;
    },
    set position(value: number) {
      position = value;
      used = 4;
    },
    uniform,
    integer,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) refuse("rng.pick", "the list is empty", "pass at least one item");
      return items[integer(items.length)] as T;
    },
    shuffle<T>(items: readonly T[]): T[] {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        const held = copy[i] as T;
        copy[i] = copy[j] as T;
        copy[j] = held;
      }
      return copy;
    },
  };
}

/**
 * One uniform per row at one position: what a sampler needs for token `position` of each row of a batch.
 *
 * @returns `out`, filled with numbers in [0, 1); row r's number depends on (seed, stream, step, rows[r], position) alone
 */
export function uniformRows(
  key: Omit<RngKey, "row">,
  rows: ArrayLike<number>,
  position: number,
  out: Float32Array = new Float32Array(rows.length),
): Float32Array {
  const streamKey = hashName(key.stream);
  const block = new Uint32Array(4);
  for (let r = 0; r < rows.length; r++) {
    philox(key.seed, streamKey, position, rows[r] ?? 0, key.step ?? 0, block);
    out[r] = ((block[0] ?? 0) >>> 8) * TO_UNIT;
  }
  return out;
}

/** Ten rounds of Philox4x32 on counter (c0, c1, c2, 0) under key (k0, k1), into `out`. */
export function philox(k0: number, k1: number, c0: number, c1: number, c2: number, out: Uint32Array): void {
  let x0 = c0 >>> 0;
  let x1 = c1 >>> 0;
  let x2 = c2 >>> 0;
  let x3 = 0;
  let a = k0 >>> 0;
  let b = k1 >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(MULTIPLIERS[0], x0);
    const high1 = multiplyHigh(MULTIPLIERS[1], x2);
    const low0 = Math.imul(MULTIPLIERS[0], x0) >>> 0;
    const low1 = Math.imul(MULTIPLIERS[1], x2) >>> 0;
    x0 = (high1 ^ x1 ^ a) >>> 0;
    x1 = low1;
    x2 = (high0 ^ x3 ^ b) >>> 0;
    x3 = low0;
    a = (a + WEYL[0]) >>> 0;
    b = (b + WEYL[1]) >>> 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // below 2^32, like the carry
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/** 32-bit FNV-1a of a stream's name. */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
