/**
 * How straight training moved the weights, and where it would be later on the same line.
 * "You Only Need Minimal RLVR Training: Extrapolating LLMs via Rank-1 Trajectories" (RELEX), 2026, arXiv:2605.21468.
 *
 *     M[t] = θ_t − θ_0 (not centred), G = M Mᵀ = U S² Uᵀ, V_k = Mᵀ U_k / S_k, c_k(t) = (M V)[t, k] = S_k U[t, k]
 *     c_k(s) ≈ intercept_k + slope_k s      least squares over the true steps
 *     θ̂(s)  = θ_0 + scale Σ_{k ≤ r} c_k(s) V_k = θ_0 + Σ_t weights_t M[t]
 *
 * Only G, [T, T], is needed of the weights, so a tensor is read once and never held. Regressing on the true steps rather than on
 * the row's number is a reconstruction: the same for even steps. A direction with S_k ≤ 1e-6 S_1 counts as none.
 */
import { svd } from "../../toolkit/linear/svd.ts";
import { checkOptions } from "../../toolkit/options.ts";
import { refuse } from "../../toolkit/refuse.ts";

export interface TrajectoryOptions {
  /** Directions fitted, r; more than there are checkpoints count as that many. Default 1: paper. */
  readonly rank?: number;
  /** Fit the lines to the last so many checkpoints. Default: all. */
  readonly window?: number;
}

/** One direction of a trajectory. Signs are arbitrary, but go together. */
export interface TrajectoryDirection {
  readonly singularValue: number;
  /** [T] how far along the direction each checkpoint is, c(t). */
  readonly coefficients: Float64Array;
  /** [T] the direction as a sum of the changes: V = Σ_t mix_t M[t]; zeros where there is none. */
  readonly mix: Float64Array;
  /** Of the line: per step, and at step 0. */
  readonly slope: number;
  readonly intercept: number;
  /** Share of the coefficients' variance (within the window) that the line explains; 0 where they do not vary. */
  readonly r2: number;
}

export interface Trajectory {
  /** [T] ascending. */
  readonly steps: readonly number[];
  readonly directions: readonly TrajectoryDirection[];
  /** [rank] share of Σ_t |M[t]|² within the first 1, 2 … directions; 0 where nothing moved. */
  readonly explained: readonly number[];
}

const negligible = 1e-6;

/**
 * Fits changes that are held in memory.
 *
 * @param changes [T] of θ_t − θ_0, each of one tensor's numbers, in order of the steps
 * @throws UsageError for fewer than two checkpoints, unequal lengths, steps that do not ascend, or numbers that are not finite
 */
export function fitTrajectory(
  changes: readonly ArrayLike<number>[],
  steps: readonly number[],
  options: TrajectoryOptions = {},
): Trajectory {
  const length = changes[0]?.length ?? 0;
  const odd = changes.findIndex((change) => change.length !== length);
  if (odd >= 0) {
    refuse(
      "fitTrajectory",
      `change ${odd} has ${changes[odd]?.length} numbers, the first ${length}`,
      "pass one tensor",
    );
  }
  const count = changes.length;
  const gram = new Float64Array(count * count);
  for (const [i, a] of changes.entries()) {
    for (const [j, b] of changes.slice(0, i + 1).entries()) {
      let product = 0;
      for (let k = 0; k < length; k++) product += (a[k] ?? 0) * (b[k] ?? 0);
      gram[i * count + j] = product;
      gram[j * count + i] = product;
    }
  }
  return fitTrajectoryGram(gram, steps, options);
}

/**
 * The same from inner products alone.
 *
 * @param gram [T, T] row-major, ⟨M[i], M[j]⟩
 */
export function fitTrajectoryGram(
  gram: ArrayLike<number>,
  steps: readonly number[],
  options: TrajectoryOptions = {},
): Trajectory {
  const where = "fitTrajectory";
  checkOptions(where, options, { rank: { kind: "integer", min: 1 }, window: { kind: "integer", min: 2 } });
  checkSteps(where, gram, steps);
  const count = steps.length;
  const { rank = 1, window = count } = options;
  if (window > count) refuse(where, `window is ${window} of ${count} checkpoints`, `pass at most ${count}`);
  const { values, left } = svd({ data: gram, rows: count, columns: count });
  const total = values.reduce((sum, value) => sum + value, 0);
  const largest = Math.sqrt(values[0] ?? 0);
  const directions: TrajectoryDirection[] = [];
  const explained: number[] = [];
  let held = 0;
  for (let k = 0; k < Math.min(rank, count); k++) {
    const singularValue = Math.sqrt(values[k] ?? 0);
    held += values[k] ?? 0;
    explained.push(total === 0 ? 0 : Math.min(1, held / total));
    const vector = left.subarray(k * count, (k + 1) * count);
    const exists = singularValue > negligible * largest;
    const coefficients = vector.map((entry) => (exists ? entry * singularValue : 0));
    const mix = vector.map((entry) => (exists ? entry / singularValue : 0));
    directions.push({ singularValue, coefficients, mix, ...lineThrough(steps, coefficients, window) });
  }
  return { steps, directions, explained };
}

