/** `rlvr analyse compare`: anybody's runs, their logged numbers checked, two of them compared problem by problem. */
import { parseArgs } from "node:util";
import { boundaryTables } from "../../analysis/boundary/tables.ts";
import { checkLogged, clusteredShare, pairedDifference, reasoningBoundary } from "../../analysis/index.ts";
import { loggedTables } from "../../analysis/logged-numbers.ts";
import { boundaryFigure } from "../../plot/index.ts";
import { refuse } from "../../toolkit/refuse.ts";
import { importTables } from "../../toolkit/runs/import/import-run.ts";
import {
  type ImportedRun,
  type ImportedSet,
  type ImportOptions,
  importedSet,
  importRun,
} from "../../toolkit/runs/import.ts";
import type { Table } from "../../toolkit/table.ts";
import { type AnalysisOutput, checkOutputs, outputHelp, outputOptions, writeOutput } from "./output.ts";

const HELP = `rlvr analyse compare <run> [<other run>] [options]

A run is a file or folder: of rlvr-lab, TRL, verl, prime-rl, NeMo-RL, lm-eval, lighteval, TensorBoard, W&B (offline) or Trackio.
One run: what is in it, and its logged numbers beside the right ones. Two runs: the same problems in both, paired.

      --set name           set of problems (again for the second run's, where it differs)
      --step n             its step (again for the second run's)
      --score name         field that holds the score, where there are several
      --correct-from x     scores from here up are right (default: only 1 is)
      --missing exclude    leave out problems that only one run has, and list them
      --bad-rows exclude   leave out rows that cannot be read, and list them
${outputHelp}`;

/** Runs the command; returns its exit code. */
export async function analyseCompare(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      set: { type: "string", multiple: true, default: [] },
      step: { type: "string", multiple: true, default: [] },
      score: { type: "string" },
      "correct-from": { type: "string" },
      missing: { type: "string" },
      "bad-rows": { type: "string" },
      ...outputOptions,
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [first, second, ...more] = positionals;
  if (first === undefined || more.length > 0) {
    refuse("rlvr analyse compare", `${positionals.length} runs are named`, "name one or two files or folders");
  }
  const missing = exclusion("missing", values.missing);
  const steps = values.step.map((text) => number("step", text));
  const from = values["correct-from"];
  const options: ImportOptions = {
    ...(values.score === undefined ? {} : { score: values.score }),
    ...(from === undefined ? {} : { correctFrom: number("correct-from", from) }),
    badRows: exclusion("bad-rows", values["bad-rows"]),
  };
  await checkOutputs(values);
  const run = await importRun(first, options);
  if (second === undefined) {
    await writeOutput(oneRun(run), values);
    return 0;
  }
  const other = await importRun(second, options);
  const chosen = (of: ImportedRun, i: number): ImportedSet => chosenSet(of, at(values.set, i), at(steps, i));
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
  const kept = [base, trained].some(({ problems }) => problems.some(({ completions = [] }) => completions.length > 0));
  const figure = boundaryFigure(boundary, kept ? { samples: { base, trained } } : {});
  const shares = (of: "base" | "trained"): number[] => boundary.problems.map(({ [of]: { n, correct } }) => correct / n);
  const difference = pairedDifference(shares("base"), shares("trained"));
  const accuracies = (["base", "trained"] as const).map((of) => {
    if (boundary.problems.length > 1)
      return clusteredShare(boundary.problems.map(({ [of]: counts }) => outcomes(counts)));
    return { value: shares(of)[0], low: undefined, high: undefined }; // one problem says nothing about others
  });
  const titles = [base, trained].map(({ name, step }) => `${name}${step === undefined ? "" : ` at step ${step}`}`);
  const accuracy: Table = {
    title: "accuracy",
    columns: {
      run: [run.path, other.path, "difference, paired by problem"],
      set: [...titles, undefined],
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

function found({ path, formats, files, badRows, notes, ignored }: ImportedRun): string {
  const out = [...badRows.map(({ file, line, problem }) => `${file}, line ${line ?? "?"} ${problem}`), ...notes];
  const left = out.length === 0 ? "" : `; left out: ${out.slice(0, 5).join("; ")}${out.length > 5 ? "; …" : ""}`;
  const unknown = ignored.length === 0 ? "" : `, ${ignored.length} others`;
  return `${path}: ${formats.join(", ")} in ${files.length} files${unknown}${left}.`;
}

function hasRows({ columns }: Table): boolean {
  return Object.values(columns).some((column) => column.length > 0);
}

function number(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  return refuse("rlvr analyse compare", `--${flag} is "${text}"`, "pass a number");
}

function exclusion(flag: string, text: string | undefined): "refuse" | "exclude" {
  if (text === undefined || text === "refuse") return "refuse";
  return text === "exclude" ? text : refuse("rlvr analyse compare", `--${flag} is "${text}"`, 'pass "exclude"');
}
