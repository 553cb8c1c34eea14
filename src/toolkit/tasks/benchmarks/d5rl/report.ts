/** Curves of a training that goes on online after it learned from logs. */
import { refuse } from "../../../refuse.ts";

export interface CurvePoint {
  /** Gradient steps since the start of the phase. */
  readonly step: number;
  readonly phase: "offline" | "online";
  readonly score: number;
}

export interface OfflineOnlineReport {
  /** Last score of each phase; undefined where the curve has none. */
  readonly offlineFinal: number | undefined;
  readonly onlineFinal: number | undefined;
  /** Online minus offline. */
  readonly gain: number | undefined;
  /** Mean height of the online curve by the trapezoid rule; of a single point its score. */
  readonly areaUnderOnline: number | undefined;
}

/** @throws UsageError for no point, steps that do not rise within a phase, offline after online, or a NaN */
export function offlineOnlineReport(curve: readonly CurvePoint[]): OfflineOnlineReport {
  const where = "offlineOnlineReport";
  if (curve.length === 0) refuse(where, "the curve has no point", "pass at least one");
  for (const [i, { step, phase, score }] of curve.entries()) {
    if (phase !== "offline" && phase !== "online")
      refuse(where, `point ${i} has phase ${String(phase)}`, "pass a phase");
    if (!Number.isFinite(step) || !Number.isFinite(score))
      refuse(where, `point ${i} is ${step}, ${score}`, "pass numbers");
    const before = curve[i - 1];
    if (before === undefined) continue;
    const backwards = before.phase === phase ? step <= before.step : phase === "offline";
    if (backwards) refuse(where, `point ${i} (${phase} ${step}) is out of order`, "pass points in order");
  }
  const online = curve.filter(({ phase }) => phase === "online");
  const offlineFinal = curve.filter(({ phase }) => phase === "offline").at(-1)?.score;
  const onlineFinal = online.at(-1)?.score;
  const gain = offlineFinal === undefined || onlineFinal === undefined ? undefined : onlineFinal - offlineFinal;
  return { offlineFinal, onlineFinal, gain, areaUnderOnline: meanHeight(online) };
}

function meanHeight(points: readonly CurvePoint[]): number | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  if (first === last) return first.score;
  const area = points.slice(1).reduce((sum, { step, score }, i) => {
    const before = points[i] ?? first;
    return sum + ((step - before.step) * (score + before.score)) / 2;
  }, 0);
  return area / (last.step - first.step);
}

/** One training's curve. */
export interface SuiteCurve {
  readonly task: string;
  readonly seed: number;
  readonly curve: readonly CurvePoint[];
}

export interface SuiteReport {
  /** Means over seeds, of those that have the number. */
  readonly perTask: Readonly<Record<string, OfflineOnlineReport>>;
  /** What makes the tasks hard to compare. */
  readonly warnings: readonly string[];
}

/** All tasks of a suite; unequal seeds across tasks are warned of. @throws UsageError for a seed that comes twice */
export function suiteReport(curves: readonly SuiteCurve[]): SuiteReport {
  if (curves.length === 0) refuse("suiteReport", "there is no curve", "pass at least one");
  const tasks = [...new Set(curves.map(({ task }) => task))];
  const seeds = tasks.map((task) => {
    const own = curves.filter((one) => one.task === task).map(({ seed }) => seed);
    if (new Set(own).size < own.length) refuse("suiteReport", `${task} has a seed twice`, "pass each seed once");
    return own.sort((a, b) => a - b).join(", ");
  });
  const unequal = new Set(seeds).size > 1;
  const listed = tasks.map((task, i) => `${task} ${seeds[i]}`).join("; ");
  return {
    perTask: Object.fromEntries(tasks.map((task) => [task, meansOf(curves.filter((one) => one.task === task))])),
    warnings: unequal ? [`seeds differ across tasks: ${listed}`] : [],
  };
}

function meansOf(curves: readonly SuiteCurve[]): OfflineOnlineReport {
  const reports = curves.map(({ curve }) => offlineOnlineReport(curve));
  const mean = (name: keyof OfflineOnlineReport): number | undefined => {
    const values = reports.map((report) => report[name]).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return {
    offlineFinal: mean("offlineFinal"),
    onlineFinal: mean("onlineFinal"),
    gain: mean("gain"),
    areaUnderOnline: mean("areaUnderOnline"),
  };
}
