/**
 * What another way of training would have saved: the change of lost problems and of all others under masking, replay or merging,
 * against what happened. Each arm is a real change of the same answers (`stepCounterfactuals`, `mergeCounterfactuals`, or a run that
 * was trained again), not an estimate of one.
 */
import { refuse } from "../toolkit/refuse.ts";
import { type Tabular, tabular } from "../toolkit/table.ts";
import { savedTables } from "./interference/tables.ts";
import { type BootstrapOptions, clusteredBootstrap } from "./statistics/bootstrap.ts";
import { type Estimate, finiteNumbers } from "./statistics/estimate.ts";

export interface SavedByInput {
  readonly problems: readonly string[]; // [P]
  /** Problems that were lost: what is to be saved. */
  readonly lost: readonly string[];
  /** [P] change of the right answers' log-likelihood as it was, nats. */
  readonly asItWas: ArrayLike<number>;
  readonly arms: readonly { readonly name: string; readonly kind?: string; readonly change: ArrayLike<number> }[];
}

export interface SavedArm {
  readonly name: string;
  /** Mean over lost problems of what is saved, nats; interval over problems. */
  readonly saved: Estimate;
  /** `saved` as a share of what was lost; 1 brings all of it back. */
  readonly savedShare: number;
  /** Mean over the other problems of what the arm costs them, nats: below 0 it gives. Absent where all are lost. */
  readonly cost?: Estimate;
}

export interface SavedBy {
  readonly confidence: number;
  readonly lost: readonly string[];
  readonly others: number;
  /** Mean change as it was, of the lost and of the others. */
  readonly lostChange: number;
  readonly otherChange: number;
  /** By what they save, most first. */
  readonly arms: readonly SavedArm[];
}

const WHERE = "savedBy";

/** @throws UsageError for no lost problem, one that is unknown, unlike lengths, numbers that are not finite */
export function savedBy(
  { problems, lost, asItWas, arms }: SavedByInput,
  options: BootstrapOptions = {},
): SavedBy & Tabular {
  const { confidence = 0.95 } = options;
  if (lost.length === 0) refuse(WHERE, "no problem was lost", "name at least one, or be glad");
  const unknown = lost.find((id) => !problems.includes(id));
  if (unknown !== undefined) refuse(WHERE, `lost problem "${unknown}" has no change`, "name problems of `problems`");
  if (arms.length === 0) refuse(WHERE, "there is nothing to compare with", "pass at least one arm");
  for (const { name, change } of [{ name: "as it was", change: asItWas }, ...arms]) {
    if (change.length === problems.length) continue;
    refuse(WHERE, `"${name}" has ${change.length} changes for ${problems.length} problems`, "pass one a problem");
  }
  const before = finiteNumbers(WHERE, "asItWas", asItWas);
  const gone = new Set(lost);
  const places = [...problems.keys()];
  const [lostAt, otherAt] = [true, false].map((isLost) => places.filter((p) => gone.has(problems[p] ?? "") === isLost));
  const [ofLost, ofOthers] = [lostAt ?? [], otherAt ?? []];
  const lostChange = meanOf(ofLost.map((p) => before[p] ?? 0));
  const judged = arms.map(({ name, change }): SavedArm => {
    const after = finiteNumbers(WHERE, name, change);
    const gains = (at: readonly number[]): number[] => at.map((p) => (after[p] ?? 0) - (before[p] ?? 0));
    const saved = estimateOf(gains(ofLost), options);
    return {
      ...{ name, saved, savedShare: saved.value / -lostChange },
      ...(ofOthers.length > 0 && {
        cost: estimateOf(
          gains(ofOthers).map((gain) => -gain),
          options,
        ),
      }),
    };
  });
  const result: SavedBy = {
    ...{ confidence, lost, others: ofOthers.length, lostChange },
    otherChange: meanOf(ofOthers.map((p) => before[p] ?? 0)),
    arms: judged.sort((a, b) => b.saved.value - a.saved.value),
  };
  return tabular(result, savedTables);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function estimateOf(values: readonly number[], options: BootstrapOptions): Estimate {
  const { value, low, high } = clusteredBootstrap(
    values.length,
    (counts) => values.reduce((sum, gain, i) => sum + gain * (counts[i] ?? 0), 0) / values.length,
    options,
  );
  return { value, low, high };
}
