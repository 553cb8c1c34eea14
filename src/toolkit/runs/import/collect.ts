/** Records gathered into problems with counts, curves by step, and a list of what was left out. */
import type { VerdictStatus } from "../../verify/verifier.ts";
import { attempt } from "./fields.ts";
import type {
  BadRow,
  ConfigRecord,
  CountsRecord,
  ImportFormat,
  ImportRecord,
  MetricsRecord,
  ReadOptions,
  ResultRecord,
  SampleRecord,
  TokensRecord,
} from "./record.ts";
import { statusOf } from "./scoring.ts";

/** One completion of a problem. */
export interface ImportedSample {
  readonly text: string;
  readonly score: number | null;
  readonly status: VerdictStatus;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly line?: number;
}

/** A problem with its samples counted; the analyses take it as it is. */
export interface ImportedProblem {
  readonly id: string;
  readonly level?: number;
  readonly prompt?: string;
  readonly answer?: string;
  /** Samples that were scored. */
  readonly n: number;
  /** Of n: right. */
  readonly correct: number;
  /** Of n: no answer could be read, where the peer says so. */
  readonly unparsed: number;
  /** Samples without a score; not among the n. */
  readonly failed: number;
  /** Of n: scored between 0 and 1, and counted as not right; absent where there are none. */
  readonly partial?: number;
  /** Absent where samples were not kept, or the peer stored counts only. */
  readonly completions?: readonly ImportedSample[];
}

/** Problems of one task at one step; `reasoningBoundary` and the like take it as it is. */
export interface ImportedSet {
  readonly name: string;
  readonly step?: number;
  readonly run?: string;
  /** Of sampling, where the dump says it: sets of two temperatures are not compared. */
  readonly temperature?: number;
  readonly problems: readonly ImportedProblem[];
}

