/**
 * The interference matrix: what an update on each problem does to the log-likelihood of each other's answers, which pairs hurt, which
 * help and which are independent, in an order that shows groups, and how well the first order predicts it.
 *
 *     first order   L_p(θ + Δθ_u) − L_p(θ) ≈ Δθ_u · ∇L_p
 *
 * with Δθ_u the change that the optimizer makes of problem u's gradient (Pruthi et al. 2020, "Estimating Training Data Influence by
 * Tracing Gradient Descent", arXiv:2002.08484, for plain descent; negative inner products as conflict: Yu et al. 2020,
 * arXiv:2001.06782). `stepEffects` makes the numbers for a network, `tabularEffects` for a tabular policy.
 *
 * One draw speaks about these updates. Several draws of the same updates, each with completions of its own, speak about updates on
 * these problems: a pair hurts or helps where the mean differs from 0 (Student's t, Benjamini-Hochberg over pairs), and is independent
 * where its interval lies within the margin.
 */

import { checkOptions } from "../toolkit/options.ts";
import { type AnswerKind, stepTerms, type UpdateEffects } from "../toolkit/probe/update-effects.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Tabular, tabular } from "../toolkit/table.ts";
import { type EffectAgreement, effectAgreement } from "./interference/agreement.ts";
import { checkEffects } from "./interference/checks.ts";
import { type LayerConflict, layerConflicts } from "./interference/layers.ts";
import { matrixTables } from "./interference/matrix-tables.ts";
import { type Seriation, seriate } from "./interference/seriation.ts";
import { type InterferenceVerdict, repeatedEffect, verdictOf } from "./interference/verdicts.ts";
import { benjaminiHochberg } from "./statistics/multiple.ts";

export type { EffectAgreement } from "./interference/agreement.ts";
export type { LayerConflict } from "./interference/layers.ts";
export type { InterferenceVerdict } from "./interference/verdicts.ts";

export interface InterferenceMatrixOptions {
  /** Of intervals; 1 − confidence is the level of the verdicts. Default 0.95. */
  readonly confidence?: number;
  /**
   * Effects up to this size, in nats, count as none. Default: a fifth of the median effect that an update has on its own problem (of
   * all effects where no update is on a problem asked about). Our choice.
   */
  readonly margin?: number;
}

/** An update and a problem that is not its own. */
export interface InterferencePair {
  readonly update: string;
  readonly problem: string;
  readonly effect: number;
  readonly low: number;
  readonly high: number;
  /** Mean over draws to first order, and of a plain step as long where that was taken. */
  readonly predicted: number;
  readonly plain?: number;
  readonly adjustedP: number;
  readonly verdict: InterferenceVerdict;
}

export interface InterferenceMatrix {
  readonly answers: AnswerKind;
  readonly confidence: number;
  readonly draws: number;
  readonly margin: number;
  /** Problems stepped on. */
  readonly updates: readonly string[]; // [U]
  readonly problems: readonly string[]; // [P]
  /** Whether the effects are real changes or their first order. */
  readonly source: "measured" | "first order";
  /** [U, P] mean over draws, nats. */
  readonly effect: Float64Array;
  /** [U, P] ends of its interval; with one draw the effect itself. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** What the parts of the step do that are no problem's (momentum, weight decay), [P] each: in no pair, order or share. */
  readonly terms: readonly { readonly name: string; readonly effect: Float64Array }[];
  /** All pairs of an update and another problem, in rows. */
  readonly pairs: readonly InterferencePair[];
  /** Share of the pairs with each verdict. */
  readonly shares: Readonly<Record<InterferenceVerdict, number>>;
  /** Mean effect over pairs, and of updates on their own problem (NaN where there is none). */
  readonly meanEffect: number;
  readonly ownEffect: number;
  /** [U] sum of what an update costs the others; [P] sum of what the others' updates cost a problem. 0 or below. */
  readonly harm: readonly number[];
  readonly suffered: readonly number[];
  /** Rows and columns as they should stand; one order where both are the same problems. */
  readonly rows: Seriation;
  readonly columns: Seriation;
  /** Predicted against measured over pairs and draws: by the optimizer's own direction, and by a plain step of the same length. */
  readonly firstOrder?: EffectAgreement;
  readonly plain?: EffectAgreement;
  /** All updates together, predicted against measured over problems. */
  readonly whole?: EffectAgreement;
  /** From the embedding to the head. */
  readonly layers?: readonly LayerConflict[];
}

const WHERE = "interferenceMatrix";

/**
 * @param given draws: the same updates on the same problems, each time with completions of its own; or one
 * @throws UsageError for no draw, draws of other updates or problems, fewer than two problems, numbers that are not finite
 */
