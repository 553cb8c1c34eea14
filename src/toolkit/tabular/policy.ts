/** A softmax policy whose logits are its parameters: one row of logits for each state of each context, in float64. */
import * as tf from "@tensorflow/tfjs";
import type { Model, Statistic, StatisticColumns, TokenRows } from "../models.ts";
import type { GenerateOptions, Generations } from "../policy/generation.ts";
import type { Tokenizer } from "../policy/tokenizer.ts";
import { refuse } from "../refuse.ts";
import { type Rng, rng } from "../rng.ts";
import {
  answerText,
  contextOf,
  nextState,
  SPECIAL_TOKENS,
  type TabularLayout,
  type TabularProblem,
  tabularLayout,
} from "./problem.ts";

export interface TabularPolicy {
  readonly layout: TabularLayout;
  /** Trained in place. */
  readonly logits: Float64Array; // [tables, states, symbols]
}

/** The policy before training. @throws UsageError for initial logits that are not one finite number per symbol */
export function tabularPolicy(problem: TabularProblem): TabularPolicy {
  const layout = tabularLayout(problem);
  const { tables, states, symbols, length } = layout;
  const logits = new Float64Array(tables * states * symbols);
  const kind = problem.states ?? "prefix";
  const fill = (context: number, state: number, prefix: readonly number[]): void => {
    const row = problem.initial?.(context, prefix) ?? new Float64Array(symbols);
    if (row.length !== symbols || !Array.from(row).every(Number.isFinite)) {
      refuse("tabular", `initial(${context}, [${prefix}]) is [${Array.from(row)}]`, `return ${symbols} finite numbers`);
    }
    logits.set(Array.from(row), (context * states + state) * symbols);
    if (prefix.length + 1 === length) return;
    const branches = kind === "position" ? 1 : symbols;
    for (let symbol = 0; symbol < branches; symbol++) {
      fill(context, nextState(kind, symbols, state, symbol), [...prefix, symbol]);
    }
  };
  for (let context = 0; context < tables; context++) fill(context, 0, []);
  return { layout, logits };
}

/** A copy that training the other does not change. */
export function copyOf({ layout, logits }: TabularPolicy): TabularPolicy {
  return { layout, logits: logits.slice() };
}

/** Where a state's row begins in the table. */
export function rowStart({ states, symbols, tables }: TabularLayout, context: number, state: number): number {
  return ((tables === 1 ? 0 : context) * states + state) * symbols;
}

/** log softmax of every row of logits / temperature. @returns [tables, states, symbols] */
export function logProbTable({ layout: { symbols }, logits }: TabularPolicy, temperature = 1): Float64Array {
  const table = logits.map((logit) => logit / temperature);
  for (let start = 0; start < table.length; start += symbols) {
    const row = table.subarray(start, start + symbols);
    const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const log = most + Math.log(row.reduce((sum, x) => sum + Math.exp(x - most), 0));
    for (let s = 0; s < symbols; s++) row[s] = (row[s] ?? 0) - log;
  }
  return table;
}

/** Ids of the tokens that only prompts have. */
function specialIds(layout: TabularLayout): {
  readonly pad: number;
  readonly bos: number;
  context(c: number): number;
} {
  const { symbols } = layout;
  return { pad: symbols, bos: symbols + 1, context: (c) => symbols + SPECIAL_TOKENS + c };
}

/** Rows of a prompt (BOS and its context) and an answer, in columns. Log-probs are `table`'s, [tables, states, symbols]. */
export function answerColumns(
  layout: TabularLayout,
  rows: readonly { readonly context: number; readonly group: number; readonly symbols: readonly number[] }[],
  { sample, policy }: { readonly sample: Float64Array; readonly policy: Float64Array },
): Generations {
  const width = 2 + layout.length;
  const special = specialIds(layout);
  const ids = new Int32Array(rows.length * width).fill(special.pad);
  const perToken = (): Float32Array => new Float32Array(rows.length * (width - 1));
  const [sampleLogProbs, policyLogProbs, mask] = [perToken(), perToken(), perToken()];
  for (const [b, { context, symbols }] of rows.entries()) {
    ids.set([special.bos, special.context(context), ...symbols], b * width);
    mask.fill(1, b * (width - 1) + 1, b * (width - 1) + 1 + symbols.length);
  }
  walk(layout, { rows: rows.length, width, ids }, (position, start, symbol) => {
    sampleLogProbs[position] = sample[start + symbol] ?? Number.NaN;
    policyLogProbs[position] = policy[start + symbol] ?? Number.NaN;
  });
  return {
    rows: rows.length,
    width,
    ids,
    promptLengths: new Int32Array(rows.length).fill(2),
    completionLengths: Int32Array.from(rows, ({ symbols }) => symbols.length),
    group: Int32Array.from(rows, ({ group }) => group),
    sampleLogProbs,
    policyLogProbs,
    mask,
    finish: rows.map(({ symbols }) => (symbols.at(-1) === layout.problem.end ? "eos" : "length")),
    completions: rows.map(({ symbols }) => answerText.encode(symbols)),
    tokensPerSecond: 0,
  };
}

/**
 * Visits the answer's tokens of rows: their position in a [B, T] column, where their state's row begins in the table, and
 * the symbol. @throws UsageError for rows that are not of this problem
 */
