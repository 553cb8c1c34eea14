/**
 * Lost problems explained: of the steps that were taken apart, which updates made a problem's right answers less likely, and how much
 * of the real change they explain. Effects are to first order, by the optimizer's own direction:
 *
 *     Δ_p = Σ_steps Σ_u Δθ_u · ∇L_p + rest
 *
 * so that updates, steps and the rest add up to what was measured.
 */
import { checkOptions } from "../toolkit/options.ts";
import type { HarmfulToken } from "../toolkit/probe/harmful-tokens.ts";
import { stepTerms, type UpdateEffects } from "../toolkit/probe/update-effects.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Tabular, tabular } from "../toolkit/table.ts";
import { checkEffects } from "./interference/checks.ts";
import { lossTables } from "./interference/tables.ts";

/** A step of training taken apart; `stepEffects(...).right` with its real changes. */
export interface LossStep {
  readonly step: number;
  readonly effects: UpdateEffects;
}

export interface ExplainLossesOptions {
  /** Problems to explain. Default: those whose right answers became less likely over the steps, worst first. */
  readonly lost?: readonly string[];
  /** Updates named of each. Default 5. */
  readonly top?: number;
  /** Worst tokens of each, by id, from `harmfulTokens`. Default: none. */
  readonly tokens?: Readonly<Record<string, readonly HarmfulToken[]>>;
}

/** One update's part in a loss. */
export interface LossCause {
  readonly step: number;
  readonly update: string;
  /** Nats; below 0 it hurt. */
  readonly effect: number;
  /** Of all that hurt this problem. */
  readonly share: number;
}

export interface LostProblem {
  readonly id: string;
  /** Real change over the steps, nats. */
  readonly change: number;
  /** Sum of all first-order effects: hurt + helped + own + optimizer. */
  readonly explained: number;
  /** Of the updates on other problems: those that hurt, and those that helped. */
  readonly hurt: number;
  readonly helped: number;
  /** Of the updates on the problem itself. */
  readonly own: number;
  /** Of momentum, weight decay and terms of the loss that are no problem's: what earlier steps and the optimizer did. */
  readonly optimizer: number;
  /** change − explained: higher orders. */
  readonly rest: number;
  /** The updates that hurt most. */
  readonly causes: readonly LossCause[];
  /** The tokens that hurt most, where given. */
  readonly tokens?: readonly HarmfulToken[];
}

export interface ExplainedLosses {
  readonly steps: readonly number[];
  readonly problems: readonly LostProblem[];
}

const WHERE = "explainLosses";

/** @throws UsageError for no step, steps about other problems, effects without real changes, an unknown problem */
export function explainLosses(
  steps: readonly LossStep[],
  options: ExplainLossesOptions = {},
): ExplainedLosses & Tabular {
  checkOptions(WHERE, options, {
    lost: { kind: "array" },
    top: { kind: "integer", min: 1 },
    tokens: { kind: "object" },
  });
  const { top = 5, tokens = {} } = options;
  const [first] = steps;
  if (first === undefined) return refuse(WHERE, "there are no steps", "pass at least one");
  for (const { step, effects } of steps) {
    checkEffects(WHERE, [effects]);
    if (effects.answers !== "right")
      refuse(WHERE, `step ${step} is about wrong answers`, "pass those about right ones");
    if (effects.whole === undefined) refuse(WHERE, `step ${step} has no real change`, "take effects with `measure`");
    if (effects.problems.join("\n") !== first.effects.problems.join("\n")) {
      refuse(WHERE, `step ${step} asks about other problems than the first`, "ask about the same at every step");
    }
  }
  const { problems } = first.effects;
  const changes = problems.map((_, p) =>
    steps.reduce((sum, { effects }) => sum + (effects.whole?.measured[p] ?? 0), 0),
  );
  const fallen = [...problems.keys()].filter((p) => (changes[p] ?? 0) < 0);
  fallen.sort((a, b) => (changes[a] ?? 0) - (changes[b] ?? 0));
  const asked = options.lost?.map((id) => {
    const p = problems.indexOf(id);
    return p < 0 ? refuse(WHERE, `problem "${id}" is not among those asked about`, "name one of them") : p;
  });
  const explained = (asked ?? fallen).map((p) => {
    const id = problems[p] ?? "";
    const own = tokens[id];
    return { ...explain(steps, p, changes[p] ?? 0, top), ...(own && { tokens: own }) };
  });
  return tabular({ steps: steps.map(({ step }) => step), problems: explained }, lossTables);
}

function explain(steps: readonly LossStep[], p: number, change: number, top: number): LostProblem {
  const causes = steps.flatMap(({ step, effects: { updates, problems, predicted } }) =>
    updates.map((update, u) => ({ step, update, effect: predicted[u * problems.length + p] ?? 0 })),
  );
  const id = steps[0]?.effects.problems[p] ?? "";
  const sum = (holds: (cause: (typeof causes)[number]) => boolean): number =>
    causes.filter(holds).reduce((total, { effect }) => total + effect, 0);
  const isTerm = (update: string): boolean => stepTerms.some((name) => name === update);
  const ofOther = (update: string): boolean => update !== id && !isTerm(update);
  const explained = sum(() => true);
  const harmful = sum(({ effect }) => effect < 0);
  const worst = causes.filter(({ effect }) => effect < 0).sort((a, b) => a.effect - b.effect);
  return {
    ...{ id, change, explained, rest: change - explained },
    hurt: sum(({ update, effect }) => ofOther(update) && effect < 0),
    helped: sum(({ update, effect }) => ofOther(update) && effect > 0),
    own: sum(({ update }) => update === id),
    optimizer: sum(({ update }) => isTerm(update)),
    causes: worst.slice(0, top).map((cause) => ({ ...cause, share: cause.effect / harmful })),
  };
}
