/** What updates on a tabular policy's contexts do to each other's answers, exactly; repeated, each time with answers of its own. */
import { checkOptions } from "../options.ts";
import type { AnswerKind, UpdateEffects } from "../probe/update-effects.ts";
import { refuse } from "../refuse.ts";
import { type CollectOptions, openTabular } from "./collect.ts";
import { answerProbabilities, exactGradient } from "./exact.ts";
import { groupGradients } from "./gradient.ts";
import { byWeights, copyOf, moveWeights, type TabularPolicy } from "./policy.ts";
import { problemOf } from "./task.ts";

export interface TabularEffectsOptions extends Pick<CollectOptions, "algorithm" | "samplesPerPrompt" | "seed"> {
  /** Not changed. */
  readonly policy: TabularPolicy;
  /** Steps, each on a group of every context. Default 8. */
  readonly draws?: number;
  /** Of the plain step against the loss's gradient. Default 1, as in `trainTabular`. */
  readonly learningRate?: number;
  /** All right answers together (reward above 0), or all wrong ones. Default "right". */
  readonly answers?: AnswerKind;
  /** Of sampling. Default 1. */
  readonly temperature?: number;
}

/**
 * A draw is a step on all contexts from the same policy, taken apart: an update is the share that one context's group has in it, as in
 * `stepParts`. Effects are on the log of the probability of all right answers of each context:
 *
 *     interferenceMatrix(await tabularEffects({ policy, algorithm: grpo() }))
 *
 * @returns one a draw
 * @throws UsageError for a context without right (or wrong) answers, or with a learning rate that is none
 */
export async function tabularEffects(options: TabularEffectsOptions): Promise<UpdateEffects[]> {
  checkOptions("tabularEffects", options, {
    policy: { kind: "object", required: true },
    algorithm: { kind: "object", required: true },
    samplesPerPrompt: { kind: "integer", min: 1 },
    seed: { kind: "integer", min: 0, max: 2 ** 32 - 1 },
    draws: { kind: "integer", min: 1 },
    learningRate: { kind: "number", above: 0 },
    answers: { kind: "either", values: ["right", "wrong"] },
    temperature: { kind: "number", above: 0 },
  });
  const { policy, algorithm, draws = 8, learningRate = 1, answers = "right", samplesPerPrompt = 8 } = options;
  const { seed = 0, temperature = 1 } = options;
  const contexts = Array.from({ length: policy.layout.problem.contexts }, (_, context) => context);
  const before = contexts.map((context) => logShare(policy, context, answers));
  const slopes = contexts.map((context) => slopeOf(policy, context, answers));
  const names = contexts.map((context) => problemOf(context).id);
  const effects: UpdateEffects[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const fresh = { algorithm, steps: draws, seed, samplesPerPrompt, temperature };
    const { columns } = await openTabular(fresh, policy, policy).collect(draw);
    const [predicted, measured] = [new Float64Array(names.length ** 2), new Float64Array(names.length ** 2)];
    const rows = columns === undefined ? [] : [...columns.rollouts.group.keys()];
    const shares = columns && groupGradients(policy, algorithm.objective, columns, { rows, temperature });
    for (const [group, gradient] of shares ?? []) {
      const u = names.indexOf(columns?.rollouts.problems[group]?.id ?? "");
      const change = byWeights(policy, gradient).map((slope) => -learningRate * slope);
      const after = copyOf(policy);
      moveWeights(after, change);
      for (const p of contexts) {
        predicted[u * names.length + p] = change.reduce((sum, by, i) => sum + by * (slopes[p]?.[i] ?? 0), 0);
        measured[u * names.length + p] = logShare(after, p, answers) - (before[p] ?? 0);
      }
    }
    effects.push({ answers, updates: names, problems: names, predicted, measured });
  }
  return effects;
}

function isWanted(policy: TabularPolicy, context: number, answers: AnswerKind): (answer: readonly number[]) => boolean {
  return (answer) => policy.layout.problem.reward(context, answer) > 0 === (answers === "right");
}

/** Log of the probability of all right, or all wrong, answers. */
function logShare(policy: TabularPolicy, context: number, answers: AnswerKind): number {
  const wanted = isWanted(policy, context, answers);
  const p = answerProbabilities(policy, context);
  const all = policy.layout.answers;
  if (!all.some(({ symbols }) => wanted(symbols))) {
    refuse("tabularEffects", `context ${context} has no ${answers} answer`, "leave it out, or change the reward");
  }
  return Math.log(all.reduce((sum, { symbols }, i) => sum + (wanted(symbols) ? (p[i] ?? 0) : 0), 0));
}

/** Its gradient by the weights: ∇ Σ p / Σ p. */
function slopeOf(policy: TabularPolicy, context: number, answers: AnswerKind): Float64Array {
  const wanted = isWanted(policy, context, answers);
  const { contexts } = policy.layout.problem;
  const share = Math.exp(logShare(policy, context, answers));
  const value = (at: number, answer: readonly number[]): number =>
    at === context && wanted(answer) ? contexts / share : 0;
  return byWeights(policy, exactGradient(policy, value));
}
