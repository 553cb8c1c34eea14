/**
 * Keys and values of the rows being decoded, in the worker: arrays that the decode graph reads in place.
 *
 * A lane is a row of the arrays; slot t of a lane holds position t of its sequence, [lane, KV, slot, dh]. The arrays are
 * the first part of an arena's, and other numbers of lanes or slots are reached by moving lanes within it.
 */
import type { HostTensor } from "../jit/host-tensor.ts";
import type { CacheArena } from "./cache-arena.ts";
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

/** Lanes and slots. */
export interface CacheSize {
  readonly lanes: number;
  readonly slots: number;
}

interface Block {
  readonly name: string;
  /** The arena's whole array. */
  readonly data: Float32Array;
  /** The same in pairs: moved as doubles, half as many; exact, since no pair of finite floats is a NaN. */
  readonly pairs: Float64Array;
}

export class KvCache {
  lanes: number;
  slots: number;
  /** Positions held, by lane. */
  filled: Int32Array;
  /** Inputs of the decode graph: the keys and values of each layer, and the mask. Others after `resize`. */
  feeds: Readonly<Record<string, HostTensor>> = {};
  readonly #heads: number;
  readonly #width: number;
  readonly #blocks: readonly Block[];
  #mask: Float32Array = new Float32Array(); // [lanes, slots]

  /** @param largest bounds all later sizes */
  constructor(config: PolicyConfig, arena: CacheArena, { lanes, slots }: CacheSize, largest: CacheSize) {
    this.#heads = config.num_key_value_heads;
    this.#width = config.head_dim;
    const names = Array.from({ length: config.num_hidden_layers }, (_, layer) => cacheNames(layer)).flat();
    const arrays = arena.take(names.length, largest.lanes * this.#heads * largest.slots * this.#width);
    this.#blocks = arrays.map((data, i) => ({
      name: names[i] ?? "",
      data,
      pairs: new Float64Array(data.buffer, data.byteOffset, data.length / 2), // dh is even
    }));
    this.lanes = lanes;
    this.slots = slots;
    this.filled = new Int32Array(lanes);
    this.#expose();
  }

  /** Starts a lane with a prompt's positions; whatever was there before is hidden. */
  place(lane: number, prompt: PromptCache | undefined): void {
    const length = prompt?.length ?? 0;
    if (length > this.slots) throw new Error(`internal: a prompt of ${length} in ${this.slots} slots`);
    for (const [i, { data }] of this.#blocks.entries()) {
      const source = prompt?.layers[i]?.data;
      if (prompt === undefined || source === undefined) continue;
      for (let head = 0; head < this.#heads; head++) {
        const from = (prompt.row * this.#heads + head) * prompt.tokens * this.#width;
        data.set(source.subarray(from, from + length * this.#width), this.#start(lane, head, this.slots));
      }
    }
    this.filled[lane] = length;
    this.#showFilled(lane);
  }

  /** Adds the new position of some lanes. @param rows the decode graph's output, [2L, lanes, KV · dh] */
  append(lanes: readonly number[], rows: Float32Array): void {
    const half = this.#width / 2;
    const stride = this.slots * half;
    const source = new Float64Array(rows.buffer, rows.byteOffset, rows.length / 2);
    for (const [i, { pairs }] of this.#blocks.entries()) {
      for (const lane of lanes) {
        let from = (i * this.lanes + lane) * this.#heads * half;
        let to = lane * this.#heads * stride + (this.filled[lane] ?? 0) * half;
        for (let head = 0; head < this.#heads; head++, to += stride) {
          for (let j = 0; j < half; j++) pairs[to + j] = source[from++] as number;
        }
      }
    }
    for (const lane of lanes) {
      const slot = this.filled[lane] ?? 0;
      if (slot >= this.slots) throw new Error(`internal: lane ${lane} has no slot ${slot}`);
      this.#mask[lane * this.slots + slot] = 0;
      this.filled[lane] = slot + 1;
    }
  }

  /** Other sizes, and some of the lanes: lane i is what lane `kept[i]` was. @param kept in rising order */
  resize(kept: readonly number[], { lanes, slots }: CacheSize): void {
    const filled = new Int32Array(lanes);
    for (const [to, from] of kept.entries()) {
      filled[to] = this.filled[from] ?? 0;
      if (to !== from) this.#move({ lane: from, slots: this.slots }, { lane: to, slots: this.slots }, filled[to] ?? 0);
    }
    // In place: from the last lane when they move up, from the first when they move down, so that none is overwritten.
    const order = Array.from(kept.keys());
    if (slots > this.slots) order.reverse();
    if (slots !== this.slots) {
      for (const lane of order) this.#move({ lane, slots: this.slots }, { lane, slots }, filled[lane] ?? 0);
    }
    this.lanes = lanes;
    this.slots = slots;
    this.filled = filled;
    this.#expose();
  }

  #move(from: { lane: number; slots: number }, to: { lane: number; slots: number }, length: number): void {
    const up = to.slots > from.slots;
    for (const { data } of this.#blocks) {
      for (let i = 0; i < this.#heads; i++) {
        const head = up ? this.#heads - 1 - i : i;
        const start = this.#start(from.lane, head, from.slots);
        data.copyWithin(this.#start(to.lane, head, to.slots), start, start + length * this.#width);
      }
    }
  }

  #start(lane: number, head: number, slots: number): number {
    return (lane * this.#heads + head) * slots * this.#width;
  }

  #expose(): void {
    const { lanes, slots } = this;
    const shape = [lanes, this.#heads, slots, this.#width];
    const size = lanes * this.#heads * slots * this.#width;
    this.#mask = new Float32Array(lanes * slots);
    for (let lane = 0; lane < lanes; lane++) this.#showFilled(lane);
    this.feeds = {
      ...Object.fromEntries(this.#blocks.map(({ name, data }) => [name, { data: data.subarray(0, size), shape }])),
      mask: { data: this.#mask, shape: [lanes, 1, 1, slots] },
    };
  }

  #showFilled(lane: number): void {
    const start = lane * this.slots;
    const end = start + (this.filled[lane] ?? 0);
    this.#mask.fill(0, start, end);
    this.#mask.fill(hiddenScore, end, start + this.slots);
  }
}
