/** Errors as notebooks store them: name, message, and a traceback with the source around the place that failed. */
import { inspect } from "node:util";
import { CellSyntaxError, excerpt } from "../compiler/syntax-error.ts";
import { inspectOptions } from "./console.ts";
import type { CellError } from "./events.ts";
import type { CellRun } from "./run.ts";
import { type CellFrame, isInternalLine, placeName, type Stacks } from "./stack.ts";

const maxCauses = 8;
const maxParts = 20;

/** Describes whatever was thrown. `run` is the cell in which it surfaced. */
export function describeError(thrown: unknown, stacks: Stacks, run: CellRun): CellError {
  if (thrown instanceof CellSyntaxError) {
    const place = placeName({ run, ...thrown.position });
    const traceback = [`SyntaxError: ${thrown.message}`, place, ...excerpt(run.cell.source, thrown.position)];
    return { ename: "SyntaxError", evalue: thrown.message, traceback };
  }
  const traceback = describe(thrown, stacks, { left: maxCauses });
  if (!(thrown instanceof Error)) return { ename: "Thrown", evalue: inspect(thrown, inspectOptions), traceback };
  return { ename: nameOf(thrown), evalue: plainNames(String(thrown.message)), traceback };
}

function nameOf(error: Error): string {
  return typeof error.name === "string" && error.name !== "" ? error.name : "Error";
}

/** Messages of V8 quote the rewritten code: session variables get their names back. */
function plainNames(message: string): string {
  return message
    .replace(/\(0 ?, ?\(intermediate value\)(?:\(intermediate value\))*\.([\w$]+)\)/g, "$1")
    .replace(/\(0 ?, ?\$+S\.([\w$]+)\)/g, "$1")
    .replace(/\$+S\.(?=[\w$])/g, "");
}

function describe(thrown: unknown, stacks: Stacks, budget: { left: number }): readonly string[] {
  if (!(thrown instanceof Error)) {
    const value = inspect(thrown, inspectOptions).split("\n");
    return [`Thrown: ${value[0]}`, ...value.slice(1), ...objectPlaces(thrown, stacks)];
  }
  const stack = typeof thrown.stack === "string" ? thrown.stack : "";
  const frames = stacks.cellFrames(thrown);
  const stackLines = stack.split("\n");
  const firstFrame = stackLines.findIndex((line) => /^ {4}at /.test(line));
  const stackFrames = firstFrame < 0 ? [] : stackLines.slice(firstFrame).filter((line) => !isInternalLine(line));
  const missing = frames.map(placeName).filter((place) => !stackFrames.some((line) => line.includes(place)));
  return [
    ...heading(thrown),
    ...around(frames[0]),
    ...stackFrames,
    ...missing.map((place) => `    at ${place}`),
    ...more(thrown, stacks, budget),
  ];
}

function heading(error: Error): readonly string[] {
  const [first = "", ...rest] = plainNames(String(error.message)).split("\n");
  return [first === "" ? nameOf(error) : `${nameOf(error)}: ${first}`, ...rest, ...extraFields(error)];
}

/** Own fields that say what happened, such as `code` of Node's errors. */
function extraFields(error: Error): readonly string[] {
  const hidden = new Set(["name", "message", "stack", "cause", "errors"]);
  return Object.entries(error)
    .filter(([key, value]) => !hidden.has(key) && /^(string|number|boolean)$/.test(typeof value))
    .map(([key, value]) => `  ${key}: ${inspect(value, inspectOptions)}`);
}

function around(frame: CellFrame | undefined): readonly string[] {
  return frame ? [placeName(frame), ...excerpt(frame.run.cell.source, frame)] : [];
}

function objectPlaces(thrown: unknown, stacks: Stacks): readonly string[] {
  if (typeof thrown !== "object" || thrown === null) return [];
  const frames = stacks.cellFrames(thrown);
  return [...around(frames[0]), ...frames.slice(1).map((frame) => `    at ${placeName(frame)}`)];
}

function more(error: Error, stacks: Stacks, budget: { left: number }): readonly string[] {
  const parts: string[] = [];
  if (error instanceof AggregateError) {
    const { errors } = error;
    for (const [i, inner] of errors.slice(0, maxParts).entries()) {
      if (budget.left-- <= 0) break;
      parts.push(`error ${i + 1} of ${errors.length}:`, ...indent(describe(inner, stacks, budget)));
    }
  }
  if (error.cause !== undefined && budget.left-- > 0) {
    parts.push("caused by:", ...indent(describe(error.cause, stacks, budget)));
  }
  return parts;
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
