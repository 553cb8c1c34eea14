/** A tabular policy as seams see one: it samples, and gives statistics of given rows. */
import * as tf from "@tensorflow/tfjs";
import type { Model, Statistic, StatisticColumns, TokenRows } from "../models.ts";
import type { GenerateOptions, Generations } from "../policy/generation.ts";
import { refuse } from "../refuse.ts";
import { type Rng, rng } from "../rng.ts";
import { answerColumns, placeOf, type RowReader, rowReader, type TabularPolicy, walk } from "./policy.ts";
import { nextState } from "./problem.ts";
import { type Prompt, readPrompt, tabularTokenizer } from "./task.ts";

/** @param temperature of sampling; statistics are of that distribution */
export function tabularModel(policy: TabularPolicy, temperature = 1): Model {
  return {
    tokenizer: tabularTokenizer(policy.layout),
    maxPositions: 2 ** 16,
    generate: async (prompts, options) => generate(policy, prompts, options),
    measure: async (rows, statistics) => measure(policy, rows, statistics, temperature),
  };
}

function generate(policy: TabularPolicy, prompts: readonly string[], options: GenerateOptions): Generations {
  const { samplesPerPrompt = 1, temperature = 1, greedy = false, seed, step = 0, firstRow = 0 } = options;
  const cut = (["topK", "topP", "minP", "stopIds"] as const).find((name) => options[name] !== undefined);
  if (cut !== undefined)
    refuse("tabular", `${cut} is given`, "leave it out: a tabular policy samples from all symbols");
  const reader = rowReader(temperature);
  const rows = prompts.flatMap((text, group) => {
    const prompt = readPrompt(policy.layout, text);
    return Array.from({ length: samplesPerPrompt }, (_, i) => {
      const row = firstRow + group * samplesPerPrompt + i;
      const random = greedy ? undefined : rng({ seed, stream: "tabular", step, row });
      return { ...prompt, group, symbols: draw(policy, prompt, reader, random) };
    });
  });
  const drawn = answerColumns(policy, rows, temperature);
  return greedy ? { ...drawn, sampleLogProbs: drawn.sampleLogProbs.map(() => 0) } : drawn;
}

/** An answer; the likeliest symbols where there is no `random`. */
function draw(policy: TabularPolicy, prompt: Prompt, reader: RowReader, random: Rng | undefined): number[] {
  const { layout } = policy;
  const answer: number[] = [];
  let state = 0;
  while (answer.length < layout.length) {
    const row = reader(placeOf(policy, prompt, state, answer));
    const symbol = random === undefined ? row.indexOf(Math.max(...row)) : pick(row, random.uniform());
    answer.push(symbol);
    if (symbol === layout.problem.end) break;
    state = nextState(layout, state, symbol);
  }
  return answer;
}

function pick(logProbs: Float64Array, uniform: number): number {
  let left = uniform;
  for (let symbol = 0; symbol < logProbs.length; symbol++) {
    left -= Math.exp(logProbs[symbol] ?? 0);
    if (left < 0) return symbol;
  }
  return logProbs.length - 1;
}

/** Logit of the symbols that a certain token is not: their probability is 0 in float32. */
const NEVER = -1e4;

/** Logits of every position, [B, T, symbols]; certain ones (prompt, padding, an answer's tokens beyond its symbols) too. */
export function positionLogits(policy: TabularPolicy, rows: TokenRows): { logits: Float32Array; targets: Int32Array } {
  const { symbols } = policy.layout;
  const positions = rows.rows * (rows.width - 1);
  const logits = Float32Array.from({ length: positions * symbols }, (_, i) => (i % symbols === 0 ? 0 : NEVER));
  const targets = new Int32Array(positions);
  walk(policy, rows, (place) => {
    logits.set(place.logits, place.position * symbols);
    targets[place.position] = place.symbol;
  });
  return { logits, targets };
}

function measure<Name extends string>(
  policy: TabularPolicy,
  rows: TokenRows,
  statistics: Readonly<Record<Name, Statistic>>,
  temperature: number,
): StatisticColumns<Name> {
  const { symbols } = policy.layout;
  const { logits: data, targets } = positionLogits(policy, rows);
  const names = Object.keys(statistics) as Name[];
  const columns = names.map((name) => {
    const values = tf.tidy(() => {
      const rawLogits = tf.tensor2d(data, [targets.length, symbols]);
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
