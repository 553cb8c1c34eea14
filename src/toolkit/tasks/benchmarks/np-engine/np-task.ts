/** What each of the ten tasks is made of. */
import { refuse } from "../../../refuse.ts";
import type { Rng } from "../../../rng.ts";
import { isFields } from "../../../runs/import/fields.ts";

export type NpDifficulty = "easy" | "medium" | "hard" | "bench";

export type NpCategory = "graph" | "schedule" | "partition" | "selection" | "planning";

export interface NpResult {
  /** Whether an answer could be read at all. */
  readonly formatOk: boolean;
  readonly feasible: boolean;
  /** The objective; of an infeasible answer what the published validator returns, a value that no answer reaches. */
  readonly value: number;
  /** One sentence: what is wrong with the answer; empty where nothing is. */
  readonly reason: string;
}

export interface NpReference {
  readonly value: number;
  /** An answer of that value, as a text that `verify` accepts. */
  readonly answer: string;
  /** Whether it is known to be the best. */
  readonly exact: boolean;
}

export interface VerifyOptions {
  /** Whether the holes of the published validators are closed. Default true; false reproduces them. */
  readonly strict?: boolean;
}

export interface NpTask<I> {
  readonly name: string;
  readonly category: NpCategory;
  readonly direction: "max" | "min";
  /** Sizes of generated instances, the bounds included. */
  readonly sizes: Readonly<Record<NpDifficulty, NpSizes>>;
  /** What was read from JSON, as an instance. @throws UsageError for what is none */
  check(instance: unknown): I;
  /** An instance, with an answer that is feasible but need not be the best. */
  generate(random: Rng, sizes: NpSizes): { readonly instance: I; readonly planted: string };
  /** The task in words, with the instance. */
  prompt(instance: I): string;
  /** Never throws on what a model wrote. */
  verify(instance: I, text: string, options?: VerifyOptions): NpResult;
  /** The best answer where it can be found within the budget, or a good one. */
  reference(instance: I, budget: Budget): NpReference;
}

/** Sizes by name, as [least, most]. */
export type NpSizes = Readonly<Record<string, readonly [least: number, most: number]>>;

export interface Budget {
  readonly random: Rng;
  /** Search steps. */
  readonly steps: number;
}

/** A whole number within a size. */
export function within(random: Rng, sizes: NpSizes, name: string): number {
  const [least, most] = sizes[name] ?? refuse("np-engine", `there is no size ${name}`, "pass [least, most]");
  if (!(Number.isInteger(least) && Number.isInteger(most) && least >= 1 && most >= least)) {
    refuse("np-engine", `the size ${name} is ${least} to ${most}`, "pass whole numbers from 1, the smaller first");
  }
  return least + random.integer(most - least + 1);
}

export const infeasible = (value: number, reason: string): NpResult => ({
  formatOk: true,
  feasible: false,
  value,
  reason,
});
export const unreadable = (value: number, reason: string): NpResult => ({
  ...infeasible(value, reason),
  formatOk: false,
});
export const feasible = (value: number): NpResult => ({ formatOk: true, feasible: true, value, reason: "" });

/** An object's entries. @throws UsageError where it is none or empty */
export function entriesOf(task: string, what: string, value: unknown): [string, unknown][] {
  const entries = isFields(value) ? Object.entries(value) : [];
  if (entries.length === 0) refuse(task, `${what} is no object with entries`, "pass the published form of an instance");
  return entries;
}

/** A number that is finite and not below 0. */
export function amount(task: string, what: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  return refuse(task, `${what} is ${String(value)}`, "pass a finite number, not below 0");
}

export const written = (answer: unknown): string => `Answer: ${JSON.stringify(answer)}`;
