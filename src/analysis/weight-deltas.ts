/**
 * Low-rank weight deltas: how far training moved each matrix, in how many directions, and how much of it bfloat16 would even
 * notice.
 *
 *     relative norm  ‖Δ‖_F / ‖W‖_F          stable rank     ‖Δ‖_F² / σ₁²
 *     energy         Σ_{i≤r} σ_i² / Σ σ_i²   effective rank  exp(−Σ p_i log p_i), p = σ / Σσ
 *                                            participation   (Σ σ_i²)² / Σ σ_i⁴
 *
 *     LoRA error     √(1 − energy)          of the best rank-r fit, relative to ‖Δ‖_F (Eckart & Young 1936)
 *
 * Effective rank: Roy & Vetterli 2007, "The effective rank: a measure of effective dimensionality", EUSIPCO. Spectra are exact
 * (`toolkit/linear/svd.ts`). Tensors of more than two axes count as first axis x all others; vectors have no spectrum.
 * Checkpoints on disk: `checkpointDeltas`.
 */

import { unchangedAtBfloat16 } from "../toolkit/checkpoints/bfloat16.ts";
import { inSlices } from "../toolkit/linear/slices.ts";
import { svdSliced } from "../toolkit/linear/svd.ts";
import { difference, matrixSize, pairTensors, type TensorPair, type Weights } from "../toolkit/linear/weight-pairs.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Tabular, tabular } from "../toolkit/table.ts";
import { deltaTables } from "./weights/tables.ts";

export type { Weights } from "../toolkit/linear/weight-pairs.ts";

