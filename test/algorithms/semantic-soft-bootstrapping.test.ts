import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import {
  alignReply,
  buildHintedPrompt,
  hintedTask,
  keepIfCorrect,
  labelLogProbs,
  selectContextPair,
  semanticSoftBootstrapping,
  ssbLoss,
} from "../../src/algorithms/index.ts";
import { modelOf } from "../../src/toolkit/policy/model.ts";
import { Policy } from "../../src/toolkit/policy/policy.ts";
import { verifiedReward } from "../../src/toolkit/reward.ts";
import { rng } from "../../src/toolkit/rng.ts";
import type { RolloutInput } from "../../src/toolkit/rollout.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { answerProbabilities, trainTabular } from "../../src/toolkit/tabular.ts";
import { letterTokenizer, rolloutInput } from "../support/rollout-input.ts";
import { tinyConfig } from "../support/tiny-policy.ts";
import { echoTask } from "../support/tiny-task.ts";

const random = () => rng({ seed: 3, stream: "pair" });
const student = [
  [
    [1, 0.5, -1],
    [0.2, 0.1, 0],
    [3, 0, 0],
  ],
];
const teacher = [
  [
    [1.5, 0.2, -0.5],
    [-0.3, 0.8, 0.1],
    [0, 0, 0],
  ],
];

test("selectContextPair: where all wrong answers differ, any of them; a null answer is none", () => {
  const seen = new Set(
    Array.from({ length: 40 }, (_, seed) =>
      selectContextPair({ answers: ["1", "2", null, "3"], gold: "1" }, rng({ seed, stream: "pair" })),
    ).map((pair) => pair?.wrongIndex),
  );
  expect(seen).toEqual(new Set([1, 3]));
  expect(selectContextPair({ answers: ["2", null, "2"], gold: "1" }, random())).toBeNull();
  expect(selectContextPair({ answers: ["4", "2", "1", "2"], gold: "1" }, random())).toEqual({
    correctIndex: 2,
    wrongIndex: 1,
  });
});

test("alignReply: the prompt's last token predicts the reply's first; the reply's start and the prompt's end are kept", () => {
  const ids = (length: number, from: number) => Array.from({ length }, (_, i) => from + i);
  const align = (prompt: number, reply: number, maxLength = 8) =>
    alignReply({ promptIds: ids(prompt, 0), replyIds: ids(reply, 100) }, { maxLength });
  expect([...align(3, 2).labelPositions]).toEqual([2, 3]);
  expect([...align(3, 2).inputIds]).toEqual([0, 1, 2, 100, 101]);
  expect([...align(10, 5).inputIds]).toEqual([7, 8, 9, 100, 101, 102, 103, 104]);
  expect([...align(10, 5).labelPositions]).toEqual([2, 3, 4, 5, 6]);
  expect([...align(4, 20).labels]).toEqual([100, 101, 102, 103, 104, 105, 106]);
  expect([...align(4, 20).labelPositions]).toEqual([0, 1, 2, 3, 4, 5, 6]); // one token of the prompt: 3
  expect(align(4, 20).inputIds[0]).toBe(3);
  expect(align(4, 0).labels).toHaveLength(0);
  expect(() => align(0, 2)).toThrow("alignReply: there is no prompt");
  expect(() => align(2, 2, 1)).toThrow("alignReply: maxLength is 1; pass a whole number from 2");
});

test("hinted prompt: problem, right attempt, wrong attempt, instruction; the last boxed answer decides", () => {
  const text = buildHintedPrompt("What is 2+2?", "It is 4.", "It is 5.");
  const places = ["What is 2+2?", "It is 4.", "It is 5.", "standalone"].map((part) => text.indexOf(part));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places[0]).toBe(0);
  expect(keepIfCorrect("first \\boxed{3}, no: \\boxed{\\frac{1}{2}}", "\\frac{1}{2}")).toBe(true);
  expect(keepIfCorrect("\\boxed{12.0}", "12")).toBe(false);
  expect(keepIfCorrect("\\boxed{4} and \\boxed{5", "4")).toBe(true); // the last balanced one
  expect(keepIfCorrect("12", "12")).toBe(false);
});

test("ssbLoss: the gradient by the student's logits is tau (s - p) / tokens", () => {
  tf.tidy(() => {
    const [s, t] = [tf.tensor3d(student), tf.tensor3d(teacher)];
    const mask = tf.tensor2d([[1, 1, 0]]);
    for (const temperature of [1, 2, 3.5]) {
      const loss = (x: tf.Tensor) =>
        ssbLoss({ studentLogits: x as tf.Tensor3D, teacherLogits: t, mask }, { temperature }).loss;
      const slope = tf.grad(loss)(s);
      const softmax = (x: tf.Tensor) => tf.softmax(x.div(temperature));
      const expected = softmax(s)
        .sub(softmax(t))
        .mul(temperature / 2)
        .mul(mask.expandDims(2)); // two tokens
      expect(slope.sub(expected).abs().max().arraySync()).toBeLessThan(3e-7);
    }
  });
});

