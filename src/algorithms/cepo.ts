/**
 * CEPO: a token weighs more where knowing the right answer makes it likelier than knowing a wrong one does.
 * 2026, "CEPO: RLVR Self-Distillation using Contrastive Evidence Policy Optimization", arXiv:2605.19436; weights, teacher
 * prompts and schedule as in the released code.
 *
 *     P+(y_t) = pi(y_t | x, r+, y_<t),  P-(y_t) = pi(y_t | x, r-, y_<t)   r+: the right answer, r-: a wrong one of the group
 *     delta   = log P+ - log P-;   w = clip(exp(sign(A_row) delta), 1 - epsW, 1 + epsW)
 *     A       <- A ((1 - lambda) + lambda w);   at step s, from 1: lambda = lambda0 max(0, 1 - (s - 1) / warmup)
 *
 * Seam: advantage (wrapped), with two scoring passes of the current policy and none once lambda is 0. r- is the answer of
 * the lowest-scored completion below 0.5, the first of equals. A group without one has r- = r+ and weights 1, as in the
 * code; `emptyNegative: "rlsd"` takes log P+ - log p there, as in the paper. The sign of an advantage never changes, and a
 * row whose advantages differ in sign is refused. Do not normalise afterwards: it would undo the bound.
 */
import type { AdvantageInput, Advantages } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf, givenChoices } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkFinite } from "../toolkit/finite.ts";
import { groupRows } from "../toolkit/group-rows.ts";
import { checkOptions } from "../toolkit/options.ts";
import { logProbsAfter } from "../toolkit/other-prompt.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { Rollouts } from "../toolkit/rollout.ts";
import { wrapSeam } from "../toolkit/seam.ts";

export interface CepoOptions {
  /** lambda at the first step, from 0 to 1. Default 0.5: README. */
  readonly lambda0?: number;
  /** Steps until lambda is 0. Default 25: README. */
  readonly warmupSteps?: number;
  /** "linear" falls to 0 over the warm-up; "constant" stays. Default "linear": README. */
  readonly schedule?: "linear" | "constant";
  /** Bound of a weight's distance from 1, from 0 to below 1. Default 0.5: README's table; the script has 0.2. */
  readonly epsW?: number;
  /** What a group without a wrong completion does. Default "uniform": code. */
  readonly emptyNegative?: "uniform" | "rlsd";
  /** Answer of a completion, for r-. Default: what the verifier read, else its first 50 characters (code). */
  readonly answerOf?: (completion: string) => string;
  /**
   * Text put behind the prompt for an answer. Default: the answer as it is. The code puts a space before it, which a
   * tokenizer of single characters may not know.
   */
  readonly hint?: (answer: string) => string;
}

type Settings = Required<Omit<CepoOptions, "answerOf">> & Pick<CepoOptions, "answerOf">;

const SOURCES: ChoiceSources<Exclude<keyof CepoOptions, "answerOf" | "hint">> = {
  lambda0: ["advantage", "arXiv:2605.19436, README"],
  warmupSteps: ["advantage", "arXiv:2605.19436, README"],
  schedule: ["advantage", "arXiv:2605.19436, README"],
  epsW: ["advantage", "arXiv:2605.19436, README"],
  emptyNegative: ["advantage", "arXiv:2605.19436, code"],
};

const DEFAULTS = {
  answerOf: ["advantage", "what the verifier read", "arXiv:2605.19436, code"],
  hint: ["advantage", "the answer alone", "our choice: the code puts a space before it"],
} as const;

/** Completions that stand for an answer when nothing could be read are cut to this many characters (code). */
const TEXT_AS_ANSWER = 50;

/** Scores below this are wrong (code). */
const WRONG_BELOW = 0.5;

/** The method: `compose(grpo({ clipHigh: 0.28 }), cepo())`. @throws UsageError for an unknown option or one out of range */
export function cepo(options: CepoOptions = {}): AlgorithmChange {
  const settings = settle(options);
  return {
    name: "cepo",
    through: "advantages",
    makes: "token advantages",
    wraps: {
      advantage: (inner) =>
        wrapSeam(inner, async (input, next) => {
          const lambda = cepoLambda(settings, input.step + 1);
          const before = await next(input);
          return lambda === 0 ? before : reweighted(input, before, lambda, settings);
        }),
    },
    choices: [...choicesOf(SOURCES, settings, options), ...givenChoices(options, DEFAULTS)],
  };
}

