/** Problems small enough to be enumerated: contexts to answer, symbols to answer with, a reward for every answer. */
import { refuse } from "../refuse.ts";

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
  /**
   * What contexts have in common, F numbers each: the logits of context c are its initial ones + Σ_f features[c][f] W_f,
   * and W is what is trained. `[1]` for every context is one table for all. Default: nothing in common.
   */
  readonly features?: readonly ArrayLike<number>[];
  /** Reward of an answer, finite. */
  reward(context: number, answer: readonly number[]): number;
  /**
   * Logits of the symbol after `prefix` before training, one per symbol. Default: all 0. Where the state is a position,
   * the prefix is zeros of that length.
   */
  initial?(context: number, prefix: readonly number[]): ArrayLike<number>;
  /**
   * Completion tokens of an answer, at least its symbols: those beyond are certain, with log-prob 0. For methods in which
   * length counts. Default: its symbols.
   */
  tokens?(answer: readonly number[]): number;
  /**
   * What text around a prompt (a hint, a worked example) adds to the logits of the symbol after `prefix`: a prompt is
   * "#3", and may have a note before or after it. Default: notes are refused.
   */
  noted?(note: string, context: number, prefix: readonly number[]): ArrayLike<number>;
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
  readonly kind: "prefix" | "position";
  /** States of a context. */
  readonly states: number;
  readonly answers: readonly TabularAnswer[];
  /** Longest completion. */
  readonly maxTokens: number;
}

const MAX_ANSWERS = 2 ** 16;
const MAX_LOGITS = 2 ** 24;

/** @throws UsageError for counts that are none, or a problem too large to enumerate */
export function tabularLayout(problem: TabularProblem): TabularLayout {
  const { contexts, symbols, length = 1, states: kind = "prefix", end, features } = problem;
  for (const [name, value] of Object.entries({ contexts, symbols, length })) {
    if (!Number.isInteger(value) || value < 1) refuse("tabular", `${name} is ${value}`, "pass a whole number from 1");
  }
  if (end !== undefined && !(Number.isInteger(end) && end >= 0 && end < symbols)) {
    refuse("tabular", `end is ${end}`, `pass a symbol from 0 to ${symbols - 1}`);
  }
  const width = features?.[0]?.length ?? 0;
  if (features && !(features.length === contexts && width > 0 && features.every((row) => row.length === width))) {
    refuse("tabular", `features are ${features.length} rows, the first of ${width}`, "pass equally many per context");
  }
  const states = kind === "position" || symbols === 1 ? length : (symbols ** length - 1) / (symbols - 1);
  if (!(contexts * states * symbols <= MAX_LOGITS)) {
    refuse("tabular", `there are ${contexts * states * symbols} logits`, `stay within ${MAX_LOGITS}`);
  }
  const answers: TabularAnswer[] = [];
  for (const answer of answersOf({ symbols, length, kind, end }, [], [0])) {
    if (answers.push(answer) > MAX_ANSWERS) {
      refuse("tabular", `there are more than ${MAX_ANSWERS} answers`, "make them fewer: they are enumerated");
    }
  }
  const layout = { problem, symbols, length, kind, states, answers };
  return {
    ...layout,
    maxTokens: answers.reduce((most, answer) => Math.max(most, tokensOf(problem, answer.symbols)), 0),
  };
}

/** Completion tokens of an answer. */
export function tokensOf(problem: TabularProblem, answer: readonly number[]): number {
  const tokens = problem.tokens?.(answer) ?? answer.length;
  if (Number.isInteger(tokens) && tokens >= answer.length) return tokens;
  return refuse("tabular", `tokens([${answer}]) is ${tokens}`, `return a whole number from ${answer.length}`);
}

interface Tree {
  readonly symbols: number;
  readonly length: number;
  readonly kind: "prefix" | "position";
  readonly end: number | undefined;
}

/** Depth first. @param states of the prefix's symbols, and of the one to come */
function* answersOf(tree: Tree, prefix: readonly number[], states: readonly number[]): Generator<TabularAnswer> {
  for (let symbol = 0; symbol < tree.symbols; symbol++) {
    const answer = [...prefix, symbol];
    if (answer.length === tree.length || symbol === tree.end) yield { symbols: answer, states };
    else yield* answersOf(tree, answer, [...states, nextState(tree, states.at(-1) ?? 0, symbol)]);
  }
}

/** The state after a symbol: the children of prefix s are s · symbols + 1 and those that follow. */
export function nextState({ kind, symbols }: Pick<Tree, "kind" | "symbols">, state: number, symbol: number): number {
  return kind === "position" ? state + 1 : state * symbols + 1 + symbol;
}
