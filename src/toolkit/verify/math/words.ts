/** Numbers in words: "twenty-one", "one hundred and five", "three quarters", "minus two", "a dozen". */
import { type Rational, rational } from "../rational.ts";

// biome-ignore format: a row
const ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(" ");
const TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const SCALES: Readonly<Record<string, bigint>> = {
  thousand: 1000n,
  million: 1_000_000n,
  billion: 1_000_000_000n,
  trillion: 1_000_000_000_000n,
};
const PARTS: Readonly<Record<string, bigint>> = {
  half: 2n,
  halves: 2n,
  third: 3n,
  quarter: 4n,
  fourth: 4n,
  fifth: 5n,
  sixth: 6n,
  seventh: 7n,
  eighth: 8n,
  ninth: 9n,
  tenth: 10n,
  eleventh: 11n,
  twelfth: 12n,
  hundredth: 100n,
  thousandth: 1000n,
};
/** Words at most: the longest number below a quintillion has fewer. */
const LONGEST = 24;

/** The number that the words say, all of them; undefined where they say none. */
export function numberOfWords(text: string): Rational | undefined {
  if (text.length > 300) return undefined;
  const words = text.toLowerCase().replace(/-/g, " ").split(/\s+/).filter(Boolean);
  if (words.length === 0 || words.length > LONGEST) return undefined;
  const sign = words[0] === "minus" || words[0] === "negative" ? -1n : 1n;
  const value = positiveOf(sign < 0n ? words.slice(1) : words);
  return value === undefined ? undefined : rational(sign * value.numerator, value.denominator);
}

function positiveOf(words: readonly string[]): Rational | undefined {
  if (words.length === 0) return undefined;
  if (words.join(" ") === "a dozen" || words.join(" ") === "one dozen" || words.join(" ") === "dozen")
    return rational(12n);
  const dozens = words.at(-1) === "dozen" ? wholeOf(words.slice(0, -1)) : undefined;
  if (dozens !== undefined) return rational(12n * dozens);
  const and = words.lastIndexOf("and");
  const mixed = and > 0 ? fractionOf(words.slice(and + 1)) : undefined; // "two and a half"
  if (mixed !== undefined) {
    const before = wholeOf(words.slice(0, and));
    return before === undefined ? undefined : rational(before * mixed.denominator + mixed.numerator, mixed.denominator);
  }
  const point = words.indexOf("point");
  if (point > 0) return decimalOf(words.slice(0, point), words.slice(point + 1));
  const value = wholeOf(words);
  return value === undefined ? fractionOf(words) : rational(value);
}

/** "half", "a third", "three quarters", "five twelfths". */
function fractionOf(words: readonly string[]): Rational | undefined {
  const last = words.at(-1) ?? "";
  const denominator = PARTS[last] ?? PARTS[last.replace(/s$/, "")];
  if (denominator === undefined) return undefined;
  const head = words.slice(0, -1);
  const numerator = head.length === 0 || head.join(" ") === "a" || head.join(" ") === "an" ? 1n : wholeOf(head);
  if (numerator === undefined || (head.length === 0 && last !== "half")) return undefined; // "third" alone is an ordinal
  return rational(numerator, denominator);
}

function decimalOf(before: readonly string[], after: readonly string[]): Rational | undefined {
  const head = wholeOf(before);
  const digits = after.map((word) => ONES.indexOf(word));
  if (head === undefined || digits.length === 0 || digits.some((digit) => digit < 0 || digit > 9)) return undefined;
  const scale = 10n ** BigInt(digits.length);
  return rational(head * scale + BigInt(digits.join("")), scale);
}

/** A whole number from 0: ones, tens, hundreds and scales in falling order. */
function wholeOf(words: readonly string[]): bigint | undefined {
  let total = 0n;
  let group = 0n;
  let room = 1000n; // what may still be added to the group is below this
  let scaleRoom = 10n ** 15n;
  let seen = false;
  for (const [i, word] of words.entries()) {
    if (word === "and" && seen && i + 1 < words.length) continue;
    const scale = SCALES[word];
    const small = ONES.indexOf(word);
    const tens = TENS.indexOf(word);
    if (scale !== undefined) {
      if (!seen || group === 0n || scale >= scaleRoom) return undefined;
      total += group * scale;
      [group, room, scaleRoom] = [0n, 1000n, scale];
    } else if (word === "hundred") {
      if (group === 0n ? seen : group >= 100n) return undefined;
      [group, room] = [(group === 0n ? 1n : group) * 100n, 100n];
    } else if (tens >= 2 && room >= 100n) [group, room] = [group + BigInt(tens * 10), 10n];
    else if (small >= 0 && (small < 10 ? room >= 10n : room >= 100n)) [group, room] = [group + BigInt(small), 1n];
    else if (word === "a" && i === 0 && words.length > 1 && (words[1] === "hundred" || SCALES[words[1] ?? ""]))
      group = 1n;
    else return undefined;
    seen = true;
  }
  return seen ? total + group : undefined;
}
