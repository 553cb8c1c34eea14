/** Rollouts as JSON and back, for seams whose state holds completions. NaN becomes null; what a number is made of stays exact. */
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

/** Rollouts with their rewards and columns; figures and events are left out. */
export function packRollouts(rollouts: Rollouts): Json {
  const { rows, width, finish, completions, tokensPerSecond, problems, foreign, columns, rewards } = rollouts;
  const lists = [...INTEGERS, ...FLOATS].map((name) => [name, Array.from(rollouts[name])] as const);
  return plain({
    ...{ rows, width, finish, completions, tokensPerSecond, problems },
    ...Object.fromEntries(lists),
    ...(foreign && { foreign: Array.from(foreign) }),
    ...(columns && { columns: listed(columns) }),
    ...(rewards && { rewards: packRewards(rewards) }),
  });
}

function packRewards({ values, verdicts, components, perToken }: Rewards): object {
  return {
    ...{ values: Array.from(values), verdicts },
    ...(components && { components: listed(components) }),
    ...(perToken && { perToken: Array.from(perToken) }),
  };
}

function listed(columns: Readonly<Record<string, ExtraColumn>>): Record<string, number | number[]> {
  const entries = Object.entries(columns);
  return Object.fromEntries(entries.map(([name, of]) => [name, typeof of === "number" ? of : Array.from(of)]));
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
  const { tokensPerSecond, foreign, columns, rewards } = from;
  return {
    ...{ rows, width, ids, promptLengths, completionLengths, group, sampleLogProbs, policyLogProbs, mask, completions },
    tokensPerSecond: typeof tokensPerSecond === "number" ? tokensPerSecond : 0,
    finish: list(from.finish, "finish").map(finishOf),
    problems: list(from.problems, "problems").map(problemOf),
    ...(foreign !== undefined && { foreign: Uint8Array.from(numbers(foreign, "foreign")) }),
    ...(columns !== undefined && { columns: columnsOf(columns) }),
    ...(rewards !== undefined && { rewards: rewardsOf(record(rewards, "rewards")) }),
  };
}

function rewardsOf({ values, verdicts, components, perToken }: Saved): Rewards {
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
  };
}

function columnsOf(saved: Json): Record<string, ExtraColumn> {
  const entries = Object.entries(record(saved, "columns"));
  return Object.fromEntries(
    entries.map(([name, of]) => [name, typeof of === "number" ? of : Float32Array.from(numbers(of, name))]),
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
  const { name, version } = record(verifier, "verifier");
  const known = STATUSES.find((one) => one === status) ?? wrong("verdict", saved);
  if (score !== null && typeof score !== "number") return wrong("verdict", saved);
  return {
    ...{ score, status: known, reason: String(reason), ms: typeof ms === "number" ? ms : 0 },
    verifier: { name: String(name), version: String(version) },
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
  return list(saved, what).map((x) => (x === null ? Number.NaN : typeof x === "number" ? x : wrong(what, x)));
}

function count(saved: Saved, name: string): number {
  const value = saved[name];
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : wrong(name, value);
}

function wrong(what: string, saved: Json | undefined): never {
  const shown = JSON.stringify(saved)?.slice(0, 60) ?? "missing";
  return refuse("rollouts", `the saved ${what} is ${shown}`, "pass what packRollouts gave");
}
