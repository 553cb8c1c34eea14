/**
 * Keys and values of the rows being decoded, in the worker: arrays that the decode graph reads in place.
 *
 * A lane is a row of the arrays; slot t of a lane holds position t of its sequence, [lane, KV, slot, dh].
 */
import type { HostTensor } from "../jit/host-tensor.ts";
import type { PolicyConfig } from "./config.ts";
import { cacheNames, hiddenScore } from "./decode-graph.ts";

/** Keys and values of one prompt, as rows of the prefill graph's outputs. */
export interface PromptCache {
  /** Keys and values of each layer, [P, KV, T, dh]. */
  readonly layers: readonly HostTensor[];
  /** Which of the P rows. */
  readonly row: number;
  /** T. */
  readonly tokens: number;
  /** How many of the T positions are the prompt's. */
  readonly length: number;
}

interface Block {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

export class KvCache {
  readonly lanes: number;
  readonly slots: number;
  /** Inputs of the decode graph: the keys and values of each layer, and the mask. */
  readonly feeds: Readonly<Record<string, HostTensor>>;
  /** Positions held, by lane. */
  readonly filled: Int32Array;
  readonly #config: PolicyConfig;
  readonly #blocks: readonly Block[];
  readonly #mask: Float32Array; // [lanes, slots]

  constructor(config: PolicyConfig, lanes: number, slots: number) {
    const { num_hidden_layers: layers, num_key_value_heads: heads, head_dim: width } = config;
    this.#config = config;
    this.lanes = lanes;
    this.slots = slots;
    this.filled = new Int32Array(lanes);
    const shape = [lanes, heads, slots, width];
    const names = Array.from({ length: layers }, (_, layer) => cacheNames(layer)).flat();
    this.#blocks = names.map(() => ({ data: new Float32Array(lanes * heads * slots * width), shape }));
    this.#mask = new Float32Array(lanes * slots).fill(hiddenScore);
    const blocks = names.map((name, i) => [name, this.#blocks[i]] as const);
    this.feeds = { ...Object.fromEntries(blocks), mask: { data: this.#mask, shape: [lanes, 1, 1, slots] } };
  }

  /** Starts a lane with a prompt's positions; whatever was there before is hidden. */
  place(lane: number, prompt: PromptCache | undefined): void {
    const { num_key_value_heads: heads, head_dim: width } = this.#config;
    const length = prompt?.length ?? 0;
    for (const [i, { data }] of this.#blocks.entries()) {
      const source = prompt?.layers[i]?.data;
      if (prompt === undefined || source === undefined) continue;
      for (let head = 0; head < heads; head++) {
        const from = (prompt.row * heads + head) * prompt.tokens * width;
        data.set(source.subarray(from, from + length * width), (lane * heads + head) * this.slots * width);
      }
    }
    this.#show(lane, length);
  }

  /** Adds the new position of a lane. @param rows the decode graph's output, [2L, lanes, KV · dh] */
  append(lane: number, rows: Float32Array): void {
    const { num_key_value_heads: heads, head_dim: width } = this.#config;
    const slot = this.filled[lane] ?? 0;
    if (slot >= this.slots) throw new Error(`internal: lane ${lane} has no slot ${slot}`);
    let from = lane * heads * width;
    for (const { data } of this.#blocks) {
      let to = (lane * heads * this.slots + slot) * width;
      for (let head = 0; head < heads; head++) {
        for (let i = 0; i < width; i++) data[to + i] = rows[from + head * width + i] ?? 0;
        to += this.slots * width;
      }
      from += this.lanes * heads * width;
    }
    this.#mask[lane * this.slots + slot] = 0;
    this.filled[lane] = slot + 1;
  }

  /** A cache of another size with some of this one's lanes: lane i of it is lane `kept[i]` of this. */
  resized(kept: readonly number[], lanes: number, slots: number): KvCache {
    const { num_key_value_heads: heads, head_dim: width } = this.#config;
    const cache = new KvCache(this.#config, lanes, slots);
    for (const [to, from] of kept.entries()) {
      const length = this.filled[from] ?? 0;
      for (const [i, { data }] of this.#blocks.entries()) {
        const target = cache.#blocks[i]?.data;
        for (let head = 0; head < heads; head++) {
          const start = (from * heads + head) * this.slots * width;
          target?.set(data.subarray(start, start + length * width), (to * heads + head) * slots * width);
        }
      }
      cache.#show(to, length);
    }
    return cache;
  }

  #show(lane: number, length: number): void {
    const start = lane * this.slots;
    this.#mask.fill(0, start, start + length);
    this.#mask.fill(hiddenScore, start + length, start + this.slots);
    this.filled[lane] = length;
  }
}
