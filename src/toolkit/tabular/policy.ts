/** A softmax policy whose logits are its parameters: one row of logits for each state of each context, in float64. */
import type { TokenRows } from "../models.ts";
import type { Generations } from "../policy/generation.ts";
import { refuse } from "../refuse.ts";
import { nextState, type TabularLayout, type TabularProblem, tabularLayout, tokensOf } from "./problem.ts";
import { answerText, type Prompt, tokenIds } from "./task.ts";

export interface TabularPolicy {
  readonly layout: TabularLayout;
  /** Before training. */
  readonly base: Float64Array; // [contexts, states, symbols]
  /** What is trained: W where the problem has features, else what was added to the base. */
  readonly weights: Float64Array; // [features or contexts, states, symbols]
  readonly logits: Float64Array; // [contexts, states, symbols]
}

/** The policy before training. @throws UsageError for initial logits that are not one finite number per symbol */
export function tabularPolicy(problem: TabularProblem): TabularPolicy {
  const layout = tabularLayout(problem);
  const { states, symbols, length, kind } = layout;
  const base = new Float64Array(problem.contexts * states * symbols);
  const fill = (context: number, state: number, prefix: readonly number[]): void => {
    const row = problem.initial?.(context, prefix) ?? new Float64Array(symbols);
    if (row.length !== symbols || !Array.from(row).every(Number.isFinite)) {
      refuse("tabular", `initial(${context}, [${prefix}]) is [${Array.from(row)}]`, `return ${symbols} finite numbers`);
    }
    base.set(Array.from(row), (context * states + state) * symbols);
    if (prefix.length + 1 === length) return;
    for (let symbol = 0; symbol < (kind === "position" ? 1 : symbols); symbol++) {
      fill(context, nextState(layout, state, symbol), [...prefix, symbol]);
    }
  };
  for (let context = 0; context < problem.contexts; context++) fill(context, 0, []);
  const tables = problem.features?.[0]?.length ?? problem.contexts;
  return { layout, base, weights: new Float64Array(tables * states * symbols), logits: base.slice() };
}

/** A copy that training the other does not change. */
export function copyOf({ layout, base, weights, logits }: TabularPolicy): TabularPolicy {
  return { layout, base, weights: weights.slice(), logits: logits.slice() };
}

/** A gradient by the logits as one by the weights. */
export function byWeights({ layout, weights }: TabularPolicy, byLogits: Float64Array): Float64Array {
  const { features } = layout.problem;
  if (features === undefined) return byLogits;
  const size = layout.states * layout.symbols;
  const gradient = new Float64Array(weights.length);
  for (const [i, slope] of byLogits.entries()) {
    if (slope === 0) continue;
    const row = features[Math.floor(i / size)] ?? [];
    for (let f = 0; f < row.length; f++) {
      gradient[f * size + (i % size)] = (gradient[f * size + (i % size)] ?? 0) + (row[f] ?? 0) * slope;
    }
  }
  return gradient;
}

/** Adds to the weights, and works out the logits anew. */
export function moveWeights({ layout, base, weights, logits }: TabularPolicy, change: Float64Array): void {
  const { features } = layout.problem;
  const size = layout.states * layout.symbols;
  for (const [i, by] of change.entries()) weights[i] = (weights[i] ?? 0) + by;
  for (const [i, start] of base.entries()) {
    const row = features?.[Math.floor(i / size)];
    if (row === undefined) logits[i] = start + (weights[i] ?? 0);
    else logits[i] = Array.from(row).reduce((sum, x, f) => sum + x * (weights[f * size + (i % size)] ?? 0), start);
  }
}

/** Where a state's row begins in the table. */
export function rowStart({ states, symbols }: TabularLayout, context: number, state: number): number {
  return (context * states + state) * symbols;
}

/** A row of logits as log-probs at a temperature. */
function logSoftmax(logits: Float64Array, temperature = 1): Float64Array {
  const row = new Float64Array(logits.length);
  let most = -Infinity;
  for (const logit of logits) most = Math.max(most, logit / temperature);
  let sum = 0;
  for (let s = 0; s < row.length; s++) {
    row[s] = (logits[s] ?? 0) / temperature - most;
    sum += Math.exp(row[s] ?? 0);
  }
  const log = Math.log(sum);
  for (let s = 0; s < row.length; s++) row[s] = (row[s] ?? 0) - log;
  return row;
}

/** Log-probs of rows, worked out once for all answers that pass through a state; good until the weights move. */
export type RowReader = (place: Pick<Place, "start" | "logits" | "noted">) => Float64Array;

