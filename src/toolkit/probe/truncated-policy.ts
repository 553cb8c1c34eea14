/** A policy that keeps only the strongest directions of what training changed. */
import { truncateDelta } from "../linear/truncate-delta.ts";
import type { Policy } from "../policy/policy.ts";

/**
 * A new policy with the base's weights plus the top-`rank` part of each matrix's change (vectors keep all of theirs): evaluate it to
 * see whether these directions carry the gain. The caller disposes of it.
 *
 * @throws UsageError when the two policies are not of one architecture
 */
export async function withTruncatedDelta(base: Policy, trained: Policy, rank: number): Promise<Policy> {
  const [before, after] = await Promise.all([base.parameters.read(), trained.parameters.read()]);
  const kept = await truncateDelta(before, after, rank);
  const policy = await trained.clone();
  await policy.parameters.write(kept);
  return policy;
}
