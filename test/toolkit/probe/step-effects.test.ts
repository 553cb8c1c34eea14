import { afterAll, beforeAll, expect, test } from "vitest";
import { grpo } from "../../../src/algorithms/index.ts";
import { gradientStep } from "../../../src/toolkit/jit/gradient-step.ts";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { scoreTokens } from "../../../src/toolkit/policy/score.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import {
  gradientAlignment,
  harmfulTokens,
  mergeCounterfactuals,
  type ProbedProblem,
  type StepRule,
  stepCounterfactuals,
  stepEffects,
  stepParts,
  type WeightedStep,
} from "../../../src/toolkit/probe.ts";
import { rng } from "../../../src/toolkit/rng.ts";
import { foreignRow, fromRows } from "../../../src/toolkit/rows.ts";
import { recompute } from "../../../src/toolkit/train/recompute.ts";
import { tinyConfig } from "../../support/tiny-policy.ts";
import { echoTask } from "../../support/tiny-task.ts";

const tokenizer = charTokenizer(echoTask.alphabet);
let policy: Policy;
let step: WeightedStep;
const problems: ProbedProblem[] = ["a", "b", "c"].map((letter) => ({
  id: letter,
  prompt: `${letter}=`,
  right: letter === "a" ? ["aa", "a"] : [letter.repeat(2)],
  ...(letter !== "c" && { wrong: ["hh"] }),
}));

beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer, seed: 1 });
  const asked = echoTask.problems({ split: "train", count: 3, seed: 0 }).map((problem, i) => {
    const letter = "abc"[i] ?? "";
    return { ...problem, id: letter, prompt: `${letter}=`, answer: letter.repeat(2) };
  });
  const rows = asked.flatMap(({ prompt, answer }, g) =>
    [answer, "hh", "bd", "e"].map((text) => foreignRow(tokenizer, g, prompt, text)),
  );
  const sampled = fromRows(
    rows.map((row) => ({ ...row, foreign: false })),
    { problems: asked, padId: tokenizer.padId },
  );
  const scores = await policy.score(sampled.ids, [sampled.rows, sampled.width]);
  const known = scores.logProbs.map((value, cell) => ((sampled.mask[cell] ?? 0) > 0 ? value : 0));
  const rollouts = { ...sampled, policyLogProbs: known, sampleLogProbs: known };
  const verdicts = rollouts.completions.map((text, b) =>
    echoTask.verify(asked[rollouts.group[b] ?? 0] ?? never(), text),
  );
  const rewards = { values: Float32Array.from(verdicts, ({ score }) => score ?? Number.NaN), verdicts };
  const { tokenWeights, gradient } = await recompute({ rollouts, rewards }, grpo(), { policy });
  step = { rollouts, tokenWeights, gradient };
});
afterAll(() => policy.dispose());

function never(): never {
  throw new Error("a row has no problem");
}

const state = {
  step: 3,
  first: moments("first", 1e-3, (x) => x),
  second: moments("second", 1e-5, (x) => x * x + 1e-6),
};
function moments(stream: string, size: number, of: (x: number) => number) {
  return () => {
    const random = rng({ seed: 4, stream });
    const entries = Object.entries(policy.parameters.shapes).map(([name, shape]) => {
      const length = shape.reduce((a, b) => a * b, 1);
      return [name, { data: Float32Array.from({ length }, () => of(size * random.normal())), shape }] as const;
    });
    return Object.fromEntries(entries);
  };
}
const adamw = (optimizer = {}): StepRule => ({
  kind: "adamw",
  learningRate: 1e-3,
  maxGradNorm: 0.5,
  optimizer,
  state: { step: state.step, first: state.first(), second: state.second() },
});

/** Weights after less before, flat, of a step that the engine's own optimizer takes on −Σ w log π. */
async function engineStep(rule: StepRule): Promise<Float64Array> {
  if (rule.kind !== "adamw") throw new Error("the engine has AdamW alone");
  const moved = await policy.clone();
  const { rollouts, tokenWeights } = step;
  const graph = gradientStep(
    (p: Record<string, import("@tensorflow/tfjs").Tensor>, { ids, weights }: Batch) => ({
      loss: scoreTokens(p, ids, policy.config).logProbs.mul(weights).sum().neg().asScalar(),
    }),
    { parameters: moved.parameters, optimizer: rule.optimizer ?? {}, name: "test" },
  );
  if (rule.state) await graph.restore(rule.state);
  await graph.accumulate({
    ids: { data: rollouts.ids, shape: [rollouts.rows, rollouts.width] },
    weights: { data: tokenWeights, shape: [rollouts.rows, rollouts.width - 1] },
  });
  await graph.apply({ learningRate: rule.learningRate, ...(rule.maxGradNorm && { maxGradNorm: rule.maxGradNorm }) });
  const [before, after] = [await policy.parameters.read(), await moved.parameters.read()];
  await graph.dispose();
  await moved.dispose();
  return Float64Array.from(
    Object.entries(before).flatMap(([name, { data }]) => Array.from(data, (x, i) => (after[name]?.data[i] ?? 0) - x)),
  );
}
interface Batch {
  readonly ids: import("@tensorflow/tfjs").Tensor2D;
  readonly weights: import("@tensorflow/tfjs").Tensor2D;
}

