/** Numbers as Verilog writes them. */
import { type Bits, bits } from "./bits.ts";
import type { Expression } from "./verilog-syntax.ts";

/** Widest signal, in bits: ample for the problems of this kind. */
export const WIDEST = 1024;

const DIGIT_BITS: Readonly<Record<string, number>> = { b: 1, o: 3, h: 4 };

/** `12`, `4'b10x0`, `8'hff` as a word; undefined where it is none. */
export function literal(text: string): Bits | undefined {
  const sized = /^(\d*)\s*'([bodh])\s*([\da-fxz?_]+)$/i.exec(text);
  if (sized === null) return bits(32, BigInt(text.replaceAll("_", "")));
  const width = sized[1] === "" ? 32 : Number(sized[1]);
  if (!(width >= 1 && width <= WIDEST)) return undefined;
  const digits = (sized[3] ?? "").toLowerCase().replaceAll("_", "");
  return digitsOf(width, (sized[2] ?? "b").toLowerCase(), digits);
}

/** Digits of a literal; x, z and ? are unknown bits, and fill what lies before them where they come first. */
function digitsOf(width: number, base: string, digits: string): Bits | undefined {
  if (base === "d") return /^\d+$/.test(digits) ? bits(width, BigInt(digits)) : undefined;
  const each = DIGIT_BITS[base] ?? 1;
  const all = 2 ** each;
  let [value, unknown] = [0n, /^[xz?]/.test(digits) ? -1n : 0n];
  for (const digit of digits) {
    const number = Number.parseInt(digit, 16);
    if (number >= all) return undefined;
    value = (value << BigInt(each)) | BigInt(Number.isNaN(number) ? 0 : number);
    unknown = (unknown << BigInt(each)) | BigInt(Number.isNaN(number) ? all - 1 : 0);
  }
  return bits(width, value, unknown);
}

/** Value of an expression without signals; undefined where it has one, or an operator that ranges do not need. */
export function fold(expression: Expression): number | undefined {
  if (expression.kind === "literal") return expression.bits.unknown === 0n ? Number(expression.bits.value) : undefined;
  if (expression.kind === "unary") {
    const a = fold(expression.a);
    return a !== undefined && expression.operator === "-" ? -a : undefined;
  }
  if (expression.kind !== "binary") return undefined;
  const [a, b] = [fold(expression.a), fold(expression.b)];
  if (a === undefined || b === undefined) return undefined;
  const values: Readonly<Record<string, number>> = { "+": a + b, "-": a - b, "*": a * b, "<<": a * 2 ** b };
  const value = values[expression.operator];
  return Number.isSafeInteger(value) ? value : undefined;
}
