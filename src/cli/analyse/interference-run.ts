/** Interference in a stored run: steps taken apart by problem, applied for real, lost problems explained. */

import {
  type ExplainedLosses,
  explainLosses,
  type InterferenceMatrix,
  interferenceMatrix,
  type LossStep,
  negativeInterference,
  type SavedBy,
  savedBy,
} from "../../analysis/index.ts";
import { matrixTables } from "../../analysis/interference/matrix-tables.ts";
import { interferenceTables, lossTables, savedTables } from "../../analysis/interference/tables.ts";
import { interferenceDetailFigure, interferenceFigure, interferenceMatrixFigure } from "../../plot/index.ts";
import { Policy } from "../../toolkit/policy/policy.ts";
import {
  type CounterfactualStep,
  type HarmfulToken,
  harmfulTokens,
  type ProbedProblem,
  type StepParts,
  stepCounterfactuals,
  stepEffects,
  stepParts,
} from "../../toolkit/probe.ts";
import { refuse } from "../../toolkit/refuse.ts";
import type { ImportedSet } from "../../toolkit/runs/import.ts";
import { readRun, type StoredRun } from "../../toolkit/runs/read-run.ts";
import { type StoredUpdate, storedUpdate, updatableSteps } from "../../toolkit/runs/stored-update.ts";
import { courseOf, type InterferenceSettings, probesOf, type Station } from "./interference-probes.ts";
import type { AnalysisOutput } from "./output.ts";

export interface RunInterferenceSettings extends InterferenceSettings {
  readonly steps?: readonly number[];
  readonly base?: string;
}

/** Steps taken apart unless they are named. */
const mostSteps = 6;
/** Lost problems that are replayed, updates that are left out, lost problems whose tokens are named. */
const [replayed, leftOut, withTokens] = [4, 3, 3];

/** @throws UsageError for a run without checkpoints, or a step that cannot be taken apart */
export async function runInterference(path: string, settings: RunInterferenceSettings): Promise<AnalysisOutput> {
  const run = await readRun(path);
  const steps = chosenSteps(run, settings);
  const last = steps.at(-1) ?? 0;
  const { problems, sets, note } = await probesOf(settings.rollouts ?? path, settings, last);
  const kept = run.checkpoints.map((folder): Station => ({ step: Number(/(\d+)$/.exec(folder)?.[1]), folder }));
  const { base } = settings;
  const stations = base === undefined || kept[0]?.step === 0 ? kept : [{ step: 0, folder: base }, ...kept];
  const course =
    stations.length < 2
      ? undefined
      : negativeInterference({ ...(await courseOf(stations, problems)), trainedAt: trainedAt(problems, sets) });
  const taken: LossStep[] = [];
  const notes: string[] = [];
  let final: Final | undefined;
  for (const step of steps) {
    const update = await storedUpdate(run, step, settings.base === undefined ? {} : { base: settings.base });
    const { policy, weighted, rule, temperature } = update;
    const parts = await stepParts(policy, weighted, { rule, temperature });
    const { projection } = settings;
    const { right } = await stepEffects(policy, parts, problems, projection === undefined ? {} : { projection });
    taken.push({ step, effects: right });
    notes.push(...(step === steps[0] ? update.notes : []), ...(await realStep(update, parts)));
    if (step === last) {
      final = await lastStep(update, parts, problems, { taken, top: settings.top });
    }
    await policy.dispose();
  }
  if (final === undefined) throw new Error("internal: no step was taken apart");
  const { matrix, losses, saved } = final;
  const figure = interferenceMatrixFigure(matrix);
  const details = interferenceDetailFigure({ matrix, losses, ...(course && { course }), ...(saved && { saved }) });
  return {
    title: `Interference in ${path}, step ${last}`,
    tables: [
      ...matrixTables(matrix),
      ...lossTables(losses),
      ...(saved ? savedTables(saved) : []),
      ...(course
        ? interferenceTables(course).map((table) => ({ ...table, title: `${table.title} over training` }))
        : []),
    ],
    figures: [figure, details, ...(course ? [interferenceFigure(course)] : [])],
    notes: [figure.summary, details.summary, note, ...notes.map((text) => `${text}.`)],
    data: { run: path, steps, matrix, losses, ...(saved && { saved }), ...(course && { course }) },
  };
}

