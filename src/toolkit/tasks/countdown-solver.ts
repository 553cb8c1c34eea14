/**
 * Search for countdown solutions over whole numbers from 0: combine any two of the numbers, put the result back, go on.
 * What a person would write down, so fractions and negative numbers are not gone through (the verifier accepts them).
 */
import type { Rng } from "../rng.ts";
import type { Expression, Operator } from "../verify/expression.ts";

/** A number in hand: what is believed to be its value, and the expression it came from. */
export interface Term {
  readonly value: number;
  readonly expression: Expression;
}

/** One line of working: `left operator right = result`. */
export interface Step {
  readonly left: Term;
  readonly operator: Operator;
  readonly right: Term;
  readonly result: Term;
}

/** Intermediate results are at most this, so that a working stays short. */
export const LARGEST_RESULT = 999;

export function given(value: number): Term {
  return { value, expression: { kind: "number", value } };
}

/** The step of two terms, or undefined where the result is no whole number from 0 to LARGEST_RESULT. */
export function step(left: Term, operator: Operator, right: Term): Step | undefined {
  const value = apply(left.value, operator, right.value);
  if (value === undefined || value < 0 || value > LARGEST_RESULT) return undefined;
  const expression: Expression = { kind: "operation", operator, left: left.expression, right: right.expression };
  return { left, operator, right, result: { value, expression } };
}

/** Every step that two of the terms allow, with the terms left behind it. */
export function steps(terms: readonly Term[]): { readonly step: Step; readonly rest: readonly Term[] }[] {
  const found: { step: Step; rest: readonly Term[] }[] = [];
  for (const [i, a] of terms.entries()) {
    for (const [j, b] of terms.entries()) {
      if (j <= i) continue;
      const rest = terms.filter((_, k) => k !== i && k !== j);
      const ordered: readonly (readonly [Term, Operator, Term])[] = [
        [a, "+", b],
        [a, "*", b],
        [a, "-", b],
        [b, "-", a],
        [a, "/", b],
        [b, "/", a],
      ];
      for (const [left, operator, right] of ordered) {
        const made = step(left, operator, right);
        if (made !== undefined) found.push({ step: made, rest: [...rest, made.result] });
      }
    }
  }
  return found;
}

/** Steps of a solution, the first that a random depth-first search meets; undefined where there is none. */
export function solve(terms: readonly Term[], target: number, random: Rng): readonly Step[] | undefined {
  const dead = new Set<string>(); // states without a solution, as sorted values
  function search(held: readonly Term[]): readonly Step[] | undefined {
    if (held.some((term) => term.value === target)) return [];
    if (held.length === 1) return undefined;
    const state = stateOf(held);
    if (dead.has(state)) return undefined;
    for (const { step: made, rest } of random.shuffle(steps(held))) {
      const tail = search(rest);
      if (tail !== undefined) return [made, ...tail];
    }
    dead.add(state);
    return undefined;
  }
  const found = search(terms);
  return found === undefined ? undefined : needed(found);
}

/** The steps whose results the last one is made of, in order. */
function needed(found: readonly Step[]): readonly Step[] {
  const last = found.at(-1);
  if (last === undefined) return found;
  const wanted = new Set<Term>([last.result]);
  const kept: Step[] = [];
  for (const made of [...found].reverse()) {
    if (!wanted.has(made.result)) continue;
    wanted.add(made.left).add(made.right);
    kept.unshift(made);
  }
  return kept;
}

function stateOf(terms: readonly Term[]): string {
  return terms
    .map((term) => term.value)
    .sort((a, b) => a - b)
    .join();
}

function apply(a: number, operator: Operator, b: number): number | undefined {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return b !== 0 && a % b === 0 ? a / b : undefined;
  }
}
