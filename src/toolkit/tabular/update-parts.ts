/** One update of a tabular policy taken apart: which part of it moved which logits. Exact, and the parts add up to the whole. */
import type { Objective } from "../objective.ts";
import type { LearnColumns } from "../train/micro-batch.ts";
import { objectiveGradient } from "./gradient.ts";
import { byWeights, copyOf, logProbTable, moveWeights, rowStart, type TabularPolicy } from "./policy.ts";

/** One step of the optimizer, as `trainTabular` shows it to `observe`. */
export interface TabularUpdate {
  readonly step: number;
  /** Inner epoch of the step. */
  readonly epoch: number;
  readonly before: TabularPolicy;
  readonly after: TabularPolicy;
  readonly objective: Objective;
  readonly columns: LearnColumns;
  /** Rows of the columns that the update is of. */
  readonly rows: readonly number[];
  readonly temperature: number;
}

/** Changes of logits; they sum to the actual change. */
export interface TabularUpdateParts {
  readonly positive: Float64Array; // [contexts, states, symbols]
  readonly negative: Float64Array; // [contexts, states, symbols]
  readonly clip: Float64Array; // [contexts, states, symbols]
  readonly regularizer: Float64Array; // [contexts, states, symbols]
  readonly optimizer: Float64Array; // [contexts, states, symbols]
}

/**
 * Takes an update apart, by gradients of the loss with some advantages set to 0:
 *
 *     positive      A > 0 alone, less the loss's gradient at A = 0; without clip
 *     negative      the same of A < 0
 *     regularizer   what is left of the unclipped loss: its gradient at A = 0, and what the two signs do only together
 *     clip          the loss less the unclipped one
 *     optimizer     the actual change less a plain step, as long as the actual one
 *
 * @param unclipped the objective with its clip open. Default: the objective itself, and then `clip` is 0 and its effect in the others
 */
export function tabularUpdateParts(update: TabularUpdate, unclipped: Objective = update.objective): TabularUpdateParts {
  const { before, after, objective, columns } = update;
  const slope = (loss: Objective, keep: (advantage: number) => boolean): Float64Array =>
    byWeights(before, objectiveGradient(before, loss, keeping(columns, keep), update).gradient);
  const nothing = slope(unclipped, () => false);
  const positive = less(
    slope(unclipped, (a) => a > 0),
    nothing,
  );
  const negative = less(
    slope(unclipped, (a) => a < 0),
    nothing,
  );
  const open = slope(unclipped, () => true);
  const whole = unclipped === objective ? open : slope(objective, () => true);
  const moved = less(after.weights, before.weights);
  const length = norm(whole);
  const rate = length === 0 ? 0 : norm(moved) / length;
  const logits = (weights: Float64Array): Float64Array => {
    const there = copyOf(before);
    moveWeights(there, weights);
    return less(there.logits, before.logits);
  };
  const against = (gradient: Float64Array): Float64Array => logits(gradient.map((value) => -rate * value));
  return {
    positive: against(positive),
    negative: against(negative),
    clip: against(less(whole, open)),
    regularizer: against(less(less(open, positive), negative)),
    optimizer: logits(moved.map((value, i) => value + rate * (whole[i] ?? 0))),
  };
}

/** Advantages that are not kept become 0. */
function keeping(columns: LearnColumns, keep: (advantage: number) => boolean): LearnColumns {
  const perToken = columns.advantages.perToken.map((advantage) => (keep(advantage) ? advantage : 0));
  return { ...columns, advantages: { ...columns.advantages, perToken } };
}

function less(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - (b[i] ?? Number.NaN));
}

function norm(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
}

/** Every row of a tabular policy's table as a context: `entropyChange` and `entropyLedger` compare two of these. */
export interface TabularSnapshot {
  readonly entropies: Float64Array; // [contexts · states], nats
  readonly rows: Float64Array; // [contexts · states, symbols] log-probs
  readonly classes: readonly string[]; // [contexts · states]
  readonly problems: Int32Array; // [contexts · states] the context
}

/** @param classOf of a state, by the symbols before it. Default: their number, "place 0", "place 1" ... */
export function tabularSnapshot(
  policy: TabularPolicy,
  classOf: (context: number, prefix: readonly number[]) => string = (_, prefix) => `place ${prefix.length}`,
): TabularSnapshot {
  const { layout } = policy;
  const { contexts } = layout.problem;
  const rows = logProbTable(policy);
  const prefixes = new Map(
    layout.answers.flatMap(({ symbols, states }) => states.map((state, j) => [state, symbols.slice(0, j)])),
  );
  const count = contexts * layout.states;
  const contextOf = (i: number): number => Math.floor(i / layout.states);
  return {
    rows,
    entropies: Float64Array.from({ length: count }, (_, i) =>
      rows
        .subarray(i * layout.symbols, (i + 1) * layout.symbols)
        .reduce((sum, x) => sum - (x === -Infinity ? 0 : Math.exp(x) * x), 0),
    ),
    classes: Array.from({ length: count }, (_, i) => {
      const prefix = prefixes.get(i % layout.states);
      return prefix === undefined ? "unreachable" : classOf(contextOf(i), prefix);
    }),
    problems: Int32Array.from({ length: count }, (_, i) => contextOf(i)),
  };
}

/**
 * [contexts · states] expected number of visits to each state in one answer, divided by the contexts. Entropies summed by these are
 * the entropy of a whole answer (chain rule), mean over contexts.
 */
export function stateVisits(policy: TabularPolicy): Float64Array {
  const { layout } = policy;
  const table = logProbTable(policy);
  const visits = new Float64Array(layout.problem.contexts * layout.states);
  for (let context = 0; context < layout.problem.contexts; context++) {
    const seen = new Set<string>();
    for (const { symbols, states } of layout.answers) {
      let chance = 1 / layout.problem.contexts;
      for (const [j, symbol] of symbols.entries()) {
        const state = states[j] ?? 0;
        const prefix = symbols.slice(0, j).join();
        const at = context * layout.states + state;
        if (!seen.has(`${j}:${prefix}`)) visits[at] = (visits[at] ?? 0) + chance;
        seen.add(`${j}:${prefix}`);
        chance *= Math.exp(table[rowStart(layout, context, state) + symbol] ?? Number.NaN);
      }
    }
  }
  return visits;
}
