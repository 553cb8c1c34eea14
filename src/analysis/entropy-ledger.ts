/**
 * Entropy ledger: what each part of each update did to the policy's entropy on fixed contexts, in entries that add up.
 *
 * For a softmax policy the entropy of a context changes to first order by −Cov_π(log π, Δz), and that is linear in the change of
 * the logits Δz (Cui et al. 2025, "The Entropy Mechanism of Reinforcement Learning for Reasoning Language Models",
 * arXiv:2505.22617, lemma 1). An update Δz = Σ_k d_k then has one entry a part, and what is left is the rest:
 *
 *     H' − H = Σ_k −Cov_π(log π, d_k) + rest
 *
 *     positive, negative   plain policy gradient of the samples with A > 0, with A < 0, without clip; under the exact gradient
 *                          their sum is −η Cov(log π, π A), theorem 1
 *     clip                 plain gradient with clip less the one without
 *     regularizer          what of the loss does not depend on advantages: KL, entropy bonus
 *     optimizer            the actual change of the weights less a plain step of the same length (0 for plain descent)
 *     rest                 unattributed + curvature + higher: first order of what no part holds (logits that are not linear in the
 *                          weights), the second-order term, and the orders beyond
 *
 * Entries of a row add up to its measured change to rounding; rows of classes, by their share of the weight, to the overall row;
 * steps to the total, whose measured change is that from the first policy to the last.
 */
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Tabular, tabular } from "../toolkit/table.ts";
import { checkSnapshots, type TokenSnapshot } from "./entropy/checks.ts";
import { type Group, groupByClass, groupEstimates } from "./entropy/groups.ts";
import { checkParts, firstOrderOf, type LogitChanges, type UpdatePart, updateParts } from "./entropy/ledger-terms.ts";
import { ledgerTables } from "./entropy/tables.ts";
import { rowTerms } from "./entropy/token-terms.ts";
import { type BootstrapOptions, bootstrapRules } from "./statistics/bootstrap.ts";
import type { Estimate } from "./statistics/estimate.ts";

export type { LogitChanges, UpdatePart } from "./entropy/ledger-terms.ts";

/** One update on fixed contexts; the same contexts at every step. */
export interface LedgerStep {
  /** Default: the place in the list, from 0. */
  readonly step?: number;
  /** With `rows`. Classes, problems and sequences are read here. */
  readonly before: TokenSnapshot;
  /** With `rows`. */
  readonly after: TokenSnapshot;
  /** What moved the logits. `tabularUpdateParts` makes it, for a network `policyUpdateParts`. */
  readonly parts: LogitChanges;
  /** [N] how much each context counts, such as the chance to reach it. Default: all alike. */
  readonly weights?: ArrayLike<number>;
}

/** Mean over the contexts of a class, nats a token. */
export interface LedgerRow {
  readonly name: string;
  readonly tokens: number;
  /** Of all weight: the overall row is the mean of the classes' by these. */
  readonly share: number;
  readonly before: number;
  readonly after: number;
  readonly measured: number;
  /** positive + negative: the covariance of log-prob and advantage. */
  readonly predicted: number;
  readonly parts: Readonly<Record<UpdatePart, number>>;
  /** measured − Σ parts. */
  readonly rest: number;
  readonly restOf: { readonly unattributed: number; readonly curvature: number; readonly higher: number };
  /** By resampling problems or sequences; there when the snapshot says which these are. */
  readonly intervals?: Readonly<Record<UpdatePart | "measured" | "rest", Estimate>>;
}

export interface LedgerEntry {
  readonly step: number;
  readonly overall: LedgerRow;
  /** By falling number of tokens; classes without weight are left out. */
  readonly byClass: readonly LedgerRow[];
}

export interface EntropyLedger {
  readonly confidence: number;
  readonly contexts: number;
  /** Contexts of weight 0, in the first step. */
  readonly weightless: number;
  /** Parts that no step gave: what they did is in the rest. */
  readonly missing: readonly UpdatePart[];
  readonly steps: readonly LedgerEntry[];
  /**
   * Sums over steps, with intervals where the contexts count alike in all of them: whole problems or sequences are resampled, each with
   * all of its steps. Where weights differ between steps, its before and after are the first's and the last's, and no interval is there.
   */
  readonly total: Omit<LedgerEntry, "step">;
  /** Σ |rest| / Σ |measured| over steps, overall: 0 where the parts explain everything. */
  readonly unexplained: number;
}

const WHERE = "entropyLedger";