/** One number over the steps. */
export interface ImportedCurve {
  readonly name: string;
  readonly run?: string;
  readonly format: ImportFormat;
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

export type ImportedResult = Omit<ResultRecord, "kind">;

type Counting = { -readonly [K in keyof Omit<ImportedProblem, "completions">]: ImportedProblem[K] } & {
  completions?: ImportedSample[];
};

export interface CollectOptions extends ReadOptions {
  /** Keep every sample's text and fields. Default true; without, only the counts stay in memory. */
  readonly keepSamples?: boolean;
  /** Keep sequences of tokens. Default true. */
  readonly keepTokens?: boolean;
}

/** What was gathered; everything but samples and tokens is small. */
export interface Collector {
  add(record: ImportRecord): void;
  sets(): ImportedSet[];
  curves(): ImportedCurve[];
  readonly results: ImportedResult[];
  readonly tokens: TokensRecord[];
  readonly configs: Omit<ConfigRecord, "kind">[];
  readonly badRows: BadRow[];
  readonly notes: string[];
}

export function collector(options: CollectOptions): Collector {
  const [problems, curves] = [problemCollector(options), curveCollector()];
  const lists: Pick<Collector, "results" | "tokens" | "configs" | "badRows" | "notes"> = {
    ...{ results: [], tokens: [], configs: [], badRows: [], notes: [] },
  };
  return {
    ...lists,
    sets: problems.sets,
    curves: curves.curves,
    add(record) {
      switch (record.kind) {
        case "sample": {
          const complaint = problems.sample(record);
          if (complaint !== undefined) lists.badRows.push(complaint);
          return;
        }
        case "counts":
          return problems.counts(record);
        case "metrics":
          return curves.metrics(record);
        case "tokens":
          if (options.keepTokens !== false) lists.tokens.push(record);
          return;
        case "result":
          lists.results.push(without(record));
          return;
        case "config":
          lists.configs.push(without(record));
          return;
        case "note":
          lists.notes.push(record.text);
          return;
        case "bad row":
          lists.badRows.push(record);
          return;
        default:
          record satisfies never;
      }
    },
  };
}

function without<R extends { readonly kind: string }>({ kind: _, ...rest }: R): Omit<R, "kind"> {
  return rest;
}

interface ProblemCollector {
  /** @returns the complaint about a score that stands for neither right nor wrong */
  sample(record: SampleRecord): BadRow | undefined;
  counts(record: CountsRecord): void;
  sets(): ImportedSet[];
}

function problemCollector({ correctFrom, score, keepSamples = true }: CollectOptions): ProblemCollector {
  const sets = new Map<string, { key: Omit<ImportedSet, "problems">; problems: Map<string, Counting> }>();
  const problemOf = (record: SampleRecord | CountsRecord): Counting => {
    const { set: name, step, run, temperature } = record;
    const id = JSON.stringify([name, step, run, temperature]);
    const key = {
      name,
      ...(step === undefined ? {} : { step }),
      ...(run === undefined ? {} : { run }),
      ...(temperature === undefined ? {} : { temperature }),
    };
    const found = sets.get(id) ?? { key, problems: new Map<string, Counting>() };
    sets.set(id, found);
    const problem = found.problems.get(record.problem) ?? newProblem(record, keepSamples);
    found.problems.set(record.problem, problem);
    return problem;
  };
  return {
    sample(record) {
      let status = record.status;
      const [complaint] = attempt(record.place, () => {
        status ??= statusOf(record.score, correctFrom, score ?? "score");
        return [];
      });
      if (status === undefined) return complaint?.kind === "bad row" ? complaint : undefined;
      countSample(problemOf(record), record, status);
      return undefined;
    },
    counts(record) {
      const problem = problemOf(record);
      problem.n += record.n;
      problem.correct += record.correct;
      problem.unparsed += record.unparsed ?? 0;
      problem.failed += record.failed ?? 0;
    },
    sets: () =>
      [...sets.values()]
        .map(({ key, problems }) => ({ ...key, problems: [...problems.values()] }))
        .sort((a, b) => (a.name === b.name ? (a.step ?? -1) - (b.step ?? -1) : a.name < b.name ? -1 : 1)),
  };
}

function newProblem(record: SampleRecord | CountsRecord, keepSamples: boolean): Counting {
  const { problem: id, level, prompt, answer } = record;
  return {
    ...{ id, n: 0, correct: 0, unparsed: 0, failed: 0 },
    ...(level === undefined ? {} : { level }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(answer === undefined ? {} : { answer }),
    ...(keepSamples && record.kind === "sample" ? { completions: [] } : {}),
  };
}

function countSample(problem: Counting, { text, score, fields, place }: SampleRecord, status: VerdictStatus): void {
  if (score === null) problem.failed += 1;
  else {
    problem.n += 1;
    if (status === "correct") problem.correct += 1;
    if (status === "unparsed") problem.unparsed += 1;
    if (status === "partial") problem.partial = (problem.partial ?? 0) + 1;
  }
  const line = place.line === undefined ? {} : { line: place.line };
  problem.completions?.push({ text, score, status, fields, ...line });
}

interface CurveCollector {
  metrics(record: MetricsRecord): void;
  curves(): ImportedCurve[];
}

/** A step that is logged twice keeps the later value, as the peers' own dashboards do. */
function curveCollector(): CurveCollector {
  const curves = new Map<string, Pick<ImportedCurve, "name" | "run" | "format"> & { points: Map<number, number> }>();
  return {
    metrics({ format, run, step, values }) {
      for (const [name, value] of Object.entries(values)) {
        const id = JSON.stringify([format, run, name]);
        const key = { name, format, ...(run === undefined ? {} : { run }) };
        const curve = curves.get(id) ?? { ...key, points: new Map<number, number>() };
        curves.set(id, curve);
        curve.points.set(step, value);
      }
    },
    curves: () =>
      [...curves.values()].map(({ points, ...key }) => {
        const sorted = [...points].sort(([a], [b]) => a - b);
        return { ...key, steps: sorted.map(([step]) => step), values: sorted.map(([, value]) => value) };
      }),
  };
}
