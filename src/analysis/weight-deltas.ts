/**
 * Low-rank weight deltas: how far training moved each matrix, in how many directions, and how much of it bfloat16 would even
 * notice.
 *
 *     relative norm  ‖Δ‖_F / ‖W‖_F          stable rank     ‖Δ‖_F² / σ₁²
 *     energy         Σ_{i≤r} σ_i² / Σ σ_i²   effective rank  exp(−Σ p_i log p_i), p = σ / Σσ
 *                                            participation   (Σ σ_i²)² / Σ σ_i⁴
 *
 * Effective rank: Roy & Vetterli 2007, "The effective rank: a measure of effective dimensionality", EUSIPCO. Spectra are exact
 * (`toolkit/linear/svd.ts`). Tensors of more than two axes count as first axis x all others; vectors have no spectrum.
 */

import { inSlices } from "../toolkit/linear/slices.ts";
import { svdSliced } from "../toolkit/linear/svd.ts";
import { difference, matrixSize, pairTensors, type TensorPair, type Weights } from "../toolkit/linear/weight-pairs.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Tabular, tabular } from "../toolkit/table.ts";
import { unchangedAtBfloat16 } from "./weights/bfloat16.ts";
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

/** Share of the squared change within the top `rank` directions. */
export interface RankEnergy {
  readonly rank: number;
  readonly share: number;
}

export interface DeltaSpectrum {
  /** [min(rows, columns)] singular values of the change, descending. */
  readonly singularValues: Float64Array;
  readonly stableRank: number;
  readonly effectiveRank: number;
  /** Number of equal directions that would spread the squared change as evenly. */
  readonly participationRatio: number;
  /** For each r of `ranks`; 1 from min(rows, columns) on. */
  readonly energy: readonly RankEnergy[];
  /** Smallest ranks that hold 90 % and 99 % of the squared change. */
  readonly rank90: number;
  readonly rank99: number;
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
  for (const rank of ranks) {
    if (!Number.isInteger(rank) || rank < 1) refuse("weightDeltas", `a rank is ${rank}`, "pass whole numbers from 1");
  }
  const pairs = pairTensors("weightDeltas", before, after);
  const tensors: WeightDelta[] = [];
  for (const pair of pairs) {
    tensors.push(await tensorDelta(pair, bf16, ranks));
    onProgress?.({ done: tensors.length, total: pairs.length, name: pair.name });
  }
  return tabular<WeightDeltas>({ tensors, ranks, overall: overallDelta(tensors, bf16, ranks) }, deltaTables);
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

/** Ranks and energies of descending singular values, the first of which is above 0. */
export function spectrumOf(singularValues: Float64Array, ranks: readonly number[]): DeltaSpectrum {
  const largest = singularValues[0] ?? 0;
  if (!(largest > 0)) refuse("spectrumOf", `the largest singular value is ${largest}`, "leave out what did not change");
  const relative = singularValues.map((value) => value / largest);
  const sum = relative.reduce((total, value) => total + value, 0);
  const squares = relative.reduce((total, value) => total + value * value, 0);
  const fourths = relative.reduce((total, value) => total + value ** 4, 0);
  let [entropy, within] = [0, 0];
  const cumulative = relative.map((value) => {
    if (value > 0) entropy -= (value / sum) * Math.log(value / sum);
    within += value * value;
    return within / squares;
  });
  const rankFor = (share: number): number => cumulative.findIndex((held) => held >= share) + 1;
  return {
    singularValues,
    stableRank: squares,
    effectiveRank: Math.exp(entropy),
    participationRatio: squares ** 2 / fourths,
    energy: ranks.map((rank) => ({ rank, share: Math.min(1, cumulative[rank - 1] ?? 1) })),
    rank90: rankFor(0.9),
    rank99: rankFor(0.99),
  };
}

function overallDelta(
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
    energy: inMatrices === 0 ? [] : ranks.map((rank, i) => ({ rank, share: kept(i) / inMatrices })),
  };
}

function frobenius(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] ?? 0) ** 2;
  return Math.sqrt(squares);
}