export interface WeightDeltaOptions {
  /** Count entries that bfloat16 cannot tell apart. Default true. */
  readonly bf16?: boolean;
  /** The r of "energy in the top r". Default 1, 2, 4, 8, 16, 32. */
  readonly ranks?: readonly number[];
  /** Called after each tensor. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number; readonly name: string }) => void;
}

/** What the top `rank` directions hold. */
export interface RankEnergy {
  readonly rank: number;
  /** Of the squared change. */
  readonly share: number;
  /** Norm of what the best fit of that rank (such as a LoRA of it) leaves out, relative to the change's. */
  readonly error: number;
}

export interface DeltaSpectrum {
  /** Singular values of the change, descending: all of them, or the largest where `sketch` is there. */
  readonly singularValues: Float64Array;
  /** Number of singular values that the matrix has: min(rows, columns). */
  readonly size: number;
  readonly stableRank: number;
  readonly effectiveRank: number;
  /** Number of equal directions that would spread the squared change as evenly. */
  readonly participationRatio: number;
  /** For each r of `ranks`; share 1 from `size` on. */
  readonly energy: readonly RankEnergy[];
  /** Smallest ranks that hold 90 % and 99 % of the squared change; absent where a sketch does not reach them. */
  readonly rank90?: number;
  readonly rank99?: number;
  /**
   * Only where the spectrum is randomised: the Frobenius norm of what the values leave out, and the b of
   * value_i² ≤ σ_i² ≤ value_i² + b². Ranks then count the rest as spread evenly, and shares are lower bounds.
   */
  readonly sketch?: { readonly missing: number; readonly bound: number };
}

/** How two spaces lie to each other. */
export interface SpaceAngles {
  /** Radians, descending, from 0 to π/2. */
  readonly angles: Float64Array;
  /** Mean squared cosine; two random k-dimensional spaces of n dimensions have k / n. */
  readonly overlap: number;
}

/** What training did to one tensor. */
export interface WeightDelta {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parameters: number;
  /** Frobenius norm of the weights before, and of the change. */
  readonly norm: number;
  readonly deltaNorm: number;
  /** deltaNorm / norm; infinite where weights of exactly 0 changed, 0 where they did not. */
  readonly relativeNorm: number;
  /** Share of entries that are one number once both sides are rounded to bfloat16. Absent with `bf16: false`. */
  readonly unchanged?: number;
  /** Absent for vectors, and for a change that is exactly 0. */
  readonly spectrum?: DeltaSpectrum;
  /**
   * Checkpoints only: the largest singular value that rounding alone to the element type of the weights after would make, and
   * the number of singular values above it.
   */
  readonly aboveRounding?: { readonly edge: number; readonly rank: number };
  /** Checkpoints only: top directions of the change against those of the weights before, on both sides. */
  readonly angles?: { readonly left: SpaceAngles; readonly right: SpaceAngles };
}

export interface WeightDeltas {
  /** In the order of the weights before. */
  readonly tensors: readonly WeightDelta[];
  readonly ranks: readonly number[];
  /** All tensors together. */
  readonly overall: {
    readonly parameters: number;
    readonly relativeNorm: number;
    readonly unchanged?: number;
    /** Share of all matrices' squared change that is kept when each keeps its top r; empty when no matrix changed. */
    readonly energy: readonly RankEnergy[];
  };
  /** Names left out on request. */
  readonly excluded?: readonly string[];
}

/**
 * Compares two checkpoints of one architecture. Works in slices of some milliseconds, so the event loop lives.
 *
 * @throws UsageError when names or shapes differ, or a weight is not finite
 */
export async function weightDeltas(
  before: Weights,
  after: Weights,
  options: WeightDeltaOptions = {},
): Promise<WeightDeltas & Tabular> {
  checkOptions("weightDeltas", options, {
    bf16: { kind: "boolean" },
    ranks: { kind: "array" },
    onProgress: { kind: "function" },
  });
  const { bf16 = true, ranks = [1, 2, 4, 8, 16, 32], onProgress } = options;
  checkRanks("weightDeltas", ranks);
  const pairs = pairTensors("weightDeltas", before, after);
  const tensors: WeightDelta[] = [];
  for (const pair of pairs) {
    tensors.push(await tensorDelta(pair, bf16, ranks));
    onProgress?.({ done: tensors.length, total: pairs.length, name: pair.name });
  }
  return tabular<WeightDeltas>({ tensors, ranks, overall: overallDelta(tensors, bf16, ranks) }, deltaTables);
}

/** @throws UsageError unless each is a whole number from 1 */
export function checkRanks(where: string, ranks: readonly number[]): void {
  for (const rank of ranks) {
    if (!Number.isInteger(rank) || rank < 1) refuse(where, `a rank is ${rank}`, "pass whole numbers from 1");
  }
}

async function tensorDelta(pair: TensorPair, bf16: boolean, ranks: readonly number[]): Promise<WeightDelta> {
  const delta = difference(pair);
  const [norm, deltaNorm] = [frobenius(pair.before), frobenius(delta)];
  const size = matrixSize(pair.shape);
  const parameters = delta.length;
  return {
    name: pair.name,
    shape: pair.shape,
    parameters,
    norm,
    deltaNorm,
    relativeNorm: deltaNorm === 0 ? 0 : deltaNorm / norm,
    ...(bf16 && { unchanged: parameters === 0 ? 1 : unchangedAtBfloat16(pair.before, pair.after) / parameters }),
    ...(size !== undefined &&
      deltaNorm > 0 && {
        spectrum: spectrumOf((await inSlices(svdSliced({ data: delta, ...size }, { vectors: false }))).values, ranks),
      }),
  };
}

/** Singular values that are not known one by one. */
export interface SpectrumTail {
  /** How many there are of all, and the Frobenius norm of the unknown ones. */
  readonly size: number;
  readonly missing: number;
}

/**
 * Ranks and energies of descending singular values, the first of which is above 0.
 *
 * @param tail default: all values are known. Unknown ones count as equal.
 */
export function spectrumOf(
  singularValues: Float64Array,
  ranks: readonly number[],
  tail: SpectrumTail = { size: singularValues.length, missing: 0 },
): DeltaSpectrum {
  const largest = singularValues[0] ?? 0;
  if (!(largest > 0)) refuse("spectrumOf", `the largest singular value is ${largest}`, "leave out what did not change");
  const relative = singularValues.map((value) => value / largest);
  const unknown = tail.size - relative.length;
  const each = unknown > 0 ? tail.missing / largest / Math.sqrt(unknown) : 0;
  const sum = relative.reduce((total, value) => total + value, unknown * each);
  const squares = relative.reduce((total, value) => total + value * value, unknown * each * each);
  const fourths = relative.reduce((total, value) => total + value ** 4, unknown * each ** 4);
  let [entropy, within] = [each > 0 ? -unknown * (each / sum) * Math.log(each / sum) : 0, 0];
  const cumulative = relative.map((value) => {
    if (value > 0) entropy -= (value / sum) * Math.log(value / sum);
    within += value * value;
    return within / squares;
  });
  const held = (rank: number): number =>
    rank >= tail.size ? 1 : Math.min(1, cumulative[Math.min(rank, cumulative.length) - 1] ?? 1);
  const rankFor = (share: number): number => cumulative.findIndex((reached) => reached >= share) + 1;
  const [rank90, rank99] = [rankFor(0.9), rankFor(0.99)];
  return {
    singularValues,
    size: tail.size,
    stableRank: squares,
    effectiveRank: Math.exp(entropy),
    participationRatio: squares ** 2 / fourths,
    energy: ranks.map((rank) => rankEnergy(rank, held(rank))),
    ...(rank90 > 0 && { rank90 }),
    ...(rank99 > 0 && { rank99 }),
  };
}

function rankEnergy(rank: number, share: number): RankEnergy {
  return { rank, share, error: Math.sqrt(1 - share) };
}

/** All tensors together. */
export function overallDelta(
  tensors: readonly WeightDelta[],
  bf16: boolean,
  ranks: readonly number[],
): WeightDeltas["overall"] {
  const sumOf = (value: (tensor: WeightDelta) => number): number => tensors.reduce((sum, t) => sum + value(t), 0);
  const parameters = sumOf((tensor) => tensor.parameters);
  const moved = Math.sqrt(sumOf(({ deltaNorm }) => deltaNorm ** 2));
  const inMatrices = sumOf(({ spectrum, deltaNorm }) => (spectrum === undefined ? 0 : deltaNorm ** 2));
  const kept = (i: number): number =>
    sumOf(({ spectrum, deltaNorm }) => (spectrum?.energy[i]?.share ?? 0) * deltaNorm ** 2);
  return {
    parameters,
    relativeNorm: moved === 0 ? 0 : moved / Math.sqrt(sumOf(({ norm }) => norm ** 2)),
    ...(bf16 && { unchanged: sumOf((tensor) => (tensor.unchanged ?? 0) * tensor.parameters) / parameters }),
    energy: inMatrices === 0 ? [] : ranks.map((rank, i) => rankEnergy(rank, Math.min(1, kept(i) / inMatrices))),
  };
}

function frobenius(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] ?? 0) ** 2;
  return Math.sqrt(squares);
}
