/** `rlvr analyse entropy`: where a run's entropy goes, and at which tokens two policies differ in it. */
import { parseArgs } from "node:util";
import { entropyTables } from "../../analysis/entropy/tables.ts";
import { collapseForecast, type EntropyChange, entropyChange } from "../../analysis/index.ts";
import { collapseFigure, entropyFigure, type Figure } from "../../plot/index.ts";
import { Policy } from "../../toolkit/policy/policy.ts";
import { progressReporter } from "../../toolkit/progress.ts";
import { refuse, UsageError } from "../../toolkit/refuse.ts";
import { type ImportedCurve, type ImportedRun, importRun } from "../../toolkit/runs/import.ts";
import { readRun } from "../../toolkit/runs/read-run.ts";
import type { Table } from "../../toolkit/table.ts";
import { type EntropyContexts, entropyContexts } from "./entropy-contexts.ts";
import { piecesOf, probeInPieces } from "./entropy-probe.ts";
import {
  type AnalysisOutput,
  checkOutputs,
  keptParts,
  outputHelp,
  outputOptions,
  partHelp,
  partOptions,
  withProgress,
  writeOutput,
} from "./output.ts";

const WHERE = "rlvr analyse entropy";

const HELP = `rlvr analyse entropy <run> [options]
rlvr analyse entropy <before> <after> <run> [options]

A run is a file or folder: of rlvr-lab, TRL, verl, prime-rl, NeMo-RL, TensorBoard, W&B (offline) or Trackio. Its entropy curve is
continued, with the error that such forecasts had so far. Policies are folders in the Hugging Face layout; both are read at the
tokens of the run's completions: by position and token class, measured and to first order. One run of this project with two
checkpoints or more is its own before (the first) and after (the last).

      --step n             completions of this step (default: the first that has any)
      --samples n          at most so many completions, the first ones (default 256)
      --metric name        the curve, where its name is not found by itself
      --threshold h        entropy that counts as collapsed (default: a tenth of the first value)
${partHelp}${outputHelp}`;

/** Numbers of the vocabulary's distributions held at once for each policy: 200 MB. Our choice. */
const mostRowNumbers = 5e7;

/** Runs the command; returns its exit code. */
export async function analyseEntropy(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      step: { type: "string" },
      samples: { type: "string", default: "256" },
      metric: { type: "string" },
      threshold: { type: "string" },
      ...partOptions,
      ...outputOptions,
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (positionals.length !== 1 && positionals.length !== 3) {
    const remedy = "name a run, or two policies and the run whose completions they are compared at";
    refuse(WHERE, `${positionals.length} paths are named`, remedy);
  }
  const samples = number("samples", values.samples);
  if (!Number.isInteger(samples) || samples < 1) refuse(WHERE, `--samples is ${samples}`, "pass a whole number from 1");
  const step = values.step === undefined ? {} : { step: number("step", values.step) };
  const threshold = values.threshold === undefined ? {} : { threshold: number("threshold", values.threshold) };
  const path = positionals.at(-1) ?? "";
  const policies = positionals.length === 3 ? positionals.slice(0, 2) : undefined;
  await checkOutputs(values);
  const parts = keptParts(values);
  const output = await withProgress(values.quiet, async () => {
    const run = await importRun(path);
    const curve = curvePart(run, { metric: values.metric, ...threshold });
    const change = await changePart(run, policies, { samples, ...step, parts });
    return together(path, run, [change, curve]);
  });
  await writeOutput(output, values);
  await parts.clear();
  return 0;
}

/** What one part of the analysis adds to the output. */
interface Part extends Pick<AnalysisOutput, "tables" | "figures" | "notes"> {
  readonly data: Readonly<Record<string, unknown>>;
}

function together(path: string, { formats }: ImportedRun, parts: readonly Part[]): AnalysisOutput {
  if (parts.every(({ figures }) => figures.length === 0)) {
    const why = parts.flatMap(({ notes }) => notes).join("; ");
    refuse(
      WHERE,
      `${path} (${formats.join(", ")}) holds nothing to analyse: ${why}`,
      "name a run with an entropy curve",
    );
  }
  return {
    title: `Entropy of ${path}`,
    tables: parts.flatMap(({ tables }) => tables),
    figures: parts.flatMap(({ figures }) => figures),
    notes: parts.flatMap(({ notes }) => notes),
    data: Object.assign({ run: path }, ...parts.map(({ data }) => data)),
  };
}

interface CurveOptions {
  readonly metric: string | undefined;
  readonly threshold?: number;
}