test.each([
  { name: "from a running state", rule: () => adamw() },
  { name: "with weight decay", rule: () => adamw({ weightDecay: 0.1, beta2: 0.99 }) },
  { name: "from a fresh state", rule: (): StepRule => ({ kind: "adamw", learningRate: 1e-3 }) },
])("stepParts: AdamW's parts add up to the engine's own step, $name", async ({ rule }) => {
  const parts = await stepParts(policy, step, { rule: rule() });
  const whole = parts.whole();
  const real = await engineStep(rule());
  const largest = real.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  expect(largest).toBeGreaterThan(1e-4);
  for (const [i, x] of real.entries()) expect(Math.abs((whole[i] ?? 0) - x)).toBeLessThan(2e-3 * largest);
});

test("stepParts: names problems, then what is no problem's", async () => {
  const parts = await stepParts(policy, step, { rule: adamw({ weightDecay: 0.1 }) });
  expect(parts).toMatchObject({ ids: ["a", "b", "c", "momentum", "weight decay"], problems: 3 });
  const plain = await stepParts(policy, step, { rule: { kind: "plain", learningRate: 0.5 } });
  expect(plain.ids).toEqual(["a", "b", "c"]);
  const gradient = Math.hypot(...Object.values(step.gradient ?? {}).flatMap(({ data }) => Array.from(data)));
  expect(plain.gradientNorm).toBeCloseTo(gradient, 5);
  expect(Math.hypot(...plain.whole())).toBeCloseTo(0.5 * gradient, 5);
  expect(Array.from(plain.plainChange(1))).toEqual(Array.from(plain.change(1), (x) => expect.closeTo(x, 7)));
  // What the token weights leave out of the gradient is a part of its own.
  const twice = Object.fromEntries(
    Object.entries(step.gradient ?? {}).map(([name, { data, shape }]) => [
      name,
      { data: data.map((x) => 2 * x), shape },
    ]),
  );
  const other = await stepParts(policy, { ...step, gradient: twice }, { rule: { kind: "plain", learningRate: 1 } });
  expect(other.ids).toEqual(["a", "b", "c", "other terms"]);
  expect(Math.hypot(...other.whole())).toBeCloseTo(2 * gradient, 4);
});

test("stepEffects: the first order is the limit of the real change, for right and wrong answers", async () => {
  for (const rule of [adamw(), { kind: "plain", learningRate: 0.05 } as const]) {
    const small = { ...rule, learningRate: rule.learningRate * 0.3 };
    const { right, wrong } = await stepEffects(policy, await stepParts(policy, step, { rule: small }), problems);
    expect(right.problems).toEqual(["a", "b", "c"]);
    expect(wrong?.problems).toEqual(["a", "b"]);
    for (const effects of [right, wrong]) {
      const { predicted = [], measured = [] } = effects ?? {};
      const largest = Math.max(...Array.from(measured, Math.abs));
      expect(largest).toBeGreaterThan(1e-4);
      for (const [at, x] of Array.from(measured).entries()) {
        expect(Math.abs((predicted[at] ?? 0) - x)).toBeLessThan(0.03 * largest + 2e-6);
      }
    }
    const { whole, predicted, updates } = right;
    for (const p of [0, 1, 2]) {
      const sum = updates.reduce((total, _, u) => total + (predicted[u * 3 + p] ?? 0), 0);
      expect(whole?.predicted[p]).toBeCloseTo(sum, 9);
      expect(whole?.measured[p]).toBeCloseTo(sum, 3);
    }
  }
});

