/** Corrections of what sampler and learner disagree about, on one batch, with TRL's numbers beside. */
import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { icePop } from "../../src/algorithms/icepop.ts";
import { klLoss } from "../../src/algorithms/kl-loss.ts";
import { maskedImportanceSampling } from "../../src/algorithms/masked-importance-sampling.ts";
import { offPolicySequenceMask } from "../../src/algorithms/off-policy-sequence-mask.ts";
import { samplerRatio } from "../../src/algorithms/sampler-ratio.ts";
import { truncatedImportanceSampling } from "../../src/algorithms/truncated-importance-sampling.ts";
import { keptLogMass, truncatedSampling } from "../../src/algorithms/truncated-sampling.ts";
import { type AlgorithmChange, compose } from "../../src/toolkit/compose.ts";
import { Policy } from "../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import { train } from "../../src/toolkit/train/train.ts";
import { lossAndGradient } from "../support/loss-and-gradient.ts";
import { tinyConfig } from "../support/tiny-policy.ts";
import { echoTask } from "../support/tiny-task.ts";

const { log } = Math;
const { NaN: nan } = Number;

// On policy. p_old / p_sampler: 4, 0.5 (product 2, mean sqrt 2); 0.1 and one of unknown author; padding is NaN.
const batch = {
  logProbs: [[log(0.4), log(0.2), nan], [log(0.05), log(0.3), nan]], // biome-ignore format: rows
  oldLogProbs: [[log(0.4), log(0.2), nan], [log(0.05), log(0.3), nan]], // biome-ignore format: rows
  sampleLogProbs: [[log(0.1), log(0.4), nan], [log(0.5), nan, nan]], // biome-ignore format: rows
  advantages: [1, -1],
  mask: [[1, 1, 0], [1, 1, 0]], // biome-ignore format: rows
};
/** Weights, read from GRPO's on-policy gradient -A w / 4. */
const weightsOf = (...changes: AlgorithmChange[]): number[] => {
  const { gradient } = lossAndGradient(compose(grpo(), ...changes).objective, batch);
  expect(gradient.map((row) => Math.abs(row[2] ?? nan))).toEqual([0, 0]);
  return gradient.flatMap((row, b) => row.slice(0, 2).map((x) => Math.abs(x * 4 * (batch.advantages[b] ?? 0))));
};

const root = Math.sqrt(2);
test.each<{ name: string; change: AlgorithmChange; weights: number[] }>([
  { name: "tis", change: truncatedImportanceSampling(), weights: [2, 0.5, 0.1, 1] },
  { name: "tis, bounded below", change: truncatedImportanceSampling({ lower: 0.3 }), weights: [2, 0.5, 0.3, 1] },
  { name: "tis, completions", change: truncatedImportanceSampling({ level: "sequence" }), weights: [2, 2, 0.1, 0.1] },
  {
    name: "tis, geometric means",
    change: truncatedImportanceSampling({ level: "geometric" }),
    weights: [root, root, Math.sqrt(0.1), Math.sqrt(0.1)],
  },
  { name: "mis", change: maskedImportanceSampling(), weights: [2, 2, 0.1, 0.1] },
  { name: "mis, 1.9 at most", change: maskedImportanceSampling({ upper: 1.9 }), weights: [0, 0, 0.1, 0.1] },
  { name: "mis, tokens", change: maskedImportanceSampling({ level: "token" }), weights: [0, 0.5, 0.1, 1] },
  {
    name: "mis, geometric means, the tokens' own weights",
    change: maskedImportanceSampling({ level: "geometric", lower: 0.5, weight: "token" }),
    weights: [4, 0.5, 0, 0],
  },
  {
    name: "mis, rejection alone",
    change: maskedImportanceSampling({ level: "token", weight: "one" }),
    weights: [0, 1, 1, 1],
  },
  { name: "icepop", change: icePop(), weights: [4, 0.5, 0, 1] },
  // row 1, A < 0: mean of log(0.5 / 0.05) and 0 is 1.15; row 0 has A > 0 and stays whatever its drift
  { name: "off-policy sequence mask", change: offPolicySequenceMask({ threshold: 1.1 }), weights: [1, 1, 0, 0] },
  { name: "off-policy sequence mask, wide", change: offPolicySequenceMask({ threshold: 1.2 }), weights: [1, 1, 1, 1] },
  // straight ratios 4, 0.5 with A = 1 (4 is clipped); 0.1 with A = -1 is clipped, the unknown has ratio 1
  { name: "sampler ratio", change: samplerRatio(), weights: [0, 0.5, 0, 1] },
])("mismatch: $name", ({ change, weights }) => {
  const found = weightsOf(change);
  for (const [i, weight] of weights.entries()) expect(found[i], `token ${i}`).toBeCloseTo(weight, 5);
});

