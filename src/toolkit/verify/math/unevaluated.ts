/**
 * Values of sums, products, integrals, limits and derivatives. What has finite bounds is computed; the rest is a fixed functional
 * of its body: linear for a sum, an integral or a limit, and the same for a renamed or shifted index.
 */
import { add, type Complex, divide, modulus, multiply, NOTHING, real, subtract } from "./complex.ts";
import { unknownFunction } from "./functions.ts";
import type { Node } from "./node.ts";
import { numericValue, type Point } from "./numeric.ts";

type Bound = Node & { readonly kind: "bound" };

/** Terms computed one by one at most. */
const MOST_TERMS = 5000;

export function boundValue(node: Bound, point: Point): Complex {
  const from = node.from === undefined ? undefined : numericValue(node.from, point);
  const to = node.to === undefined ? undefined : numericValue(node.to, point);
  const body = (x: number): Complex => numericValue(node.body, withSymbol(point, node.variable, x));
  if (from !== undefined && to !== undefined && from.im === 0 && to.im === 0) {
    if (node.operator === "integral") {
      const area = integrate(body, from.re, to.re);
      if (!Number.isNaN(area.re)) return area;
    } else if (Number.isInteger(from.re) && Number.isInteger(to.re) && to.re - from.re < MOST_TERMS) {
      return finite(node.operator, from.re, to.re, body);
    }
  }
  return functional(node.operator, from, to, body);
}

function withSymbol(point: Point, name: string, value: number): Point {
  return { ...point, symbols: new Map(point.symbols).set(name, real(value)) };
}

function finite(operator: Bound["operator"], from: number, to: number, body: (k: number) => Complex): Complex {
  let total = real(operator === "product" ? 1 : 0);
  for (let k = from; k <= to; k++) total = operator === "product" ? multiply(total, body(k)) : add(total, body(k));
  return total;
}

/** Offsets at which a body is read; whole ones, since a sum's terms may be defined there alone. */
const OFFSETS = [1, 2, 4, 7];
const PLACES = [0.37, 0.83, 1.61, 2.27];

function functional(
  operator: Bound["operator"],
  from: Complex | undefined,
  to: Complex | undefined,
  body: (x: number) => Complex,
): Complex {
  const start = from?.im === 0 && Number.isFinite(from.re) ? from.re : 0;
  const places = operator === "sum" || operator === "product" ? OFFSETS.map((k) => k - 1 + Math.round(start)) : PLACES;
  const values = places.map(body).map((value) => (operator === "product" ? unknownFunction("log", [value]) : value));
  const total = values.reduce((sum, value, i) => add(sum, multiply(value, real(0.6 + 0.35 * i))), real(0));
  const range = operator === "sum" || operator === "product" ? [spanOf(from, to)] : [key(from), key(to)];
  return multiply(total, unknownFunction(operator, range));
}

/** How many terms there are: the same for a shifted index. */
function spanOf(from: Complex | undefined, to: Complex | undefined): Complex {
  return from === undefined || to === undefined ? key(to ?? from) : key(subtract(to, from));
}

function key(value: Complex | undefined): Complex {
  if (value === undefined) return real(-77.7);
  if (value.re === Number.POSITIVE_INFINITY) return real(91.3);
  return value.re === Number.NEGATIVE_INFINITY ? real(-91.3) : value;
}

const STEP = 1 / 24;
const REACH = 3.4;

/** Double-exponential quadrature; undefined (NaN) where half as many places give another value. */
function integrate(body: (x: number) => Complex, from: number, to: number): Complex {
  if (from === to) return real(0);
  if (from > to) return subtract(real(0), integrate(body, to, from));
  let all = real(0);
  let even = real(0);
  const count = Math.round(REACH / STEP);
  for (let i = -count; i <= count; i++) {
    const { x, weight } = place(i * STEP, from, to);
    if (!Number.isFinite(x) || x <= from || x >= to || weight === 0) continue;
    const value = multiply(body(x), real(weight));
    if (!Number.isFinite(value.re) || !Number.isFinite(value.im)) {
      if (Math.abs(i) < count * 0.8) return NOTHING;
      continue;
    }
    all = add(all, value);
    if (i % 2 === 0) even = add(even, value);
  }
  const [fine, coarse] = [multiply(all, real(STEP)), multiply(even, real(2 * STEP))];
  return modulus(subtract(fine, coarse)) <= 1e-7 * Math.max(1e-3, modulus(fine)) ? fine : NOTHING;
}

function place(t: number, from: number, to: number): { readonly x: number; readonly weight: number } {
  const u = (Math.PI / 2) * Math.sinh(t);
  const du = (Math.PI / 2) * Math.cosh(t);
  if (Number.isFinite(from) && Number.isFinite(to)) {
    const half = (to - from) / 2;
    const x = u < 0 ? from + (2 * half) / (1 + Math.exp(-2 * u)) : to - (2 * half) / (1 + Math.exp(2 * u));
    return { x, weight: (half * du) / Math.cosh(u) ** 2 };
  }
  if (!Number.isFinite(from) && !Number.isFinite(to)) return { x: Math.sinh(u), weight: Math.cosh(u) * du };
  const e = Math.exp(u);
  return Number.isFinite(from) ? { x: from + e, weight: e * du } : { x: to - e, weight: e * du };
}

/** By central differences, extrapolated; good to about nine digits. */
export function derivativeValue(node: Node & { readonly kind: "derivative" }, point: Point): Complex {
  const at = point.symbols.get(node.variable);
  if (at === undefined || at.im !== 0 || node.order < 1 || node.order > 3) return NOTHING;
  const f = (x: number): Complex => numericValue(node.body, withSymbol(point, node.variable, x));
  return differentiate(f, at.re, node.order);
}

function differentiate(f: (x: number) => Complex, x: number, order: number): Complex {
  const inner = order === 1 ? f : (at: number): Complex => differentiate(f, at, order - 1);
  const slope = (h: number): Complex => divide(subtract(inner(x + h), inner(x - h)), real(2 * h));
  const h = order === 1 ? 1e-2 : 4e-2;
  let table = [0, 1, 2, 3].map((k) => slope(h / 2 ** k));
  for (let level = 1; table.length > 1; level++) {
    const factor = 4 ** level;
    table = table
      .slice(1)
      .map((fine, i) => divide(subtract(multiply(fine, real(factor)), table[i] ?? NOTHING), real(factor - 1)));
  }
  return table[0] ?? NOTHING;
}
