/** Problems small enough to be enumerated: contexts to answer, symbols to answer with, a reward for every answer. */
import { refuse } from "../refuse.ts";
import { rng } from "../rng.ts";
import type { Problem, ProblemsOptions, Task } from "../tasks/task.ts";
import type { Verdict } from "../verify/verifier.ts";

export interface TabularProblem {
  readonly contexts: number;
  /** Symbols are the numbers 0 to `symbols` - 1. */
  readonly symbols: number;
  /** Symbols of an answer. Default 1: an answer is one of `symbols` paths. */
  readonly length?: number;
  /** A symbol that ends an answer before `length`; it counts as its last. Default: none. */
  readonly end?: number;
  /**
   * What a symbol's probabilities depend on within a context: all symbols before it ("prefix", any distribution over
   * answers can be had), or its place alone ("position"). Default "prefix".
   */
  readonly states?: "prefix" | "position";
  /** One table for all contexts: what is learned in one changes the others. Default false. */
  readonly shared?: boolean;
  /** Reward of an answer, finite. */
  reward(context: number, answer: readonly number[]): number;
  /**
   * Logits of the symbol after `prefix` before training, one per symbol. Default: all 0. Where the state is a position,
   * the prefix is zeros of that length; where the table is shared, the context is 0.
   */
  initial?(context: number, prefix: readonly number[]): ArrayLike<number>;
}

/** An answer and the states in which each of its symbols is drawn. */
export interface TabularAnswer {
  readonly symbols: readonly number[];
  /** Index of the state in a context's table, for each symbol. */
  readonly states: readonly number[];
}

/** A problem with its defaults filled in and its answers enumerated. */
export interface TabularLayout {
  readonly problem: TabularProblem;
  readonly symbols: number;
  readonly length: number;
  /** States of a context. */
  readonly states: number;
  /** Tables: the contexts, or 1. */
  readonly tables: number;
  readonly answers: readonly TabularAnswer[];
}

const MAX_ANSWERS = 2 ** 16;
const MAX_LOGITS = 2 ** 24;

/** Ids past the symbols, which only prompts have: padding, BOS, then a token per context. */
export const SPECIAL_TOKENS = 2;

/** @throws UsageError for counts that are none, or a problem too large to enumerate */
export function tabularLayout(problem: TabularProblem): TabularLayout {
  const { contexts, symbols, length = 1, states: kind = "prefix", shared = false, end } = problem;
  for (const [name, value] of Object.entries({ contexts, symbols, length })) {
    if (!Number.isInteger(value) || value < 1) refuse("tabular", `${name} is ${value}`, "pass a whole number from 1");
  }
  if (end !== undefined && !(Number.isInteger(end) && end >= 0 && end < symbols)) {
    refuse("tabular", `end is ${end}`, `pass a symbol from 0 to ${symbols - 1}`);
  }
  if (symbols ** length > MAX_ANSWERS) {
    refuse("tabular", `there are ${symbols} ^ ${length} answers`, `stay within ${MAX_ANSWERS}: they are enumerated`);
  }
  const states = kind === "position" ? length : (symbols ** length - 1) / Math.max(symbols - 1, 1) || length;
  const tables = shared ? 1 : contexts;
  if (tables * states * symbols > MAX_LOGITS) {
    refuse("tabular", `the table has ${tables * states * symbols} logits`, `stay within ${MAX_LOGITS}`);
  }
  return { problem, symbols, length, states, tables, answers: [...answersOf({ symbols, length, kind, end }, [], 0)] };
}

interface Tree {
  readonly symbols: number;
  readonly length: number;
  readonly kind: "prefix" | "position";
  readonly end: number | undefined;
}

/** Depth first; `state` is the prefix's. The children of state s are s · symbols + 1 and those that follow. */
function* answersOf(
  tree: Tree,
  prefix: readonly number[],
  state: number,
  before: readonly number[] = [],
): Generator<TabularAnswer> {
  const { symbols, length, kind, end } = tree;
  const states = [...before, state];
  for (let symbol = 0; symbol < symbols; symbol++) {
    const answer = [...prefix, symbol];
    if (answer.length === length || symbol === end) yield { symbols: answer, states };
    else yield* answersOf(tree, answer, nextState(kind, symbols, state, symbol), states);
  }
}

/** The state after a symbol. */
export function nextState(kind: "prefix" | "position", symbols: number, state: number, symbol: number): number {
  return kind === "position" ? state + 1 : state * symbols + 1 + symbol;
}

/** What a context's prompt is called, in text. */
export function promptOf(context: number): string {
  return `#${context}`;
}

/** The context of a prompt. @throws UsageError for a text that is no prompt of the problem */
export function contextOf(prompt: string, contexts: number): number {
  const context = /^#\d+$/.test(prompt) ? Number(prompt.slice(1)) : Number.NaN;
  if (context < contexts) return context;
  return refuse("tabular", `the prompt is ${JSON.stringify(prompt)}`, `pass "#0" to "#${contexts - 1}"`);
}

/** An answer as text, one character a symbol, and back. */
export const answerText = {
  encode: (symbols: ArrayLike<number>): string => String.fromCodePoint(...Array.from(symbols, (s) => FIRST + s)),
  decode: (text: string): number[] => Array.from(text, (character) => (character.codePointAt(0) ?? 0) - FIRST),
};
const FIRST = 0x61; // a, b, c ...; beyond z whatever follows

/** The problem as a task for the seams: its contexts are the problems, of both splits and one level. */
export function tabularTask(layout: TabularLayout): Task {
  const { problem, symbols, length } = layout;
  const all = Array.from({ length: problem.contexts }, (_, context) => problemOf(context));
  return {
    name: "tabular",
    settings: {},
    alphabet: answerText.encode(Array.from({ length: symbols }, (_, s) => s)),
    levels: [1],
    maxPromptTokens: 2,
    maxCompletionTokens: length,
    problems: (options) => drawn(all, options),
    available: () => all.length,
    demonstration: () => refuse("tabular", "demonstrations are asked for", "set the initial logits instead"),
    verify: (asked, completion) =>
      verdict(problem.reward(contextOf(asked.id, problem.contexts), answerText.decode(completion))),
  };
}

function problemOf(context: number): Problem {
  return { id: promptOf(context), prompt: promptOf(context), answer: "", level: 1, data: { context } };
}

function drawn(all: readonly Problem[], { count, seed, offset = 0 }: ProblemsOptions): Problem[] {
  if (offset + count > all.length) {
    refuse("tabular", `${count} problems from ${offset} are asked for`, `there are ${all.length} contexts`);
  }
  if (count === all.length) return [...all];
  return rng({ seed, stream: "contexts" })
    .shuffle(all)
    .slice(offset, offset + count);
}

function verdict(score: number): Verdict {
  if (!Number.isFinite(score)) refuse("tabular", `the reward is ${score}`, "return a finite number");
  const verifier = { name: "tabular", version: "1" };
  const status = score >= 1 ? "correct" : score > 0 ? "partial" : "wrong";
  return { score, status, reason: "looked up", ms: 0, verifier };
}
