/**
 * How straight training moved each tensor along checkpoints on disk, and where it would be later: `fitTrajectory` of every tensor
 * from inner products that are summed slab by slab (arXiv:2605.21468; arXiv:2604.11446 finds the path rank-1 but not linear).
 */
import type { Checkpoint } from "../toolkit/checkpoints/checkpoint.ts";
import { pairCheckpoints } from "../toolkit/checkpoints/pair-checkpoints.ts";
import { defaultThreads, onTensors } from "../toolkit/checkpoints/tensor-pool.ts";
import { progress, type WriteOptions, writeCombinedCheckpoint } from "../toolkit/checkpoints/write-checkpoint.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Table, type Tabular, tabular } from "../toolkit/table.ts";
import {
  type ExtrapolationOptions,
  extrapolationWeights,
  fitTrajectoryGram,
  type Trajectory,
  type TrajectoryOptions,
} from "./weights/trajectory.ts";

/** A checkpoint with the training step it was saved at. */
export interface StepCheckpoint {
  readonly step: number;
  readonly checkpoint: Checkpoint;
}

export interface CheckpointTrajectoryOptions extends TrajectoryOptions, WriteOptions {
  /** Names, or ends of names after a dot, that are left out. Default none. */
  readonly exclude?: readonly string[];
}

export interface TensorTrajectory {
  readonly name: string;
  readonly parameters: number;
  /** Frobenius norm of each checkpoint's change from the base. */
  readonly norms: readonly number[];
  readonly fit: Trajectory;
}

export interface CheckpointTrajectory {
  readonly tensors: readonly TensorTrajectory[];
  readonly steps: readonly number[];
  /** All tensors as one vector. */
  readonly overall: Trajectory;
  readonly excluded: readonly string[];
}

/**
 * @param base the weights that the run started from
 * @param later at least two, in order of their steps
 * @throws UsageError when names or shapes differ, steps do not ascend, or a weight is not finite
 */
export async function checkpointTrajectory(
  base: Checkpoint,
  later: readonly StepCheckpoint[],
  options: CheckpointTrajectoryOptions = {},
): Promise<CheckpointTrajectory & Tabular> {
  const where = "checkpointTrajectory";
  checkOptions(where, options, {
    rank: { kind: "integer", min: 1 },
    window: { kind: "integer", min: 2 },
    exclude: { kind: "array" },
    threads: { kind: "integer", min: 1 },
    onProgress: { kind: "function" },
  });
  if (later.length < 2) refuse(where, `there are ${later.length} later checkpoints`, "pass at least two");
  const { exclude = [], rank, window } = options;
  const paired = later.map(({ checkpoint }) => pairCheckpoints(base, checkpoint, exclude));
  const first = paired[0]?.pairs.map((pair) => pair.before) ?? [];
  const jobs = first.map((tensor, i) => {
    const tensors = [tensor, ...paired.flatMap(({ pairs }) => pairs[i]?.after ?? [])];
    return { kind: "gram", tensors } as const;
  });
  const names = first.map(({ name }) => name);
  const grams = await onTensors(jobs, options.threads ?? defaultThreads(), progress(options, names));
  const steps = later.map(({ step }) => step);
  const settings = { ...(rank !== undefined && { rank }), ...(window !== undefined && { window }) };
  const sum = new Float64Array(steps.length ** 2).map((_, at) => grams.reduce((all, gram) => all + (gram[at] ?? 0), 0));
  const tensors = first.map(({ name, count }, i) => {
    const gram = grams[i] ?? new Float64Array();
    const norms = steps.map((_, t) => Math.sqrt(Math.max(0, gram[t * steps.length + t] ?? 0)));
    return { name, parameters: count, norms, fit: fitTrajectoryGram(gram, steps, settings) };
  });
  const overall = fitTrajectoryGram(sum, steps, settings);
  return tabular({ tensors, steps, overall, excluded: paired[0]?.excluded ?? [] }, trajectoryTables);
}

/**
 * Writes the weights that the fitted lines reach at a step: θ_0 + scale Σ_k c_k(step) V_k of each tensor.
 *
 * @param output a folder that is not there yet, or empty
 * @throws UsageError as `extrapolationWeights` and `checkpointTrajectory`
 */
export async function writeExtrapolatedCheckpoint(
  base: Checkpoint,
  later: readonly StepCheckpoint[],
  step: number,
  output: string,
  options: TrajectoryOptions & ExtrapolationOptions & WriteOptions = {},
): Promise<void> {
  const { scale, within, ...fitting } = options;
  const { tensors } = await checkpointTrajectory(base, later, fitting);
  const reach = { ...(scale !== undefined && { scale }), ...(within !== undefined && { within }) };
  const weights = new Map(tensors.map(({ name, fit }) => [name, extrapolationWeights(fit, step, reach)]));
  const checkpoints = [base, ...later.map(({ checkpoint }) => checkpoint)];
  const weightsOf = (name: string): number[] => {
    const own = [...(weights.get(name) ?? [])];
    return [1 - own.reduce((all, weight) => all + weight, 0), ...own]; // θ_0 + Σ w (θ_t − θ_0)
  };
  await writeCombinedCheckpoint(checkpoints, weightsOf, output, options);
}

function trajectoryTables({ tensors }: CheckpointTrajectory): Table[] {
  return [
    {
      title: "weight trajectories",
      columns: {
        tensor: tensors.map(({ name }) => name),
        "norm of the last change": tensors.map(({ norms }) => norms.at(-1)),
        "rank-1 share": tensors.map(({ fit }) => fit.explained[0]),
        "R² of the line": tensors.map(({ fit }) => fit.directions[0]?.r2),
        "slope per step": tensors.map(({ fit }) => fit.directions[0]?.slope),
      },
    },
  ];
}
