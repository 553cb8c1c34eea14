import { afterAll, beforeAll, expect, test } from "vitest";
import { entropy, logProb, meanLogProb, tokenLogit } from "../../../src/toolkit/models.ts";
import { modelOf } from "../../../src/toolkit/policy/model.ts";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { tinyConfig } from "../../support/tiny-policy.ts";
import { echoTask } from "../../support/tiny-task.ts";

let policy: Policy;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
});
afterAll(() => policy.dispose());

test("measure: log-probs and entropies are those of score, for more rows than one graph holds", async () => {
  const rows = 600; // of 8 positions each when widened: two parts of 512
  const ids = Int32Array.from({ length: rows * 6 }, (_, i) => (i * 7) % 12);
  for (const temperature of [1, 0.5]) {
    const found = await modelOf(policy, { temperature }).measure({ rows, width: 6, ids }, { logProb, entropy });
    const { logProbs, entropies } = await policy.score(ids, [rows, 6], { temperature });
    expect(found.logProb.length).toBe(rows * 5);
    for (const i of [0, 4, 1234, rows * 5 - 1]) {
      expect(found.logProb[i]).toBeCloseTo(logProbs[i] ?? Number.NaN, 5);
      expect(found.entropy[i]).toBeCloseTo(entropies[i] ?? Number.NaN, 5);
    }
  }
});

test("measure: statistics of n numbers a position keep their order; raw logits are at temperature 1", async () => {
  const rows = { rows: 2, width: 4, ids: Int32Array.of(1, 3, 11, 4, 1, 5, 11, 6) };
  const model = modelOf(policy, { temperature: 2, tokens: 8 });
  const { all, own, mean, tempered } = await model.measure(rows, {
    all: (view) => view.rawLogits,
    own: tokenLogit,
    mean: meanLogProb,
    tempered: (view) => view.logits,
  });
  expect(all.length).toBe(2 * 3 * 12);
  const position = 4; // row 1, column 1: the token is ids[1][2] = 11
  const logits = [...all.subarray(position * 12, (position + 1) * 12)];
  expect(own[position]).toBeCloseTo(logits[11] ?? Number.NaN, 6);
  expect(tempered[position * 12 + 3]).toBeCloseTo((logits[3] ?? Number.NaN) / 2, 6);
  const half = logits.map((z) => z / 2);
  const logSum = Math.log(half.reduce((sum, z) => sum + Math.exp(z), 0));
  const expected = half.reduce((sum, z) => sum + z - logSum, 0) / 12;
  expect(mean[position]).toBeCloseTo(expected, 5);
});

test("measure: ids that are none, or of another shape, are refused", async () => {
  const model = modelOf(policy, { temperature: 1 });
  await expect(model.measure({ rows: 1, width: 3, ids: Int32Array.of(1, 2, 12) }, { logProb })).rejects.toThrow(
    "measure: id 12 at 2; pass ids below 12.",
  );
  await expect(model.measure({ rows: 2, width: 3, ids: Int32Array.of(1, 2, 3) }, { logProb })).rejects.toThrow(
    "measure: 3 ids for [2, 3]; pass [B, T + 1] ids, T at least 1.",
  );
});

test("withValueHead: the policy is the same, its head gives 0 until trained, and no saved file has it", async () => {
  const headed = await policy.withValueHead();
  const rows = { rows: 1, width: 4, ids: Int32Array.of(1, 3, 11, 4) };
  const view = { logProb, values: (v: { values?: unknown; logProbs: unknown }) => (v.values ?? v.logProbs) as never };
  const found = await modelOf(headed, { temperature: 1 }).measure(rows, view);
  expect([...found.values]).toEqual([0, 0, 0]);
  const plain = await modelOf(policy, { temperature: 1 }).measure(rows, { logProb });
  expect([...found.logProb]).toEqual([...plain.logProb]);
  const without = await headed.withoutValueHead();
  expect(await without.fingerprint()).toBe(await policy.fingerprint());
  await headed.dispose();
  await without.dispose();
});
