/**
 * The samples behind a figure: which completions stand behind each point or cell, few and short enough to travel with the
 * figure. A figure's points name entries of one list; an entry names groups, one for each problem of each policy.
 */
import { createHash } from "node:crypto";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";

/** One completion as it is shown. */
export interface Sample {
  readonly prompt?: string;
  readonly answer?: string;
  readonly completion: string;
  /** What the verifier gave; null where it failed. */
  readonly score: number | null;
  readonly status?: string;
  readonly reason?: string;
  readonly run?: string;
  readonly step?: number;
  readonly problem: string;
  /** The completion in pieces with a number each, such as each token's change of entropy; shown by colour. */
  readonly tokens?: readonly { readonly text: string; readonly value: number }[];
}

/** Completions of problems: an `Evaluation` whose completions were kept, or an imported set. */
export interface SampleSource {
  /** Name of the policy, of the set, of the run; the first that is there is shown. */
  readonly policy?: string;
  readonly name?: string;
  readonly run?: string;
  readonly step?: number;
  readonly problems: readonly {
    readonly id: string;
    readonly prompt?: string;
    readonly answer?: string;
    readonly completions?: readonly {
      readonly text: string;
      readonly score: number | null;
      readonly status?: string;
      readonly reason?: string;
      readonly fields?: Readonly<Record<string, unknown>>;
    }[];
  }[];
}

/** How much of the samples goes with a figure; what is left out is said where they are shown. */
export interface SampleLimits {
  /** Samples of one problem and policy: right and wrong ones in turn. Default 8. */
  readonly perProblem?: number;
  /** Characters of a completion, and of a prompt. Default 2000. */
  readonly characters?: number;
  /** Characters in all; every problem gets its first sample before any gets its second. Default 400,000. */
  readonly total?: number;
}

/** Samples of one problem under one policy. */
export interface SampleGroup {
  readonly title: string;
  /** All that there were, before any cut. */
  readonly count: number;
  readonly samples: readonly Sample[];
}

/** What stands behind one point or cell. */
export interface SamplePoint {
  readonly label: string;
  /** Indices into the groups. */
  readonly groups: readonly number[];
}

/** All that a figure carries; plain data. */
export interface FigureSamples {
  /** The same for the same content: by it the figure and the list under it find each other. */
  readonly id: string;
  readonly points: readonly SamplePoint[];
  readonly groups: readonly SampleGroup[];
}

/** Index into {@link FigureSamples.points} of each of a trace's points; null where there is nothing to show. */
export type PointIndices = readonly (number | null)[] | readonly (readonly (number | null)[])[];

/** The part of a trace that says what stands behind its points; nothing where there is nothing behind any. */
export function behind(points: PointIndices): { readonly meta?: { readonly samples: PointIndices } } {
  return points.flat().every((point) => point === null) ? {} : { meta: { samples: points } };
}

/** Gathers what a figure's points show. */
export interface SampleBook {
  /** There are no sources: whatever is asked for is empty. */
  readonly empty: boolean;
  /** Groups of a problem under each source (or one of them); empty where it has no completions. */
  problem(id: string, source?: string): readonly number[];
  /** A group of other samples. The same key gives the same group. */
  group(key: string, title: string, samples: readonly Sample[]): number;
  /** A point that shows these groups; null where there are none. Points of one label and the same groups are one. */
  point(label: string, groups: readonly number[]): number | null;
  /** What `figure` takes; undefined where no point shows anything. */
  finish(): FigureSamples | undefined;
}

/**
 * A book of the problems of named sources, such as `{ base, trained }`.
 *
 * @throws UsageError for a limit that is no whole number from 1, or sources none of which kept a completion
 */
export function sampleBook(
  sources: Readonly<Record<string, SampleSource | undefined>> = {},
  limits: SampleLimits = {},
): SampleBook {
  checkOptions("sampleBook", limits, {
    perProblem: { kind: "integer", min: 1 },
    characters: { kind: "integer", min: 1 },
    total: { kind: "integer", min: 1 },
  });
  const known = indexSources(sources);
  const points: SamplePoint[] = [];
  const groups: Pick<SampleGroup, "title" | "samples">[] = [];
  const [places, labels] = [new Map<string, number>(), new Map<string, number>()];
  const group = (key: string, title: string, samples: readonly Sample[]): number => {
    const found = places.get(key);
    if (found !== undefined) return found;
    places.set(key, groups.length);
    return groups.push({ title, samples }) - 1;
  };
  const problem = (id: string, source?: string): readonly number[] =>
    Object.entries(known).flatMap(([name, samplesOf]) => {
      const samples = source === undefined || source === name ? samplesOf(id) : [];
      if (samples.length === 0) return [];
      return group(JSON.stringify([name, id]), `${id}, ${name}: ${counted(samples)}`, samples);
    });
  return {
    empty: Object.keys(known).length === 0,
    problem,
    group,
    point(label, shown) {
      if (shown.length === 0) return null;
      const key = JSON.stringify([label, shown]);
      const at = labels.get(key) ?? points.push({ label, groups: shown }) - 1;
      labels.set(key, at);
      return at;
    },
    finish() {
      if (points.length === 0) return undefined;
      const kept = { points, groups: cut(groups, limits) };
      const id = createHash("sha256").update(JSON.stringify(kept)).digest("hex").slice(0, 16);
      return { id, ...kept };
    },
  };
}

