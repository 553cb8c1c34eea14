/** Real numbers of 256 binary places as whole numbers: roots, exponentials, logarithms and trigonometry by series. */

/** Binary places. */
export const PLACES = 256n;
const ONE: bigint = 1n << PLACES;
/** Arguments of series beyond this lose their places. */
const LARGEST_ANGLE = 1n << (PLACES + 40n);
const LARGEST_EXPONENT: bigint = 3000n << PLACES;

export function multiplied(a: bigint, b: bigint): bigint {
  return (a * b) >> PLACES;
}

/** Undefined for a division by 0. */
export function divided(a: bigint, b: bigint): bigint | undefined {
  return b === 0n ? undefined : (a << PLACES) / b;
}

/** The root of a number from 0, by Newton's method. */
export function rootOf(value: bigint, degree: bigint): bigint {
  if (value === 0n) return 0n;
  const inside = value << (PLACES * (degree - 1n));
  const bits = BigInt(inside.toString(16).length * 4);
  let guess = 1n << (bits / degree + 1n);
  for (;;) {
    const next = ((degree - 1n) * guess + inside / guess ** (degree - 1n)) / degree;
    if (next >= guess) return guess;
    guess = next;
  }
}

let knownPi: bigint | undefined;

/** Machin: π / 4 = 4 arctan(1/5) − arctan(1/239). */
export function pi(): bigint {
  knownPi ??= 4n * (4n * arctangentSeries(ONE / 5n) - arctangentSeries(ONE / 239n));
  return knownPi;
}

let knownLog2: bigint | undefined;

/** ln 2 = 2 artanh(1/3). */
function log2(): bigint {
  if (knownLog2 !== undefined) return knownLog2;
  let total = 0n;
  let power = ONE / 3n;
  for (let k = 1n; power > 0n; k += 2n, power /= 9n) total += power / k;
  knownLog2 = 2n * total;
  return knownLog2;
}

/** Undefined where it is beyond e^±3000. */
export function exponential(x: bigint): bigint | undefined {
  if (x > LARGEST_EXPONENT || x < -LARGEST_EXPONENT) return undefined;
  const twos = (2n * x + log2()) / (2n * log2()) - (x < 0n ? 1n : 0n);
  const rest = (x - twos * log2()) >> 8n; // squared eight times below
  let term = ONE;
  let total = ONE;
  for (let k = 1n; term !== 0n && k < 80n; k++) {
    term = multiplied(term, rest) / k;
    total += term;
  }
  for (let i = 0; i < 8; i++) total = multiplied(total, total);
  return twos >= 0n ? total << twos : total >> -twos;
}

/** The natural logarithm of a positive number: Halley's method on the exponential. */
export function logarithm(x: bigint): bigint | undefined {
  if (x <= 0n) return undefined;
  const bits = BigInt(x.toString(2).length);
  const mantissa = Number(x >> (bits > 60n ? bits - 60n : 0n)) / 2 ** Number(bits > 60n ? 60n : bits);
  const start = Math.log(mantissa);
  let y = (bits - PLACES) * log2() + ((BigInt(Math.round(start * 2 ** 50)) << PLACES) >> 50n);
  for (let i = 0; i < 4; i++) {
    const power = exponential(y);
    if (power === undefined) return undefined;
    y += (2n * ((x - power) << PLACES)) / (x + power);
  }
  return y;
}

/** Sine and cosine; undefined for angles too large to reduce. */
export function sineAndCosine(x: bigint): readonly [bigint, bigint] | undefined {
  if (x > LARGEST_ANGLE || x < -LARGEST_ANGLE) return undefined;
  const turn = 2n * pi();
  const angle = x - (x / turn) * turn;
  let term = ONE;
  let [sine, cosine] = [0n, 0n];
  for (let k = 0n; term !== 0n && k < 200n; k++) {
    const sign = (k / 2n) % 2n === 0n ? 1n : -1n;
    if (k % 2n === 0n) cosine += sign * term;
    else sine += sign * term;
    term = multiplied(term, angle) / (k + 1n);
  }
  return [sine, cosine];
}

/** arctan x = 2 arctan(x / (1 + √(1 + x²))), three times, then the series. */
export function arctangent(x: bigint): bigint {
  let reduced = x;
  for (let i = 0; i < 3; i++) reduced = (reduced << PLACES) / (ONE + rootOf(ONE + multiplied(reduced, reduced), 2n));
  return arctangentSeries(reduced) << 3n;
}

function arctangentSeries(x: bigint): bigint {
  const square = multiplied(x, x);
  let total = 0n;
  let power = x;
  for (let k = 1n; power !== 0n && power !== -1n; k += 2n) {
    total += power / (k % 4n === 1n ? k : -k);
    power = multiplied(power, square);
  }
  return total;
}
