/** Values of functions: those with a meaning as they are, those without one as a fixed smooth function of that name. */
import {
  add,
  type Complex,
  cosine,
  divide,
  exponential,
  gamma,
  logarithm,
  modulus,
  multiply,
  NOTHING,
  power,
  real,
  sine,
  subtract,
} from "./complex.ts";
import type { Node } from "./node.ts";
import { numericValue, type Point } from "./numeric.ts";

type Function1 = (z: Complex) => Complex;

const ONE = real(1);

function ofReal(f: (x: number) => number): Function1 {
  return (z) => (z.im === 0 ? real(f(z.re)) : NOTHING);
}

function inverseOf(f: Function1): Function1 {
  return (z) => divide(ONE, f(z));
}

const tangent: Function1 = (z) => divide(sine(z), cosine(z));
const sinhOf: Function1 = (z) => divide(subtract(exponential(z), exponential(subtract(real(0), z))), real(2));
const coshOf: Function1 = (z) => divide(add(exponential(z), exponential(subtract(real(0), z))), real(2));

const SINGLE: Readonly<Record<string, Function1>> = {
  sin: sine,
  cos: cosine,
  tan: tangent,
  cot: (z) => divide(cosine(z), sine(z)),
  sec: inverseOf(cosine),
  csc: inverseOf(sine),
  arcsin: ofReal(Math.asin),
  arccos: ofReal(Math.acos),
  arctan: ofReal(Math.atan),
  arccot: ofReal((x) => Math.PI / 2 - Math.atan(x)),
  arcsec: ofReal((x) => Math.acos(1 / x)),
  arccsc: ofReal((x) => Math.asin(1 / x)),
  sinh: sinhOf,
  cosh: coshOf,
  tanh: (z) => (z.im === 0 ? real(Math.tanh(z.re)) : divide(sinhOf(z), coshOf(z))),
  coth: (z) => divide(coshOf(z), sinhOf(z)),
  sech: inverseOf(coshOf),
  csch: inverseOf(sinhOf),
  arcsinh: ofReal(Math.asinh),
  arccosh: ofReal(Math.acosh),
  arctanh: ofReal(Math.atanh),
  ln: logarithm,
  sqrt: (z) => squareRoot(z),
  abs: (z) => real(modulus(z)),
  norm: (z) => real(modulus(z)),
  floor: ofReal((x) => Math.floor(x + 1e-12)),
  ceil: ofReal((x) => Math.ceil(x - 1e-12)),
  sgn: ofReal(Math.sign),
  factorial: ofReal((x) => (x < 0 && Number.isInteger(x) ? Number.NaN : gamma(x + 1))),
  doubleFactorial: ofReal((x) => (Number.isInteger(x) && x >= 0 && x < 300 ? oddProduct(x) : Number.NaN)),
  Re: (z) => real(z.re),
  Im: (z) => real(z.im),
  arg: (z) => real(Math.atan2(z.im, z.re)),
  conj: (z) => ({ re: z.re, im: -z.im }),
  cis: (z) => exponential({ re: -z.im, im: z.re }),
};

function squareRoot(z: Complex): Complex {
  if (z.im !== 0) return power(z, real(0.5));
  return z.re >= 0 ? real(Math.sqrt(z.re)) : { re: 0, im: Math.sqrt(-z.re) };
}

function oddProduct(n: number): number {
  let total = 1;
  for (let k = n; k > 1; k -= 2) total *= k;
  return total;
}

export function functionValue(node: Node & { readonly kind: "call" | "apply" }, point: Point): Complex {
  const args = node.args.map((arg) => numericValue(arg, point));
  const [x = NOTHING, y] = args;
  if (node.kind === "apply") return unknownFunction(node.name, args);
  const single = SINGLE[node.name];
  if (single !== undefined) return args.length === 1 ? single(x) : NOTHING;
  switch (node.name) {
    case "root":
      return y === undefined ? NOTHING : rootValue(x, y);
    case "log":
      return y === undefined ? divide(logarithm(x), real(Math.log(point.logBase))) : divide(logarithm(x), logarithm(y));
    case "binom":
      return y === undefined ? NOTHING : binomialValue(x, y);
    case "mod":
      return y === undefined || x.im !== 0 || y.im !== 0 ? NOTHING : real(x.re - y.re * Math.floor(x.re / y.re));
    case "max":
      return args.every(({ im }) => im === 0) ? real(Math.max(...args.map(({ re }) => re))) : NOTHING;
    case "min":
      return args.every(({ im }) => im === 0) ? real(Math.min(...args.map(({ re }) => re))) : NOTHING;
    default:
      return unknownFunction(node.name, args); // gcd and the like of symbols
  }
}

function rootValue(x: Complex, degree: Complex): Complex {
  if (x.im === 0 && x.re < 0 && degree.im === 0 && Math.abs(degree.re % 2) === 1)
    return real(-((-x.re) ** (1 / degree.re)));
  return power(x, divide(ONE, degree));
}

function binomialValue(n: Complex, k: Complex): Complex {
  if (n.im !== 0 || k.im !== 0) return NOTHING;
  if (Number.isInteger(k.re) && k.re >= 0 && k.re <= 64) {
    let total = 1;
    for (let i = 0; i < k.re; i++) total *= (n.re - i) / (i + 1);
    return real(total);
  }
  return real(gamma(n.re + 1) / (gamma(k.re + 1) * gamma(n.re - k.re + 1)));
}

/** A fixed smooth function of a name: equal arguments give equal values, and no algebra makes two names equal. */
export function unknownFunction(name: string, args: readonly Complex[]): Complex {
  let total = multiply(real(weightOf(name)), ONE);
  for (const [i, arg] of args.entries()) {
    const [a, b] = [weightOf(`${name}|${i}`), weightOf(`${i}|${name}`)];
    const inside = add(multiply(real(a), arg), real(b));
    total = add(total, multiply(real(1 + b), add(sine(inside), multiply(real(0.3), arg))));
  }
  return total;
}

/** A number from 0.5 to 1.5 that a text stands for (FNV-1a). */
export function weightOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return 0.5 + ((hash >>> 0) % 99_991) / 99_991;
}
