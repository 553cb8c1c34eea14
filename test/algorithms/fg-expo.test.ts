import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import {
  aklBeta,
  drawProbabilities,
  drawQuestions,
  fgExpo,
  fgExpoLoss,
  gaussianCurriculum,
  grpo,
  initialRates,
  rhoTanh,
  updateRate,
} from "../../src/algorithms/index.ts";
import { compose } from "../../src/toolkit/compose.ts";
import type { CurriculumInput } from "../../src/toolkit/curriculum.ts";
import { rng } from "../../src/toolkit/rng.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { stepOf } from "../support/step.ts";
import { echoTask } from "../support/tiny-task.ts";

test("aklBeta: the anchor tightens as accuracy rises, from beta / 2 to 0.881 beta", () => {
  expect(rhoTanh(0)).toBe(0.5);
  expect(aklBeta([0, 0], 0.02)).toEqual({ accuracy: 0, betaEff: 0.01 });
  expect(aklBeta([1, 1], 0.02).betaEff).toBeCloseTo(0.02 * (Math.tanh(1) + 1) * 0.5, 15);
  const strengths = [0, 0.25, 0.5, 1].map((reward) => aklBeta([reward], 1).betaEff);
  expect(strengths.toSorted((a, b) => a - b)).toEqual(strengths);
});

test("fgExpoLoss: rho = 1 is GRPO with k3 in the loss, token-mean, population deviation", () => {
  const batch = {
    logProbs: tf.tensor2d([-0.5, -1.2, -0.9, -0.4], [2, 2]),
    oldLogProbs: tf.tensor2d([-0.7, -1.0, -0.8, -0.9], [2, 2]),
    referenceLogProbs: tf.tensor2d([-0.6, -1.1, -1.0, -0.4], [2, 2]),
    advantages: tf.tensor2d([1, 1, -1, -1], [2, 2]),
    mask: tf.tensor2d([1, 1, 1, 1], [2, 2]),
  };
  const { loss } = fgExpoLoss(batch, tf.scalar(0.04));
  const plain = grpo({ klCoefficient: 0.04, aggregation: "token-mean", deviation: "population" }).objective.loss(batch);
  expect(loss.dataSync()[0]).toBeCloseTo(plain.loss.dataSync()[0] ?? Number.NaN, 6);
});

test("fgExpo: unscored rows count in no mean; a group of equal rewards gets 0 and still counts", async () => {
  const step = stepOf({ group: [0, 0, 1, 1], rewards: [1, 1, Number.NaN, 0] });
  const { perToken, columns } = await openSeam(fgExpo().advantage).next(step);
  expect([...perToken]).toEqual([0, 0, 0, 0]);
  expect(columns?.fgExpoAnchor).toBeCloseTo(0.02 * rhoTanh(2 / 3), 12);
});

test("gaussianCurriculum: a pass rate moves by a tenth towards what was seen, and draws centre on one half", () => {
  let rates = initialRates(["a", "b"]);
  rates = updateRate(rates, "a", 1);
  expect(rates.get("a")).toBeCloseTo(0.55, 12);
  rates = updateRate(rates, "a", 0.25);
  expect(rates.get("a")).toBeCloseTo(0.52, 12);
  expect(rates.get("b")).toBe(0.5);
  const { probabilities } = drawProbabilities(new Map(Object.entries({ never: 0, half: 0.5, always: 1 })));
  const edge = Math.exp(-(0.5 ** 2) / (2 * 0.35 ** 2));
  expect([...probabilities]).toEqual([edge, 1, edge].map((w) => expect.closeTo(w / (1 + 2 * edge), 12)));
});

test("drawQuestions: without replacement none comes twice; the first drawn follows the probabilities", () => {
  const rates = new Map(Object.entries({ never: 0, half: 0.5, always: 1 }));
  const counts = new Map<string, number>();
  const draws = 20_000;
  for (let step = 0; step < draws; step++) {
    const drawn = drawQuestions(rates, 2, rng({ seed: 1, stream: "draw", step }));
    expect(new Set(drawn).size).toBe(2);
    counts.set(drawn[0] ?? "", (counts.get(drawn[0] ?? "") ?? 0) + 1);
  }
  const { probabilities } = drawProbabilities(rates);
  for (const [i, id] of ["never", "half", "always"].entries()) {
    const p = probabilities[i] ?? 0;
    expect(Math.abs((counts.get(id) ?? 0) / draws - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / draws));
  }
  expect(() => drawQuestions(rates, 4, rng({ seed: 1, stream: "d" }))).toThrow("4 questions of 3; pass a larger pool");
  expect(drawQuestions(rates, 9, rng({ seed: 1, stream: "d" }), { replacement: true })).toHaveLength(9);
});

test("gaussianCurriculum: in a run it learns from the step before, and goes on from a checkpoint", async () => {
  const { curriculum } = compose(fgExpo(), gaussianCurriculum({ pool: 8, alpha: 0 }));
  if (curriculum === undefined) throw new Error("no curriculum");
  const problems = echoTask.problems({ split: "train", count: 8, seed: 1 });
  const seen = stepOf({ group: [0, 0, 1], rewards: [1, 0, 1] });
  const previous = { ...seen, rollouts: { ...seen.rollouts, problems } };
  const input: CurriculumInput = {
    ...{ task: echoTask, seed: 1, step: 0, steps: 9, level: undefined, promptsPerStep: 3, samplesPerPrompt: 2 },
    previous: undefined,
  };
  const session = openSeam(curriculum);
  const first = await session.next(input);
  expect(new Set(first.problems.map(({ id }) => id)).size).toBe(3);
  expect(first.metrics?.["curriculum/mean_pass_rate"]).toBe(0.5);
  await session.next({ ...input, step: 1, previous });
  const saved = new Map(session.save() as [string, number][]);
  expect([saved.get(problems[0]?.id ?? ""), saved.get(problems[1]?.id ?? "")]).toEqual([0.5, 1]); // alpha 0: what was seen
  const [here, later] = [session, openSeam(curriculum, session.save())];
  const third = { ...input, step: 2 };
  expect((await later.next(third)).problems).toEqual((await here.next(third)).problems);
  expect(() => openSeam(curriculum, [["a"]])).toThrow("gaussianCurriculum: the saved state is not its own");
});

test.each([
  [() => fgExpo({ klCoefficient: -1 }), "fgExpo: klCoefficient is -1"],
  [() => aklBeta([], 1), "aklBeta: there are no rewards"],
  [() => aklBeta([2], 1), "aklBeta: row 0 has reward 2; pass rewards from 0 to 1."],
  [() => aklBeta([1], 1, () => 0), "aklBeta: rho(1) is 0; pass a curve that is finite and above 0."],
  [() => gaussianCurriculum({ sigma: 0 }), "gaussianCurriculum: sigma is 0"],
  [() => gaussianCurriculum({ alpha: 1 }), "gaussianCurriculum: alpha is 1; pass a share from 0 to below 1."],
  [() => initialRates(["a", "a"]), "gaussianCurriculum: two questions have one id"],
  [() => updateRate(initialRates(["a"]), "b", 1), "gaussianCurriculum: there is no question b"],
])("refuses %#", (act, message) => {
  expect(act).toThrow(message);
});
