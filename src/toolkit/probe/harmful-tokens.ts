/** Which tokens of a step's completions made a problem's right answers less likely, to first order. */
import type { Policy } from "../policy/policy.ts";
import { refuse } from "../refuse.ts";
import { weightedAnswers } from "./gradient-alignment.ts";
import { answersOf, checkProbed, moved, type ProbedProblem } from "./probed-problems.ts";
import { norm, type StepParts, type WeightedStep } from "./step-parts.ts";
import { weightedGradients } from "./weighted-gradients.ts";

/** A token of a completion that was trained on. */
export interface HarmfulToken {
  /** Problem whose completion it is in. */
  readonly update: string;
  readonly row: number;
  /** Its place among the completion's tokens, from 0. */
  readonly position: number;
  readonly token: string;
  /** The text before it, prompt and completion, at most twelve tokens. */
  readonly context: string;
  /** −dloss / dlog p: above 0 it was pushed up. */
  readonly weight: number;
  /** Its part of the change of the problem's right answers, nats. */
  readonly effect: number;
}

export interface HarmfulTokens {
  /** [B, T] part of every token; a problem's tokens add up to the first-order effect of its update. */
  readonly effects: Float64Array;
  /** Those that hurt, worst first. */
  readonly worst: readonly HarmfulToken[];
}

export interface HarmfulTokensOptions {
  /** Tokens named. Default 10. */
  readonly top?: number;
  /** Of sampling. Default 1. */
  readonly temperature?: number;
}

const contextTokens = 12;

/**
 * Takes the first-order effect of a step on a problem apart by the tokens that were trained on:
 *
 *     Δθ_u · ∇L = Σ_{b, t of u} w_bt · d/ds log π_bt(θ + s v),   v = D ∇L, with D of `stepParts`
 *
 * The derivative is a central difference over a sixteenth of the step's length to either side: two scorings, however many tokens.
 *
 * @throws UsageError for a problem without right answers, or one that the step's weights do not touch
 */
export async function harmfulTokens(
  policy: Policy,
  step: WeightedStep,
  parts: StepParts,
  problem: ProbedProblem,
  { top = 10, temperature = 1 }: HarmfulTokensOptions = {},
): Promise<HarmfulTokens> {
  checkProbed("harmfulTokens", [problem]);
  const direction = await towards(policy, parts, problem);
  const length = norm(direction);
  if (length === 0) refuse("harmfulTokens", `no weight moves "${problem.id}"`, "pass a step of the same policy");
  const scale = Math.max(norm(parts.whole()), 1e-12) / (16 * length);
  const { ids, rows, width } = step.rollouts;
  const weights = await policy.parameters.read();
  const there = await policy.clone();
  const scores = async (by: number): Promise<Float32Array> => {
    await there.parameters.write(moved(weights, direction, by));
    return (await there.score(ids, [rows, width], { temperature })).logProbs;
  };
  try {
    const [ahead, behind] = [await scores(scale), await scores(-scale)];
    const effects = Float64Array.from(step.tokenWeights, (weight, cell) =>
      weight === 0 ? 0 : (weight * ((ahead[cell] ?? Number.NaN) - (behind[cell] ?? Number.NaN))) / (2 * scale),
    );
    return { effects, worst: worstOf(policy, step, effects, top) };
  } finally {
    await there.dispose();
  }
}

async function towards(policy: Policy, parts: StepParts, problem: ProbedProblem): Promise<Float32Array> {
  const answers = answersOf([problem], "right");
  const rows = answers.map((_, row) => row);
  const found = weightedGradients(policy, weightedAnswers(policy, answers), [rows], { name: "harmfulTokens" });
  for await (const { gradient } of found) return parts.changeOf(gradient);
  throw new Error("internal: no gradient");
}

function worstOf(
  { tokenizer }: Policy,
  { rollouts, tokenWeights }: WeightedStep,
  effects: Float64Array,
  top: number,
): HarmfulToken[] {
  const { width, ids, group, problems } = rollouts;
  const cells = Array.from(effects.keys()).filter((cell) => (effects[cell] ?? 0) < 0);
  cells.sort((a, b) => (effects[a] ?? 0) - (effects[b] ?? 0) || a - b);
  return cells.slice(0, top).map((cell) => {
    const row = Math.floor(cell / (width - 1));
    const at = row * width + (cell % (width - 1)) + 1; // column t is about token t + 1
    const first = tokenWeights.subarray(row * (width - 1), (row + 1) * (width - 1)).findIndex((weight) => weight !== 0);
    return {
      update: problems[group[row] ?? -1]?.id ?? "",
      row,
      position: (cell % (width - 1)) - first,
      token: ids[at] === tokenizer.eosId ? "(end)" : tokenizer.decode(ids.subarray(at, at + 1)),
      context: tokenizer.decode(ids.subarray(Math.max(row * width, at - contextTokens), at)),
      weight: tokenWeights[cell] ?? 0,
      effect: effects[cell] ?? 0,
    };
  });
}
