/** Exact fractions of whole numbers, in lowest terms with a positive denominator. */

export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export function rational(numerator: bigint, denominator = 1n): Rational {
  if (denominator === 0n) throw new Error("internal: a fraction with denominator 0");
  const sign = denominator < 0n ? -1n : 1n;
  const divisor = sign * greatestDivisor(numerator, denominator);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

/** The result of `a operator b`; undefined for a division by 0. */
export function combine(a: Rational, operator: "+" | "-" | "*" | "/", b: Rational): Rational | undefined {
  const [an, ad, bn, bd] = [a.numerator, a.denominator, b.numerator, b.denominator];
  switch (operator) {
    case "+":
      return rational(an * bd + bn * ad, ad * bd);
    case "-":
      return rational(an * bd - bn * ad, ad * bd);
    case "*":
      return rational(an * bn, ad * bd);
    case "/":
      return bn === 0n ? undefined : rational(an * bd, ad * bn);
  }
}

/** Equality of values: lowest terms are unique. */
export function equals(a: Rational, b: Rational): boolean {
  return a.numerator === b.numerator && a.denominator === b.denominator;
}

/** "7", "-7" or "8/3". */
export function formatRational({ numerator, denominator }: Rational): string {
  return denominator === 1n ? `${numerator}` : `${numerator}/${denominator}`;
}

/** Greatest common divisor, positive; 1 for (0, ±1). */
function greatestDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y > 0n) [x, y] = [y, x % y];
  return x;
}