test("stepEffects: layers add up, and their cosines are within bounds", async () => {
  const parts = await stepParts(policy, step, { rule: adamw() });
  const { right } = await stepEffects(policy, parts, problems, { measure: false });
  expect(right).not.toHaveProperty("measured");
  expect(right.layers?.map(({ name }) => name)).toEqual(["embed_tokens", "layer 0", "layer 1", "norm"]);
  for (const [at, total] of right.predicted.entries()) {
    const sum = right.layers?.reduce((all, { predicted }) => all + (predicted[at] ?? 0), 0);
    expect(sum).toBeCloseTo(total, 9);
    for (const { cosine } of right.layers ?? []) expect(Math.abs(cosine[at] ?? 2)).toBeLessThanOrEqual(1);
  }
});

test("stepEffects: with plain steps the matrix is the Gram matrix of gradientAlignment", async () => {
  const { rollouts, tokenWeights } = step;
  // One right answer a problem, trained on with weight 1 a token.
  const chosen = tokenWeights.map((_, cell) => {
    const row = Math.floor(cell / (rollouts.width - 1));
    return row % 4 === 0 && cell % (rollouts.width - 1) >= 2 && cell % (rollouts.width - 1) < 5 ? 1 : 0;
  });
  const parts = await stepParts(
    policy,
    { rollouts, tokenWeights: chosen },
    { rule: { kind: "plain", learningRate: 1 } },
  );
  const single = problems.map(({ id, prompt }) => ({ id, prompt, right: [id.repeat(2)] }));
  const { right } = await stepEffects(policy, parts, single, { measure: false });
  const { gram } = await gradientAlignment(
    policy,
    single.map(({ id, prompt, right: [completion = ""] }) => ({ id, prompt, completion })),
  );
  for (const [at, product] of gram.entries()) expect(right.predicted[at]).toBeCloseTo(product, 3);
});

