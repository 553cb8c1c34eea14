/** Several objects, each done or not at every step: the kitchen's scorer, its two rules of completion, and its files. */
import { refuse } from "../../../refuse.ts";
import { readNpz } from "../shared/npz.ts";

/** Of numbers over episodes; the std is the population's. */
export interface Summary {
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
}

/** Whether each element is complete, by step. */
export type KitchenEpisode = readonly Readonly<Record<string, number>>[];

export interface MultiObjectReport<Target extends string = string> {
  /** Of each target: was it ever complete? */
  readonly perTask: Readonly<Record<Target, Summary>>;
  /** Number of targets that were ever complete: the headline. */
  readonly total: Summary;
  /** Sum over steps of the targets that are complete. */
  readonly return: Summary;
  /** Share of episodes with a return above 0. */
  readonly success: number;
}

/**
 * Scores episodes for a set of targets; elements beside the targets are passed over.
 *
 * @throws UsageError for no episode, no target, an episode without steps or without a target's column, or what is not 0 or 1
 */
export function multiObjectEval<Target extends string>(
  episodes: readonly KitchenEpisode[],
  targets: readonly Target[],
): MultiObjectReport<Target> {
  if (targets.length === 0) refuse("multiObjectEval", "there is no target", "name at least one element");
  if (new Set(targets).size < targets.length) refuse("multiObjectEval", "a target is named twice", "name each once");
  if (episodes.length === 0) refuse("multiObjectEval", "there is no episode", "pass at least one");
  const rows = episodes.map((episode, i) => {
    if (episode.length === 0) refuse("multiObjectEval", `episode ${i} has no step`, "pass whole episodes");
    const sums = targets.map((target) => episode.reduce((sum, step) => sum + completion(step, target, i), 0));
    return { ever: sums.map((sum) => (sum > 0 ? 1 : 0)), return: sums.reduce((all, sum) => all + sum, 0) };
  });
  const perTask = targets.map((target, j) => [target, summary(rows.map(({ ever }) => ever[j] ?? 0))] as const);
  return {
    perTask: Object.fromEntries(perTask) as Record<Target, Summary>,
    total: summary(rows.map(({ ever }) => ever.reduce<number>((sum, one) => sum + one, 0))),
    return: summary(rows.map((row) => row.return)),
    success: rows.filter((row) => row.return > 0).length / rows.length,
  };
}

function completion(step: Readonly<Record<string, number>>, target: string, episode: number): number {
  const value = Object.hasOwn(step, target) ? step[target] : undefined;
  if (value === undefined) {
    refuse("multiObjectEval", `episode ${episode} has a step without "${target}"`, "pass each target's column");
  }
  if (value !== 0 && value !== 1) {
    refuse("multiObjectEval", `"${target}" is ${String(value)} in episode ${episode}`, "pass 1 or 0");
  }
  return value;
}

function summary(values: readonly number[]): Summary {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const [min, max] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  return { mean, std: Math.sqrt(variance), min, max };
}

/** How an element's joints tell that it is complete: store which rule made a score, they differ. */
export type CompletionRule =
  /** Standard suite: the joint vector lies near its goal. */
  | {
      readonly rule: "distance";
      readonly joints: readonly number[];
      readonly goal: readonly number[];
      /** Euclidean, exclusive. Default 0.3: the code's. */
      readonly within?: number;
    }
  /** Randomised suite: one joint (or, of the kettle, the distance from its goal) passed the element's threshold. */
  | { readonly rule: "threshold"; readonly element: ThresholdElement; readonly value: number };

type ThresholdElement =
  | "microwave"
  | "kettle"
  | "bottom burner"
  | "top burner"
  | "light switch"
  | "slide cabinet"
  | "hinge cabinet";

/** Limit of each element, and the side of it on which the element is complete. */
const THRESHOLDS: Readonly<Record<ThresholdElement, readonly ["below" | "above", number]>> = {
  microwave: ["below", -0.55],
  kettle: ["below", 0.1],
  "bottom burner": ["below", -0.65],
  "top burner": ["below", -0.65],
  "light switch": ["below", -0.45],
  "slide cabinet": ["above", 0.25],
  "hinge cabinet": ["above", 1.25],
};

/** @throws UsageError for an unknown element, numbers that are not finite, or vectors of unequal length */
export function elementComplete(rule: CompletionRule): boolean {
  if (rule.rule === "threshold") {
    const [side, limit] =
      THRESHOLDS[rule.element] ??
      refuse("elementComplete", `there is no element "${rule.element}"`, `pass ${Object.keys(THRESHOLDS).join(", ")}`);
    if (!Number.isFinite(rule.value)) refuse("elementComplete", `the value is ${rule.value}`, "pass a finite number");
    return side === "below" ? rule.value < limit : rule.value > limit;
  }
  const { joints, goal, within = 0.3 } = rule;
  if (joints.length !== goal.length || joints.length === 0) {
    refuse("elementComplete", `there are ${joints.length} joints and ${goal.length} goals`, "pass as many of both");
  }
  const distance = Math.hypot(...joints.map((joint, i) => joint - (goal[i] ?? Number.NaN)));
  if (!Number.isFinite(distance)) refuse("elementComplete", "a joint or goal is not finite", "pass finite numbers");
  return distance < within;
}

/**
 * An episode from an `.npz` of the kitchen's data: its columns "reward <element>" (or "reward_<element>"), 1 where above 0, so that
 * any set of targets can be scored. The pickled episodes of the randomised suite are programs, and are not read.
 *
 * @throws UsageError for a file that cannot be read, has no such column, or columns of unequal length
 */
export async function readKitchenEpisode(path: string): Promise<KitchenEpisode> {
  const where = "readKitchenEpisode";
  if (path.endsWith(".pkl")) refuse(where, `${path} is a pickle`, "save its reward columns with numpy.savez first");
  const columns = Object.entries(await readNpz(where, path, (name) => /^reward[ _]./.test(name)));
  const steps = columns[0]?.[1].data.length;
  if (steps === undefined) return refuse(where, `${path} has no column "reward <element>"`, "pass a kitchen episode");
  for (const [name, { data }] of columns) {
    if (data.length !== steps) refuse(where, `"${name}" has ${data.length} steps, others ${steps}`, "mend the file");
  }
  return Array.from({ length: steps }, (_, t) =>
    Object.fromEntries(
      columns.map(([name, { data }]) => [
        name.slice("reward ".length).replaceAll("_", " "),
        (data[t] ?? 0) > 0 ? 1 : 0,
      ]),
    ),
  );
}
