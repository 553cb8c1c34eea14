/** Complex numbers of double precision; a real one has im 0. NaN is "undefined". */

export interface Complex {
  readonly re: number;
  readonly im: number;
}

export const NOTHING: Complex = { re: Number.NaN, im: Number.NaN };

export function real(re: number): Complex {
  return { re, im: 0 };
}

export function add(a: Complex, b: Complex): Complex {
  return { re: a.re + b.re, im: a.im + b.im };
}

export function subtract(a: Complex, b: Complex): Complex {
  return { re: a.re - b.re, im: a.im - b.im };
}

export function multiply(a: Complex, b: Complex): Complex {
  if (a.im === 0 && b.im === 0) return real(a.re * b.re);
  return { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re };
}

export function divide(a: Complex, b: Complex): Complex {
  if (b.re === 0 && b.im === 0) return NOTHING;
  if (a.im === 0 && b.im === 0) return real(a.re / b.re);
  const size = b.re * b.re + b.im * b.im;
  return { re: (a.re * b.re + a.im * b.im) / size, im: (a.im * b.re - a.re * b.im) / size };
}

export function modulus(z: Complex): number {
  return z.im === 0 ? Math.abs(z.re) : Math.hypot(z.re, z.im);
}

export function exponential(z: Complex): Complex {
  const size = Math.exp(z.re);
  return z.im === 0 ? real(size) : { re: size * Math.cos(z.im), im: size * Math.sin(z.im) };
}

/** The principal logarithm. */
export function logarithm(z: Complex): Complex {
  if (z.im === 0 && z.re > 0) return real(Math.log(z.re));
  if (z.re === 0 && z.im === 0) return NOTHING;
  return { re: Math.log(modulus(z)), im: Math.atan2(z.im, z.re) };
}

/** The principal power; 0 to a positive power is 0. */
export function power(base: Complex, exponent: Complex): Complex {
  if (base.im === 0 && exponent.im === 0) {
    if (base.re >= 0 || Number.isInteger(exponent.re)) {
      if (base.re === 0 && exponent.re <= 0) return NOTHING;
      return real(base.re ** exponent.re);
    }
  }
  if (base.re === 0 && base.im === 0) return exponent.re > 0 ? real(0) : NOTHING;
  if (exponent.im === 0 && Number.isInteger(exponent.re) && Math.abs(exponent.re) <= 64)
    return wholePower(base, exponent.re);
  return exponential(multiply(exponent, logarithm(base)));
}

function wholePower(base: Complex, exponent: number): Complex {
  let result = real(1);
  for (let i = 0; i < Math.abs(exponent); i++) result = multiply(result, base);
  return exponent < 0 ? divide(real(1), result) : result;
}

export function sine(z: Complex): Complex {
  if (z.im === 0) return real(Math.sin(z.re));
  return { re: Math.sin(z.re) * Math.cosh(z.im), im: Math.cos(z.re) * Math.sinh(z.im) };
}

export function cosine(z: Complex): Complex {
  if (z.im === 0) return real(Math.cos(z.re));
  return { re: Math.cos(z.re) * Math.cosh(z.im), im: -Math.sin(z.re) * Math.sinh(z.im) };
}

/** The gamma function of a real number, by Lanczos' series (g = 7, 9 terms), good to 15 digits. */
export function gamma(x: number): number {
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
  if (Number.isInteger(x) && x <= 171) {
    let total = 1;
    for (let k = 2; k < x; k++) total *= k;
    return total;
  }
  // biome-ignore format: a table
  const series = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const t = x - 1;
  const base = t + 7.5;
  const total = series.reduce((sum, coefficient, k) => sum + (k === 0 ? coefficient : coefficient / (t + k)), 0);
  return Math.sqrt(2 * Math.PI) * base ** (t + 0.5) * Math.exp(-base) * total;
}
