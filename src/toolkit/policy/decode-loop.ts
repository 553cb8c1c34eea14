/**
 * The token loop. Rows are decoded in lanes: a lane whose row ends takes the next waiting row; when none waits, the
 * lanes that are left move together into a smaller batch. A row's prompt is computed once, whatever the samples.
 */
import type { HostTensor } from "../jit/host-tensor.ts";
import type { Session, Weight } from "../jit/runtime.ts";
import { type RngKey, uniformRows } from "../rng.ts";
import { bucket } from "./buckets.ts";
import type { CacheArena } from "./cache-arena.ts";
import type { PolicyConfig } from "./config.ts";
import type { Sampling } from "./generation.ts";
import { KvCache, type PromptCache } from "./kv-cache.ts";
import { samplingInputs } from "./sampling-nodes.ts";

/** What to generate. Rows are numbered prompt by prompt: row b is sample b mod G of prompt ⌊b / G⌋. */
export interface DecodeRequest {
  readonly prompts: readonly Int32Array[];
  readonly samplesPerPrompt: number;
  readonly maxTokens: number;
  readonly sampling: Sampling;
  readonly endIds: readonly number[];
  readonly key: Omit<RngKey, "row">;
  readonly firstRow: number;
}

/** Where the loop gets its graphs and prompts from, and whom it tells. */
export interface DecodeContext {
  readonly config: PolicyConfig;
  readonly weights: ReadonlyMap<string, Weight>;
  readonly arena: CacheArena;
  readonly session: (lanes: number, slots: number) => Session;
  /** Keys and values of a prompt's tokens but the last; prompts are asked for in rising order. */
  readonly prompt: (index: number) => PromptCache | undefined;
  /** Called after each step with the tokens and rows done so far. */
  readonly afterStep: (tokens: number, rowsFinished: number) => void;
}

/** Completions in columns of `maxTokens`. */
export interface Decoded {
  readonly tokens: Int32Array; // [B, maxTokens]
  readonly sampleLogProbs: Float32Array; // [B, maxTokens]
  readonly policyLogProbs: Float32Array; // [B, maxTokens]
  readonly lengths: Int32Array; // [B]
}

/** Rows decoded together at most: with more, a step's arrays leave the processor's caches. */
const MOST_LANES = 256;

/** Bytes that the caches of one call may take, which bounds the lanes of large policies. */
const CACHE_BYTES = 2 ** 28;

const SMALLEST_SLOTS = 16;

/** Longest caches are multiples of this, so that limits of tokens that differ a little share their graphs. */
const SLOT_STEP = 8;

const IDLE = -1;

/** Decodes every row to its end. @throws Error when the policy's log-probs are not finite */
export function decodeRows(request: DecodeRequest, context: DecodeContext): Decoded {
  const loop = new DecodeLoop(request, context);
  while (loop.active > 0) loop.step();
  return loop.decoded;
}

class DecodeLoop {
  readonly decoded: Decoded;
  /** Lanes at work. */
  active = 0;
  readonly #request: DecodeRequest;
  readonly #context: DecodeContext;
  readonly #rows: number;
  readonly #settings: Record<string, HostTensor>;
  readonly #ends: ReadonlySet<number>;
  /** Slots that the longest row can fill, and a few more. */
  readonly #mostSlots: number;
  readonly #cache: KvCache;
  #inputs: LaneInputs;
  /** Row of each lane, or IDLE. */
  #rowOf: Int32Array;
  #feeds: Record<string, HostTensor>;
  #session: Session;
  #waiting = 0;
  #tokens = 0;
  #finished = 0;

