/** What training did to one tensor. */
export interface WeightDelta {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parameters: number;
  /** Frobenius norm of the weights before and of the change. */
  readonly norm: number;
  readonly deltaNorm: number;
  /** deltaNorm / norm. */
  readonly relativeNorm: number;
  /** Share of entries that are the same number once both sides are rounded to bfloat16. Absent with `bf16: false`. */
  readonly unchanged?: number;
  /** Spectrum of the change; absent for vectors and for a change that is exactly 0. */
  readonly spectrum?: DeltaSpectrum;
}

export interface DeltaSpectrum {
  /** [min(rows, columns)] singular values, descending. */
  readonly singularValues: Float64Array;
  /** ‖Δ‖_F² / σ₁². */
  readonly stableRank: number;
  /** exp of the entropy of σ / Σσ (Roy & Vetterli 2007). */
  readonly effectiveRank: number;
  /** Share of ‖Δ‖_F² in the top r, for each r of `ranks`. */
  readonly energy: readonly { readonly rank: number; readonly share: number }[];
  /** Smallest rank that holds 90 % and 99 % of ‖Δ‖_F². */
  readonly rankFor: { readonly "90%": number; readonly "99%": number };
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
    /** Share of the summed squared change of all matrices that is in the top r of each, for each r of `ranks`. */
    readonly energy: readonly { readonly rank: number; readonly share: number }[];
  };
}