function settle(options: CepoOptions): Settings {
  checkOptions("cepo", options, {
    lambda0: { kind: "number", min: 0, max: 1 },
    warmupSteps: { kind: "integer", min: 1 },
    schedule: { kind: "either", values: ["linear", "constant"] },
    epsW: { kind: "number", min: 0, max: 1 },
    emptyNegative: { kind: "either", values: ["uniform", "rlsd"] },
    answerOf: { kind: "function" },
    hint: { kind: "function" },
  });
  const { lambda0 = 0.5, warmupSteps = 25, schedule = "linear", epsW = 0.5, emptyNegative = "uniform" } = options;
  if (epsW === 1) refuse("cepo", "epsW is 1", "pass a bound below 1: a weight must stay above 0");
  const { answerOf, hint = (answer: string) => answer } = options;
  return { lambda0, warmupSteps, schedule, epsW, emptyNegative, hint, ...(answerOf && { answerOf }) };
}

/** lambda at a step, counted from 1. @throws UsageError for a step below 1 */
export function cepoLambda(options: Pick<CepoOptions, "lambda0" | "warmupSteps" | "schedule">, step: number): number {
  const { lambda0, warmupSteps, schedule } = settle(options);
  if (!Number.isInteger(step) || step < 1) refuse("cepoLambda", `step is ${step}`, "count steps from 1");
  return schedule === "constant" || step === 1 ? lambda0 : lambda0 * Math.max(0, 1 - (step - 1) / warmupSteps);
}

/**
 * The completion of each group whose answer is the wrong one: the lowest score below 0.5, the first of equals.
 *
 * @param scores [B]; NaN is not looked at
 * @param groups index of each row's group, [B]
 * @returns a row by group, null for a group without one
 */
export function pickContrastPair(scores: ArrayLike<number>, groups: ArrayLike<number>): Map<number, number | null> {
  if (scores.length !== groups.length) {
    refuse("pickContrastPair", `${scores.length} scores for ${groups.length} groups`, "pass one of each per row");
  }
  const picked = groupRows(groups).map((rows) => {
    const wrong = rows.filter((b) => (scores[b] ?? Number.NaN) < WRONG_BELOW);
    const first = wrong.reduce<number | null>(
      (best, b) => (best === null || (scores[b] ?? 0) < (scores[best] ?? 0) ? b : best),
      null,
    );
    return [groups[rows[0] ?? 0] ?? -1, first] as const;
  });
  return new Map(picked);
}

async function reweighted(
  input: AdvantageInput,
  before: Advantages,
  lambda: number,
  settings: Settings,
): Promise<Advantages> {
  const { rollouts, models } = input;
  const { policy } = models ?? refuse("cepo", "there is no policy to score with", "use it in train");
  const { right, wrong, alone } = answersOf(input, settings);
  const promptOf = (answers: readonly string[]) => (b: number) =>
    Int32Array.from([...promptIds(rollouts, b), ...policy.tokenizer.encode(settings.hint(answers[b] ?? ""))]);
  const positive = await logProbsAfter("cepo", policy, rollouts, promptOf(right));
  const negative = await logProbsAfter("cepo", policy, rollouts, promptOf(wrong));
  const tokens = rollouts.width - 1;
  if (settings.emptyNegative === "rlsd") {
    for (const b of alone) {
      const own = rollouts.policyLogProbs.subarray(b * tokens, (b + 1) * tokens);
      negative.set(own, b * tokens);
    }
  }
  const mask = before.mask ?? rollouts.mask;
  const columns = { advantages: before.perToken, mask, positive, negative, tokens };
  const { advantages, delta } = cepoAdvantages(columns, { lambda, epsW: settings.epsW });
  const metrics = { "cepo/lambda": lambda, ...deltaMetrics(delta, before.perToken, mask) };
  return { ...before, perToken: Float32Array.from(advantages), metrics: { ...before.metrics, ...metrics } };
}

function promptIds({ ids, width, promptLengths }: Rollouts, b: number): Int32Array {
  return ids.subarray(b * width, b * width + (promptLengths[b] ?? 0));
}