export function interferenceMatrix(
  given: readonly UpdateEffects[],
  options: InterferenceMatrixOptions = {},
): InterferenceMatrix & Tabular {
  checkOptions(WHERE, options, {
    confidence: { kind: "number", above: 0, below: 1 },
    margin: { kind: "number", min: 0 },
  });
  const { confidence = 0.95 } = options;
  checkEffects(WHERE, given);
  const draws = given.map((draw) => withUpdates(draw, (name) => !isTerm(name)));
  const [first] = draws;
  if (first === undefined) return refuse(WHERE, "there are no effects", "pass at least one draw");
  if (first.updates.length === 0) refuse(WHERE, "there are no updates on problems", "pass at least one");
  const { updates, problems, answers } = first;
  const source = draws.every(({ measured }) => measured !== undefined) ? "measured" : "first order";
  const own = (u: number, p: number): boolean => updates[u] === problems[p];
  const p = problems.length;
  const cells = updates.flatMap((_, u) => problems.map((_, j) => ({ u, j, at: u * p + j })));
  const values = cells.map(({ at }) => draws.map((draw) => (draw.measured ?? draw.predicted)[at] ?? Number.NaN));
  const averages = values.map((list) => list.reduce((sum, value) => sum + value, 0) / list.length);
  const ownSizes = cells.flatMap(({ u, j, at }) => (own(u, j) ? [Math.abs(averages[at] ?? 0)] : []));
  const margin = options.margin ?? 0.2 * median(ownSizes.length > 0 ? ownSizes : averages.map(Math.abs));
  const effects = values.map((list) => repeatedEffect(list, margin, confidence));
  const others = cells.filter(({ u, j }) => !own(u, j));
  const adjusted = benjaminiHochberg(others.map(({ at }) => effects[at]?.p ?? 1));
  const judge = { level: 1 - confidence, badly: answers === "right" ? -1 : 1 } as const;
  const pairs = others.map(({ u, j, at }, i): InterferencePair => {
    const effect = effects[at];
    const [update, problem] = [updates[u], problems[j]];
    if (effect === undefined || update === undefined || problem === undefined) throw new Error("internal: no effect");
    const adjustedP = adjusted[i] ?? 1;
    const { mean, low, high } = effect;
    return {
      ...{ update, problem, effect: mean, low, high, predicted: averageOf(draws, "predicted", at) },
      ...(draws.every(({ plain }) => plain !== undefined) && { plain: averageOf(draws, "plain", at) }),
      ...{ adjustedP, verdict: verdictOf(effect, adjustedP, judge) },
    };
  });
  const costs = (holds: (cell: (typeof others)[number]) => boolean): number =>
    others.filter(holds).reduce((sum, { at }) => sum + Math.min(0, -judge.badly * (averages[at] ?? 0)), 0);
  const matrix = (of: (at: number) => number | undefined): Float64Array =>
    Float64Array.from(cells, ({ at }) => of(at) ?? Number.NaN);
  const result: InterferenceMatrix = {
    ...{ answers, confidence, draws: draws.length, margin, updates, problems, source },
    effect: matrix((at) => averages[at]),
    low: matrix((at) => effects[at]?.low),
    high: matrix((at) => effects[at]?.high),
    pairs,
    shares: sharesOf(pairs),
    meanEffect: pairs.reduce((sum, { effect }) => sum + effect, 0) / pairs.length,
    ownEffect: cells.reduce((sum, { u, j, at }) => sum + (own(u, j) ? (averages[at] ?? 0) : 0), 0) / ownSizes.length,
    harm: updates.map((_, row) => costs(({ u }) => u === row)),
    suffered: problems.map((_, column) => costs(({ j }) => j === column)),
    terms: termsOf(given),
    ...orders(first, averages),
    ...agreements(
      draws,
      others.map(({ at }) => at),
    ),
    ...layersOf(draws, others, problems.length),
  };
  return tabular(result, matrixTables);
}

const isTerm = (name: string): boolean => stepTerms.some((term) => term === name);

/** The rows of some updates. */
function withUpdates(draw: UpdateEffects, holds: (name: string) => boolean): UpdateEffects {
  const { updates, problems, predicted, measured, plain, layers } = draw;
  const kept = [...updates.keys()].filter((u) => holds(updates[u] ?? ""));
  const p = problems.length;
  const rows = (table: Float64Array): Float64Array =>
    Float64Array.from(
      { length: kept.length * p },
      (_, at) => table[(kept[Math.floor(at / p)] ?? 0) * p + (at % p)] ?? 0,
    );
  return {
    ...draw,
    updates: kept.map((u) => updates[u] ?? ""),
    predicted: rows(predicted),
    ...(measured && { measured: rows(measured) }),
    ...(plain && { plain: rows(plain) }),
    ...(layers && {
      layers: layers.map(({ name, ...layer }) => ({
        name,
        predicted: rows(layer.predicted),
        cosine: rows(layer.cosine),
      })),
    }),
  };
}

