/** `rlvr analyse boundary`: base against trained, or several checkpoints, from evaluations, run folders and dumps of anybody. */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { boundaryTables } from "../../analysis/boundary/tables.ts";
import { courseTables } from "../../analysis/boundary-course.ts";
import {
  type BoundaryOptions,
  boundaryCourse,
  type ReasoningBoundary,
  reasoningBoundary,
} from "../../analysis/index.ts";
import {
  boundaryCourseFigure,
  boundaryDetailFigure,
  boundaryFigure,
  boundaryTable,
  type Figure,
  solvedMatrixFigure,
} from "../../plot/index.ts";
import { progressReporter } from "../../toolkit/progress.ts";
import { refuse } from "../../toolkit/refuse.ts";
import { type ImportedRun, type ImportedSet, importedSet, importRun } from "../../toolkit/runs/import.ts";
import {
  exclusion,
  found,
  importHelp,
  importOptions,
  numberOption,
  readingOf,
  titleOf,
  withSamples,
} from "./imported.ts";
import { type AnalysisOutput, checkOutputs, outputHelp, outputOptions, withProgress, writeOutput } from "./output.ts";

const WHERE = "rlvr analyse boundary";

const HELP = `rlvr analyse boundary <base> <trained> [<later checkpoint>...] [options]
rlvr analyse boundary <dump with several steps> [options]

A path is what \`saveEvaluation\` wrote, a run folder, or a dump of TRL, verl, prime-rl, NeMo-RL, lm-eval or lighteval. One
path alone has several steps of one set: the first is the base. With more than two checkpoints each is compared with the
first, and the last one in full.

      --set name           set of problems (again for each further path, where it differs)
      --step n             its step (again for each further path; of one path alone: these steps only)
      --difficulty by      "level", or "base rate": how often the base solves a problem
      --confidence x       default 0.95
      --resamples n        default 2000
      --seed n             default 0
${importHelp}${outputHelp}`;

/** Runs the command; returns its exit code. */
export async function analyseBoundary(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      difficulty: { type: "string" },
      confidence: { type: "string" },
      resamples: { type: "string" },
      seed: { type: "string" },
      ...importOptions,
      ...outputOptions,
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (positionals.length === 0) refuse(WHERE, "no run is named", "name two or more files or folders");
  const steps = (values.step ?? []).map((text) => numberOption(WHERE, "step", text));
  const options: BoundaryOptions = {
    missing: exclusion(WHERE, "missing", values.missing),
    ...(values.difficulty !== undefined && { difficulty: difficultyOf(values.difficulty) }),
    ...numbers({ confidence: values.confidence, resamples: values.resamples, seed: values.seed }),
  };
  const reading = { ...readingOf(WHERE, values), keepSamples: values.html !== undefined };
  await checkOutputs(values);
  const output = await withProgress(values.quiet, async () => {
    const report = progressReporter({ task: "boundary", total: positionals.length + 1, unit: "parts" });
    const runs: ImportedRun[] = [];
    for (const path of positionals) {
      report(runs.length);
      runs.push(await importRun(path, reading));
    }
    report(runs.length);
    const checkpoints = checkpointsOf(runs, values.set ?? [], steps);
    const made = checkpoints.length === 2 ? twoCheckpoints(checkpoints, options) : course(checkpoints, options);
    report(positionals.length + 1);
    return { ...made, notes: [...runs.map(found), ...made.notes] };
  });
  await writeOutput(output, values);
  return 0;
}

function difficultyOf(text: string): "level" | "base rate" {
  if (text === "level" || text === "base rate") return text;
  return text === "base-rate" ? "base rate" : refuse(WHERE, `--difficulty is "${text}"`, 'pass "level" or "base-rate"');
}

function numbers<K extends string>(given: Readonly<Record<K, string | undefined>>): { readonly [P in K]?: number } {
  const known = Object.entries<string | undefined>(given).flatMap(([flag, text]) =>
    text === undefined ? [] : [[flag, numberOption(WHERE, flag, text)]],
  );
  return Object.fromEntries(known);
}

/** A set under a name of its own. */
interface Checkpoint {
  readonly name: string;
  readonly counts: ImportedSet;
}

function checkpointsOf(runs: readonly ImportedRun[], names: readonly string[], steps: readonly number[]): Checkpoint[] {
  const [only, ...more] = runs;
  if (only !== undefined && more.length === 0) return stepsOf(only, names[0], steps);
  const sets = runs.map((run, i) => {
    const [name, step] = [names[i] ?? names[0], steps[i] ?? (steps.length === 1 ? steps[0] : undefined)];
    return importedSet(run, { ...(name === undefined ? {} : { name }), ...(step === undefined ? {} : { step }) });
  });
  return named(sets.map((counts, i) => ({ counts, path: runs[i]?.path ?? "" })));
}

