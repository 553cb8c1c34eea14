/**
 * The entropy ledger of a network: its updates are taken apart by gradients (`policyUpdateParts`), at the same contexts for all of
 * them, and booked (`entropyLedger`).
 */
import type { Algorithm } from "../toolkit/algorithm.ts";
import type { Policy } from "../toolkit/policy/policy.ts";
import { progressReporter } from "../toolkit/progress.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { Tabular } from "../toolkit/table.ts";
import type { RewardedRollouts } from "../toolkit/train/recompute.ts";
import { type PolicyUpdateOptions, policyUpdateParts } from "../toolkit/train/update-parts.ts";
import { type EntropyLedger, entropyLedger, type LedgerStep } from "./entropy-ledger.ts";
import type { BootstrapOptions } from "./statistics/bootstrap.ts";

/** One update: the policy before, the policy after, what it learned from. */
export interface LedgerUpdate {
  readonly before: Policy;
  readonly after: Policy;
  readonly step: RewardedRollouts;
}

export interface PolicyLedgerOptions extends BootstrapOptions, PolicyUpdateOptions {
  /** [N] how much each context counts. Default: all alike. */
  readonly weights?: ArrayLike<number>;
}

/**
 * What each part of each update did to the entropy: right samples, wrong samples, clip, regularizer, optimizer, rest; they add up to what
 * is measured, a step and a token class each. Intervals resample problems.
 *
 *     const [before, after] = [await Policy.load(run.checkpoints[0]), await Policy.load(run.checkpoints[1])]; // one update apart
 *     const ledger = await policyLedger([{ before, after, step: await storedStep(run, 12, before.tokenizer.padId) }], grpo());
 *
 * @param updates contexts are those of the first, unless `contexts` are given
 * @throws UsageError for no update, and what `policyUpdateParts` and `entropyLedger` refuse
 */
export async function policyLedger(
  updates: readonly LedgerUpdate[],
  algorithm: Algorithm,
  options: PolicyLedgerOptions = {},
): Promise<EntropyLedger & Tabular> {
  const { confidence, resamples, seed, weights, ...given } = options;
  const [first] = updates;
  if (first === undefined) return refuse("policyLedger", "there are no updates", "pass at least one");
  const taking = { contexts: first.step.rollouts, ...given, ...(seed !== undefined && { seed }) };
  const report = progressReporter({ task: "entropy ledger", total: updates.length, unit: "updates" });
  const steps: LedgerStep[] = [];
  for (const [i, { before, after, step }] of updates.entries()) {
    report(i);
    const update = await policyUpdateParts(before, after, step, algorithm, taking);
    steps.push({ step: step.step ?? i, ...update, ...(weights && { weights }) });
  }
  report(updates.length);
  return entropyLedger(steps, {
    ...(confidence !== undefined && { confidence }),
    ...(resamples !== undefined && { resamples }),
    ...(seed !== undefined && { seed }),
  });
}