test("ssbLoss: labels are read where they are needed; vocabularies and replies must agree", () => {
  tf.tidy(() => {
    const [studentLogits, teacherLogits, mask] = [tf.tensor3d(student), tf.tensor3d(teacher), tf.tensor2d([[1, 1, 0]])];
    const columns = { studentLogits, teacherLogits, mask };
    const labels = tf.tensor2d([[0, 1, 0]], [1, 3], "int32");
    const both = ssbLoss({ ...columns, labelLogProbs: labelLogProbs(studentLogits, labels) }, { kdWeight: 0.25 });
    expect(both.loss.arraySync()).toBeCloseTo(0.25 * 0.0941429619 + 0.75 * 0.828449884, 6);
    expect(() => ssbLoss(columns, { kdWeight: 0.5 })).toThrow("ssbLoss: kdWeight is 0.5 and there are no labels");
    expect(() => ssbLoss({ ...columns, teacherLogits: tf.zeros([1, 3, 4]) })).toThrow(
      "ssbLoss: the student has 3 logits at a position, the teacher 4; use policies of one vocabulary.",
    );
    expect(() => ssbLoss({ ...columns, teacherLogits: tf.zeros([1, 2, 3]) })).toThrow("for every token of the reply");
    expect(() => ssbLoss({ ...columns, mask: tf.zeros([1, 2]) })).toThrow("mask has shape [1,2]");
    expect(() => ssbLoss(columns, { temperature: 0 })).toThrow("temperature is 0");
  });
});

/** A model that writes two attempts at each letter, "dd" after a hint, and whose logits are their positions. */
function handInput() {
  const problems = echoTask.problems({ split: "train", count: 3, seed: 0 }); // a, d, g
  const attempts: Record<string, string[]> = {
    "a=": ["aa", "a"], // right and wrong, but the hinted reply will be wrong
    "d=": ["a", "dd"], // right and wrong
    "g=": ["g", "g"], // none right
  };
  const asked: unknown[] = [];
  const input = rolloutInput({
    problems,
    write: (prompt, { temperature, topK }) => {
      asked.push([prompt, temperature, topK]);
      return prompt.length > 2 ? "dd" : (attempts[prompt]?.shift() ?? "");
    },
  });
  const model = input.models.reference;
  const measured: string[] = [];
  const reference: RolloutInput["models"]["reference"] = {
    ...model,
    async generate(prompts, { samplesPerPrompt: n = 1, ...options }) {
      const repeated = prompts.flatMap((prompt) => Array.from({ length: n }, () => prompt));
      const drawn = await model.generate(repeated, options);
      return { ...drawn, group: drawn.group.map((group) => Math.floor(group / n)) };
    },
    async measure(rows, statistics) {
      measured.push(letterTokenizer.decode(rows.ids));
      const names = Object.keys(statistics) as (keyof typeof statistics)[];
      const places = Float32Array.from({ length: rows.rows * (rows.width - 1) * 12 }, (_, i) => Math.floor(i / 12));
      return Object.fromEntries(names.map((name) => [name, places])) as Record<(typeof names)[number], Float32Array>;
    },
  };
  return { asked, measured, input: { ...input, models: { ...input.models, reference } } };
}

test("semanticSoftBootstrapping: pair, hinted reply, filter; the reply stands after the bare problem", async () => {
  const { asked, measured, input } = handInput();
  const { rollout } = semanticSoftBootstrapping();
  if (rollout === undefined) throw new Error("no rollout");
  const rollouts = await openSeam(rollout).next(input);
  const bare = ["a=", "a=", "d=", "d=", "g=", "g="].map((prompt) => [prompt, 0.8, 50]);
  expect(asked).toEqual([...bare, ["aaaa=", 0.4, 50], ["ddad=", 0.4, 50]]);
  expect([rollouts.rows, rollouts.completions, [...rollouts.group]]).toEqual([1, ["dd"], [1]]);
  expect([letterTokenizer.decode(rollouts.ids), ...measured]).toEqual(["d=dd", "ddad=dd"]);
  expect([...(rollouts.foreign ?? [])]).toEqual([1]);
  expect(rollouts.rewards?.values).toEqual(Float32Array.of(1));
  // The hinted prompt is BOS and 5 letters: its reply's logits begin at position 5. The bare one is BOS and 2: position 2.
  const logits = rollouts.columns?.ssbTeacherLogits as Float32Array;
  expect(Array.from({ length: 5 }, (_, t) => logits[t * 12])).toEqual([0, 0, 5, 6, 7]);
  expect(rollouts.metrics).toEqual({ "ssb/attempts_right": 2 / 6, "ssb/paired": 2 / 3, "ssb/yield": 1 / 3 });
  expect(rollouts.spentTokens).toBe(6 * 3 + (3 + 2 + 2 + 3 + 2 + 2) + 2 * 6 + 2 * 3);
  const single = { ...input, prompts: { ...input.prompts, samplesPerPrompt: 1 } };
  await expect(openSeam(rollout).next(single)).rejects.toThrow("samplesPerPrompt is 1; sample 2 or more");
});