test("gradientAlignment, stepEffects: random projections come near, within the error they state", async () => {
  const answers = problems.map(({ id, prompt, right: [completion = ""] }) => ({ id, prompt, completion }));
  const exact = await gradientAlignment(policy, answers);
  const near = await gradientAlignment(policy, answers, { projection: { dimensions: 2048, seed: 3 } });
  expect(near.cosineError).toBeCloseTo(Math.sqrt(2 / 2048), 12);
  expect(exact).not.toHaveProperty("cosineError");
  const cosine = ({ gram }: typeof exact, i: number, j: number): number =>
    (gram[i * 3 + j] ?? 0) / Math.sqrt((exact.gram[i * 4] ?? 0) * (exact.gram[j * 4] ?? 0));
  for (const [i, j] of [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const) {
    expect(Math.abs(cosine(near, i, j) - cosine(exact, i, j))).toBeLessThan(4 * (near.cosineError ?? 0));
  }
  const parts = await stepParts(policy, step, { rule: adamw() });
  const [whole, projected] = [
    await stepEffects(policy, parts, problems, { measure: false }),
    await stepEffects(policy, parts, problems, { measure: false, projection: { dimensions: 2048 } }),
  ];
  const size = Math.hypot(...whole.right.predicted);
  expect(Math.hypot(...whole.right.predicted.map((x, at) => x - (projected.right.predicted[at] ?? 0)))).toBeLessThan(
    0.5 * size,
  );
  expect(projected.right.cosineError).toBeCloseTo(Math.sqrt(2 / 2048), 12);
});

test("harmfulTokens: a problem's tokens add up to the effect of its update", async () => {
  const parts = await stepParts(policy, step, { rule: adamw() });
  const { right } = await stepEffects(policy, parts, problems, { measure: false });
  const [, asked] = problems;
  const { effects, worst } = await harmfulTokens(policy, step, parts, asked ?? never(), { top: 3 });
  const { group, rows, width } = step.rollouts;
  for (const u of [0, 1, 2]) {
    let sum = 0;
    for (let b = 0; b < rows; b++) {
      if (group[b] === u) for (const x of effects.subarray(b * (width - 1), (b + 1) * (width - 1))) sum += x;
    }
    const largest = Math.max(...right.predicted.map(Math.abs));
    expect(Math.abs(sum - (right.predicted[u * 3 + 1] ?? 0))).toBeLessThan(0.005 * largest);
  }
  expect(worst).toHaveLength(3);
  const sorted = Array.from(effects).sort((a, b) => a - b);
  expect(worst.map(({ effect }) => effect)).toEqual(sorted.slice(0, 3));
  expect(worst[0]?.context).toMatch(/^[abc]=/);
});

test("stepCounterfactuals: leaving out, replaying and merging are real changes", async () => {
  const parts = await stepParts(policy, step, { rule: { kind: "plain", learningRate: 0.2 } });
  const { right } = await stepEffects(policy, parts, problems);
  const { asItWas, arms } = await stepCounterfactuals(policy, parts, problems, [
    { name: "only a", kind: "mask", leaveOut: ["b", "c"] },
    { name: "replay c", kind: "replay", problems: problems.slice(2) },
    { name: "none", kind: "merge", share: 0 },
  ]);
  const change = (name: string) => arms.find((arm) => arm.name === name)?.change ?? new Float64Array();
  expect(Array.from(asItWas)).toEqual(Array.from(right.whole?.measured ?? [], (x) => expect.closeTo(x, 5)));
  for (const p of [0, 1, 2]) expect(change("only a")[p]).toBeCloseTo(right.measured?.[p] ?? Number.NaN, 5);
  expect(Array.from(change("none"))).toEqual([0, 0, 0]);
  expect(change("replay c")[2] ?? 0).toBeGreaterThan((asItWas[2] ?? 0) + 1e-4);
  await expect(
    stepCounterfactuals(policy, parts, problems, [{ name: "x", kind: "mask", leaveOut: ["z"] }]),
  ).rejects.toThrow('there is no part "z"');
});

test("mergeCounterfactuals: from the base to the trained policy, and shapes that differ are refused", async () => {
  const parts = await stepParts(policy, step, { rule: adamw() });
  const trained = await policy.clone();
  const weights = await policy.parameters.read();
  const whole = parts.whole();
  let at = 0;
  const moved = Object.entries(weights).map(([name, { data, shape }]) => {
    const from = at;
    at += data.length;
    return [name, { data: Float32Array.from(data, (x, i) => x + (whole[from + i] ?? 0)), shape }] as const;
  });
  await trained.parameters.write(Object.fromEntries(moved));
  const { asItWas, arms } = await mergeCounterfactuals(policy, trained, problems, [0, 0.5]);
  const { right } = await stepEffects(policy, parts, problems);
  expect(Array.from(asItWas)).toEqual(Array.from(right.whole?.measured ?? [], (x) => expect.closeTo(x, 4)));
  expect(Array.from(arms[0]?.change ?? [])).toEqual([0, 0, 0]);
  for (const [p, x] of (arms[1]?.change ?? []).entries()) expect(Math.sign(x)).toBe(Math.sign(asItWas[p] ?? 0));
  const wider = await Policy.create({ config: { ...tinyConfig, intermediate_size: 64 }, tokenizer, seed: 1 });
  await expect(mergeCounterfactuals(policy, wider, problems)).rejects.toThrow("weights of different shapes");
  await Promise.all([trained.dispose(), wider.dispose()]);
});

test("stepParts, stepEffects: what cannot be taken apart is refused", async () => {
  const rule = { kind: "plain", learningRate: 1 } as const;
  const { rollouts, tokenWeights } = step;
  const partsOf = (change: Partial<WeightedStep>, by: StepRule = rule) =>
    stepParts(policy, { ...step, ...change }, { rule: by });
  await expect(partsOf({ tokenWeights: tokenWeights.slice(1) })).rejects.toThrow("token weights for 12 rows");
  await expect(partsOf({ tokenWeights: tokenWeights.map(() => Number.NaN) })).rejects.toThrow("token weight 0 is NaN");
  await expect(partsOf({ rollouts: { ...rollouts, rows: 0 } })).rejects.toThrow("no completions");
  const [first, second] = rollouts.problems;
  const twice = { ...rollouts, problems: [first ?? never(), second ?? never(), first ?? never()] };
  await expect(partsOf({ rollouts: twice })).rejects.toThrow('problem "a" is in two groups');
  await expect(partsOf({}, { kind: "plain", learningRate: 0 })).rejects.toThrow("learningRate is 0");
  const odd = { "model.norm.weight": { data: new Float32Array(3), shape: [3] } };
  await expect(partsOf({ gradient: odd })).rejects.toThrow('"model.norm.weight" has 3 numbers, in the policy 16');
  const strange: StepRule = {
    kind: "adamw",
    learningRate: 1,
    state: { step: 1, first: {}, second: { other: odd["model.norm.weight"] } },
  };
  await expect(partsOf({}, strange)).rejects.toThrow('"other" has 3 numbers, in the policy none');
  const parts = await partsOf({});
  await expect(stepEffects(policy, parts, [])).rejects.toThrow("no problems to ask about");
  await expect(stepEffects(policy, parts, [{ id: "x", prompt: "a=", right: [] }])).rejects.toThrow(
    '"x" has no right answer',
  );
  await expect(stepEffects(policy, parts, [...problems, ...problems])).rejects.toThrow('problem "a" is twice');
});
