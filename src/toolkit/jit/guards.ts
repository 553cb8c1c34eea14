/**
 * What a traced function must not do, said with the user's own line and with what to do instead.
 *
 * A trace runs the function once with placeholders. Whatever the host computes meanwhile (a random number, a value read
 * from a tensor) would be frozen into the graph, and be silently the same in every call.
 */
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { refuse, UsageError } from "../refuse.ts";

const self = fileURLToPath(import.meta.url);
const here = `${dirname(self)}${sep}`;

/** This library's own code, whose use of clocks (progress, output) is not part of the traced function. */
const library: readonly string[] = [join(here, "../../"), join(here, "../../../kernel/")];

/** The tfjs ops that draw random numbers on the host. */
const randomOps: ReadonlySet<string> = new Set([
  "rand",
  "randomGamma",
  "randomNormal",
  "randomStandardNormal",
  "randomUniform",
  "randomUniformInt",
  "truncatedNormal",
  "multinomial",
  "dropout",
]);

const noiseRemedy = "draw the noise before the call, from rng(key), and pass it as an argument";

const clockRemedy = "read it before the call and pass it as an argument; to time the function, time the awaited call";

/** What gives another value at each call, beside Math.random. */
const changing: readonly {
  readonly owner: object;
  readonly key: string;
  readonly text: string;
  readonly remedy: string;
}[] = [
  { owner: Date, key: "now", text: "Date.now would give the same time", remedy: clockRemedy },
  { owner: performance, key: "now", text: "performance.now would give the same time", remedy: clockRemedy },
  {
    owner: crypto,
    key: "getRandomValues",
    text: "crypto.getRandomValues would give the same numbers",
    remedy: noiseRemedy,
  },
  { owner: crypto, key: "randomUUID", text: "crypto.randomUUID would give the same text", remedy: noiseRemedy },
];

/** Why a captured tensor is refused. */
export const captureRemedy = "pass it as an argument, so that each call sees its current values";

/** Refuses something in the function `name` that is being traced. The message names the user's line. */
export function refuseTraced(name: string, problem: string, remedy: string): never {
  const line = userLine(new Error().stack);
  return refuse(name, line === undefined ? problem : `${problem} (at ${line})`, remedy);
}

/** Refuses when a tensor is being made by one of tfjs's random ops. */
export function checkRandomness(name: string): void {
  for (const scope of tf.engine().state.scopeStack) {
    const op = scope.name?.replace(/__op$/, "") ?? "";
    if (randomOps.has(op)) refuseTraced(name, `tf.${op} would give the same numbers at every call`, noiseRemedy);
  }
}

/** The error of a traced function in the words of this library; a missing kernel is named with the user's line. */
export function explainError(name: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UsageError) return error;
  const kernel = /^(?:Kernel|Cannot find registered kernel) '(\w+)' (?:not registered )?for backend/.exec(
    error.message,
  );
  const gradient = /^Cannot compute gradient: gradient function not found for (\w+)/.exec(error.message);
  const line = userLine(error.stack);
  const at = line === undefined ? "" : ` (at ${line})`;
  if (kernel !== null) {
    const remedy = "write it with other tfjs ops, or compute it before the call and pass it as an argument";
    return usageError(name, `the kernel ${kernel[1]} cannot be compiled${at}`, remedy, error);
  }
  if (gradient !== null) {
    const remedy = "write it with ops that have a gradient, or give it one with tf.customGrad";
    return usageError(name, `TensorFlow.js has no gradient for ${gradient[1]}${at}`, remedy, error);
  }
  const shapes = /^internal: (\[.*\] and \[.*\]) do not broadcast/.exec(error.message);
  if (shapes !== null) {
    const remedy = "make each extent equal or 1, counted from the last axis";
    return usageError(name, `the shapes ${shapes[1]} do not broadcast${at}`, remedy, error);
  }
  return error;
}

/** Runs `body` while Math.random and clocks refuse and stack traces are deep enough to reach the user's line. */
export function guarded<T>(name: string, body: () => T): T {
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = Math.max(depth, 64);
  const restores = changing.map(({ owner, key, text, remedy }) =>
    replace(owner, key, (original) => (...args: unknown[]) => {
      if (!calledByUser(new Error().stack)) return Reflect.apply(original, owner, args);
      return refuseTraced(name, `${text} at every call`, remedy);
    }),
  );
  const restoreRandom = replace(Math, "random", () => () => {
    checkRandomness(name); // tfjs's own use of it has a better name
    return refuseTraced(name, "Math.random would give the same number at every call", noiseRemedy);
  });
  try {
    return body();
  } finally {
    restoreRandom();
    for (const restore of restores) restore();
    Error.stackTraceLimit = depth;
  }
}

type Callable = (...args: unknown[]) => unknown;

/** Puts another function in place of a method, and returns what puts the method back, own or inherited as it was. */
function replace(owner: object, key: string, by: (original: Callable) => Callable): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(owner, key);
  const original: Callable = Reflect.get(owner, key);
  Object.defineProperty(owner, key, { value: by(original), configurable: true, writable: true });
  return () => {
    if (descriptor === undefined) Reflect.deleteProperty(owner, key);
    else Object.defineProperty(owner, key, descriptor);
  };
}

/** Whether the innermost caller outside of this file is the user's code: no package, nor Node, nor this library. */
function calledByUser(stack: string | undefined): boolean {
  const caller = places(stack).find((path) => !path.startsWith(`${self}:`));
  if (caller === undefined) return true;
  return !isForeign(caller) && !library.some((folder) => caller.startsWith(folder));
}

function usageError(name: string, problem: string, remedy: string, cause: unknown): unknown {
  try {
    return refuse(name, problem, remedy, cause);
  } catch (error) {
    return error;
  }
}

/** The innermost stack frame that lies neither in a package, nor in Node, nor in this folder. */
function userLine(stack: string | undefined): string | undefined {
  return places(stack).find((path) => !isForeign(path) && !path.startsWith(here));
}

function isForeign(path: string): boolean {
  return path.startsWith("node:") || path.includes(`${sep}node_modules${sep}`);
}

/** The places of a stack's frames, innermost first. */
function places(stack: string | undefined): string[] {
  return (stack?.split("\n").slice(1) ?? []).flatMap((frame) => {
    const place = /\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/.exec(frame)?.[1];
    if (place === undefined) return [];
    return [place.startsWith("file://") ? fileUrlPath(place) : place];
  });
}

function fileUrlPath(place: string): string {
  const position = /:\d+:\d+$/.exec(place)?.[0] ?? "";
  return fileURLToPath(place.slice(0, place.length - position.length)) + position;
}