/** The entropy over the steps and its forecast; a curve that is too short or not above 0 stays a table. */
function curvePart(run: ImportedRun, { metric, ...options }: CurveOptions): Part {
  const curve = entropyCurve(run, metric);
  if (curve === undefined) return { tables: [], figures: [], notes: ["no entropy curve is in it"], data: {} };
  const { name, steps, values } = curve;
  const table: Table = { title: "entropy by step", columns: { step: steps, [name]: values } };
  try {
    const forecast = collapseForecast(values, options);
    const figure = collapseFigure(forecast);
    return { tables: [table], figures: [figure], notes: [figure.summary], data: { curve, forecast } };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { tables: [table], figures: [], notes: [`no forecast: ${error.message}`], data: { curve } };
  }
}

/** "entropy", "train/entropy", verl's "actor/entropy", "entropy/mean" and the like: the policy's, a token. */
const entropyName = /(^|\/)(approx_)?entropy(_loss)?(\/(all\/)?mean)?$/;

function entropyCurve({ curves, path }: ImportedRun, metric: string | undefined): ImportedCurve | undefined {
  if (metric !== undefined) {
    const found = curves.find(({ name }) => name === metric);
    if (found !== undefined) return found;
    const like = curves.filter(({ name }) => name.includes("entropy")).map(({ name }) => `"${name}"`);
    const there = like.length > 0 ? like.join(", ") : `${curves.length} curves, none of whose names says entropy`;
    refuse(WHERE, `${path} has no curve "${metric}"`, `there are ${there}`);
  }
  return curves.find(({ name }) => entropyName.test(name));
}

interface ChangeOptions {
  readonly samples: number;
  readonly step?: number;
  readonly parts: ReturnType<typeof keptParts>;
}

/** Two policies at the run's completions, where there are two. */
async function changePart(
  run: ImportedRun,
  named: readonly string[] | undefined,
  options: ChangeOptions,
): Promise<Part> {
  const [before, after] = named ?? (await ownCheckpoints(run));
  if (before === undefined || after === undefined) {
    const note = "no change by tokens: it has fewer than two checkpoints; name the policies before and after too";
    return { tables: [], figures: [], notes: [note], data: {} };
  }
  const [first, second] = [await Policy.load(before), await Policy.load(after)];
  try {
    if (first.config.vocab_size !== second.config.vocab_size) {
      const sizes = `${first.config.vocab_size} and ${second.config.vocab_size} tokens`;
      refuse(WHERE, `the policies know ${sizes}`, "name two policies of one model");
    }
    const contexts = entropyContexts(run, first.tokenizer, options);
    const change = await compared(first, second, contexts, options);
    const figure = figureOf(change, first, contexts);
    const { found, completions } = contexts;
    const left = found > completions.length ? [`the first ${completions.length} of ${found} completions`] : [];
    const rows =
      change.overall.firstOrder === undefined ? ["no first-order term: the distributions would not fit"] : [];
    const { perToken: _, snapshot: __, ...data } = change;
    return {
      tables: entropyTables(change),
      figures: [figure],
      notes: [`${before} to ${after}`, figure.summary, ...left, ...rows],
      data: { before, after, ...(contexts.step !== undefined && { step: contexts.step }), change: data },
    };
  } finally {
    for (const policy of [first, second]) await policy.dispose();
  }
}

/** First and last checkpoint of a run of this project. */
async function ownCheckpoints({ files }: ImportedRun): Promise<readonly string[]> {
  const own = files.filter(({ format }) => format === "rlvr-run");
  const folders = (await Promise.all(own.map(async ({ path }) => (await readRun(path)).checkpoints))).flat();
  return folders.length < 2 ? [] : folders.filter((_, i) => i === 0 || i === folders.length - 1);
}

type Compared = EntropyChange & { readonly snapshot: Awaited<ReturnType<typeof probeInPieces>> };

async function compared(
  first: Policy,
  second: Policy,
  { sequences, advantages }: EntropyContexts,
  { parts }: ChangeOptions,
): Promise<Compared> {
  const tokens = sequences.mask.reduce((sum, marked) => sum + (marked > 0 ? 1 : 0), 0);
  const vocabulary = tokens * first.config.vocab_size <= mostRowNumbers;
  const report = progressReporter({ task: "entropies", total: 2 * piecesOf(sequences), unit: "pieces" });
  let done = 0;
  const probing = { vocabulary, parts, onPiece: () => report(++done) };
  report(0);
  const before = await probeInPieces(first, sequences, probing);
  const after = await probeInPieces(second, sequences, probing);
  const given = advantages && Array.from(before.cells, (cell) => advantages[cell] ?? Number.NaN);
  const known = given?.every(Number.isFinite) === true ? { advantages: given } : {};
  return { ...entropyChange(before, after, known), snapshot: before };
}

function figureOf(change: Compared, { tokenizer }: Policy, { completions }: EntropyContexts): Figure {
  const decode = (token: number): string => tokenizer.decode([token]) || (token === tokenizer.eosId ? "⏎" : "·");
  return entropyFigure(change, { samples: { snapshot: change.snapshot, completions, decode } });
}

function number(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  return refuse(WHERE, `--${flag} is "${text}"`, "pass a number");
}
