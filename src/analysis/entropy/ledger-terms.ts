/** What each part of an update does to the entropy of each context, to first order. */
import { refuse } from "../../toolkit/refuse.ts";

/** Parts of an update, in the order in which the ledger lists them. */
export const updateParts = ["positive", "negative", "clip", "regularizer", "optimizer"] as const;

/** Which part of an update moved the logits. */
export type UpdatePart = (typeof updateParts)[number];

/** [N, V] change of the logits by each part; a part left out counts as none, and what it did lands in the rest. */
export type LogitChanges = { readonly [P in UpdatePart]?: ArrayLike<number> };

/**
 * [N] −Cov_p(log p, d) in nats. A constant added to d changes nothing; entries of probability 0 do not count.
 *
 * @param rows [N, V] log-probs
 * @param change [N, V] d
 */
export function firstOrderOf(rows: ArrayLike<number>, change: ArrayLike<number>, contexts: number): Float64Array {
  const vocabulary = rows.length / contexts;
  return Float64Array.from({ length: contexts }, (_, i) => {
    const [from, to] = [i * vocabulary, (i + 1) * vocabulary];
    let [entropy, centre] = [0, 0];
    for (let at = from; at < to; at++) {
      const p = Math.exp(rows[at] ?? Number.NaN);
      if (p === 0) continue;
      entropy -= p * (rows[at] ?? 0);
      centre += p * (change[at] ?? Number.NaN);
    }
    let sum = 0;
    for (let at = from; at < to; at++) {
      const p = Math.exp(rows[at] ?? Number.NaN);
      if (p > 0) sum -= p * ((rows[at] ?? 0) + entropy) * ((change[at] ?? 0) - centre);
    }
    return sum;
  });
}

/** Refuses parts that are none of an update's, of another size, or not finite. */
export function checkParts(where: string, parts: LogitChanges, size: number): void {
  const known: readonly string[] = updateParts;
  for (const [name, change] of Object.entries(parts)) {
    if (!known.includes(name)) refuse(where, `there is no part "${name}"`, `known: ${known.join(", ")}`);
    if (change === undefined) continue;
    if (change.length !== size) {
      refuse(where, `${name} has ${change.length} entries for rows of ${size}`, "pass one change for each log-prob");
    }
    for (let i = 0; i < size; i++) {
      if (!Number.isFinite(change[i])) refuse(where, `${name}[${i}] is ${change[i]}`, "pass finite changes of logits");
    }
  }
}
