/** Token sequences with the part that is asked about, and how to make them from text. */
import type { Tokenizer } from "../policy/tokenizer.ts";
import { refuse } from "../refuse.ts";

/** Rows of token ids: prompt, completion, padding. `Generations` and `Rollouts` are such. */
export interface Sequences {
  /** B, and T + 1. */
  readonly rows: number;
  readonly width: number;
  readonly ids: Int32Array; // [B, T + 1]
  /** 1 where ids[b][t + 1] is a token that is asked about. */
  readonly mask: Float32Array; // [B, T]
  /** [B] which problem each row answers, where several rows may answer one. */
  readonly group?: Int32Array;
}

/** A prompt with what may follow it. */
export interface Continuation {
  readonly prompt: string;
  readonly completion: string;
}

/** Encodes prompts with completions; the completion and the end token after it are what is asked about. */
export function encodeSequences(tokenizer: Tokenizer, continuations: readonly Continuation[]): Sequences {
  if (continuations.length === 0) refuse("encodeSequences", "there are no sequences", "pass at least one");
  const prompts = continuations.map(({ prompt }) => tokenizer.encodePrompt(prompt));
  const completions = continuations.map(({ completion }) => [...tokenizer.encode(completion), tokenizer.eosId]);
  const lengths = prompts.map((prompt, b) => prompt.length + (completions[b]?.length ?? 0));
  const width = Math.max(...lengths);
  const ids = new Int32Array(prompts.length * width).fill(tokenizer.padId);
  const mask = new Float32Array(prompts.length * (width - 1));
  for (const [b, prompt] of prompts.entries()) {
    ids.set(prompt, b * width);
    ids.set(completions[b] ?? [], b * width + prompt.length);
    // Column t is about token t + 1.
    mask.fill(1, b * (width - 1) + prompt.length - 1, b * (width - 1) + (lengths[b] ?? 0) - 1);
  }
  return { rows: prompts.length, width, ids, mask };
}

/** Refuses sequences whose arrays do not fit their size, or that ask about nothing. */
export function checkSequences(where: string, { rows, width, ids, mask }: Sequences): void {
  if (ids.length !== rows * width || mask.length !== rows * (width - 1)) {
    refuse(
      where,
      `${rows} rows of width ${width} have ${ids.length} ids and ${mask.length} mask entries`,
      "pass ids [B, T + 1] and mask [B, T]",
    );
  }
  if (!mask.some((value) => value > 0)) refuse(where, "the mask is 0 everywhere", "mark the tokens to ask about");
}

/** Rows read at once: enough for full speed, and memory for a block stays small. */
const ROWS_AT_ONCE = 64;

/** Some rows, filled up with copies of the last one so that all blocks have one shape, which is compiled once. */
export interface RowBlock {
  /** First row, and number of rows before the copies. */
  readonly from: number;
  readonly rows: number;
  readonly shape: readonly [number, number];
  readonly ids: Int32Array;
}

export function* rowBlocks({ rows, width, ids }: Sequences): Generator<RowBlock> {
  const size = Math.min(rows, ROWS_AT_ONCE);
  for (let from = 0; from < rows; from += size) {
    const block = new Int32Array(size * width);
    for (let b = 0; b < size; b++) {
      const row = Math.min(from + b, rows - 1);
      block.set(ids.subarray(row * width, (row + 1) * width), b * width);
    }
    yield { from, rows: Math.min(size, rows - from), shape: [size, width], ids: block };
  }
}