/** Every step of one set. */
function stepsOf(run: ImportedRun, name: string | undefined, steps: readonly number[]): Checkpoint[] {
  const sets = run.sets.filter((set) => name === undefined || set.name === name);
  const titles = [...new Set(sets.map((set) => set.name))];
  if (titles.length > 1) {
    refuse(WHERE, `${run.path} holds the sets ${titles.slice(0, 6).join(", ")}`, "choose one by --set");
  }
  const chosen = sets.filter(({ step }) => steps.length === 0 || (step !== undefined && steps.includes(step)));
  if (chosen.length < 2) {
    const there = sets.map(titleOf).slice(0, 6).join("; ");
    refuse(WHERE, `one run is named, with ${chosen.length} checkpoints (${there || "no samples"})`, "name two or more");
  }
  return named(chosen.map((counts) => ({ counts, path: run.path })));
}

/** Names by step, by run, by path: the first of these that tells all apart. */
function named(found: readonly { readonly counts: ImportedSet; readonly path: string }[]): Checkpoint[] {
  const ways: ((one: (typeof found)[number]) => string | undefined)[] = [
    ({ counts: { run } }) => run,
    ({ counts: { step } }) => (step === undefined ? undefined : `step ${step}`),
    ({ path }) => basename(path),
    ({ path, counts }) => `${path}, ${titleOf(counts)}`,
  ];
  for (const way of ways) {
    const names = found.flatMap((one) => way(one) ?? []);
    if (new Set(names).size === found.length) return found.map(({ counts }, i) => ({ name: names[i] ?? "", counts }));
  }
  return found.map(({ counts, path }, i) => ({ name: `${i + 1}: ${path}`, counts }));
}

function twoCheckpoints([base, trained]: readonly Checkpoint[], options: BoundaryOptions): AnalysisOutput {
  if (base === undefined || trained === undefined) throw new Error("internal: two checkpoints are compared");
  const boundary = reasoningBoundary(base.counts, trained.counts, options);
  const shown = showBoundary(boundary, base.counts, trained.counts);
  return {
    title: `What ${trained.name} solves against ${base.name}`,
    ...shown,
    data: { base: base.name, trained: trained.name, ...boundary },
  };
}

type Shown = Pick<AnalysisOutput, "tables" | "notes"> & {
  readonly figures: readonly Figure[];
  readonly views: readonly string[];
};

function showBoundary(boundary: ReasoningBoundary, base: ImportedSet, trained: ImportedSet): Shown {
  const samples = withSamples({ base, trained });
  const figure = boundaryFigure(boundary, samples);
  return {
    tables: boundaryTables(boundary),
    figures: [figure, solvedMatrixFigure(boundary, samples), boundaryDetailFigure(boundary)],
    views: [boundaryTable(boundary, samples).html],
    notes: [figure.summary, ...leftOut(boundary)],
  };
}

function leftOut({ excluded }: ReasoningBoundary): string[] {
  const { onlyInBase, onlyInTrained, unsampled, unscored, partial } = excluded;
  const ids = [...onlyInBase, ...onlyInTrained, ...unsampled];
  const [lost, between] = [unscored.base + unscored.trained, partial.base + partial.trained];
  return [
    ...(ids.length === 0
      ? []
      : [`left out: ${ids.length} problems (${ids.slice(0, 10).join(", ")}${ids.length > 10 ? ", …" : ""})`]),
    ...(lost === 0 ? [] : [`${lost} samples have no score and are not counted`]),
    ...(between === 0 ? [] : [`${between} samples are scored between 0 and 1 and count as not right`]),
  ];
}

function course(checkpoints: readonly Checkpoint[], options: BoundaryOptions): AnalysisOutput {
  const found = boundaryCourse(checkpoints, options);
  const [first, last] = [checkpoints[0], checkpoints.at(-1)];
  const boundary = found.checkpoints.at(-1)?.boundary;
  if (first === undefined || last === undefined || boundary === undefined) throw new Error("internal: no checkpoint");
  const samples = withSamples(Object.fromEntries(checkpoints.map(({ name, counts }) => [name, counts])));
  const figure = boundaryCourseFigure(found, samples);
  const shown = showBoundary(boundary, first.counts, last.counts);
  const left = found.excluded.length === 0 ? [] : [`left out: ${found.excluded.join(", ")}`];
  const [overall, ...byProblem] = courseTables(found);
  return {
    title: `What ${checkpoints.length} checkpoints solve, from ${first.name} to ${last.name}`,
    tables: [...(overall ? [overall] : []), ...shown.tables, ...byProblem],
    figures: [figure, ...shown.figures],
    views: shown.views,
    notes: [figure.summary, `${last.name} against ${first.name}:`, ...shown.notes, ...left],
    data: found,
  };
}
