/** What a policy thinks at each token of given sequences: entropies, log-probs, the whole next-token distribution. */
import * as tf from "@tensorflow/tfjs";
import { jit } from "../jit/jit.ts";
import { forward } from "../policy/forward.ts";
import type { Policy } from "../policy/policy.ts";
import type { Tokenizer } from "../policy/tokenizer.ts";
import { textClass } from "./character-class.ts";
import { checkSequences, rowBlocks, type Sequences } from "./sequences.ts";

/** N tokens: all those that the mask marks, row after row. `entropyChange` compares two of these. */
export interface TokenProbe {
  /** [N] token ids. */
  readonly tokens: Int32Array;
  /** [N] place among the marked tokens of its row, from 0. */
  readonly positions: Int32Array;
  /** [N] row of the sequences. */
  readonly sequences: Int32Array;
  /** [N] problem of the row, where the sequences say it (`group`): what `entropyChange` resamples. */
  readonly problems?: Int32Array;
  /** [N] b · T + t: where the token's number stands in any [B, T] array of the same sequences, such as advantages. */
  readonly cells: Int32Array;
  /** [N] class by the token's text. */
  readonly classes: readonly string[];
  /** [N] log-prob of the token at temperature 1, nats. */
  readonly logProbs: Float32Array;
  /** [N] entropy of the next-token distribution at temperature 1, nats. */
  readonly entropies: Float32Array;
  /** [N, V] log-probs of the whole vocabulary. Absent with `vocabulary: false`. */
  readonly rows?: Float32Array;
}

export interface TokenProbeOptions {
  /** Return the whole distribution at each token, N x V numbers. Default true. */
  readonly vocabulary?: boolean;
  /** Class of a token by its text. Default {@link textClass}; the end token is "eos", other special ones are "special". */
  readonly classOf?: (text: string) => string;
}

/**
 * Reads a policy at the marked tokens of sequences, teacher-forced: the sequences may come from another policy.
 *
 * @throws UsageError when the arrays do not fit, or the mask is 0 everywhere
 */
export async function tokenProbe(
  policy: Policy,
  sequences: Sequences,
  { vocabulary = true, classOf = textClass }: TokenProbeOptions = {},
): Promise<TokenProbe> {
  checkSequences("tokenProbe", sequences);
  const { tokens, ...places } = markedTokens(sequences);
  const scored = await policy.score(sequences.ids, [sequences.rows, sequences.width]);
  return {
    tokens,
    ...places,
    ...(sequences.group !== undefined && { problems: places.sequences.map((row) => sequences.group?.[row] ?? row) }),
    classes: classesOf(tokens, policy.tokenizer, classOf),
    logProbs: Float32Array.from(places.cells, (cell) => scored.logProbs[cell] ?? Number.NaN),
    entropies: Float32Array.from(places.cells, (cell) => scored.entropies[cell] ?? Number.NaN),
    ...(vocabulary && { rows: await vocabularyRows(policy, sequences, places.cells) }),
  };
}

/** [N, V] log-probs over the vocabulary at some cells. */
async function vocabularyRows(policy: Policy, sequences: Sequences, cells: Int32Array): Promise<Float32Array> {
  const { config, parameters } = policy;
  const [vocabulary, columns] = [config.vocab_size, sequences.width - 1];
  const distribution = jit(
    (p: Record<string, tf.Tensor>, ids: tf.Tensor2D) => {
      const [rows] = ids.shape;
      return tf.logSoftmax(forward(p, ids.slice([0, 0], [rows, columns]), config)); // [B · T, V]
    },
    { name: "tokenProbe" },
  );
  const out = new Float32Array(cells.length * vocabulary);
  let n = 0;
  for (const { from, rows, shape, ids } of rowBlocks(sequences)) {
    const result = await distribution(parameters, { data: ids, shape });
    const data = await result.data();
    result.dispose();
    for (; n < cells.length && (cells[n] ?? 0) < (from + rows) * columns; n++) {
      const at = ((cells[n] ?? 0) - from * columns) * vocabulary;
      out.set(data.subarray(at, at + vocabulary), n * vocabulary);
    }
  }
  return out;
}

function markedTokens({
  rows,
  width,
  ids,
  mask,
}: Sequences): Pick<TokenProbe, "tokens" | "positions" | "sequences" | "cells"> {
  const found = { tokens: [] as number[], positions: [] as number[], sequences: [] as number[], cells: [] as number[] };
  for (let b = 0; b < rows; b++) {
    let position = 0;
    for (let t = 0; t < width - 1; t++) {
      const cell = b * (width - 1) + t;
      if (!((mask[cell] ?? 0) > 0)) continue;
      found.tokens.push(ids[b * width + t + 1] ?? 0);
      found.positions.push(position++);
      found.sequences.push(b);
      found.cells.push(cell);
    }
  }
  return {
    tokens: Int32Array.from(found.tokens),
    positions: Int32Array.from(found.positions),
    sequences: Int32Array.from(found.sequences),
    cells: Int32Array.from(found.cells),
  };
}

function classesOf(tokens: Int32Array, tokenizer: Tokenizer, classOf: (text: string) => string): string[] {
  const known = new Map<number, string>([[tokenizer.eosId, "eos"]]);
  return Array.from(tokens, (token) => {
    const seen = known.get(token);
    if (seen !== undefined) return seen;
    const text = tokenizer.decode([token]);
    const made = text === "" ? "special" : classOf(text);
    known.set(token, made);
    return made;
  });
}
