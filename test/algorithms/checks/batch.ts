/** Makes a batch of what an objective needs, from a seed: ratios on both sides of usual clips, no number at a kink. */
import type { ObjectiveNeeds } from "../../../src/toolkit/objective.ts";
import { type Rng, rng } from "../../../src/toolkit/rng.ts";
import { type Column, type Columns, floats } from "./columns.ts";

/** Sizes that all differ, so that a column's kind shows in its shape: 4 groups of 4 rows. */
const SIZE = { rows: 16, tokens: 7, vocabulary: 5, groups: 4, prompt: 1, maxTokens: 9 } as const;

/** What a row of the table may change in its batch. */
export interface BatchOptions {
  /** Standard deviation of log p - log p_old. Default 0.3: about half of the ratios leave [0.8, 1.2]. */
  readonly spread?: number;
  /** Rewards. Default: 0 or 1, both in every group. */
  readonly reward?: (random: Rng, row: number) => number;
  /** Advantages. Default: normal, another one for each token, or for each row where the objective needs them so. */
  readonly advantage?: (random: Rng, row: number, token: number) => number;
  /** Numbers of the objective's own columns, by name. Default: normal per token and vocabulary entry, else uniform. */
  readonly columns?: Readonly<Record<string, (random: Rng, row: number, token: number) => number>>;
}

/** The batch. Row 6 trains nothing; positions outside of the mask hold numbers like any others. */
export function makeBatch(needs: ObjectiveNeeds, options: BatchOptions = {}): Columns {
  const { rows, tokens, vocabulary, groups, maxTokens } = SIZE;
  const perToken = (name: string, value: (random: Rng, row: number, token: number, i: number) => number): Column => {
    const random = rng({ seed: 8, stream: name });
    return floats([rows, tokens], (i) => value(random, Math.floor(i / tokens), i % tokens, i));
  };
  const perRow = (name: string, value: (random: Rng, row: number) => number): Column => {
    const random = rng({ seed: 8, stream: name });
    return floats([rows], (b) => value(random, b));
  };
  const perEntry = (name: string): Column => {
    const random = rng({ seed: 8, stream: name });
    return floats([rows, tokens, vocabulary], () => random.normal());
  };
  const oldLogProbs = perToken("old", (random) => -0.2 - 2.5 * random.uniform());
  const near = (name: string, of: Column, spread: number): Column =>
    perToken(name, (random, _, __, i) => Math.min(-0.01, (of.data[i] ?? 0) + spread * random.normal()));
  const logProbs = near("policy", oldLogProbs, options.spread ?? 0.3);
  const mask = perToken("mask", (_, row, token) => (token >= SIZE.prompt && token < ends(row) ? 1 : 0));
  const group = { ...floats([rows], (b) => Math.floor((b * groups) / rows)), dtype: "int" as const };
  const size = { perToken, perRow, perEntry };
  return {
    logProbs,
    oldLogProbs,
    sampleLogProbs: near("sampler", oldLogProbs, 0.1),
    ...(needs.referenceLogProbs === true && { referenceLogProbs: near("reference", logProbs, 0.4) }),
    ...(needs.entropy !== undefined && { entropies: perToken("entropy", (random) => 0.1 + 1.4 * random.uniform()) }),
    ...ownColumns(needs, options, size),
    advantages: perToken("advantage", options.advantage ?? advantageOf(needs)),
    mask,
    rewards: perRow("reward", options.reward ?? ((_, row) => (row % 4 < 1 + (Math.floor(row / 4) % 3) ? 1 : 0))),
    group,
    rowMask: perRow("row mask", () => 1),
    "totals.rows": floats([], () => rows),
    "totals.tokens": floats([], () => mask.data.reduce((a, b) => a + b, 0)),
    "totals.maxTokens": floats([], () => maxTokens),
    "totals.groups": floats([], () => groups),
  };
}

function advantageOf(needs: ObjectiveNeeds): NonNullable<BatchOptions["advantage"]> {
  if (needs.advantages !== "row") return (random) => random.normal();
  return (_, row) => rng({ seed: 8, stream: "row advantage", row }).normal();
}

/** Where a row's completion ends; row 6 has none. */
function ends(row: number): number {
  return row === 6 ? 0 : SIZE.prompt + 1 + (row % (SIZE.tokens - SIZE.prompt - 1));
}

interface Makers {
  readonly perToken: (name: string, value: (random: Rng, row: number, token: number) => number) => Column;
  readonly perRow: (name: string, value: (random: Rng, row: number) => number) => Column;
  readonly perEntry: (name: string) => Column;
}

function ownColumns(needs: ObjectiveNeeds, options: BatchOptions, { perToken, perRow, perEntry }: Makers): Columns {
  const own = Object.entries(needs.columns ?? {}).map(([name, kind]): [string, Column] => {
    const given = options.columns?.[name];
    const path = `columns.${name}`;
    if (kind === "token") return [path, perToken(path, given ?? ((random) => random.normal()))];
    if (kind === "vocabulary") return [path, perEntry(path)];
    const value = given ?? ((random: Rng) => random.uniform());
    if (kind === "row") return [path, perRow(path, (random, row) => value(random, row, 0))];
    return [path, floats([], () => value(rng({ seed: 8, stream: path }), 0, 0))];
  });
  return {
    ...(needs.logits === true && { logits: perEntry("logits") }),
    ...(needs.referenceLogits === true && { referenceLogits: perEntry("reference logits") }),
    ...(needs.values === true && { values: perToken("values", (random) => random.normal()) }),
    ...Object.fromEntries(own),
  };
}
