/**
 * Rollouts as JSON and back, for whatever has to remember completions. Every number comes back bit for bit: NaN is
 * written as null, and what else JSON has no number for ("-0", "Infinity") as text.
 */
import type { Finish } from "./policy/generation.ts";
import { refuse } from "./refuse.ts";
import type { Rewards } from "./reward.ts";
import type { ExtraColumn, Rollouts } from "./rollout.ts";
import type { Json } from "./seam.ts";
import type { Problem } from "./tasks/task.ts";
import type { Verdict } from "./verify/verifier.ts";

type Saved = Readonly<Record<string, Json | undefined>>;

const INTEGERS = ["ids", "promptLengths", "completionLengths", "group"] as const;
const FLOATS = ["sampleLogProbs", "policyLogProbs", "mask"] as const;

/** Rollouts with their rewards, columns, figures and events. */
export function packRollouts(rollouts: Rollouts): Json {
  const { rows, width, finish, completions, tokensPerSecond, problems, foreign, columns, rewards } = rollouts;
  const { spentTokens, metrics, events } = rollouts;
  const lists = [...INTEGERS, ...FLOATS].map((name) => [name, Array.from(rollouts[name], exact)] as const);
  return plain({
    ...{ rows, width, finish, completions, tokensPerSecond, problems, spentTokens, events },
    ...Object.fromEntries(lists),
    ...(foreign && { foreign: Array.from(foreign) }),
    ...(columns && { columns: listed(columns) }),
    ...(metrics && { metrics: packNumbers(metrics) }),
    ...(rewards && { rewards: packRewards(rewards) }),
  });
}

/** Rewards alone. */
export function packRewards({ values, verdicts, components, perToken, metrics }: Rewards): Json {
  return plain({
    ...{ values: Array.from(values, exact), verdicts },
    ...(components && { components: listed(components) }),
    ...(perToken && { perToken: Array.from(perToken, exact) }),
    ...(metrics && { metrics: packNumbers(metrics) }),
  });
}

/** The rewards that {@link packRewards} made. @throws UsageError when it is not such a value */
export function unpackRewards(saved: Json): Rewards {
  return rewardsOf(record(saved, "rewards"));
}

/** Numbers by name, such as a step's figures. */
export function packNumbers(of: Readonly<Record<string, number>>): Json {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, exact(value)]));
}

/** The numbers that {@link packNumbers} made. @throws UsageError when it is not such a value */
export function unpackNumbers(saved: Json): Record<string, number> {
  return Object.fromEntries(
    Object.entries(record(saved, "figures")).map(([name, x = null]) => [name, number(x, name)]),
  );
}

function listed(columns: Readonly<Record<string, ExtraColumn>>): Record<string, Json> {
  const entries = Object.entries(columns);
  return Object.fromEntries(
    entries.map(([name, of]) => [name, typeof of === "number" ? exact(of) : Array.from(of, exact)]),
  );
}

/** A number as JSON that {@link number} gives back bit for bit. */
function exact(value: number): number | string | null {
  if (Number.isNaN(value)) return null;
  return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? "-0" : String(value);
}

/** What JSON makes of it. */
function plain(value: object): Json {
  return JSON.parse(JSON.stringify(value));
}

/** The rollouts that {@link packRollouts} made. @throws UsageError when it is not such a value */
export function unpackRollouts(saved: Json): Rollouts {
  const from = record(saved, "rollouts");
  const [rows, width] = [count(from, "rows"), count(from, "width")];
  const integers = Object.fromEntries(INTEGERS.map((name) => [name, Int32Array.from(numbers(from[name], name))]));
  const floats = Object.fromEntries(FLOATS.map((name) => [name, Float32Array.from(numbers(from[name], name))]));
  const { ids, promptLengths, completionLengths, group } = integers;
  const { sampleLogProbs, policyLogProbs, mask } = floats;
  if (!ids || !promptLengths || !completionLengths || !group || !sampleLogProbs || !policyLogProbs || !mask) {
    throw new Error("internal: a column is not listed");
  }
  const completions = list(from.completions, "completions").map(String);
  if (ids.length !== rows * width || completions.length !== rows || mask.length !== rows * (width - 1)) {
    refuse("rollouts", `the saved columns do not fit ${rows} rows of ${width}`, "pass what packRollouts gave");
  }
  const { tokensPerSecond, foreign, columns, rewards, spentTokens, metrics, events } = from;
  return {
    ...{ rows, width, ids, promptLengths, completionLengths, group, sampleLogProbs, policyLogProbs, mask, completions },
    tokensPerSecond: typeof tokensPerSecond === "number" ? tokensPerSecond : 0,
    finish: list(from.finish, "finish").map(finishOf),
    problems: list(from.problems, "problems").map(problemOf),
    ...(foreign !== undefined && { foreign: Uint8Array.from(numbers(foreign, "foreign")) }),
    ...(columns !== undefined && { columns: columnsOf(columns) }),
    ...(rewards !== undefined && { rewards: unpackRewards(rewards) }),
    ...(spentTokens !== undefined && { spentTokens: number(spentTokens, "spentTokens") }),
    ...(metrics !== undefined && { metrics: unpackNumbers(metrics) }),
    ...(events !== undefined && { events: list(events, "events").map(String) }),
  };
}

