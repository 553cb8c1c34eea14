/** The engine's own methods inside the worker: runs, parameter stores, memory, profiles. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostTensor } from "./host-tensor.ts";
import type { CallResult, Program } from "./program.ts";
import { type Runtime, WeightStore } from "./runtime.ts";

/** An input as it crosses to the worker: values, or the name of a weight that is there. */
export type WireFeed = HostTensor | { readonly store: number; readonly parameter: string };

/** Time spent in one type of ONNX operator during one run, summed over its nodes. */
export interface OpTime {
  readonly op: string;
  readonly count: number;
  readonly ms: number;
}

/** What the `profile` method returns. */
export interface ProfileResult {
  readonly ops: readonly OpTime[];
}

type Tensors = Readonly<Record<string, HostTensor>>;
type Feeds = Readonly<Record<string, WireFeed>>;

/** Inputs for a session, with weights taken from their stores as they lie. */
export function resolveFeeds(runtime: Runtime, feeds: Feeds): Record<string, HostTensor> {
  const resolved: Record<string, HostTensor> = {};
  for (const [name, feed] of Object.entries(feeds)) {
    resolved[name] = "store" in feed ? runtime.resource(WeightStore, feed.store).get(feed.parameter) : feed;
  }
  return resolved;
}

/** A result that moves its arrays instead of copying them. */
export function moved(tensors: Tensors): CallResult {
  return { result: tensors, transfer: Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer) };
}

function run(runtime: Runtime, { key, feeds }: { key: string; feeds: Feeds }): CallResult {
  return moved(runtime.sessionOf(key).run(resolveFeeds(runtime, feeds)));
}

function load(runtime: Runtime, { key }: { key: string }): CallResult {
  runtime.load(runtime.sessionOf(key));
  return {};
}

function profile(runtime: Runtime, { key, feeds, runs }: { key: string; feeds: Feeds; runs: number }): CallResult {
  const folder = mkdtempSync(join(tmpdir(), "rlvr-profile-"));
  try {
    runtime.profile(runtime.sessionOf(key).model, resolveFeeds(runtime, feeds), join(folder, "run"), runs);
    const [file] = readdirSync(folder);
    if (file === undefined) throw new Error("internal: the profiler wrote no file");
    const result: ProfileResult = { ops: opTimes(JSON.parse(readFileSync(join(folder, file), "utf8")), runs) };
    return { result };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly dur?: number;
  readonly args?: { readonly op_name?: string };
}

function opTimes(events: readonly ProfileEvent[], runs: number): OpTime[] {
  const totals = new Map<string, { count: number; microseconds: number }>();
  for (const { cat, name = "", dur = 0, args } of events) {
    if (cat !== "Node" || !name.endsWith("_kernel_time") || args?.op_name === undefined) continue;
    const total = totals.get(args.op_name) ?? { count: 0, microseconds: 0 };
    totals.set(args.op_name, { count: total.count + 1, microseconds: total.microseconds + dur });
  }
  const ops = [...totals].map(([op, { count, microseconds }]) => ({
    op,
    count: count / runs,
    ms: microseconds / 1000 / runs,
  }));
  return ops.sort((a, b) => b.ms - a.ms);
}

function createStore(runtime: Runtime, { tensors }: { tensors: Tensors }): CallResult {
  return { result: runtime.keep(new WeightStore(tensors)) };
}

function cloneStore(runtime: Runtime, { store }: { store: number }): CallResult {
  return { result: runtime.keep(new WeightStore(runtime.resource(WeightStore, store).read())) };
}

function readStore(runtime: Runtime, { store, names }: { store: number; names?: readonly string[] }): CallResult {
  return moved(runtime.resource(WeightStore, store).read(names));
}

function writeStore(runtime: Runtime, { store, values }: { store: number; values: Tensors }): CallResult {
  runtime.resource(WeightStore, store).write(values);
  return {};
}

function fingerprint(runtime: Runtime, { store }: { store: number }): CallResult {
  return { result: runtime.resource(WeightStore, store).fingerprint() };
}

function memory(runtime: Runtime): CallResult {
  return { result: runtime.memory() };
}

export const program: Program = {
  run,
  load,
  profile,
  createStore,
  cloneStore,
  readStore,
  writeStore,
  fingerprint,
  memory,
};