  constructor(request: DecodeRequest, context: DecodeContext) {
    const { prompts, samplesPerPrompt, maxTokens, sampling, endIds } = request;
    this.#request = request;
    this.#context = context;
    this.#rows = prompts.length * samplesPerPrompt;
    this.#settings = samplingFeeds(sampling);
    this.#ends = new Set(endIds);
    this.decoded = {
      tokens: new Int32Array(this.#rows * maxTokens),
      sampleLogProbs: new Float32Array(this.#rows * maxTokens),
      policyLogProbs: new Float32Array(this.#rows * maxTokens),
      lengths: new Int32Array(this.#rows),
    };
    const longest = prompts.reduce((length, prompt) => Math.max(length, prompt.length), 0);
    this.#mostSlots = mostSlots(longest, maxTokens);
    const lanes = laneCount(context.config, this.#rows, this.#mostSlots);
    const size = { lanes, slots: this.#slotsFor(longest) };
    this.#cache = new KvCache(context.config, context.arena, size, { lanes, slots: this.#mostSlots });
    this.#rowOf = new Int32Array(lanes).fill(IDLE);
    this.#inputs = new LaneInputs(lanes);
    this.#session = context.session(lanes, this.#cache.slots);
    this.#feeds = this.#allFeeds();
    for (let lane = 0; lane < lanes; lane++) this.#refill(lane);
  }

  step(): void {
    this.#drawUniforms();
    const { drawn, rows } = this.#session.run(this.#feeds);
    if (!(drawn?.data instanceof Float32Array && rows?.data instanceof Float32Array)) {
      throw new Error("internal: the decode graph returned no tokens");
    }
    const continuing: number[] = [];
    for (let lane = 0; lane < this.#cache.lanes; lane++) {
      if (this.#rowOf[lane] === IDLE) continue;
      if (this.#take(lane, drawn.data)) this.#release(lane);
      else continuing.push(lane);
    }
    this.#extend(continuing, rows.data);
    if (this.#waiting < this.#rows) {
      for (let lane = 0; lane < this.#cache.lanes; lane++) if (this.#rowOf[lane] === IDLE) this.#refill(lane);
    }
    this.#context.afterStep(this.#tokens, this.#finished);
  }

  /** Records a lane's token; returns whether its row ends with it. */
  #take(lane: number, drawn: Float32Array): boolean {
    const row = this.#rowOf[lane] ?? 0;
    const { tokens, sampleLogProbs, policyLogProbs, lengths } = this.decoded;
    const { maxTokens } = this.#request;
    const length = lengths[row] ?? 0;
    const [token = 0, sampled = Number.NaN, policy = Number.NaN] = drawn.subarray(lane * 3, lane * 3 + 3);
    if (!(Number.isFinite(sampled) && Number.isFinite(policy))) {
      const at = `row ${row}: the log-prob of its token ${length + 1} (id ${token}) is ${policy}`;
      throw new Error(`generate: ${at}: its weights are not usable.`);
    }
    const at = row * maxTokens + length;
    tokens[at] = token;
    sampleLogProbs[at] = sampled;
    policyLogProbs[at] = policy;
    lengths[row] = length + 1;
    this.#tokens++;
    this.#inputs.tokens[lane] = token;
    this.#inputs.positions[lane] = (this.#inputs.positions[lane] ?? 0) + 1;
    return this.#ends.has(token) || length + 1 === maxTokens;
  }

  #release(lane: number): void {
    this.#rowOf[lane] = IDLE;
    this.#inputs.tokens[lane] = 0;
    this.#inputs.positions[lane] = 0;
    this.active--;
    this.#finished++;
  }

  /** Keeps the new keys and values of the lanes that go on, in a cache that fits them. */
  #extend(continuing: readonly number[], rows: Float32Array): void {
    const longest = continuing.reduce((most, lane) => Math.max(most, (this.#cache.filled[lane] ?? 0) + 1), 0);
    if (longest > this.#cache.slots) this.#resize(this.#allLanes(), this.#cache.lanes, this.#slotsFor(longest));
    this.#cache.append(continuing, rows);
    const lanes = bucket(Math.max(1, continuing.length), 1);
    if (this.#waiting === this.#rows && continuing.length > 0 && lanes < this.#cache.lanes) {
      this.#resize(continuing, lanes, this.#slotsFor(longest));
    }
  }

  #slotsFor(positions: number): number {
    return Math.min(bucket(positions, SMALLEST_SLOTS), this.#mostSlots);
  }

  #allLanes(): number[] {
    return Array.from({ length: this.#cache.lanes }, (_, lane) => lane);
  }

  /** Goes on with some of the lanes, in arrays of other sizes. */
  #resize(kept: readonly number[], lanes: number, slots: number): void {
    this.#cache.resize(kept, { lanes, slots });
    const inputs = new LaneInputs(lanes);
    const rowOf = new Int32Array(lanes).fill(IDLE);
    for (const [to, from] of kept.entries()) {
      inputs.tokens[to] = this.#inputs.tokens[from] ?? 0;
      inputs.positions[to] = this.#inputs.positions[from] ?? 0;
      rowOf[to] = this.#rowOf[from] ?? IDLE;
    }
    this.#inputs = inputs;
    this.#rowOf = rowOf;
    this.#session = this.#context.session(lanes, slots);
    this.#feeds = this.#allFeeds();
  }

  /** Gives an idle lane the next waiting row, if there is one. */
  #refill(lane: number): void {
    if (this.#waiting === this.#rows) return;
    const row = this.#waiting++;
    const index = Math.floor(row / this.#request.samplesPerPrompt);
    const prompt = this.#request.prompts[index];
    if (prompt === undefined) throw new Error(`internal: there is no prompt ${index}`);
    this.#rowOf[lane] = row;
    this.#inputs.tokens[lane] = prompt[prompt.length - 1] ?? 0;
    this.#inputs.positions[lane] = prompt.length - 1;
    this.#cache.place(lane, this.#context.prompt(index));
    this.active++;
  }

  /** (seed, step, row, position in the completion) alone decides a lane's number. */
  #drawUniforms(): void {
    if (this.#request.sampling.greedy) return;
    const { key, firstRow } = this.#request;
    const { uniforms } = this.#inputs;
    for (let lane = 0; lane < this.#cache.lanes; lane++) {
      const row = this.#rowOf[lane] ?? IDLE;
      if (row === IDLE) continue;
      uniformRows(key, [firstRow + row], this.decoded.lengths[row] ?? 0, uniforms.subarray(lane, lane + 1));
    }
  }

  #allFeeds(): Record<string, HostTensor> {
    const { sampling } = this.#request;
    return {
      ...Object.fromEntries(this.#context.weights),
      ...this.#cache.feeds,
      ...this.#settings,
      ...this.#inputs.feeds(!sampling.greedy),
    };
  }
}

/** What the decode graph reads of each lane beside its cache. */
class LaneInputs {
  readonly tokens: Int32Array;
  readonly positions: Int32Array;
  readonly uniforms: Float32Array;

  constructor(lanes: number) {
    this.tokens = new Int32Array(lanes);
    this.positions = new Int32Array(lanes);
    this.uniforms = new Float32Array(lanes);
  }

  feeds(drawing: boolean): Record<string, HostTensor> {
    const lanes = this.tokens.length;
    return {
      tokens: { data: this.tokens, shape: [lanes] },
      positions: { data: this.positions, shape: [lanes] },
      ...(drawing && { uniforms: { data: this.uniforms, shape: [lanes, 1] } }),
    };
  }
}

/** Slots for the longest row, whose last token is never read again. */
function mostSlots(longestPrompt: number, maxTokens: number): number {
  return Math.ceil((longestPrompt + maxTokens - 1) / SLOT_STEP) * SLOT_STEP;
}

function laneCount(
  { num_hidden_layers: layers, num_key_value_heads: heads, head_dim: width }: PolicyConfig,
  rows: number,
  positions: number,
): number {
  const bytes = 2 * layers * heads * width * positions * 4;
  const most = Math.max(1, Math.min(MOST_LANES, Math.floor(CACHE_BYTES / bytes)));
  return Math.min(bucket(rows, 1), most);
}

function samplingFeeds(sampling: Sampling): Record<string, HostTensor> {
  const feeds: Record<string, HostTensor> = {};
  for (const name of samplingInputs(sampling)) {
    if (name === "uniforms") continue;
    const value = sampling[name] ?? 0;
    feeds[name] =
      name === "topK"
        ? { data: Int32Array.of(value - 1), shape: [1] }
        : { data: Float32Array.of(value), shape: [1, 1] };
  }
  return feeds;
}