function chosenSteps(run: StoredRun, { steps, base }: RunInterferenceSettings): readonly number[] {
  if (steps !== undefined) return [...new Set(steps)].sort((a, b) => a - b);
  const all = updatableSteps(run, base === undefined ? {} : { base });
  if (all.length === 0) {
    const remedy = "train with checkpointEvery, or pass --base for step 0";
    refuse("rlvr analyse interference", `${run.folder} has no checkpoint with a step behind it`, remedy);
  }
  const kept = Math.min(mostSteps, all.length);
  return Array.from({ length: kept }, (_, i) => all[Math.round(((i + 1) * all.length) / kept) - 1] ?? 0);
}

/** At which steps each problem was trained on, as far as completions are stored. */
function trainedAt(problems: readonly ProbedProblem[], sets: readonly ImportedSet[]): number[][] {
  return problems.map(({ id }) =>
    sets.flatMap(({ step, problems: of }) => (step !== undefined && of.some((one) => one.id === id) ? [step] : [])),
  );
}

/** How near the parts come to what the run really did, where the next policy was kept. */
async function realStep({ step, policy, next }: StoredUpdate, parts: StepParts): Promise<string[]> {
  if (next === undefined) return [];
  const after = await Policy.load(next);
  const [before, moved] = [await policy.parameters.read(), await after.parameters.read()];
  await after.dispose();
  const whole = parts.whole();
  let [at, both, own, real] = [0, 0, 0, 0];
  for (const [name, { data }] of Object.entries(before)) {
    const there = moved[name]?.data ?? [];
    for (const [i, value] of data.entries()) {
      const [change, guess] = [(there[i] ?? Number.NaN) - value, whole[at + i] ?? 0];
      both += change * guess;
      own += guess * guess;
      real += change * change;
    }
    at += data.length;
  }
  const [cosine, length] = [both / Math.sqrt(own * real), Math.sqrt(own / real)];
  return [
    `step ${step} as taken apart against the run's own: cosine ${cosine.toFixed(4)}, length ${length.toFixed(4)} of it`,
  ];
}

interface Final {
  readonly matrix: InterferenceMatrix;
  readonly losses: ExplainedLosses;
  readonly saved?: SavedBy;
}

async function lastStep(
  { policy, weighted, temperature }: StoredUpdate,
  parts: StepParts,
  problems: readonly ProbedProblem[],
  { taken, top }: { readonly taken: readonly LossStep[]; readonly top: number },
): Promise<Final> {
  const own = taken.at(-1);
  if (own === undefined) throw new Error("internal: no step was taken apart");
  const matrix = interferenceMatrix([own.effects]);
  const here = explainLosses([own]).problems.map(({ id }) => id); // lost at this step: what its arms could save
  const lost = explainLosses(taken).problems.map(({ id }) => id);
  const tokens: Record<string, readonly HarmfulToken[]> = {};
  for (const id of lost.slice(0, withTokens)) {
    const problem = problems.find((one) => one.id === id);
    if (problem === undefined) continue;
    tokens[id] = (await harmfulTokens(policy, weighted, parts, problem, { top, temperature })).worst;
  }
  const losses = explainLosses(taken, { top, tokens });
  if (here.length === 0) return { matrix, losses };
  const changes = await stepCounterfactuals(policy, parts, problems, armsOf(own, here, problems));
  return { matrix, losses, saved: savedBy({ ...changes, lost: here }) };
}

/** Without the updates that cost the lost problems most; with the worst of these replayed; half the step. */
function armsOf(
  { effects }: LossStep,
  lost: readonly string[],
  problems: readonly ProbedProblem[],
): CounterfactualStep[] {
  const { updates, problems: asked, predicted } = effects;
  const columns = lost.map((id) => asked.indexOf(id));
  const cost = (u: number): number => columns.reduce((sum, p) => sum + (predicted[u * asked.length + p] ?? 0), 0);
  const harmful = [...updates.keys()].filter((u) => cost(u) < 0).sort((a, b) => cost(a) - cost(b));
  const leave = harmful.slice(0, leftOut).map((u) => updates[u] ?? "");
  const again = lost.slice(0, replayed).flatMap((id) => problems.filter((problem) => problem.id === id));
  return [
    ...(leave.length > 0 ? [{ name: `leave out ${leave.length}`, kind: "mask", leaveOut: leave } as const] : []),
    { name: `replay ${again.length}`, kind: "replay", problems: again },
    { name: "half the step", kind: "merge", share: 0.5 },
  ];
}
