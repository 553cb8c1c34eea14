/** Words of bits that are 0, 1 or unknown, and Verilog's operators on them (IEEE 1364-2005, section 5; no high impedance). */

export interface Bits {
  readonly width: number;
  /** The known ones; 0 where a bit is unknown. */
  readonly value: bigint;
  /** 1 where a bit is unknown. */
  readonly unknown: bigint;
}

const ones = (width: number): bigint => (1n << BigInt(width)) - 1n;

/** A word; bits beyond the width are dropped. */
export function bits(width: number, value: bigint | number, unknown: bigint = 0n): Bits {
  const mask = ones(width);
  const dark = unknown & mask;
  return { width, value: BigInt(value) & mask & ~dark, unknown: dark };
}

export const unknownBits = (width: number): Bits => ({ width, value: 0n, unknown: ones(width) });

/** Whether two words are the same, unknown bits included. */
export const same = (a: Bits, b: Bits): boolean =>
  a.width === b.width && a.value === b.value && a.unknown === b.unknown;

/** The word with zeros before it, or without its upper bits. */
export const resized = (a: Bits, width: number): Bits => (a.width === width ? a : bits(width, a.value, a.unknown));

/** Whether any bit is 1 (1), none can be (0), or it depends on unknown ones (undefined). */
export function truth(a: Bits): 0 | 1 | undefined {
  if (a.value !== 0n) return 1;
  return a.unknown === 0n ? 0 : undefined;
}

const bit = (value: boolean | 0 | 1 | undefined): Bits =>
  value === undefined ? unknownBits(1) : { width: 1, value: value ? 1n : 0n, unknown: 0n };

const and = (a: Bits, b: Bits): Bits => {
  const zero = ~(a.value | a.unknown) | ~(b.value | b.unknown);
  return { width: a.width, value: a.value & b.value, unknown: (a.unknown | b.unknown) & ~zero };
};
const or = (a: Bits, b: Bits): Bits => {
  const value = a.value | b.value;
  return { width: a.width, value, unknown: (a.unknown | b.unknown) & ~value };
};
const xor = (a: Bits, b: Bits): Bits => {
  const unknown = a.unknown | b.unknown;
  return { width: a.width, value: (a.value ^ b.value) & ~unknown, unknown };
};
const not = (a: Bits): Bits => ({ ...a, value: ~a.value & ~a.unknown & ones(a.width) });

/** Known operands give a number, others nothing but unknown bits. */
const known =
  (width: (a: Bits) => number, of: (a: Bits, b: Bits) => bigint | undefined) =>
  (a: Bits, b: Bits): Bits => {
    const value = a.unknown === 0n && b.unknown === 0n ? of(a, b) : undefined;
    return value === undefined ? unknownBits(width(a)) : bits(width(a), value);
  };
const arithmetic = (of: (a: bigint, b: bigint) => bigint | undefined) =>
  known(
    (a) => a.width,
    (a, b) => of(a.value, b.value),
  );
const relation = (of: (a: bigint, b: bigint) => boolean) =>
  known(
    () => 1,
    (a, b) => (of(a.value, b.value) ? 1n : 0n),
  );

/** Differs where a known bit does; where no known bit does but one is unknown, it cannot be said. */
function equal(a: Bits, b: Bits): 0 | 1 | undefined {
  const dark = a.unknown | b.unknown;
  if (((a.value ^ b.value) & ~dark) !== 0n) return 0;
  return dark === 0n ? 1 : undefined;
}
const opposite = (value: 0 | 1 | undefined): 0 | 1 | undefined => (value === undefined ? undefined : value ? 0 : 1);

function both(a: Bits, b: Bits): 0 | 1 | undefined {
  const [p, q] = [truth(a), truth(b)];
  if (p === 0 || q === 0) return 0;
  return p === 1 && q === 1 ? 1 : undefined;
}
function either(a: Bits, b: Bits): 0 | 1 | undefined {
  const [p, q] = [truth(a), truth(b)];
  if (p === 1 || q === 1) return 1;
  return p === 0 && q === 0 ? 0 : undefined;
}

function shifted(a: Bits, by: Bits, left: boolean): Bits {
  if (by.unknown !== 0n) return unknownBits(a.width);
  if (by.value >= BigInt(a.width)) return bits(a.width, 0n);
  return left
    ? bits(a.width, a.value << by.value, a.unknown << by.value)
    : bits(a.width, a.value >> by.value, a.unknown >> by.value);
}

function parity(a: Bits): Bits {
  if (a.unknown !== 0n) return unknownBits(1);
  let [left, odd] = [a.value, false];
  for (; left !== 0n; left &= left - 1n) odd = !odd;
  return bit(odd);
}
const all = (a: Bits): Bits => bit(opposite(truth(not(a))));

/** Operands are as wide as the result ("context"), the first one is ("shift"), they are as each other ("operands"), or not ("own"). */
type WidthRule = "context" | "shift" | "operands" | "own";

export interface BinaryOperator {
  readonly rule: WidthRule;
  readonly level: number;
  apply(a: Bits, b: Bits): Bits;
}

