/** The standard normal: quantile, share below, share above. */
import { checkConfidence } from "./estimate.ts";

// Wichura 1988, algorithm AS 241 (PPND16): numerators and denominators by rising power.
const CENTRAL = [
  [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
    33430.57558358813, 2509.0809287301227,
  ],
  [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852854,
  ],
] as const;
const MIDDLE = [
  [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-9,
  ],
] as const;
const TAIL = [
  [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
    0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
  ],
  [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 0.000018463183175100548,
    1.421511758316446e-7, 2.0442631033899397e-15,
  ],
] as const;

/** Quantile of the standard normal, to about 1e-16 relative (Wichura 1988, AS 241). `share` lies between 0 and 1. */
export function normalQuantile(share: number): number {
  checkConfidence("normalQuantile", share);
  const q = share - 0.5;
  if (Math.abs(q) <= 0.425) return q * rational(CENTRAL, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(Math.min(share, 1 - share)));
  return Math.sign(q) * (r <= 5 ? rational(MIDDLE, r - 1.6) : rational(TAIL, r - 5));
}

function rational(parts: readonly [readonly number[], readonly number[]], x: number): number {
  const [above, below] = parts.map((terms) => terms.reduceRight((sum, term) => sum * x + term, 0));
  return (above ?? Number.NaN) / (below ?? Number.NaN);
}

/** Share of the standard normal below x, to 1e-15: Marsaglia 2004, "Evaluating the normal distribution", eq. 3. */
export function normalShare(x: number): number {
  if (Math.abs(x) > 8.3) return x > 0 ? 1 : 0; // the rest is below half a unit in the last place of 1
  let [sum, term, before] = [x, x, Number.NaN];
  for (let i = 3; sum !== before; i += 2) {
    before = sum;
    term *= (x * x) / i;
    sum += term;
  }
  return Math.min(1, Math.max(0, 0.5 + sum * density(x)));
}

/**
 * Share of the standard normal above x, with small relative error however small it is: beyond 3 by the continued fraction
 * φ(x) / (x + 1 / (x + 2 / (x + 3 / …))) of Laplace (Abramowitz & Stegun 26.2.14).
 */
export function normalTail(x: number): number {
  if (x < 3) return 1 - normalShare(x);
  let fraction = x;
  for (let i = 200; i > 0; i--) fraction = x + i / fraction;
  return density(x) / fraction;
}

function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}