function termsOf(draws: readonly UpdateEffects[]): InterferenceMatrix["terms"] {
  const terms = draws.map((draw) => withUpdates(draw, isTerm));
  const names = terms[0]?.updates ?? [];
  return names.map((name, u) => ({
    name,
    effect: Float64Array.from(terms[0]?.problems ?? [], (_, j) => {
      const values = terms.map(
        ({ measured, predicted, problems }) => (measured ?? predicted)[u * problems.length + j] ?? 0,
      );
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    }),
  }));
}

function averageOf(draws: readonly UpdateEffects[], of: "predicted" | "plain", at: number): number {
  return draws.reduce((sum, draw) => sum + (draw[of]?.[at] ?? Number.NaN), 0) / draws.length;
}

function sharesOf(pairs: readonly InterferencePair[]): InterferenceMatrix["shares"] {
  const share = (wanted: InterferenceVerdict): number =>
    pairs.filter(({ verdict }) => verdict === wanted).length / pairs.length;
  return {
    hurts: share("hurts"),
    helps: share("helps"),
    independent: share("independent"),
    unclear: share("unclear"),
  };
}

function agreements(
  draws: readonly UpdateEffects[],
  others: readonly number[],
): Pick<InterferenceMatrix, "firstOrder" | "plain" | "whole"> {
  const real = draws.flatMap(({ measured }) => (measured === undefined ? [] : others.map((at) => measured[at] ?? 0)));
  if (real.length < draws.length * others.length) return {};
  const guessed = (of: (draw: UpdateEffects) => Float64Array | undefined): number[] =>
    draws.flatMap((draw) => {
      const found = of(draw);
      return found === undefined ? [] : others.map((at) => found[at] ?? 0);
    });
  const plain = guessed((draw) => draw.plain);
  const wholes = draws.flatMap(({ whole }) => (whole === undefined ? [] : [whole]));
  return {
    firstOrder: effectAgreement(
      guessed((draw) => draw.predicted),
      real,
    ),
    ...(plain.length === real.length && { plain: effectAgreement(plain, real) }),
    ...(wholes.length === draws.length && {
      whole: effectAgreement(
        wholes.flatMap(({ predicted }) => Array.from(predicted)),
        wholes.flatMap(({ measured }) => Array.from(measured)),
      ),
    }),
  };
}

function layersOf(
  draws: readonly UpdateEffects[],
  others: readonly { readonly u: number; readonly j: number; readonly at: number }[],
  problems: number,
): Pick<InterferenceMatrix, "layers"> {
  return draws.every(({ layers }) => layers !== undefined) ? { layers: layerConflicts(draws, others, problems) } : {};
}

/** Rows and columns by how alike their profiles are; one order where both are the same problems. */
function orders(
  { updates, problems }: UpdateEffects,
  effect: readonly number[],
): Pick<InterferenceMatrix, "rows" | "columns"> {
  const p = problems.length;
  const row = (u: number): number[] => problems.map((_, j) => effect[u * p + j] ?? 0);
  const column = (j: number): number[] => updates.map((_, u) => effect[u * p + j] ?? 0);
  const same = updates.length === p && updates.every((id) => problems.includes(id));
  if (!same)
    return { rows: byProfile(updates.map((_, u) => row(u))), columns: byProfile(problems.map((_, j) => column(j))) };
  const place = updates.map((id) => problems.indexOf(id));
  // An update stands for its problem: what it does and what it suffers. The two halves count alike.
  const columns = problems.map((id, j) => {
    const u = updates.indexOf(id);
    return [...unit(place.map((other) => row(u)[other] ?? 0)), ...unit(column(j))];
  });
  const order = byProfile(columns);
  return {
    columns: order,
    rows: {
      order: order.order.map((j) => updates.indexOf(problems[j] ?? "")),
      clusters: place.map((j) => order.clusters[j] ?? 0),
    },
  };
}

function unit(profile: readonly number[]): number[] {
  const length = Math.sqrt(profile.reduce((sum, value) => sum + value * value, 0));
  return profile.map((value) => (length === 0 ? 0 : value / length));
}

/** 1 − cosine of the profiles: 0 for the same pattern, 2 for the opposite. */
function byProfile(profiles: readonly (readonly number[])[]): Seriation {
  const units = profiles.map(unit);
  const distances = units.map((a) =>
    units.map((b) => Math.max(0, 1 - a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0))),
  );
  return seriate(profiles.length, (i, j) => (i === j ? 0 : (distances[Math.min(i, j)]?.[Math.max(i, j)] ?? 0)));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
