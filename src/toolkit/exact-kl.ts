/** The KL divergence of two policies at sampled positions, from all logits. */
import { refuse } from "./refuse.ts";

/**
 * KL(policy, reference) over the vocabulary, at the tokens of a mask alone: what `exactTokenKl` is to the loss.
 *
 * @param policyLogits [B, T, V] @param refLogits [B, T, V] @param mask [B, T]
 * @returns [B, T], 0 where the mask is
 */
export function sampledExactKl(
  where: string,
  policyLogits: Float32Array,
  refLogits: Float32Array,
  mask: Float32Array,
): Float32Array {
  const size = policyLogits.length / mask.length;
  if (!Number.isInteger(size) || refLogits.length !== policyLogits.length) {
    const given = `${policyLogits.length} and ${refLogits.length} logits for ${mask.length} positions`;
    refuse(where, given, "pass one for each entry of the vocabulary");
  }
  const result = new Float32Array(mask.length);
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    const start = i * size;
    const end = start + size;
    const p = logSumExp(policyLogits, start, end);
    const q = logSumExp(refLogits, start, end);
    let sum = 0;
    for (let v = start; v < end; v++) {
      const logProb = (policyLogits[v] ?? 0) - p;
      sum += Math.exp(logProb) * (logProb - (refLogits[v] ?? 0) + q);
    }
    result[i] = sum;
  }
  return result;
}

function logSumExp(values: Float32Array, start: number, end: number): number {
  let most = -Infinity;
  for (let v = start; v < end; v++) most = Math.max(most, values[v] ?? 0);
  let sum = 0;
  for (let v = start; v < end; v++) sum += Math.exp((values[v] ?? 0) - most);
  return most + Math.log(sum);
}
