/** Arithmetic expressions over whole numbers: a parser for what a policy wrote, and a search for what it might write. */
import type { Rng } from "../rng.ts";

/** What an expression is worth and which numbers it uses, or why it cannot be read. */
export type Evaluated =
  | { readonly kind: "value"; readonly value: number; readonly numbers: readonly number[] }
  | { readonly kind: "error"; readonly problem: string };

/** Nested deeper than this, an expression is refused rather than read. */
const DEEPEST = 50;

/**
 * Reads `3*(7+5)-1`: whole numbers without signs or leading zeros, + - * / and parentheses, nothing else. Division has to
 * come out whole, every intermediate value exact.
 */
export function evaluateExpression(text: string): Evaluated {
  const tokens = text.match(/[0-9]+|[-+*/()]|[\s\S]/g) ?? [];
  const numbers: number[] = [];
  let at = 0;

  function sum(depth: number): number {
    let value = product(depth);
    while (tokens[at] === "+" || tokens[at] === "-") {
      value = tokens[at++] === "+" ? exact(value + product(depth)) : exact(value - product(depth));
    }
    return value;
  }
  function product(depth: number): number {
    let value = atom(depth);
    while (tokens[at] === "*" || tokens[at] === "/") {
      if (tokens[at++] === "*") value = exact(value * atom(depth));
      else value = quotient(value, atom(depth));
    }
    return value;
  }
  function atom(depth: number): number {
    const token = tokens[at++];
    if (token === undefined) throw new Unreadable("the expression ends too early");
    if (token === "(") {
      if (depth >= DEEPEST) throw new Unreadable(`parentheses nest deeper than ${DEEPEST}`);
      const value = sum(depth + 1);
      if (tokens[at++] !== ")") throw new Unreadable("a parenthesis is not closed");
      return value;
    }
    if (!/^(0|[1-9][0-9]{0,8})$/.test(token))
      throw new Unreadable(`${JSON.stringify(token.slice(0, 12))} is no number`);
    numbers.push(Number(token));
    return Number(token);
  }
  try {
    const value = sum(0);
    if (at < tokens.length) throw new Unreadable(`${JSON.stringify(tokens[at])} follows the expression`);
    return { kind: "value", value, numbers };
  } catch (error) {
    if (error instanceof Unreadable) return { kind: "error", problem: error.message };
    throw error;
  }
}

/** A partial result of the search, with its spelling. */
interface Term {
  readonly value: number;
  readonly text: string;
  /** 2: a number or in parentheses, 1: a product, 0: a sum. */
  readonly binding: 0 | 1 | 2;
}

/**
 * An expression that uses each number exactly once and whose value passes, or undefined. All values on the way are
 * positive whole numbers, as in the game. The order of the search is random.
 */
export function searchExpression(
  numbers: readonly number[],
  passes: (value: number) => boolean,
  random: Rng,
): string | undefined {
  const start = numbers.map((value): Term => ({ value, text: String(value), binding: 2 }));
  return search(start, passes, random)?.text;
}

function search(terms: readonly Term[], passes: (value: number) => boolean, random: Rng): Term | undefined {
  const [only, ...others] = terms;
  if (only && others.length === 0) return passes(only.value) ? only : undefined;
  const pairs = terms.flatMap((a, i) =>
    terms.slice(i + 1).map((b, j): [Term, Term, number, number] => [a, b, i, i + 1 + j]),
  );
  for (const [a, b, i, j] of random.shuffle(pairs)) {
    const rest = terms.filter((_, k) => k !== i && k !== j);
    for (const joined of random.shuffle(combine(a, b))) {
      const found = search([...rest, joined], passes, random);
      if (found) return found;
    }
  }
  return undefined;
}

function combine(a: Term, b: Term): Term[] {
  const [high, low] = a.value >= b.value ? [a, b] : [b, a];
  const joined: Term[] = [
    { value: a.value + b.value, text: `${a.text}+${b.text}`, binding: 0 },
    { value: a.value * b.value, text: `${wrap(a, 1)}*${wrap(b, 1)}`, binding: 1 },
  ];
  if (high.value > low.value) {
    joined.push({ value: high.value - low.value, text: `${high.text}-${wrap(low, 1)}`, binding: 0 });
  }
  if (high.value % low.value === 0) {
    joined.push({ value: high.value / low.value, text: `${wrap(high, 1)}/${wrap(low, 2)}`, binding: 1 });
  }
  return joined;
}

function wrap(term: Term, least: number): string {
  return term.binding < least ? `(${term.text})` : term.text;
}

class Unreadable extends Error {}

function exact(value: number): number {
  if (!Number.isSafeInteger(value)) throw new Unreadable("a value on the way is too large");
  return value;
}

function quotient(value: number, divisor: number): number {
  if (divisor === 0) throw new Unreadable("it divides by 0");
  if (value % divisor !== 0) throw new Unreadable(`${value}/${divisor} is not whole`);
  return value / divisor;
}
