/**
 * What a traced function must not do, said with the user's own line and with what to do instead.
 *
 * A trace runs the function once with placeholders. Whatever the host computes meanwhile (a random number, a value read
 * from a tensor) would be frozen into the graph, and be silently the same in every call.
 */
import { dirname, sep } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { refuse, UsageError } from "../refuse.ts";

const here = `${dirname(fileURLToPath(import.meta.url))}${sep}`;

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
  return error;
}

/** Runs `body` while Math.random refuses and stack traces are deep enough to reach the user's line. */
export function guarded<T>(name: string, body: () => T): T {
  const random = Math.random; // allowed: saved to be put back
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = Math.max(depth, 64);
  // allowed: replaced by a refusal for the time of the trace
  Math.random = () => {
    checkRandomness(name); // tfjs's own use of it has a better name
    return refuseTraced(name, "Math.random would give the same number at every call", noiseRemedy);
  };
  try {
    return body();
  } finally {
    Math.random = random; // allowed: put back
    Error.stackTraceLimit = depth;
  }
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
  for (const frame of stack?.split("\n").slice(1) ?? []) {
    const place = /\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/.exec(frame)?.[1];
    if (place === undefined) continue;
    const path = place.startsWith("file://") ? fileUrlPath(place) : place;
    const foreign = path.startsWith("node:") || path.includes(`${sep}node_modules${sep}`) || path.startsWith(here);
    if (!foreign) return path;
  }
  return undefined;
}

function fileUrlPath(place: string): string {
  const position = /:\d+:\d+$/.exec(place)?.[0] ?? "";
  return fileURLToPath(place.slice(0, place.length - position.length)) + position;
}