export function walk(
  layout: TabularLayout,
  { rows, width, ids }: TokenRows,
  visit: (position: number, start: number, symbol: number) => void,
): void {
  const { symbols, length, problem } = layout;
  const first = specialIds(layout).context(0);
  for (let b = 0; b < rows; b++) {
    const context = (ids[b * width + 1] ?? -1) - first;
    if (context < 0 || context >= problem.contexts)
      refuse("tabular", `row ${b} has no context`, "keep BOS and context");
    let state = 0;
    for (let t = 2; t < width && t - 2 < length; t++) {
      const symbol = ids[b * width + t] ?? symbols;
      if (symbol >= symbols) break;
      visit(b * (width - 1) + t - 1, rowStart(layout, context, state), symbol);
      if (symbol === problem.end) break;
      state = nextState(problem.states ?? "prefix", symbols, state, symbol);
    }
  }
}

/** The policy as seams see it: it samples, and gives statistics of given rows. */
export function tabularModel(policy: TabularPolicy, temperature = 1): Model {
  return {
    tokenizer: tabularTokenizer(policy.layout),
    maxPositions: 2 + policy.layout.length,
    generate: async (prompts, options) => generate(policy, prompts, options),
    measure: async (rows, statistics) => measure(policy, rows, statistics, temperature),
  };
}

function generate(policy: TabularPolicy, prompts: readonly string[], options: GenerateOptions): Generations {
  const { layout } = policy;
  const { samplesPerPrompt = 1, temperature = 1, greedy = false, seed, step = 0, firstRow = 0 } = options;
  const cut = (["topK", "topP", "minP", "stopIds"] as const).find((name) => options[name] !== undefined);
  if (cut !== undefined)
    refuse("tabular", `${cut} is given`, "leave it out: a tabular policy samples from all symbols");
  const table = logProbTable(policy, greedy ? 1 : temperature);
  const rows = prompts.flatMap((prompt, group) => {
    const context = contextOf(prompt, layout.problem.contexts);
    return Array.from({ length: samplesPerPrompt }, (_, i) => {
      const row = firstRow + group * samplesPerPrompt + i;
      const random = greedy ? undefined : rng({ seed, stream: "tabular", step, row });
      return { context, group, symbols: draw(layout, table, context, random) };
    });
  });
  const drawn = answerColumns(layout, rows, { sample: table, policy: logProbTable(policy) });
  return greedy ? { ...drawn, sampleLogProbs: drawn.sampleLogProbs.map(() => 0) } : drawn;
}

/** An answer; the likeliest symbols where there is no `random`. */
function draw(layout: TabularLayout, table: Float64Array, context: number, random: Rng | undefined): number[] {
  const { symbols, length, problem } = layout;
  const answer: number[] = [];
  let state = 0;
  while (answer.length < length) {
    const start = rowStart(layout, context, state);
    const row = table.subarray(start, start + symbols);
    const symbol = random === undefined ? row.indexOf(Math.max(...row)) : pick(row, random.uniform());
    answer.push(symbol);
    if (symbol === problem.end) break;
    state = nextState(problem.states ?? "prefix", symbols, state, symbol);
  }
  return answer;
}

function pick(logProbs: Float64Array, uniform: number): number {
  let left = uniform;
  for (const [symbol, logProb] of logProbs.entries()) {
    left -= Math.exp(logProb);
    if (left < 0) return symbol;
  }
  return logProbs.length - 1;
}

/** Positions that are no answer's have logits 0 and target 0. */
function measure<Name extends string>(
  policy: TabularPolicy,
  rows: TokenRows,
  statistics: Readonly<Record<Name, Statistic>>,
  temperature: number,
): StatisticColumns<Name> {
  const { symbols } = policy.layout;
  const positions = rows.rows * (rows.width - 1);
  const data = new Float32Array(positions * symbols);
  const targets = new Int32Array(positions);
  walk(policy.layout, rows, (position, start, symbol) => {
    data.set(policy.logits.subarray(start, start + symbols), position * symbols);
    targets[position] = symbol;
  });
  const names = Object.keys(statistics) as Name[];
  const columns = names.map((name) => {
    const values = tf.tidy(() => {
      const rawLogits = tf.tensor2d(data, [positions, symbols]);
      const logits = rawLogits.div<tf.Tensor2D>(temperature);
      const all = tf.logSoftmax(logits);
      const logProbs = tf.oneHot(targets, symbols).mul(all).sum<tf.Tensor1D>(1);
      const entropies = all.exp().mul(all).sum<tf.Tensor1D>(1).neg();
      return statistics[name]({ rawLogits, logits, logProbs, entropies, targets: tf.tensor1d(targets, "int32") });
    });
    const read = Float32Array.from(values.dataSync());
    values.dispose();
    return [name, read] as const;
  });
  return Object.fromEntries(columns) as Record<Name, Float32Array>;
}

function tabularTokenizer(layout: TabularLayout): Tokenizer {
  const { symbols, problem } = layout;
  const special = specialIds(layout);
  return {
    alphabet: answerText.encode(Array.from({ length: symbols }, (_, s) => s)),
    vocabSize: symbols,
    padId: special.pad,
    bosId: special.bos,
    eosId: problem.end ?? special.pad,
    encode: (text) => answerText.decode(text),
    encodePrompt: (text) => [special.bos, special.context(contextOf(text, problem.contexts))],
    decode: (ids) => answerText.encode(Array.from(ids).filter((id) => id < symbols)),
  };
}
