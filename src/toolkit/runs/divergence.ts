/** The first place in which two runs of the same steps differ: step, sample and token, with both values. */
import type { StepRecord } from "../train/record.ts";
import type { RolloutRow } from "./run-folder.ts";

/** A value as the one run has it, and as the other. */
export interface Pair {
  readonly a: unknown;
  readonly b: unknown;
}

/** The first sample that differs. */
export interface DivergedSample extends Pair {
  readonly row: number;
  readonly problem: string;
  /** What differs: "token id", "log-prob", "reward" ... */
  readonly quantity: string;
  /** Token of the completion, from 0; absent where the row as a whole differs. */
  readonly position?: number;
}

/** Where two runs part. At least one of the three is there. */
export interface Divergence {
  readonly step: number;
  /** Fingerprints, where the weights that sampled were other already: then the update before made the difference. */
  readonly weights?: Pair;
  /** Nothing of an earlier stage differs: sampling, rewards, advantages, learning follow each other. */
  readonly sample?: DivergedSample;
  /** First figure of the record. */
  readonly figure?: Pair & { readonly name: string };
}

/** A step of a run. */
export interface ComparedStep {
  readonly record: Pick<StepRecord, "step" | "metrics" | "identity">;
  readonly rows: readonly RolloutRow[];
}

/** Figures that are about time, or that a replay does not work out. */
const ASIDE = ["step_time", "tokens_per_second", "eval_reward"];

/** The first difference of a step; undefined where nothing differs. */
export function stepDivergence(a: ComparedStep, b: ComparedStep): Divergence | undefined {
  const { step, identity, metrics } = a.record;
  const [was, is] = [identity.fingerprint, b.record.identity.fingerprint];
  const sample = sampleDivergence(a.rows, b.rows);
  const figure = figureDivergence(metrics, b.record.metrics);
  if (was === is && sample === undefined && figure === undefined) return undefined;
  return {
    step,
    ...(was !== is && { weights: { a: was, b: is } }),
    ...(sample && { sample }),
    ...(figure && { figure }),
  };
}

/** In words, one line a finding. @param names of the two runs */
export function divergenceText(
  { step, weights, sample, figure }: Divergence,
  [a, b]: readonly [string, string],
): string[] {
  const both = ({ a: one, b: other }: Pair): string => `${shown(one)} ${a}, ${shown(other)} ${b}`;
  const found = [`they part at step ${step}`];
  if (weights)
    found.push(
      `the weights that sampled: ${both(weights)}${step > 0 ? ` (the update of step ${step - 1} differs)` : ""}`,
    );
  if (sample) {
    const token = sample.position === undefined ? "" : `, token ${sample.position}`;
    found.push(`sample ${sample.row} (problem ${sample.problem})${token}: ${sample.quantity} ${both(sample)}`);
  }
  if (figure) found.push(`${figure.name}: ${both(figure)}`);
  return found;
}

function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

type TokenColumn = readonly (number | null)[] | readonly string[] | undefined;

/** What a row has per token, by the stage that makes it. */
const STAGES: readonly (readonly (readonly [string, (row: RolloutRow) => TokenColumn])[])[] = [
  [
    ["token id", ({ ids, promptLength }) => ids.slice(promptLength)],
    ["log-prob", ({ logProbs }) => logProbs],
    ["sampling log-prob", ({ sampleLogProbs }) => sampleLogProbs],
  ],
  [["advantage", ({ advantages }) => advantages]],
  [["mask", ({ masks }) => masks]],
  [["entropy", ({ entropies }) => entropies]],
];

/** What a row has as a whole: before its tokens, and between sampling and advantages. */
const BEFORE: readonly (readonly [string, (row: RolloutRow) => unknown])[] = [
  ["problem", ({ problem }) => problem],
  ["prompt", ({ prompt }) => prompt],
  ["prompt's length", ({ promptLength }) => promptLength],
];
const VERIFIED: readonly (readonly [string, (row: RolloutRow) => unknown])[] = [
  ["reward", ({ reward }) => reward],
  ["verdict", ({ status }) => status],
];

function sampleDivergence(a: readonly RolloutRow[], b: readonly RolloutRow[]): DivergedSample | undefined {
  const [sampling = [], ...later] = STAGES;
  const found =
    firstOf(a, b, (one, other) => wholeDifference(one, other, BEFORE) ?? tokenDifference(one, other, sampling)) ??
    firstOf(a, b, (one, other) => wholeDifference(one, other, VERIFIED));
  if (found) return found;
  for (const stage of later) {
    const differing = firstOf(a, b, (one, other) => tokenDifference(one, other, stage));
    if (differing) return differing;
  }
  return a.length === b.length
    ? undefined
    : { row: Math.min(a.length, b.length), problem: "", quantity: "number of samples", a: a.length, b: b.length };
}

function firstOf(
  a: readonly RolloutRow[],
  b: readonly RolloutRow[],
  differ: (one: RolloutRow, other: RolloutRow) => DivergedSample | undefined,
): DivergedSample | undefined {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [one, other] = [a[i], b[i]];
    const found = one && other && differ(one, other);
    if (found) return found;
  }
  return undefined;
}

function wholeDifference(
  one: RolloutRow,
  other: RolloutRow,
  quantities: readonly (readonly [string, (row: RolloutRow) => unknown])[],
): DivergedSample | undefined {
  const { row, problem } = one;
  for (const [quantity, of] of quantities) {
    const [a, b] = [of(one), of(other)];
    if (!isSame(a, b)) return { row, problem, quantity, a, b };
  }
  return undefined;
}

/** The first token at which one of the quantities differs. What one of the two has not is not compared. */
function tokenDifference(
  one: RolloutRow,
  other: RolloutRow,
  quantities: readonly (readonly [string, (row: RolloutRow) => TokenColumn])[],
): DivergedSample | undefined {
  const columns = quantities.flatMap(([quantity, of]) => {
    const [a, b] = [of(one), of(other)];
    return a && b ? [{ quantity, a, b }] : [];
  });
  const longest = columns.reduce((most, { a, b }) => Math.max(most, a.length, b.length), 0);
  for (let position = 0; position < longest; position++) {
    const found = columns.find(({ a, b }) => !isSame(a[position], b[position]));
    if (!found) continue;
    const { row, problem } = one;
    return { row, problem, quantity: found.quantity, position, a: found.a[position], b: found.b[position] };
  }
  return undefined;
}

/** Numbers of folders of the first format have nine digits: they are the same float32. */
function isSame(a: unknown, b: unknown): boolean {
  return typeof a === "number" && typeof b === "number" ? Math.fround(a) === Math.fround(b) : a === b;
}

function figureDivergence(
  a: StepRecord["metrics"],
  b: StepRecord["metrics"],
): (Pair & { readonly name: string }) | undefined {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => !ASIDE.includes(name));
  const name = names.find((one) => a[one] !== b[one]);
  return name === undefined ? undefined : { name, a: a[name], b: b[name] };
}