function rewardsOf({ values, verdicts, components, perToken, metrics }: Saved): Rewards {
  const floats = (column: Json | undefined, name: string): Float32Array => Float32Array.from(numbers(column, name));
  return {
    values: floats(values, "values"),
    verdicts: list(verdicts, "verdicts").map(verdictOf),
    ...(components !== undefined && {
      components: Object.fromEntries(
        Object.entries(record(components, "components")).map(([name, column]) => [name, floats(column, name)]),
      ),
    }),
    ...(perToken !== undefined && { perToken: floats(perToken, "perToken") }),
    ...(metrics !== undefined && { metrics: unpackNumbers(metrics) }),
  };
}

function columnsOf(saved: Json): Record<string, ExtraColumn> {
  const entries = Object.entries(record(saved, "columns"));
  return Object.fromEntries(
    entries.map(([name, of = null]) => [name, isList(of) ? Float32Array.from(numbers(of, name)) : number(of, name)]),
  );
}

function problemOf(saved: Json): Problem {
  const { id, prompt, answer, level, data } = record(saved, "problem");
  if (typeof id !== "string" || typeof prompt !== "string" || typeof answer !== "string")
    return wrong("problem", saved);
  if (typeof level !== "number") return wrong("problem", saved);
  return { id, prompt, answer, level, data: record(data, "problem's data") };
}

const FINISHES: readonly Finish[] = ["eos", "stop", "length"];
const STATUSES: readonly Verdict["status"][] = ["correct", "wrong", "partial", "unparsed", "failed", "timeout"];

function finishOf(saved: Json): Finish {
  return FINISHES.find((finish) => finish === saved) ?? wrong("finish", saved);
}

function verdictOf(saved: Json): Verdict {
  const { score = null, status, reason, parsed, ms, verifier } = record(saved, "verdict");
  const { name, version, hash } = record(verifier, "verifier");
  const known = STATUSES.find((one) => one === status) ?? wrong("verdict", saved);
  if (score !== null && typeof score !== "number") return wrong("verdict", saved);
  return {
    ...{ score, status: known, reason: String(reason), ms: typeof ms === "number" ? ms : 0 },
    verifier: { name: String(name), version: String(version), ...(typeof hash === "string" ? { hash } : {}) },
    ...(typeof parsed === "string" && { parsed }),
  };
}

function record(saved: Json | undefined, what: string): Saved {
  if (typeof saved !== "object" || saved === null || isList(saved)) return wrong(what, saved);
  return saved;
}

function list(saved: Json | undefined, what: string): readonly Json[] {
  return isList(saved) ? saved : wrong(what, saved);
}

function isList(saved: Json | undefined): saved is readonly Json[] {
  return Array.isArray(saved);
}

function numbers(saved: Json | undefined, what: string): number[] {
  return list(saved, what).map((x) => number(x, what));
}

function number(saved: Json, what: string): number {
  if (saved === null) return Number.NaN;
  if (typeof saved === "number") return saved;
  return saved === "-0" || saved === "Infinity" || saved === "-Infinity" ? Number(saved) : wrong(what, saved);
}

function count(saved: Saved, name: string): number {
  const value = saved[name];
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : wrong(name, value);
}

function wrong(what: string, saved: Json | undefined): never {
  const shown = JSON.stringify(saved)?.slice(0, 60) ?? "missing";
  return refuse("rollouts", `the saved ${what} is ${shown}`, "pass what packRollouts gave");
}