export interface ExtrapolationOptions {
  /** Factor λ of the predicted change; below 1 for caution. Default 1: paper. */
  readonly scale?: number;
  /** Allow a step that is not behind the last observed one. Default false. */
  readonly within?: boolean;
}

/**
 * The fitted weights at a step as a sum of the observed ones: θ̂ − θ_0 = Σ_t result_t M[t].
 *
 * @returns [T]
 * @throws UsageError when the step is not behind the last one, unless `within`
 */
export function extrapolationWeights(
  { steps, directions }: Trajectory,
  step: number,
  options: ExtrapolationOptions = {},
): Float64Array {
  checkOptions("extrapolationWeights", options, { scale: { kind: "number" }, within: { kind: "boolean" } });
  const { scale = 1, within = false } = options;
  const last = steps.at(-1) ?? 0;
  if (!Number.isFinite(step) || (step <= last && !within)) {
    refuse(
      "extrapolationWeights",
      `the step is ${step}, the last observed ${last}`,
      "pass a later one, or `within: true`",
    );
  }
  const weights = new Float64Array(steps.length);
  for (const { slope, intercept, mix } of directions) {
    const along = scale * (intercept + slope * step);
    for (let t = 0; t < weights.length; t++) weights[t] = (weights[t] ?? 0) + along * (mix[t] ?? 0);
  }
  return weights;
}

/** An observed checkpoint cut to the directions of the fit, as a sum of the changes: (M[t] V) Vᵀ = Σ result_t M[t]. */
export function projectionWeights({ steps, directions }: Trajectory, step: number): Float64Array {
  const at = steps.indexOf(step);
  if (at < 0) refuse("projectionWeights", `there is no checkpoint of step ${step}`, `name one of ${steps.join(", ")}`);
  const weights = new Float64Array(steps.length);
  for (const { coefficients, mix } of directions) {
    for (let t = 0; t < weights.length; t++) weights[t] = (weights[t] ?? 0) + (coefficients[at] ?? 0) * (mix[t] ?? 0);
  }
  return weights;
}

/** Σ_t weights_t M[t], summed in float64. */
export function combineChanges(changes: readonly ArrayLike<number>[], weights: ArrayLike<number>): Float64Array {
  if (changes.length !== weights.length) {
    refuse("combineChanges", `there are ${changes.length} changes and ${weights.length} weights`, "pass one for each");
  }
  const sum = new Float64Array(changes[0]?.length ?? 0);
  for (const [t, change] of changes.entries()) {
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (weights[t] ?? 0) * (change[i] ?? 0);
  }
  return sum;
}

function checkSteps(where: string, gram: ArrayLike<number>, steps: readonly number[]): void {
  const count = steps.length;
  if (count < 2) refuse(where, `there are ${count} checkpoints`, "pass at least two: a line needs them");
  if (gram.length !== count * count) {
    refuse(where, `there are ${Math.sqrt(gram.length)} changes and ${count} steps`, "pass one step for each");
  }
  for (const [i, step] of steps.entries()) {
    if (!Number.isFinite(step)) refuse(where, `step ${i} is ${step}`, "pass finite numbers");
    if (i > 0 && step <= (steps[i - 1] ?? 0)) {
      refuse(where, `step ${step} comes after ${steps[i - 1]}`, "pass different steps in ascending order");
    }
  }
  for (let i = 0; i < gram.length; i++) {
    if (!Number.isFinite(gram[i])) refuse(where, `a product of changes is ${gram[i]}`, "pass finite weights");
  }
}

/** Least squares over the last `window` points. */
function lineThrough(
  steps: readonly number[],
  values: Float64Array,
  window: number,
): Pick<TrajectoryDirection, "slope" | "intercept" | "r2"> {
  const [x, y] = [steps.slice(-window), values.slice(-window)];
  const mean = (numbers: readonly number[]): number => numbers.reduce((sum, v) => sum + v, 0) / numbers.length;
  const [meanX, meanY] = [mean(x), mean([...y])];
  let [xx, xy, yy] = [0, 0, 0];
  for (const [i, step] of x.entries()) {
    const [dx, dy] = [step - meanX, (y[i] ?? 0) - meanY];
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  const slope = xy / xx;
  return { slope, intercept: meanY - slope * meanX, r2: yy === 0 ? 0 : Math.min(1, (xy * slope) / yy) };
}
