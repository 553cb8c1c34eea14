/** Whole numbers in boxes. */
import { refuse } from "../../../refuse.ts";
import { balancedEnd } from "../../../verify/math/braces.ts";

/**
 * Contents of all closed `\boxed{...}` of a text, in the order in which they open; a box in a box gives both, the outer one first.
 */
export function boxedContents(text: string): string[] {
  return [...text.matchAll(/\\boxed\s*\{/g)].flatMap(({ 0: command, index }) => {
    const open = index + command.length - 1;
    const end = balancedEnd(text, open);
    return end === undefined ? [] : [text.slice(open + 1, end - 1)];
  });
}

/** "strict" reads the last box, "lenient" accepts any. */
export type IntegerMode = "strict" | "lenient";

export interface VerifyIntegerOptions {
  /**
   * What else a box may hold: says whether its content is the answer. Default: digits with an optional sign, blanks around and
   * zeros before them, and nothing else.
   */
  readonly equal?: (content: string, answer: bigint) => boolean;
}

/**
 * Whether a text gives a whole number in a box.
 *
 * @throws UsageError for an answer that is not whole, or an unknown mode
 */
export function verifyInteger(
  text: string,
  answer: number | bigint,
  mode: IntegerMode,
  { equal = isInteger }: VerifyIntegerOptions = {},
): boolean {
  if (typeof answer !== "bigint" && !Number.isSafeInteger(answer)) {
    refuse("verifyInteger", `the answer is ${answer}`, "pass a whole number, a bigint where it is large");
  }
  if (mode !== "strict" && mode !== "lenient") {
    refuse("verifyInteger", `the mode is ${String(mode)}`, 'pass "strict" or "lenient"');
  }
  const contents = boxedContents(text);
  const read = mode === "strict" ? contents.slice(-1) : contents;
  return read.some((content) => equal(content, BigInt(answer)));
}

function isInteger(content: string, answer: bigint): boolean {
  const digits = /^([+-]?)(\d{1,400})$/.exec(content.trim());
  return digits !== null && BigInt(digits[2] ?? "") * (digits[1] === "-" ? -1n : 1n) === answer;
}
