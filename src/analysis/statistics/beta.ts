/** The beta distribution and what is made of it: quantiles of Clopper-Pearson, Jeffreys and Student's t. */

/** Lanczos' coefficients for g = 7, nine terms (Godfrey 2001): 1e-15 relative. */
const LANCZOS: readonly number[] = [
  0.9999999999998099, 676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** log Γ(x) for x > 0. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const [first = 0, ...more] = LANCZOS;
  const sum = more.reduce((total, term, i) => total + term / (x + i), first);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/**
 * Share of the Beta(a, b) distribution below x: the regularised incomplete beta function I_x(a, b), by its continued fraction
 * (DLMF 8.17.22, modified Lentz) on the side where that converges.
 */
export function betaShare(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b));
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(1 - x, b, a)) / b;
}

/** The fraction 1 / (1 + d₁ / (1 + d₂ / …)). */
function fraction(x: number, a: number, b: number): number {
  const away = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let below = 1 / away(1 - ((a + b) * x) / (a + 1));
  let above = 1;
  let result = below;
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    below = 1 / away(1 + even * below);
    above = away(1 + even / above);
    result *= below * above;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    below = 1 / away(1 + odd * below);
    above = away(1 + odd / above);
    const change = below * above;
    result *= change;
    if (Math.abs(change - 1) < 1e-15) return result;
  }
  return result;
}

/** The x below which a share `q` of Beta(a, b) lies; bisected to the last bit. */
export function betaQuantile(q: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (betaShare(middle, a, b) < q) low = middle;
    else high = middle;
  }
}

/**
 * The t that a share `confidence` of Student's distribution lies within, both tails taken: 2.0452 for 0.95 and 29 degrees.
 *
 * @param degrees degrees of freedom, above 0
 */
export function studentQuantile(confidence: number, degrees: number): number {
  const x = betaQuantile(1 - confidence, degrees / 2, 0.5); // P(|T| > t) = I_x(ν/2, 1/2) at x = ν / (ν + t²)
  return Math.sqrt((degrees * (1 - x)) / x);
}