const binary = (level: number, rule: WidthRule, apply: (a: Bits, b: Bits) => Bits): BinaryOperator => ({
  level,
  rule,
  apply,
});

/** Binary operators; those of a higher level bind first. */
export const BINARY: ReadonlyMap<string, BinaryOperator> = new Map([
  ["||", binary(1, "own", (a, b) => bit(either(a, b)))],
  ["&&", binary(2, "own", (a, b) => bit(both(a, b)))],
  ["|", binary(3, "context", or)],
  ["^", binary(4, "context", xor)],
  ["~^", binary(4, "context", (a, b) => not(xor(a, b)))],
  ["^~", binary(4, "context", (a, b) => not(xor(a, b)))],
  ["&", binary(5, "context", and)],
  ["==", binary(6, "operands", (a, b) => bit(equal(a, b)))],
  ["!=", binary(6, "operands", (a, b) => bit(opposite(equal(a, b))))],
  ["===", binary(6, "operands", (a, b) => bit(same(a, b)))],
  ["!==", binary(6, "operands", (a, b) => bit(!same(a, b)))],
  [
    "<",
    binary(
      7,
      "operands",
      relation((a, b) => a < b),
    ),
  ],
  [
    "<=",
    binary(
      7,
      "operands",
      relation((a, b) => a <= b),
    ),
  ],
  [
    ">",
    binary(
      7,
      "operands",
      relation((a, b) => a > b),
    ),
  ],
  [
    ">=",
    binary(
      7,
      "operands",
      relation((a, b) => a >= b),
    ),
  ],
  ["<<", binary(8, "shift", (a, b) => shifted(a, b, true))],
  [">>", binary(8, "shift", (a, b) => shifted(a, b, false))],
  [
    "+",
    binary(
      9,
      "context",
      arithmetic((a, b) => a + b),
    ),
  ],
  [
    "-",
    binary(
      9,
      "context",
      arithmetic((a, b) => a - b),
    ),
  ],
  [
    "*",
    binary(
      10,
      "context",
      arithmetic((a, b) => a * b),
    ),
  ],
  [
    "/",
    binary(
      10,
      "context",
      arithmetic((a, b) => (b === 0n ? undefined : a / b)),
    ),
  ],
  [
    "%",
    binary(
      10,
      "context",
      arithmetic((a, b) => (b === 0n ? undefined : a % b)),
    ),
  ],
]);

export interface UnaryOperator {
  readonly rule: "context" | "own";
  apply(a: Bits): Bits;
}

export const UNARY: ReadonlyMap<string, UnaryOperator> = new Map<string, UnaryOperator>([
  ["~", { rule: "context", apply: not }],
  ["+", { rule: "context", apply: (a) => a }],
  ["-", { rule: "context", apply: (a) => (a.unknown === 0n ? bits(a.width, -a.value) : unknownBits(a.width)) }],
  ["!", { rule: "own", apply: (a) => bit(opposite(truth(a))) }],
  ["&", { rule: "own", apply: all }],
  ["|", { rule: "own", apply: (a) => bit(truth(a)) }],
  ["^", { rule: "own", apply: parity }],
  ["~&", { rule: "own", apply: (a) => not(all(a)) }],
  ["~|", { rule: "own", apply: (a) => bit(opposite(truth(a))) }],
  ["~^", { rule: "own", apply: (a) => not(parity(a)) }],
]);

/** What `condition ? a : b` gives: where the condition is unknown, the bits that are the same either way. */
export function chosen(condition: Bits, a: Bits, b: Bits): Bits {
  const holds = truth(condition);
  if (holds !== undefined) return holds ? a : b;
  const differs = (a.value ^ b.value) | a.unknown | b.unknown;
  return { width: a.width, value: a.value & ~differs, unknown: differs };
}

/** Words side by side, the first one highest. */
export function joined(parts: readonly Bits[]): Bits {
  let [width, value, unknown] = [0, 0n, 0n];
  for (const part of parts) {
    width += part.width;
    value = (value << BigInt(part.width)) | part.value;
    unknown = (unknown << BigInt(part.width)) | part.unknown;
  }
  return { width, value, unknown };
}

/** Bits `low` to `low + width - 1`; unknown beyond the word. */
export function sliced(a: Bits, low: number, width: number): Bits {
  if (low < 0 || low + width > a.width) {
    const at = BigInt(Math.max(0, -low));
    const from = BigInt(Math.max(0, low));
    const outside = ones(width) & ~((ones(a.width) >> from) << at);
    return bits(width, (a.value >> from) << at, ((a.unknown >> from) << at) | outside);
  }
  return bits(width, a.value >> BigInt(low), a.unknown >> BigInt(low));
}

/** The word with `part` in the place of its bits from `low`; what lies outside is dropped. */
export function replaced(a: Bits, low: number, part: Bits): Bits {
  if (low < 0 || low >= a.width) return a;
  const mask = ones(part.width) << BigInt(low);
  const value = (a.value & ~mask) | (part.value << BigInt(low));
  return bits(a.width, value, (a.unknown & ~mask) | (part.unknown << BigInt(low)));
}