/** The right and the wrong answer for each row, and the rows whose group has no wrong completion. */
function answersOf({ rollouts, rewards }: AdvantageInput, { answerOf }: Settings) {
  const read = (b: number): string => {
    const text = rollouts.completions[b] ?? "";
    return answerOf?.(text) ?? rewards.verdicts[b]?.parsed ?? text.slice(0, TEXT_AS_ANSWER);
  };
  const negatives = pickContrastPair(rewards.values, rollouts.group);
  const right = Array.from(rollouts.group, (group) => rollouts.problems[group]?.answer ?? "");
  const wrong = Array.from(rollouts.group, (group, b) => {
    const row = negatives.get(group) ?? null;
    return row === null ? (right[b] ?? "") : read(row);
  });
  const alone = [...rollouts.group.keys()].filter((b) => (negatives.get(rollouts.group[b] ?? -1) ?? null) === null);
  return { right, wrong, alone };
}

/** Mean delta of tokens that are pushed up (above 0 is as it should be) and down. */
function deltaMetrics(delta: Float64Array, advantages: Float32Array, mask: Float32Array): Record<string, number> {
  let [up, ups, down, downs] = [0, 0, 0, 0];
  for (let i = 0; i < delta.length; i++) {
    const advantage = mask[i] === 0 ? 0 : (advantages[i] ?? 0);
    if (advantage > 0) {
      up += delta[i] ?? 0;
      ups++;
    } else if (advantage < 0) {
      down += delta[i] ?? 0;
      downs++;
    }
  }
  return { "cepo/delta_right": up / Math.max(ups, 1), "cepo/delta_wrong": down / Math.max(downs, 1) };
}

export interface CepoTokens {
  readonly advantages: ArrayLike<number>; // [B, T]
  readonly mask: ArrayLike<number>; // [B, T]
  /** log P+ of each token. */
  readonly positive: ArrayLike<number>; // [B, T]
  /** log P- of each token. */
  readonly negative: ArrayLike<number>; // [B, T]
  /** T. */
  readonly tokens: number;
}

export interface CepoAdvantages {
  readonly advantages: Float64Array; // [B, T]
  readonly delta: Float64Array; // [B, T]
  readonly weightClipped: Float64Array; // [B, T]
}

/**
 * The reweighted advantages with their parts, 0 where the mask is.
 *
 * @throws UsageError for lambda outside [0, 1], epsW outside [0, 1), columns of unequal length, numbers that are not
 *   finite where the mask is 1, and a row whose advantages differ in sign
 */
export function cepoAdvantages(
  { advantages, mask, positive, negative, tokens }: CepoTokens,
  { lambda, epsW }: { readonly lambda: number; readonly epsW: number },
): CepoAdvantages {
  if (!(lambda >= 0 && lambda <= 1)) refuse("cepoAdvantages", `lambda is ${lambda}`, "pass a number from 0 to 1");
  if (!(epsW >= 0 && epsW < 1)) refuse("cepoAdvantages", `epsW is ${epsW}`, "pass a number from 0 to below 1");
  checkFinite("cepoAdvantages", { advantages, positive, negative }, mask);
  const out = { advantages: new Float64Array(mask.length), delta: new Float64Array(mask.length) };
  const weightClipped = new Float64Array(mask.length);
  for (let start = 0; start < mask.length; start += tokens) {
    const sign = signOfRow(advantages, mask, start, tokens);
    for (let i = start; i < start + tokens; i++) {
      if (mask[i] === 0) continue;
      const delta = (positive[i] ?? 0) - (negative[i] ?? 0);
      const weight = Math.min(1 + epsW, Math.max(1 - epsW, Math.exp(sign * delta)));
      out.delta[i] = delta;
      weightClipped[i] = weight;
      out.advantages[i] = (advantages[i] ?? 0) * (1 - lambda + lambda * weight);
    }
  }
  return { ...out, weightClipped };
}

function signOfRow(advantages: ArrayLike<number>, mask: ArrayLike<number>, start: number, tokens: number): number {
  let sign = 0;
  for (let i = start; i < start + tokens; i++) {
    const own = mask[i] === 0 ? 0 : Math.sign(advantages[i] ?? 0);
    if (own === 0) continue;
    if (own === -sign) {
      refuse(
        "cepoAdvantages",
        `row ${start / tokens} has advantages of both signs`,
        "put it over one advantage per row",
      );
    }
    sign = own;
  }
  return sign;
}
