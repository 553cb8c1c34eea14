/** Many tests at once: p-values adjusted so that they can be compared with one level, in the order given. */
import { refuse } from "../../toolkit/refuse.ts";

/**
 * Holm-adjusted p-values: Holm 1979, Scandinavian Journal of Statistics 6:65. Calling those up to α significant keeps the
 * chance of even one false call at or below α, whatever the tests' dependence.
 */
export function holm(p: readonly number[]): number[] {
  const order = ranked("holm", p);
  const adjusted = new Array<number>(p.length);
  let largest = 0;
  for (const [place, { value, index }] of order.entries()) {
    largest = Math.max(largest, Math.min(1, value * (p.length - place)));
    adjusted[index] = largest;
  }
  return adjusted;
}

/**
 * Benjamini-Hochberg adjusted p-values: Benjamini & Hochberg 1995, JRSS B 57:289. Calling all with an adjusted p up to q
 * significant keeps the expected share of false ones among them at or below q, for independent or positively dependent tests.
 */
export function benjaminiHochberg(p: readonly number[]): number[] {
  const order = ranked("benjaminiHochberg", p).reverse();
  const adjusted = new Array<number>(p.length);
  let smallest = 1;
  for (const [place, { value, index }] of order.entries()) {
    smallest = Math.min(smallest, (value * p.length) / (p.length - place));
    adjusted[index] = smallest;
  }
  return adjusted;
}

/** The p-values in rising order, with where they stood. */
function ranked(where: string, p: readonly number[]): { readonly value: number; readonly index: number }[] {
  for (const value of p) {
    if (!(value >= 0 && value <= 1)) refuse(where, `a p-value is ${value}`, "pass numbers from 0 to 1");
  }
  return p.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
}