/** @throws UsageError on steps without rows, of other contexts, or with parts that do not fit the rows */
export function entropyLedger(steps: readonly LedgerStep[], options: BootstrapOptions = {}): EntropyLedger & Tabular {
  checkOptions(WHERE, options, bootstrapRules);
  const { confidence = 0.95, resamples = 1000, seed = 0 } = options;
  const [first] = steps;
  if (first === undefined) return refuse(WHERE, "there are no steps", "pass at least one");
  for (const [i, step] of steps.entries()) checkStep(step, first, i);
  const settings = { confidence, resamples, seed };
  const measures = steps.map(measuresOf);
  const entries = steps.map((step, i): LedgerEntry => {
    const rows = rowsOf(measures[i] ?? measuresOf(step), step, settings);
    return { step: step.step ?? i, ...rows };
  });
  const sum = (of: (row: LedgerRow) => number): number => entries.reduce((all, { overall }) => all + of(overall), 0);
  const moved = sum(({ measured }) => Math.abs(measured));
  return tabular(
    {
      confidence,
      contexts: first.before.entropies.length,
      weightless: Array.from(first.weights ?? []).filter((weight) => weight === 0).length,
      missing: updateParts.filter((part) => steps.every(({ parts }) => parts[part] === undefined)),
      steps: entries,
      total: steps.every((step) => countAlike(step, first))
        ? rowsOf(summedMeasures(measures), first, settings)
        : totalOf(entries),
      unexplained: moved === 0 ? 0 : sum(({ rest }) => Math.abs(rest)) / moved,
    },
    ledgerTables,
  );
}

function checkStep({ before, after, parts, weights }: LedgerStep, first: LedgerStep, i: number): void {
  const n = checkSnapshots(before, after, undefined);
  const classes = (snapshot: TokenSnapshot): string => JSON.stringify(snapshot.classes ?? []);
  if (n !== first.before.entropies.length || classes(before) !== classes(first.before)) {
    refuse(WHERE, `step ${i} has other contexts than the first`, "probe every policy at the same contexts");
  }
  if (before.rows === undefined) refuse(WHERE, `step ${i} has no rows`, "pass full-vocabulary log-probs");
  checkParts(WHERE, parts, before.rows.length);
  if (weights === undefined) return;
  if (weights.length !== n)
    refuse(WHERE, `there are ${weights.length} weights for ${n} contexts`, "pass one a context");
  let sum = 0;
  for (let c = 0; c < n; c++) {
    const weight = weights[c] ?? Number.NaN;
    if (!(weight >= 0 && weight < Infinity)) refuse(WHERE, `weight ${c} is ${weight}`, "pass finite weights from 0");
    sum += weight;
  }
  if (sum === 0) refuse(WHERE, "all weights are 0", "give some context a weight");
}

/** The measures of every context, by name. */
type Measures = Readonly<
  Record<keyof LedgerRow["restOf"] | UpdatePart | "before" | "after" | "measured" | "rest", Float64Array>
>;

function measuresOf({ before, after, parts }: LedgerStep): Measures {
  const [rows, moved] = [before.rows ?? [], after.rows ?? []];
  const n = before.entropies.length;
  const { firstOrder, curvature } = rowTerms(rows, moved, before.entropies);
  const part = (name: UpdatePart): Float64Array => {
    const change = parts[name];
    return change === undefined ? new Float64Array(n) : firstOrderOf(rows, change, n);
  };
  const entries = { positive: part("positive"), negative: part("negative"), clip: part("clip") };
  const all = { ...entries, regularizer: part("regularizer"), optimizer: part("optimizer") };
  const explained = Float64Array.from({ length: n }, (_, i) =>
    updateParts.reduce((sum, name) => sum + (all[name][i] ?? 0), 0),
  );
  const measured = Float64Array.from(before.entropies, (h, i) => (after.entropies[i] ?? Number.NaN) - h);
  const less = (a: Float64Array, ...others: readonly Float64Array[]): Float64Array =>
    a.map((value, i) => others.reduce((left, other) => left - (other[i] ?? Number.NaN), value));
  return {
    ...all,
    before: Float64Array.from(before.entropies),
    after: Float64Array.from(after.entropies),
    measured,
    rest: less(measured, explained),
    unattributed: less(firstOrder, explained),
    curvature,
    higher: less(measured, firstOrder, curvature),
  };
}

/** Whether the contexts have the same weights and owners at both steps. */
function countAlike(step: LedgerStep, other: LedgerStep): boolean {
  const same = (a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): boolean =>
    a === b || (a !== undefined && b !== undefined && Array.from(a).every((value, i) => value === b[i]));
  const owners = ({ before }: LedgerStep): ArrayLike<number> | undefined => before.problems ?? before.sequences;
  return same(step.weights, other.weights) && same(owners(step), owners(other));
}

