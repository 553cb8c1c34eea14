/** What updates do to the log-likelihoods of problems' answers: the numbers that `interferenceMatrix` reads. */

/** Effects on right answers, or on wrong ones (which a good update makes less likely). */
export type AnswerKind = "right" | "wrong";

/** Names of the parts of a step that are no problem's: what the optimizer adds, and what of the loss no token weight holds. */
export const stepTerms = ["momentum", "weight decay", "other terms"] as const;

/** U updates, P problems; every array is [U, P] row-major, in nats. */
export interface UpdateEffects {
  readonly answers: AnswerKind;
  /** What was stepped on: problems' ids, or the names of parts that are no problem's. */
  readonly updates: readonly string[];
  /** Whose answers were asked about. */
  readonly problems: readonly string[];
  /** To first order: Δθ_u · ∇L_p. */
  readonly predicted: Float64Array;
  /** The real change, L_p(θ + Δθ_u) − L_p(θ). */
  readonly measured?: Float64Array;
  /** To first order, of a plain gradient step as long as Δθ_u. */
  readonly plain?: Float64Array;
  /** The prediction by layer, which adds up to `predicted`, and the cosine of Δθ_u and ∇L_p within the layer. */
  readonly layers?: readonly LayerEffects[];
  /** [P] the real change by all updates together, and its first order. */
  readonly whole?: { readonly measured: Float64Array; readonly predicted: Float64Array };
  /** There where gradients were projected: bound of the standard error of each cosine. */
  readonly cosineError?: number;
}

export interface LayerEffects {
  readonly name: string;
  readonly predicted: Float64Array;
  readonly cosine: Float64Array;
}
