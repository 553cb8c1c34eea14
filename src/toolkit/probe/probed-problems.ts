/** Problems with right and wrong answers, and the log-likelihoods that a policy gives them. */
import type { HostTensor } from "../jit/host-tensor.ts";
import type { Policy } from "../policy/policy.ts";
import { refuse } from "../refuse.ts";
import { answerLogLikelihoods } from "./answers.ts";
import type { Answer } from "./gradient-alignment.ts";
import type { AnswerKind } from "./update-effects.ts";

/** A problem that is asked about. Several answers of one kind count by the mean of their log-likelihoods. */
export interface ProbedProblem {
  readonly id: string;
  readonly prompt: string;
  /** Right completions, without the end token; at least one. */
  readonly right: readonly string[];
  /** Wrong ones. Default: none. */
  readonly wrong?: readonly string[];
}

/** The problems that have answers of a kind. */
export function havingAnswers(problems: readonly ProbedProblem[], kind: AnswerKind): ProbedProblem[] {
  return problems.filter((problem) => (problem[kind]?.length ?? 0) > 0);
}

/** Their answers, weighted so that a problem's gradient is that of the mean log-likelihood. */
export function answersOf(problems: readonly ProbedProblem[], kind: AnswerKind): Answer[] {
  return problems.flatMap(({ id, prompt, [kind]: answers = [] }) =>
    answers.map((completion) => ({ id, prompt, completion, weight: 1 / answers.length })),
  );
}

/** @throws UsageError for no problem, a duplicate, or a problem without right answers */
export function checkProbed(where: string, problems: readonly ProbedProblem[]): void {
  if (problems.length === 0) refuse(where, "there are no problems to ask about", "pass at least one");
  const seen = new Set<string>();
  for (const { id, right } of problems) {
    if (seen.has(id)) refuse(where, `problem "${id}" is twice among those asked about`, "pass each problem once");
    seen.add(id);
    if (right.length === 0) {
      refuse(where, `problem "${id}" has no right answer`, "leave it out, or add a demonstration");
    }
  }
}

/** Reads mean log-likelihoods of answers at changed weights. */
export interface AnswerReader {
  /** [problems having answers of the kind] nats. */
  at(change: Float32Array | undefined): Promise<Readonly<Record<AnswerKind, Float64Array>>>;
  dispose(): Promise<void>;
}

/** Opens a copy of the policy that answers are read at. The caller disposes of it. */
export async function answerReader(policy: Policy, problems: readonly ProbedProblem[]): Promise<AnswerReader> {
  const weights = await policy.parameters.read();
  const there = await policy.clone();
  const read = async (kind: AnswerKind): Promise<Float64Array> => {
    const asked = havingAnswers(problems, kind);
    if (asked.length === 0) return new Float64Array();
    const answers = asked.map(({ [kind]: list = [] }) => list);
    return answerLogLikelihoods(there, asked, answers);
  };
  return {
    async at(change) {
      await there.parameters.write(change === undefined ? weights : moved(weights, change));
      return { right: await read("right"), wrong: await read("wrong") };
    },
    dispose: () => there.dispose(),
  };
}

/** Weights with a flat change added, in the order of the weights given. */
export function moved(
  weights: Readonly<Record<string, HostTensor>>,
  change: Float32Array,
  by = 1,
): Record<string, HostTensor> {
  let at = 0;
  return Object.fromEntries(
    Object.entries(weights).map(([name, { data, shape }]) => {
      const from = at;
      at += data.length;
      return [name, { data: Float32Array.from(data, (value, i) => value + by * (change[from + i] ?? 0)), shape }];
    }),
  );
}
