/**
 * Low-rank weight deltas of two checkpoints on disk, of any size: tensors are streamed in slabs and worked on one a thread.
 *
 * Spectra come from Gram matrices summed in float64, whose error in a singular value σ is about 10⁻¹⁵ σ₁² / σ: below float32's own
 * for all σ above 10⁻⁷ σ₁. A matrix whose shorter axis is above `exactUpTo` gets its largest singular values by subspace iteration
 * with an error bound measured on it (Halko, Martinsson & Tropp 2011, arXiv:0909.4061).
 *
 * Rounding to bfloat16 is noise on the change: a matrix of independent entries of mean square s² has no singular value beyond
 * s (√m + √n) but for its fluctuation, ½ (1/√m + 1/√n)^⅓ in units of s (Johnstone 2001, "On the distribution of the largest
 * eigenvalue"), four of which are allowed (our choice). What lies above it is training's.
 */
import type { Checkpoint } from "../toolkit/checkpoints/checkpoint.ts";
import type { TensorMeasure } from "../toolkit/checkpoints/measure.ts";
import { pairCheckpoints } from "../toolkit/checkpoints/pair-checkpoints.ts";
import { onTensorsKept } from "../toolkit/checkpoints/resume.ts";
import { defaultThreads } from "../toolkit/checkpoints/tensor-pool.ts";
import { checkOptions } from "../toolkit/options.ts";
import type { PartialResults } from "../toolkit/partial-results.ts";
import { type Tabular, tabular } from "../toolkit/table.ts";
import {
  checkRanks,
  overallDelta,
  type SpaceAngles,
  spectrumOf,
  type WeightDelta,
  type WeightDeltaOptions,
  type WeightDeltas,
} from "./weight-deltas.ts";
import { deltaTables } from "./weights/tables.ts";

export interface CheckpointDeltaOptions extends Omit<WeightDeltaOptions, "bf16"> {
  /** Names, or ends of names after a dot, that are left out and listed as such: `"lm_head.weight"`, `"bias"`. Default none. */
  readonly exclude?: readonly string[];
  /** Largest shorter axis whose spectrum is exact. Default 1024: some 0.3 s a matrix on one core (time grows as its cube). */
  readonly exactUpTo?: number;
  /** Singular values of a randomised spectrum. Default 64. */
  readonly sketchRank?: number;
  /** Passes of a randomised spectrum over its matrix. Default 3, which real spectra need (Halko et al., section 1.6). */
  readonly passes?: number;
  /** Top directions compared with the base's. 0 leaves them out and saves about half of the time. Default 8. */
  readonly angles?: number;
  /** Threads; each holds some 300 MB. Default: the cores of this process, at most 8. */
  readonly threads?: number;
  /**
   * Where finished tensors are kept, so that a call that was cut off goes on: `partialResults(folder)`. The caller clears it
   * once the result is safe. Default: nowhere.
   */
  readonly parts?: PartialResults;
}

/** Directions beyond those asked for that a randomised spectrum carries (Halko et al. advise 5 to 10; cheap here). */
const oversampling = 16;

/**
 * Compares two checkpoints tensor by tensor.
 *
 * @throws UsageError naming tensor and file when names or shapes differ, a file is truncated, or a weight is not finite
 */
export async function checkpointDeltas(
  before: Checkpoint,
  after: Checkpoint,
  options: CheckpointDeltaOptions = {},
): Promise<WeightDeltas & Tabular> {
  checkOptions("checkpointDeltas", options, {
    ranks: { kind: "array" },
    onProgress: { kind: "function" },
    exclude: { kind: "array" },
    exactUpTo: { kind: "integer", min: 0 },
    sketchRank: { kind: "integer", min: 1 },
    passes: { kind: "integer", min: 0 },
    angles: { kind: "integer", min: 0 },
    threads: { kind: "integer", min: 1 },
    parts: { kind: "object" },
  });
  const {
    ranks = [1, 2, 4, 8, 16, 32],
    exclude = [],
    exactUpTo = 1024,
    sketchRank = 64,
    passes = 3,
    angles = 8,
  } = options;
  checkRanks("checkpointDeltas", ranks);
  const { pairs, excluded } = pairCheckpoints(before, after, exclude);
  const settings = { exactUpTo, rank: sketchRank, oversampling, passes, angles };
  const measures = await onTensorsKept(
    pairs.map((pair) => ({ kind: "measure", pair, options: settings }) as const),
    options.threads ?? defaultThreads(),
    options.parts,
    (at, done) => options.onProgress?.({ done, total: pairs.length, name: pairs[at]?.before.name ?? "" }),
  );
  const tensors = measures.map((measure) => deltaOf(measure, ranks));
  const result = { tensors, ranks, overall: overallDelta(tensors, true, ranks), excluded };
  return tabular<WeightDeltas>(result, deltaTables);
}

function deltaOf(measure: TensorMeasure, ranks: readonly number[]): WeightDelta {
  const { name, shape, parameters, spectrum, angles } = measure;
  const [norm, deltaNorm] = [Math.sqrt(measure.squares), Math.sqrt(measure.deltaSquares)];
  const sketch = spectrum?.sketch;
  return {
    name,
    shape,
    parameters,
    norm,
    deltaNorm,
    relativeNorm: deltaNorm === 0 ? 0 : deltaNorm / norm,
    unchanged: parameters === 0 ? 1 : measure.unchanged / parameters,
    ...(spectrum !== undefined && {
      spectrum: {
        ...spectrumOf(spectrum.values, ranks, { size: spectrum.size, missing: sketch?.missing ?? 0 }),
        ...(sketch !== undefined && { sketch }),
      },
      aboveRounding: aboveRounding(spectrum.values, spectrum.size, measure),
    }),
    ...(angles !== undefined && { angles: { left: spaceAngles(angles.left), right: spaceAngles(angles.right) } }),
  };
}

function aboveRounding(
  values: Float64Array,
  short: number,
  { parameters, roundingSquare }: TensorMeasure,
): { readonly edge: number; readonly rank: number } {
  const [m, n] = [Math.sqrt(short), Math.sqrt(parameters / short)];
  const edge = Math.sqrt(roundingSquare) * (m + n + 2 * Math.cbrt(1 / m + 1 / n));
  return { edge, rank: values.filter((value) => value > edge).length };
}

function spaceAngles(angles: Float64Array): SpaceAngles {
  return { angles, overlap: angles.reduce((sum, angle) => sum + Math.cos(angle) ** 2, 0) / angles.length };
}