test("semanticSoftBootstrapping: no pair, no row; a prompt is cut to the length allowed", async () => {
  const policy = await Policy.create({ config: tinyConfig, tokenizer: letterTokenizer, seed: 1 });
  const model = modelOf(policy, { temperature: 1 });
  const problems = echoTask.problems({ split: "train", count: 8, seed: 0 });
  const starts = {
    ...echoTask,
    verify: (p: (typeof problems)[number], text: string) => ({
      ...echoTask.verify(p, text),
      status: "wrong" as const,
      score: /^[abc]/.test(text) ? 1 : 0,
    }),
  };
  const input = (task: typeof echoTask): RolloutInput => ({
    prompts: { problems, samplesPerPrompt: 4 },
    ...{ sampler: policy, sampling: { maxTokens: 4, temperature: 1, seed: 3, step: 0 }, task, steps: 9 },
    models: { policy: model, reference: model },
    verify: (rollouts) => verifiedReward({ task, rollouts }),
  });
  const draw = async (task: typeof echoTask, options = {}) => {
    const { rollout } = semanticSoftBootstrapping(options);
    if (rollout === undefined) throw new Error("no rollout");
    return openSeam(rollout).next(input(task));
  };
  const none = await draw({ ...echoTask, verify: (p, text) => ({ ...echoTask.verify(p, text), score: 0 }) });
  expect([none.rows, none.metrics?.["ssb/paired"], none.rewards?.values.length]).toEqual([0, 0, 0]);
  const whole = await draw(starts);
  expect(whole.rows).toBeGreaterThan(0);
  const logits = whole.columns?.ssbTeacherLogits as Float32Array;
  expect(logits).toHaveLength(whole.rows * (whole.width - 1) * 12);
  const cut = await draw(starts, { maxLength: 3 });
  expect(Math.max(...cut.promptLengths.map((n, b) => n + (cut.completionLengths[b] ?? 0)))).toBe(3);
  await policy.dispose();
});

test("semanticSoftBootstrapping: the policy takes over what the hint knows", async () => {
  // Eight answers, one right; the hint (any note) makes the right one likely. The teacher never changes.
  const problem = {
    ...{ contexts: 6, symbols: 8 },
    reward: (context: number, [answer = 0]: readonly number[]) => (answer === context ? 1 : 0),
    noted: (_: string, context: number) => Array.from({ length: 8 }, (_, answer) => (answer === context ? 4 : 0)),
  };
  const sizes = { steps: 60, samplesPerPrompt: 4, seed: 1, learningRate: 8, measureEvery: 60 };
  const algorithm = semanticSoftBootstrapping({ topK: 0, temperature: 1, hint: (prompt) => `n${prompt}` });
  const { policy, steps } = await trainTabular({ problem, algorithm, ...sizes });
  const right = Array.from({ length: 6 }, (_, context) => answerProbabilities(policy, context)[context] ?? 0);
  const taught = Math.exp(4) / (Math.exp(4) + 7); // 0.886
  for (const share of right) expect(share).toBeGreaterThan(0.7);
  for (const share of right) expect(share).toBeLessThan(taught + 0.01);
  const [first, last] = [
    steps.find((step) => step["ssb/kd"] !== undefined),
    steps.findLast((step) => step["ssb/kd"] !== undefined),
  ];
  expect(last?.["ssb/kd"]).toBeLessThan((first?.["ssb/kd"] ?? 0) / 4);
});

test("semanticSoftBootstrapping: unknown options and values out of range are refused", () => {
  expect(() => semanticSoftBootstrapping({ kdWeight: 2 })).toThrow("kdWeight is 2; pass a number from 0 to 1");
  expect(() => semanticSoftBootstrapping({ temperature: 0 })).toThrow("temperature is 0; pass a number above 0");
  expect(() => semanticSoftBootstrapping({ topk: 3 } as object)).toThrow('did you mean "topK"?');
});

test("hintedTask: a share of problems comes after a right and a flawed demonstration, and is never answered flawed", () => {
  const task = hintedTask(echoTask);
  const problems = task.problems({ split: "train", count: 400, seed: 2 });
  const hinted = problems.filter(({ prompt }) => prompt.length > 2);
  expect(hinted.length / 400).toBeCloseTo(0.5, 1);
  for (const problem of problems) {
    const [answer, long] = [problem.answer, problem.prompt.length > 2];
    expect(problem.prompt).toBe(`${long ? `${answer}aa` : ""}${answer[0]}=`);
    expect(task.demonstration(problem, random(), { flawed: true })).toBe(long ? answer : "aa");
    expect(task.verify(problem, answer).score).toBe(1);
  }
  expect(task.problems({ split: "train", count: 5, seed: 2, offset: 3 })).toHaveLength(5);
  expect(hintedTask(echoTask, { share: 0 }).problems({ split: "train", count: 8, seed: 1 })).toEqual(
    echoTask.problems({ split: "train", count: 8, seed: 1 }),
  );
  expect(() => hintedTask(echoTask, { share: 2 })).toThrow("share is 2; pass a number from 0 to 1");
});
