/** A second opinion: where two verifiers say different things of the same completions. */
import { type AsyncVerifier, type BatchOptions, type VerifierItem, verifyBatch } from "./async-verifier.ts";
import type { Verdict, VerdictStatus, Verifier } from "./verifier.ts";

export interface Disagreement<Case> {
  readonly index: number;
  readonly item: VerifierItem<Case>;
  readonly first: Verdict;
  readonly second: Verdict;
}

export interface VerifierComparison<Case> {
  /** Items on whose score the two agree, of `items`. */
  readonly agreed: number;
  readonly items: number;
  /** How often each pair of statuses came, as "correct/wrong": 3. */
  readonly counts: Readonly<Record<string, number>>;
  /** The others, in order. */
  readonly disagreements: readonly Disagreement<Case>[];
}

/** Runs both over a batch. They agree where the scores are equal; that neither could judge is agreement too. */
export async function compareVerifiers<Case>(
  first: Verifier<Case> | AsyncVerifier<Case>,
  second: Verifier<Case> | AsyncVerifier<Case>,
  items: readonly VerifierItem<Case>[],
  options: BatchOptions = {},
): Promise<VerifierComparison<Case>> {
  const [ones, others] = [await verifyBatch(first, items, options), await verifyBatch(second, items, options)];
  const counts: Record<string, number> = {};
  const disagreements: Disagreement<Case>[] = [];
  for (const [index, item] of items.entries()) {
    const [one, other] = [ones[index], others[index]];
    if (one === undefined || other === undefined) throw new Error(`internal: item ${index} has no verdict`);
    const key: `${VerdictStatus}/${VerdictStatus}` = `${one.status}/${other.status}`;
    counts[key] = (counts[key] ?? 0) + 1;
    if (one.score !== other.score) disagreements.push({ index, item, first: one, second: other });
  }
  return { agreed: items.length - disagreements.length, items: items.length, counts, disagreements };
}
