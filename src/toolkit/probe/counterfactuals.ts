/** What other changes of the weights would have done to the same problems: updates left out, answers replayed, weights merged. */
import type { Policy } from "../policy/policy.ts";
import { refuse } from "../refuse.ts";
import { weightedAnswers } from "./gradient-alignment.ts";
import { answerReader, answersOf, checkProbed, havingAnswers, type ProbedProblem } from "./probed-problems.ts";
import { flat, norm, type StepParts } from "./step-parts.ts";
import { weightedGradients } from "./weighted-gradients.ts";

/** Another way to take a step. */
export type CounterfactualStep = { readonly name: string } /** Masking: without these parts. */ & (
  | { readonly kind: "mask"; readonly leaveOut: readonly string[] }
  /** Replay: with a push to right answers, each problem's as long as the median part of a problem, times `size` (default 1). */
  | { readonly kind: "replay"; readonly problems: readonly ProbedProblem[]; readonly size?: number }
  /** Only this share of the step. */
  | { readonly kind: "merge"; readonly share: number }
);

/** Changes of the right answers' log-likelihoods, nats; `savedBy` reads them. */
export interface CounterfactualChanges {
  readonly problems: readonly string[];
  readonly asItWas: Float64Array; // [P]
  readonly arms: readonly {
    readonly name: string;
    readonly kind: "mask" | "replay" | "merge";
    readonly change: Float64Array; // [P]
  }[];
}

/**
 * The real change of each problem by a step as it was, and by the same step taken otherwise. Clipping and AdamW's denominators stay
 * those of the step as it was.
 *
 * @throws UsageError for a part that the step has not, or what `stepEffects` refuses of problems
 */
export async function stepCounterfactuals(
  policy: Policy,
  parts: StepParts,
  problems: readonly ProbedProblem[],
  arms: readonly CounterfactualStep[],
): Promise<CounterfactualChanges> {
  const whole = parts.whole();
  const changes: NamedChange[] = [];
  for (const arm of arms) changes.push({ ...arm, change: await changeOf(policy, parts, whole, arm) });
  return readChanges("stepCounterfactuals", policy, problems, [
    { name: "as it was", kind: "merge", change: whole },
    ...changes,
  ]);
}

/**
 * The same for a whole run by merging its end with its start: θ_0 + share (θ_T − θ_0).
 *
 * @param shares default 0.25, 0.5 and 0.75
 * @throws UsageError for policies of different shapes
 */
export async function mergeCounterfactuals(
  base: Policy,
  trained: Policy,
  problems: readonly ProbedProblem[],
  shares: readonly number[] = [0.25, 0.5, 0.75],
): Promise<CounterfactualChanges> {
  const where = "mergeCounterfactuals";
  const { shapes } = base.parameters;
  const shapeText = JSON.stringify(trained.parameters.shapes);
  if (JSON.stringify(shapes) !== shapeText) {
    refuse(where, "the two policies have weights of different shapes", "pass a policy and what it was trained to");
  }
  const bad = shares.find((share) => !Number.isFinite(share));
  if (bad !== undefined) refuse(where, `a share is ${bad}`, "pass finite numbers");
  const [before, after] = [flat(await base.parameters.read(), shapes), flat(await trained.parameters.read(), shapes)];
  const moved = after.map((value, i) => value - (before[i] ?? 0));
  const arm = (share: number): NamedChange => ({
    name: `merge ${share}`,
    kind: "merge",
    change: moved.map((value) => share * value),
  });
  return readChanges(where, base, problems, [{ ...arm(1), name: "as it was" }, ...shares.map(arm)]);
}

interface NamedChange {
  readonly name: string;
  readonly kind: "mask" | "replay" | "merge";
  readonly change: Float32Array;
}

async function readChanges(
  where: string,
  policy: Policy,
  problems: readonly ProbedProblem[],
  changes: readonly NamedChange[],
): Promise<CounterfactualChanges> {
  checkProbed(where, problems);
  const reader = await answerReader(policy, problems);
  try {
    const before = (await reader.at(undefined)).right;
    const arms = [];
    for (const { name, kind, change } of changes) {
      const { right } = await reader.at(change);
      arms.push({ name, kind, change: right.map((value, p) => value - (before[p] ?? Number.NaN)) });
    }
    const [first, ...rest] = arms;
    return { problems: problems.map(({ id }) => id), asItWas: first?.change ?? new Float64Array(), arms: rest };
  } finally {
    await reader.dispose();
  }
}

async function changeOf(
  policy: Policy,
  parts: StepParts,
  whole: Float32Array,
  arm: CounterfactualStep,
): Promise<Float32Array> {
  switch (arm.kind) {
    case "merge":
      return whole.map((value) => arm.share * value);
    case "mask":
      return arm.leaveOut.reduce((left, id) => {
        const part = parts.ids.indexOf(id);
        if (part < 0) refuse("stepCounterfactuals", `there is no part "${id}"`, `name one of ${parts.ids.join(", ")}`);
        const own = parts.change(part);
        return left.map((value, i) => value - (own[i] ?? 0));
      }, whole);
    case "replay":
      return replayed(policy, parts, whole, arm);
    default:
      return arm satisfies never;
  }
}

async function replayed(
  policy: Policy,
  parts: StepParts,
  whole: Float32Array,
  { problems, size = 1 }: CounterfactualStep & { readonly kind: "replay" },
): Promise<Float32Array> {
  checkProbed("stepCounterfactuals", problems);
  const lengths = Array.from({ length: parts.problems }, (_, u) => norm(parts.change(u))).filter(
    (length) => length > 0,
  );
  const typical = lengths.sort((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 0;
  const answers = answersOf(havingAnswers(problems, "right"), "right");
  const rowsOf = problems.map(({ id }) => answers.flatMap((answer, row) => (answer.id === id ? [row] : [])));
  const out = Float64Array.from(whole);
  const found = weightedGradients(policy, weightedAnswers(policy, answers), rowsOf, { name: "stepCounterfactuals" });
  for await (const { gradient } of found) {
    const change = parts.changeOf(gradient);
    const by = (size * typical) / Math.max(norm(change), 1e-30);
    for (let i = 0; i < out.length; i++) out[i] = (out[i] ?? 0) + by * (change[i] ?? 0);
  }
  return Float32Array.from(out);
}