export function rowReader(temperature = 1): RowReader {
  const known = new Map<number, Float64Array>();
  return ({ start, logits, noted }) => {
    const found = noted ? undefined : known.get(start);
    const row = found ?? logSoftmax(logits, temperature);
    if (!noted) known.set(start, row);
    return row;
  };
}

/** Every row as log-probs, without notes. @returns [contexts, states, symbols] */
export function logProbTable({ layout: { symbols }, logits }: TabularPolicy): Float64Array {
  const table = new Float64Array(logits.length);
  for (let start = 0; start < table.length; start += symbols) {
    table.set(logSoftmax(logits.subarray(start, start + symbols)), start);
  }
  return table;
}

/** A token of an answer and where it is drawn. */
export interface Place {
  /** In a [B, T] column. */
  readonly position: number;
  /** Where the state's row begins in the table. */
  readonly start: number;
  readonly symbol: number;
  /** The row, with what a note adds. */
  readonly logits: Float64Array;
  /** Whether a note adds something. */
  readonly noted: boolean;
}

/** The row of a state after a prompt. */
export function placeOf(
  policy: TabularPolicy,
  { context, note }: Prompt,
  state: number,
  prefix: readonly number[],
): Pick<Place, "start" | "logits" | "noted"> {
  const { layout, logits } = policy;
  const start = rowStart(layout, context, state);
  const row = logits.subarray(start, start + layout.symbols);
  const added = note === "" ? undefined : layout.problem.noted?.(note, context, prefix);
  const noted = added !== undefined;
  return { start, noted, logits: noted ? row.map((x, s) => x + (added[s] ?? Number.NaN)) : row };
}

/** Visits the answers' symbols of rows. @throws UsageError for rows that are not of this problem */
export function walk(policy: TabularPolicy, { rows, width, ids }: TokenRows, visit: (place: Place) => void): void {
  const { layout } = policy;
  const special = tokenIds(layout);
  for (let b = 0; b < rows; b++) {
    const row = ids.subarray(b * width, (b + 1) * width);
    const prompt = special.read(row) ?? refuse("tabular", `row ${b} has no context`, "keep BOS and context");
    const answer: number[] = [];
    let state = 0;
    for (let t = prompt.length; t < width && answer.length < layout.length; t++) {
      const symbol = row[t] ?? layout.symbols;
      if (symbol >= layout.symbols) break;
      visit({ position: b * (width - 1) + t - 1, symbol, ...placeOf(policy, prompt, state, answer) });
      if (symbol === layout.problem.end) break;
      state = nextState(layout, state, symbol);
      answer.push(symbol);
    }
  }
}

/** A prompt and an answer to it. */
export interface AnswerRow extends Prompt {
  readonly group: number;
  readonly symbols: readonly number[];
}

/** Rows in columns, with the policy's log-probs, and the sampler's at its temperature. */
export function answerColumns(policy: TabularPolicy, rows: readonly AnswerRow[], temperature = 1): Generations {
  const { layout } = policy;
  const special = tokenIds(layout);
  const prompts = rows.map((row) => special.prompt(row));
  const tokens = rows.map(({ symbols }) => tokensOf(layout.problem, symbols));
  const width = prompts.reduce((most, prompt) => Math.max(most, prompt.length), 2) + layout.maxTokens;
  const ids = new Int32Array(rows.length * width).fill(special.pad);
  const perToken = (): Float32Array => new Float32Array(rows.length * (width - 1));
  const [sampleLogProbs, policyLogProbs, mask] = [perToken(), perToken(), perToken()];
  for (const [b, { symbols }] of rows.entries()) {
    const [prompt, count] = [prompts[b] ?? [], tokens[b] ?? 0];
    const start = b * width + prompt.length;
    ids.set(prompt, b * width);
    ids.fill(special.filler, start, start + count);
    ids.set(symbols, start);
    mask.fill(1, start - b - 1, start - b - 1 + count); // column t is about token t + 1
  }
  const [sampler, own] = [rowReader(temperature), rowReader()];
  walk(policy, { rows: rows.length, width, ids }, (place) => {
    sampleLogProbs[place.position] = sampler(place)[place.symbol] ?? Number.NaN;
    policyLogProbs[place.position] = own(place)[place.symbol] ?? Number.NaN;
  });
  return {
    ...{ rows: rows.length, width, ids, sampleLogProbs, policyLogProbs, mask, tokensPerSecond: 0 },
    promptLengths: Int32Array.from(prompts, (prompt) => prompt.length),
    completionLengths: Int32Array.from(tokens),
    group: Int32Array.from(rows, ({ group }) => group),
    finish: rows.map(({ symbols }) => (symbols.at(-1) === layout.problem.end ? "eos" : "length")),
    completions: rows.map(({ symbols }) => answerText.encode(symbols)),
  };
}
