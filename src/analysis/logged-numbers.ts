/**
 * Numbers that peers log beside the right ones, worked out again from their own dumps: what verl calls best@k is resampled with
 * replacement (1 right of 4: best@4 is 0.684, pass@4 is 1), lighteval's bootstrapped standard errors are 31.6 times too small.
 *
 * pass@k: Chen et al. 2021, arXiv:2107.03374. Errors of means over problems: Miller 2024, arXiv:2411.00640. What cannot be
 * compared is listed with the reason, never left out in silence.
 */
import type { ImportedCurve, ImportedRun, ImportedSet } from "../toolkit/runs/import.ts";
import { type Table, type Tabular, tabular } from "../toolkit/table.ts";
import type { LoggedNumber } from "./logged/number.ts";
import { isPlainMetric, plainNumber, resultNumbers } from "./logged/results.ts";
import { type VerlMetric, verlMetric, verlNumber } from "./logged/verl.ts";

export type { LoggedNumber } from "./logged/number.ts";

export interface LoggedNumbers {
  readonly numbers: readonly LoggedNumber[];
  /** Numbers that nothing could be worked out again for. */
  readonly notCompared: readonly { readonly metric: string; readonly step?: number; readonly why: string }[];
}

/** What is needed of an imported run. */
export type LoggedRun = Pick<ImportedRun, "sets" | "curves" | "results" | "files">;

/**
 * Every logged number that the dump's samples can check. A verl dump without its log gives what the log would say.
 *
 * Metrics that no rule knows (losses, lengths, times) are not looked at.
 */
export function checkLogged(run: LoggedRun): LoggedNumbers & Tabular {
  const gathered: Gathered = { numbers: [], notCompared: [] };
  for (const curve of run.curves) checkCurve(run, curve, gathered);
  for (const result of run.results) {
    const sets = run.sets.filter(({ name, run: of }) => name === result.set && of === result.run);
    const [set] = sets;
    take(gathered, result.metric, undefined, set === undefined ? noSet(sets.length) : resultNumbers(result, set));
  }
  const verl = run.files.some(({ format }) => format === "verl-dump");
  if (verl && !run.curves.some(({ name }) => verlMetric(name) !== undefined)) expectVerl(run.sets, gathered);
  return tabular<LoggedNumbers>(gathered, loggedTables);
}

interface Gathered {
  readonly numbers: LoggedNumber[];
  readonly notCompared: { readonly metric: string; readonly step?: number; readonly why: string }[];
}

function take(
  { numbers, notCompared }: Gathered,
  metric: string,
  step: number | undefined,
  found: LoggedNumber | readonly LoggedNumber[] | string,
): void {
  if (typeof found === "string") notCompared.push({ metric, ...(step === undefined ? {} : { step }), why: found });
  else numbers.push(...(Array.isArray(found) ? found : [found]));
}

function noSet(candidates: number): string {
  return candidates === 0 ? "no samples of that step and task are in the dump" : `${candidates} sets of samples fit`;
}

function checkCurve(run: LoggedRun, { name, steps, values }: ImportedCurve, gathered: Gathered): void {
  const verl = verlMetric(name);
  if (verl === undefined && !isPlainMetric(name)) return;
  for (const [i, step] of steps.entries()) {
    const logged = values[i] ?? Number.NaN;
    if (Number.isNaN(logged)) continue;
    const fits = run.sets.filter((set) => set.step === step && isEvaluation(set, name));
    const [set, ...more] = fits;
    if (set === undefined || more.length > 0) take(gathered, name, step, noSet(fits.length));
    else if (verl === undefined) take(gathered, name, step, plainNumber(name, set, logged));
    else take(gathered, name, step, mixedSources(run.curves, set) ?? verlNumber(verl, set, logged));
  }
}

/** A set of validation samples; where its name holds an environment or data source, that of the metric. */
function isEvaluation({ name }: ImportedSet, metric: string): boolean {
  const [folder = "", ...source] = name.split("/");
  if (!/val|eval|test/i.test(folder) || source[0] === "all") return false; // `all` holds what prime-rl left out of its means, too
  const named = source.filter((part) => part !== "effective").join("/");
  return named === "" || metric.includes(named);
}

/** verl logs each data source apart, but its dump says of no row which it is of, unless the reward function does. */
function mixedSources(curves: readonly ImportedCurve[], { name }: ImportedSet): string | undefined {
  const sources = new Set(curves.flatMap((curve) => verlMetric(curve.name)?.source ?? []));
  if (sources.size < 2 || name.includes("/")) return undefined;
  return `the log has ${sources.size} data sources, and the dump does not say which row is of which`;
}

/** What verl would log of a dump: best@k for k = 2, 4, … and n. */
function expectVerl(sets: readonly ImportedSet[], gathered: Gathered): void {
  for (const set of sets) {
    const n = Math.min(...set.problems.map((problem) => problem.n + problem.failed));
    const ks = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].filter((k) => k < n);
    if (!Number.isFinite(n) || n < 2) continue;
    for (const k of [...ks, n]) {
      const name: VerlMetric = { metric: `best@${k}/mean`, source: "", variable: "acc", kind: "best", k, of: "mean" };
      take(gathered, name.metric, set.step, verlNumber(name, set, undefined));
    }
  }
}

export function loggedTables({ numbers, notCompared }: LoggedNumbers): Table[] {
  return [
    {
      title: "logged and right",
      columns: {
        metric: numbers.map(({ metric }) => metric),
        set: numbers.map(({ set }) => set),
        step: numbers.map(({ step }) => step),
        logged: numbers.map(({ logged }) => logged),
        expected: numbers.map(({ expected }) => expected),
        right: numbers.map(({ right }) => right),
        low: numbers.map(({ low }) => low),
        high: numbers.map(({ high }) => high),
        why: numbers.map(({ why }) => why),
      },
    },
    {
      title: "not compared",
      columns: {
        metric: notCompared.map(({ metric }) => metric),
        step: notCompared.map(({ step }) => step),
        why: notCompared.map(({ why }) => why),
      },
    },
  ];
}