/** "3 of 64 right", and how many were not scored. */
function counted(samples: readonly Sample[]): string {
  const scored = samples.filter(({ score }) => score !== null);
  const unscored = samples.length - scored.length;
  const right = `${scored.filter(isRight).length} of ${scored.length} right`;
  return unscored === 0 ? right : `${right}, ${unscored} not scored`;
}

function isRight({ status, score }: Sample): boolean {
  return status === undefined ? score === 1 : status === "correct";
}

/** Of each source, the samples of a problem by its id. */
function indexSources(
  sources: Readonly<Record<string, SampleSource | undefined>>,
): Readonly<Record<string, (id: string) => readonly Sample[]>> {
  const given = Object.entries(sources).flatMap(([name, source]) => (source === undefined ? [] : [{ name, source }]));
  if (given.length > 0 && !given.some(({ source }) => source.problems.some(({ completions }) => completions?.length))) {
    refuse(
      "samples",
      `none of ${given.map(({ name }) => name).join(", ")} has completions`,
      "evaluate with keepCompletions: true, or import a dump with its samples",
    );
  }
  return Object.fromEntries(
    given.map(({ name, source }) => {
      const byId = new Map(source.problems.map((problem) => [problem.id, problem]));
      return [name, (id: string) => samplesOf(source, byId.get(id))];
    }),
  );
}

function samplesOf(
  { run, policy, name, step }: SampleSource,
  problem: SampleSource["problems"][number] | undefined,
): readonly Sample[] {
  const by = run ?? policy ?? name;
  return (problem?.completions ?? []).map(({ text, score, status, reason, fields }) => {
    const why = reason ?? fields?.reason;
    return {
      problem: problem?.id ?? "",
      ...(problem?.prompt === undefined ? {} : { prompt: problem.prompt }),
      ...(problem?.answer === undefined ? {} : { answer: problem.answer }),
      completion: text,
      score,
      ...(status === undefined ? {} : { status }),
      ...(typeof why === "string" && why !== "" ? { reason: why } : {}),
      ...(by === undefined ? {} : { run: by }),
      ...(step === undefined ? {} : { step }),
    };
  });
}

/** Each group's first samples, as far as the limits go: one of every group, then a second of every group. */
function cut(groups: readonly Pick<SampleGroup, "title" | "samples">[], limits: SampleLimits): SampleGroup[] {
  const { perProblem = 8, characters = 2000, total = 400_000 } = limits;
  const ordered = groups.map(({ samples }) => inTurn(samples).slice(0, perProblem));
  const kept: Sample[][] = groups.map(() => []);
  let left = total;
  for (let round = 0; round < perProblem && left > 0; round++) {
    for (const [g, samples] of ordered.entries()) {
      const sample = samples[round];
      if (sample === undefined) continue;
      const short = shortened(sample, characters);
      const size = sizeOf(short);
      if (size > left) continue;
      left -= size;
      kept[g]?.push(short);
    }
  }
  return groups.map(({ title, samples }, g) => ({ title, count: samples.length, samples: kept[g] ?? [] }));
}

/** Right and wrong ones in turn, each in their order. */
function inTurn(samples: readonly Sample[]): readonly Sample[] {
  const [right, wrong] = [samples.filter(isRight), samples.filter((sample) => !isRight(sample))];
  return Array.from({ length: Math.max(right.length, wrong.length) }, (_, i) => [right[i], wrong[i]])
    .flat()
    .filter((sample) => sample !== undefined);
}

function shortened({ prompt, tokens, ...sample }: Sample, characters: number): Sample {
  return {
    ...sample,
    ...(prompt === undefined ? {} : { prompt: clipped(prompt, characters) }),
    completion: clipped(sample.completion, characters),
    ...(sample.reason === undefined ? {} : { reason: clipped(sample.reason, characters) }),
    ...(tokens === undefined ? {} : { tokens: firstTokens(tokens, characters) }),
  };
}

/** The beginning, and how much is missing. */
function clipped(text: string, characters: number): string {
  const rest = text.length - characters;
  return rest > 0 ? `${text.slice(0, characters)}… (${rest} more characters)` : text;
}

function firstTokens(tokens: NonNullable<Sample["tokens"]>, characters: number): NonNullable<Sample["tokens"]> {
  const ends = runningSum(tokens.map(({ text }) => text.length));
  const kept = tokens.filter((_, i) => (ends[i] ?? 0) <= characters);
  const rest = tokens.length - kept.length;
  return rest === 0 ? kept : [...kept, { text: `… (${rest} more tokens)`, value: 0 }];
}

function runningSum(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => {
    sum += value;
    return sum;
  });
}

/** Characters that the sample takes; a token's number counts as eight. */
function sizeOf({ prompt = "", completion, reason = "", tokens = [] }: Sample): number {
  return prompt.length + completion.length + reason.length + 8 * tokens.length;
}