test("mismatch: a weight multiplies the policy's loss, not a KL term, and no divisor", () => {
  const kl = klLoss({ to: "sampler", estimator: "k2", coefficient: 1 });
  const of = (...changes: AlgorithmChange[]) => lossAndGradient(compose(grpo(), ...changes).objective, batch);
  const left = maskedImportanceSampling({ upper: 1e-9 }); // nothing stays
  const penalty = of(left, kl).loss;
  expect(penalty).toBeCloseTo((log(4) ** 2 + log(0.5) ** 2 + log(0.1) ** 2) / 2 / 4, 5);
  expect(of(kl, left).loss).toBeCloseTo(penalty, 6); // either order
  expect(of(icePop()).metrics["icepop/weight_mean"]).toBeCloseTo((4 + 0.5 + 0 + 1) / 4, 5);
});

test("truncated sampling: mass that top-k, top-p and min-p leave, in the sampler's order", () => {
  const logits = tf.tensor2d([[log(0.1), log(0.4), log(0.3), log(0.2)]]);
  const mass = (cut: Parameters<typeof keptLogMass>[1]) => Math.exp(keptLogMass({ logits }, cut).dataSync()[0] ?? nan);
  expect(mass({ topK: 2 })).toBeCloseTo(0.7, 6);
  expect(mass({ topP: 0.5 })).toBeCloseTo(0.7, 6); // 0.4 is not enough
  expect(mass({ topP: 0.3 })).toBeCloseTo(0.4, 6);
  expect(mass({ topK: 2, topP: 0.5 })).toBeCloseTo(0.4, 6); // half of 0.7 is reached by 0.4
  expect(mass({ minP: 0.6 })).toBeCloseTo(0.7, 6); // 0.6 x 0.4 = 0.24
  expect(mass({ topK: 9, topP: 1, minP: 0 })).toBeCloseTo(1, 6);
});

test("truncated sampling: the sampler's log-probs come to the learner's support, and corrections find ratio 1", async () => {
  const policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
  const weightIn = async (...changes: AlgorithmChange[]) => {
    const algorithm = compose(grpo(), ...changes);
    const sizes = { steps: 1, seed: 5, promptsPerStep: 4, samplesPerPrompt: 4, learningRate: 1e-3 };
    const run = await train({ policy, task: echoTask, algorithm, ...sizes }).finished;
    await run.policy.dispose();
    return run.records[0]?.metrics["truncated-importance-sampling/weight_mean"] ?? nan;
  };
  const cut = truncatedSampling({ topK: 3, topP: 0.8 });
  const biased = await weightIn(cut, truncatedImportanceSampling()); // before the correction it does nothing
  const mended = await weightIn(truncatedImportanceSampling(), cut);
  await policy.dispose();
  expect(biased).toBeLessThan(0.7);
  expect(mended).toBeCloseTo(1, 4);
});

test("mismatch: refusals", () => {
  expect(() => truncatedImportanceSampling({ lower: 3 })).toThrow(
    "lower is 3, upper 2; pass a lower of at most upper.",
  );
  expect(() => maskedImportanceSampling({ upper: 0 })).toThrow("upper is 0; pass a number above 0.");
  expect(() => icePop({ lower: 6 })).toThrow("icePop: lower is 6, upper 5");
  expect(() => offPolicySequenceMask({ threshold: -1 })).toThrow("threshold is -1; pass a number from 0.");
  expect(() => samplerRatio({ level: 1 } as never)).toThrow('samplerRatio: there is no option "level"');
  expect(() => truncatedSampling({})).toThrow("truncatedSampling: nothing is cut off");
  const { sampleLogProbs: _, ...without } = batch;
  expect(() => lossAndGradient(compose(grpo(), icePop()).objective, without)).toThrow(
    "the batch has no sampleLogProbs",
  );
});