/** What all steps together did to each context. */
function summedMeasures(steps: readonly Measures[]): Measures {
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) throw new Error("internal: no measures to add up");
  const names = Object.keys(first) as (keyof Measures)[];
  const sum = (name: keyof Measures): Float64Array =>
    first[name].map((_, i) => steps.reduce((all, step) => all + (step[name][i] ?? Number.NaN), 0));
  const sums = Object.fromEntries(names.map((name) => [name, sum(name)])) as Measures;
  return { ...sums, before: first.before, after: last.after };
}

function rowsOf(
  measures: Measures,
  { before, weights }: LedgerStep,
  options: Required<BootstrapOptions>,
): Omit<LedgerEntry, "step"> {
  const everything: Group = { name: "all", members: Array.from(before.entropies, (_, i) => i) };
  const weigh = ({ members }: Group): number =>
    weights === undefined ? members.length : members.reduce((sum, i) => sum + (weights[i] ?? 0), 0);
  const groups = [everything, ...groupByClass(before.classes ?? [])].filter((group) => weigh(group) > 0);
  const clusters = before.problems ?? before.sequences;
  const shown = ["measured", ...updateParts, "rest"] as const;
  const columns = shown.map((name) => measures[name]);
  const drawn = clusters === undefined ? undefined : groupEstimates(groups, columns, clusters, options, weights);
  const all = weigh(everything);
  const rows = groups.map((group, g): LedgerRow => {
    const weight = weigh(group);
    const over = (name: keyof Measures): number =>
      group.members.reduce((sum, i) => sum + (weights?.[i] ?? 1) * (measures[name][i] ?? Number.NaN), 0) / weight;
    const row = rowOf(group, weight / all, over);
    const estimates = drawn?.[g];
    if (estimates === undefined) return row;
    const intervals = Object.fromEntries(shown.map((name, m) => [name, estimates[m]])) as LedgerRow["intervals"];
    return intervals === undefined ? row : { ...row, intervals };
  });
  const [overall, ...byClass] = rows;
  if (overall === undefined) throw new Error("internal: no overall row");
  return { overall, byClass };
}

function rowOf({ name, members }: Group, share: number, over: (name: keyof Measures) => number): LedgerRow {
  const parts = {
    positive: over("positive"),
    negative: over("negative"),
    clip: over("clip"),
    regularizer: over("regularizer"),
    optimizer: over("optimizer"),
  };
  const measured = over("measured");
  return {
    ...{ name, tokens: members.length, share, before: over("before"), after: over("after"), measured, parts },
    predicted: parts.positive + parts.negative,
    rest: measured - updateParts.reduce((sum, part) => sum + parts[part], 0),
    restOf: { unattributed: over("unattributed"), curvature: over("curvature"), higher: over("higher") },
  };
}

function totalOf(entries: readonly LedgerEntry[]): Omit<LedgerEntry, "step"> {
  const names = new Set(entries.flatMap(({ byClass }) => byClass.map(({ name }) => name)));
  const rowsOfClass = (name: string): LedgerRow[] =>
    entries.flatMap(({ byClass }) => byClass.filter((row) => row.name === name));
  return {
    overall: summed(entries.map(({ overall }) => overall)),
    byClass: [...names].map((name) => summed(rowsOfClass(name))),
  };
}

function summed(rows: readonly LedgerRow[]): LedgerRow {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) throw new Error("internal: no rows to add up");
  const sum = (of: (row: LedgerRow) => number): number => rows.reduce((all, row) => all + of(row), 0);
  const sums: Readonly<Record<string, number>> = {
    measured: sum(({ measured }) => measured),
    positive: sum(({ parts }) => parts.positive),
    negative: sum(({ parts }) => parts.negative),
    clip: sum(({ parts }) => parts.clip),
    regularizer: sum(({ parts }) => parts.regularizer),
    optimizer: sum(({ parts }) => parts.optimizer),
    unattributed: sum(({ restOf }) => restOf.unattributed),
    curvature: sum(({ restOf }) => restOf.curvature),
    higher: sum(({ restOf }) => restOf.higher),
  };
  const over = (name: keyof Measures): number =>
    name === "before" ? first.before : name === "after" ? last.after : (sums[name] ?? Number.NaN);
  return {
    ...rowOf({ name: first.name, members: [] }, sum(({ share }) => share) / rows.length, over),
    tokens: first.tokens,
  };
}
