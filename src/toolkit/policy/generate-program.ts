/** Generation inside the engine's worker: graphs over the store's own weight arrays, prompts, and the token loop. */
import type { GraphModel } from "../jit/graph.ts";
import type { CallContext, CallResult, Program } from "../jit/program.ts";
import { Recent } from "../jit/recent.ts";
import type { Runtime, Session, Weight } from "../jit/runtime.ts";
import { bucket } from "./buckets.ts";
import { CacheArena } from "./cache-arena.ts";
import type { PolicyConfig } from "./config.ts";
import { cacheNames, decodeGraph, prefillGraph } from "./decode-graph.ts";
import { type DecodeRequest, decodeRows } from "./decode-loop.ts";
import type { GenerationProgress } from "./generation.ts";
import type { PromptCache } from "./kv-cache.ts";
import { valueHeadName } from "./parameters.ts";
import { samplingInputs } from "./sampling-nodes.ts";

/** What the main side sends. */
export interface GeneratePayload extends DecodeRequest {
  /** Number of the parameter store. */
  readonly store: number;
  readonly config: PolicyConfig;
}

/** Prompts computed together at most, and their positions together. */
const PREFILL_ROWS = 64;
const PREFILL_TOKENS = 8192;

/** Graphs kept, the last used: a policy needs about ten sizes of batch and cache in one rollout. */
const MOST_SESSIONS = 128;

const PROGRESS_MS = 100;

/** What generation keeps in a worker between calls. */
interface Kept {
  /** By what decides their graph: building a graph takes longer than a decode step. */
  readonly sessions: Recent<string, Session>;
  readonly arena: CacheArena;
}

const keptBy = new WeakMap<Runtime, Kept>();

function keptIn(runtime: Runtime): Kept {
  let kept = keptBy.get(runtime);
  if (kept === undefined) {
    kept = { sessions: new Recent(MOST_SESSIONS, (_, { key }) => runtime.forget(key)), arena: new CacheArena() };
    runtime.keep(kept.arena); // so that its memory is counted
    keptBy.set(runtime, kept);
  }
  return kept;
}

function sessionOf(runtime: Runtime, key: unknown, graph: () => GraphModel): Session {
  const { sessions } = keptIn(runtime);
  return sessions.get(JSON.stringify(key), () => runtime.session(graph()));
}

function generate(runtime: Runtime, payload: GeneratePayload, context: CallContext): CallResult {
  const { store, config, sampling } = payload;
  const weights = new Map([...runtime.store(store)].filter(([name]) => name !== valueHeadName)); // no graph here reads it
  const { arena } = keptIn(runtime);
  const kind = [samplingInputs(sampling), sampling.greedy];
  try {
    const decoded = decodeRows(payload, {
      config,
      weights,
      arena,
      session: (rows, slots) =>
        sessionOf(runtime, ["decode", config, kind, rows, slots], () => decodeGraph(config, { rows, slots, sampling })),
      prompt: promptReader(runtime, config, weights, payload.prompts),
      afterStep: reporter(context),
    });
    return { result: decoded, transfer: Object.values(decoded).map(({ buffer }) => buffer) };
  } catch (error) {
    arena.clear();
    throw error;
  }
}

/** Computes prompts some at a time, as they are asked for; those before are forgotten. */
function promptReader(
  runtime: Runtime,
  config: PolicyConfig,
  weights: ReadonlyMap<string, Weight>,
  prompts: readonly Int32Array[],
): (index: number) => PromptCache | undefined {
  let chunk: readonly (PromptCache | undefined)[] = [];
  let start = 0;
  return (index) => {
    if (index >= start + chunk.length) {
      start = index;
      chunk = prefill(runtime, config, weights, prompts.slice(index, index + chunkSize(prompts, index)));
    }
    return chunk[index - start];
  };
}

function chunkSize(prompts: readonly Int32Array[], start: number): number {
  let longest = 1;
  let count = 0;
  for (const prompt of prompts.slice(start, start + PREFILL_ROWS)) {
    longest = Math.max(longest, prompt.length);
    if (count > 0 && (count + 1) * longest > PREFILL_TOKENS) break;
    count++;
  }
  return count;
}

/** Keys and values of all tokens but each prompt's last: the first decode step computes that one. */
function prefill(
  runtime: Runtime,
  config: PolicyConfig,
  weights: ReadonlyMap<string, Weight>,
  prompts: readonly Int32Array[],
): readonly (PromptCache | undefined)[] {
  const longest = Math.max(...prompts.map((prompt) => prompt.length - 1));
  if (longest === 0) return prompts.map(() => undefined);
  const [rows, tokens] = [bucket(prompts.length, 1), bucket(longest, 8)];
  const ids = new Int32Array(rows * tokens);
  for (const [i, prompt] of prompts.entries()) ids.set(prompt.subarray(0, -1), i * tokens);
  const session = sessionOf(runtime, ["prefill", config, rows, tokens], () => prefillGraph(config, { rows, tokens }));
  const used = session.model.inputs.filter(({ name }) => weights.has(name)).map(({ name }) => name);
  const feeds = Object.fromEntries([...weights].filter(([name]) => used.includes(name)));
  const outputs = session.run({ ...feeds, ids: { data: ids, shape: [rows, tokens] } });
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) => cacheNames(layer)).flat();
  const tensors = layers.map((name) => {
    const output = outputs[name];
    if (output === undefined) throw new Error(`internal: the prefill graph has no output ${name}`);
    return output;
  });
  return prompts.map((prompt, row) => ({ layers: tensors, row, tokens, length: prompt.length - 1 }));
}

/** Tells the caller now and then, and stops when it wants to. */
function reporter(context: CallContext): (tokens: number, rowsFinished: number) => void {
  let last = performance.now();
  return (tokens, rowsFinished) => {
    context.checkpoint();
    const now = performance.now();
    if (now - last < PROGRESS_MS) return;
    last = now;
    context.progress({ tokens, rowsFinished } satisfies GenerationProgress);
  };
}

export const program: Program = { generate };
