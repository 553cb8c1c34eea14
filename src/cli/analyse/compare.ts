/** `rlvr analyse compare`: anybody's runs, their logged numbers checked, two of them compared problem by problem. */
import { parseArgs } from "node:util";
import { boundaryTables } from "../../analysis/boundary/tables.ts";
import { checkLogged, clusteredShare, pairedDifference, reasoningBoundary } from "../../analysis/index.ts";
import { loggedTables } from "../../analysis/logged-numbers.ts";
import { boundaryFigure } from "../../plot/index.ts";
import { refuse } from "../../toolkit/refuse.ts";
import { importTables } from "../../toolkit/runs/import/import-run.ts";
import { type ImportedRun, type ImportedSet, importedSet, importRun } from "../../toolkit/runs/import.ts";
import type { Table } from "../../toolkit/table.ts";
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
import { type AnalysisOutput, checkOutputs, outputHelp, outputOptions, writeOutput } from "./output.ts";

const WHERE = "rlvr analyse compare";

const HELP = `rlvr analyse compare <run> [<other run>] [options]

A run is a file or folder: of rlvr-lab, TRL, verl, prime-rl, NeMo-RL, lm-eval, lighteval, TensorBoard, W&B (offline) or Trackio.
One run: what is in it, and its logged numbers beside the right ones. Two runs: the same problems in both, paired.

      --set name           set of problems (again for the second run's, where it differs)
      --step n             its step (again for the second run's)
${importHelp}${outputHelp}`;

/** Runs the command; returns its exit code. */
export async function analyseCompare(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...importOptions,
      ...outputOptions,
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [first, second, ...more] = positionals;
  if (first === undefined || more.length > 0) {
    refuse(WHERE, `${positionals.length} runs are named`, "name one or two files or folders");
  }
  const missing = exclusion(WHERE, "missing", values.missing);
  const steps = (values.step ?? []).map((text) => numberOption(WHERE, "step", text));
  const options = { ...readingOf(WHERE, values), keepTokens: true };
  await checkOutputs(values);
  const run = await importRun(first, options);
  if (second === undefined) {
    await writeOutput(oneRun(run), values);
    return 0;
  }
  const other = await importRun(second, options);
  const chosen = (of: ImportedRun, i: number): ImportedSet => chosenSet(of, at(values.set ?? [], i), at(steps, i));
  await writeOutput(twoRuns({ run, other, base: chosen(run, 0), trained: chosen(other, 1) }, missing), values);
  return 0;
}

/** An option given once holds for both runs. */
function at<T>(given: readonly T[], i: number): T | undefined {
  return given[i] ?? given[0];
}

function chosenSet(run: ImportedRun, name: string | undefined, step: number | undefined): ImportedSet {
  return importedSet(run, { ...(name === undefined ? {} : { name }), ...(step === undefined ? {} : { step }) });
}

function oneRun(run: ImportedRun): AnalysisOutput {
  const logged = checkLogged(run);
  const wrong = logged.numbers.filter(({ why }) => why !== "agrees");
  return {
    title: `What is in ${run.path}`,
    tables: [...importTables(run), ...loggedTables(logged)].filter(hasRows),
    figures: [],
    notes: [found(run), `${wrong.length} of ${logged.numbers.length} logged numbers differ from the right ones.`],
    data: { ...run, tokens: run.tokens.length, logged },
  };
}

interface Pair {
  readonly run: ImportedRun;
  readonly other: ImportedRun;
  readonly base: ImportedSet;
  readonly trained: ImportedSet;
}

function twoRuns({ run, other, base, trained }: Pair, missing: "refuse" | "exclude"): AnalysisOutput {
  const boundary = reasoningBoundary(base, trained, { missing });
  const figure = boundaryFigure(boundary, withSamples({ base, trained }));
  const shares = (of: "base" | "trained"): number[] => boundary.problems.map(({ [of]: { n, correct } }) => correct / n);
  const difference = pairedDifference(shares("base"), shares("trained"));
  const accuracies = (["base", "trained"] as const).map((of) => {
    if (boundary.problems.length > 1)
      return clusteredShare(boundary.problems.map(({ [of]: counts }) => outcomes(counts)));
    return { value: shares(of)[0], low: undefined, high: undefined }; // one problem says nothing about others
  });
  const accuracy: Table = {
    title: "accuracy",
    columns: {
      run: [run.path, other.path, "difference, paired by problem"],
      set: [titleOf(base), titleOf(trained), undefined],
      problems: Array(3).fill(boundary.problems.length),
      accuracy: [...accuracies.map(({ value }) => value), difference.value],
      low: [...accuracies.map(({ low }) => low), difference.low],
      high: [...accuracies.map(({ high }) => high), difference.high],
    },
  };
  const { onlyInBase, onlyInTrained } = boundary.excluded;
  const left = [...onlyInBase, ...onlyInTrained];
  return {
    title: `${run.path} against ${other.path}`,
    tables: [accuracy, ...boundaryTables(boundary)],
    figures: [figure],
    notes: [found(run), found(other), figure.summary, ...(left.length === 0 ? [] : [`left out: ${left.join(", ")}`])],
    data: { base: run.path, trained: other.path, accuracy: accuracies, difference, ...boundary },
  };
}

function outcomes({ n, correct }: { readonly n: number; readonly correct: number }): Uint8Array {
  return new Uint8Array(n).fill(1, 0, correct);
}

function hasRows({ columns }: Table): boolean {
  return Object.values(columns).some((column) => column.length > 0);
}
