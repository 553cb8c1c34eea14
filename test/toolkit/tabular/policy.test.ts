import { expect, test } from "vitest";
import { entropy, logProb, tokenLogit } from "../../../src/toolkit/models.ts";
import { answerProbabilities } from "../../../src/toolkit/tabular/exact.ts";
import { tabularModel } from "../../../src/toolkit/tabular/model.ts";
import { tabularPolicy } from "../../../src/toolkit/tabular/policy.ts";

const policy = tabularPolicy({
  ...{ contexts: 3, symbols: 3, length: 2, end: 0 },
  reward: () => 0,
  initial: (context, prefix) => [0, 0.5 * context, 0.2 * prefix.length],
});
const model = tabularModel(policy);

test("tabular sampling: frequencies are the probabilities, within four standard errors", async () => {
  const count = 4000;
  const { completions } = await model.generate(["#2"], { samplesPerPrompt: count, maxTokens: 2, seed: 1 });
  for (const [i, p] of answerProbabilities(policy, 2).entries()) {
    const text = String.fromCharCode(...(policy.layout.answers[i]?.symbols ?? []).map((symbol) => 97 + symbol));
    const share = completions.filter((completion) => completion === text).length / count;
    expect(Math.abs(share - p), text).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / count));
  }
});

test("tabular sampling: a seed and step repeat their answers, another step does not", async () => {
  const draw = async (step: number) =>
    (await model.generate(["#0", "#1"], { samplesPerPrompt: 20, maxTokens: 2, seed: 7, step })).completions;
  expect(await draw(3)).toEqual(await draw(3));
  expect(await draw(3)).not.toEqual(await draw(4));
});

test("tabular sampling: greedy takes the likeliest symbols", async () => {
  const { completions } = await model.generate(["#2"], { maxTokens: 2, seed: 0, greedy: true });
  expect(completions).toEqual(["bb"]); // logits [0, 1, 0], then [0, 1, 0.2]
});

test("tabular sampling: columns are laid out as a policy's", async () => {
  const drawn = await model.generate(["#1"], { samplesPerPrompt: 8, maxTokens: 2, seed: 3 });
  const { layout } = policy;
  const short = drawn.completions.indexOf("a"); // ends at once
  expect(short).toBeGreaterThanOrEqual(0);
  // bos = symbols + 1 = 4, context 1 = symbols + 3 + 1 = 7, the symbol 0, padding = 3
  expect([...drawn.ids.subarray(short * 4, short * 4 + 4)]).toEqual([4, 7, 0, layout.symbols]);
  expect([...drawn.mask.subarray(short * 3, short * 3 + 3)]).toEqual([0, 1, 0]);
  expect(drawn.finish[short]).toBe("eos");
  expect(drawn.sampleLogProbs[short * 3 + 1]).toBeCloseTo(Math.log(1 / (2 + Math.exp(0.5))), 6);
});

test("tabular statistics: log-probs are the sampler's, at the temperature asked for; entropies the state's", async () => {
  const rows = await model.generate(["#2"], { samplesPerPrompt: 5, maxTokens: 2, seed: 5, temperature: 2 });
  const measured = await tabularModel(policy, 2).measure(rows, { logProb, entropy, tokenLogit });
  const p = [1, Math.exp(0.5), 1].map((x) => x / (2 + Math.exp(0.5))); // logits [0, 1, 0] / 2
  for (const [i, trained] of rows.mask.entries()) {
    if (trained === 0) continue;
    expect(measured.logProb[i]).toBeCloseTo(rows.sampleLogProbs[i] ?? Number.NaN, 6);
    if (i % 3 === 1) expect(measured.entropy[i]).toBeCloseTo(-p.reduce((sum, x) => sum + x * Math.log(x), 0), 6);
    if (i % 3 === 1) expect(measured.tokenLogit[i]).toBe(rows.ids[Math.floor(i / 3) * 4 + 2] === 1 ? 1 : 0);
  }
});

test("tabular sampling: prompts of no context and truncated sampling are refused", async () => {
  await expect(model.generate(["#3"], { maxTokens: 2, seed: 0 })).rejects.toThrow(
    'the prompt is "#3"; pass "#0" to "#2"',
  );
  await expect(model.generate(["#0"], { maxTokens: 2, seed: 0, topK: 1 })).rejects.toThrow("tabular: topK is given");
});
