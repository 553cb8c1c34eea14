/** How likely a policy finds right answers: what interference is measured by. */
import type { Policy } from "../policy/policy.ts";
import { refuse } from "../refuse.ts";
import { encodeSequences } from "./sequences.ts";

/**
 * Log-likelihood of right answers, in nats: log π(demonstration and end token | prompt), summed over tokens. A problem with several
 * right answers gets the mean of their log-likelihoods.
 *
 * @param demonstrations right completions of each problem, without the end token, in the order of the problems
 * @returns [P] one number a problem
 */
export async function answerLogLikelihoods(
  policy: Pick<Policy, "score" | "tokenizer">,
  problems: readonly { readonly id: string; readonly prompt: string }[],
  demonstrations: readonly (string | readonly string[])[],
): Promise<Float64Array> {
  const where = "answerLogLikelihoods";
  if (problems.length === 0 || problems.length !== demonstrations.length) {
    refuse(
      where,
      `there are ${problems.length} problems and ${demonstrations.length} demonstrations`,
      "pass as many of both",
    );
  }
  const owners: number[] = [];
  const continuations = problems.flatMap(({ id, prompt }, p) => {
    const answers = [demonstrations[p] ?? []].flat();
    if (answers.length === 0) refuse(where, `problem "${id}" has no demonstration`, "pass at least one right answer");
    return answers.map((completion) => {
      owners.push(p);
      return { prompt, completion };
    });
  });
  const sequences = encodeSequences(policy.tokenizer, continuations);
  const { logProbs } = await policy.score(sequences.ids, [sequences.rows, sequences.width]);
  const [sums, counts] = [new Float64Array(problems.length), new Float64Array(problems.length)];
  const columns = sequences.width - 1;
  for (const [row, p] of owners.entries()) {
    counts[p] = (counts[p] ?? 0) + 1;
    for (let cell = row * columns; cell < (row + 1) * columns; cell++) {
      if ((sequences.mask[cell] ?? 0) > 0) sums[p] = (sums[p] ?? 0) + (logProbs[cell] ?? Number.NaN);
    }
  }
  return sums.map((sum, p) => sum / (counts[p] ?? 1));
}
