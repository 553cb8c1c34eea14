/** Gradients of single problems, and how they stand to each other. */
import { type ProjectionOptions, randomProjection } from "../linear/random-projection.ts";
import { inSlices, type Sliced } from "../linear/slices.ts";
import type { Policy } from "../policy/policy.ts";
import { progressReporter } from "../progress.ts";
import { refuse } from "../refuse.ts";
import { type Continuation, encodeSequences } from "./sequences.ts";
import { dot, type WeightedSequences, weightedGradients } from "./weighted-gradients.ts";

/** A right answer to a problem; several may have one id. */
export interface Answer extends Continuation {
  readonly id: string;
  /** Factor on its log-likelihood, such as an advantage. Default 1. */
  readonly weight?: number;
}

/** Inner products of the problems' gradients; `negativeInterference` takes it as `gradients`. */
export interface GradientGram {
  /** Problems in order of appearance. */
  readonly ids: readonly string[];
  /** [M, M] g_i · g_j over all weights. */
  readonly gram: Float64Array;
  /** [M] Σ weight · log π(completion, end token | prompt), nats: what the gradients are of. */
  readonly logLikelihoods: Float64Array;
  /** There where gradients were projected: bound of the standard error of each cosine. */
  readonly cosineError?: number;
}

export interface GradientAlignmentOptions {
  /**
   * Keep a random projection of each gradient instead of all of it: for policies whose gradients do not fit. Default: exact.
   */
  readonly projection?: ProjectionOptions;
}

/** Numbers of gradients held at once: 2 GiB of float32. */
export const MOST_NUMBERS: number = 2 ** 29;

/**
 * Gradient of each problem's log-likelihood with respect to all weights, and all inner products. Exact ones hold every gradient in
 * memory: for policies of some million weights and tens of problems; projected ones, `dimensions` numbers a problem.
 *
 * @throws UsageError when there is no answer, a weight is not finite, or the gradients do not fit in 2 GiB
 */
export async function gradientAlignment(
  policy: Policy,
  answers: readonly Answer[],
  { projection }: GradientAlignmentOptions = {},
): Promise<GradientGram> {
  const ids = [...new Set(answers.map(({ id }) => id))];
  const map = projection === undefined ? undefined : randomProjection(projection);
  const size = map?.dimensions ?? policy.parameters.count;
  if (ids.length * size > MOST_NUMBERS) {
    const most = Math.floor(MOST_NUMBERS / size);
    const remedy = map === undefined ? `pass at most ${most} problems, or a projection` : "ask for fewer dimensions";
    refuse("gradientAlignment", `${ids.length} gradients of ${size} numbers`, remedy);
  }
  const report = progressReporter({ task: "gradients", total: ids.length, unit: "problems" });
  const gradients: Float32Array[] = [];
  const logLikelihoods = new Float64Array(ids.length);
  const rowsOf = ids.map((id) => answers.flatMap((answer, row) => (answer.id === id ? [row] : [])));
  const found = weightedGradients(policy, weightedAnswers(policy, answers), rowsOf, { name: "gradientAlignment" });
  report(0);
  for await (const { value, gradient } of found) {
    logLikelihoods[gradients.length] = value;
    gradients.push(map === undefined ? gradient : map.project(gradient));
    report(gradients.length);
  }
  const gram = await inSlices(gramMatrix(gradients));
  return { ids, gram, logLikelihoods, ...(map && { cosineError: map.standardError }) };
}

/** Answers as sequences whose completions' tokens have the answers' weights. */
export function weightedAnswers(
  { tokenizer }: Pick<Policy, "tokenizer">,
  answers: readonly Answer[],
): WeightedSequences {
  const { mask, ...sequences } = encodeSequences(tokenizer, answers);
  const weights = mask.slice();
  for (const [row, { id, weight = 1 }] of answers.entries()) {
    if (!Number.isFinite(weight)) refuse("answers", `the weight of "${id}" is ${weight}`, "pass finite numbers");
    for (let cell = row * (sequences.width - 1); cell < (row + 1) * (sequences.width - 1); cell++) {
      weights[cell] = (weights[cell] ?? 0) * weight;
    }
  }
  return { ...sequences, weights };
}

function* gramMatrix(gradients: readonly Float32Array[]): Sliced<Float64Array> {
  const m = gradients.length;
  const gram = new Float64Array(m * m);
  for (const [i, a] of gradients.entries()) {
    for (let j = 0; j <= i; j++) {
      const product = dot(a, gradients[j] ?? a);
      gram[i * m + j] = product;
      gram[j * m + i] = product;
      yield 2 * a.length;
    }
  }
  return gram;
}
