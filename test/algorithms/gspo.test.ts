import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { gspo, gspoToken } from "../../src/algorithms/gspo.ts";
import { luspo } from "../../src/algorithms/luspo.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { lossAndGradient } from "../support/loss-and-gradient.ts";

const { NaN: nan } = Number;

// Row 0: mean log-ratio (0.2 + 0.1) / 2. Row 1: one token, -0.1, then padding that holds NaN. Row 2: empty mask.
const batch = {
  logProbs: [[-1.0, -0.5], [-2.0, nan], [-3, -3]], // biome-ignore format: rows
  oldLogProbs: [[-1.2, -0.6], [-1.9, nan], [-1, -1]], // biome-ignore format: rows
  advantages: [1, -1, 0.5],
  mask: [[1, 1], [1, 0], [0, 0]], // biome-ignore format: rows
};
const open = { clipLow: 0.5, clipHigh: 0.5 };
const [up, down] = [Math.exp(0.15), Math.exp(-0.1)];

test.each([
  { name: "an open range keeps the ratios", options: open, loss: -(up - down) / 3, region: 0 },
  { name: "the paper's range clips both", options: {}, loss: -(1.0004 - 0.9997) / 3, region: 1 },
])("gspo: $name", ({ options, loss, region }) => {
  for (const make of [gspo, gspoToken]) {
    const found = lossAndGradient(compose(grpo(), make(options)).objective, batch);
    expect(found.loss).toBeCloseTo(loss, 6);
    expect(found.metrics["clip_ratio/region_mean"]).toBeCloseTo(region, 6); // of tokens
  }
});

test("gspo: a row's gradient is spread evenly over its tokens, none on padding; gspo-token has the same", () => {
  const expected = [-up / 6, -up / 6, down / 3, 0, 0, 0];
  for (const make of [gspo, gspoToken]) {
    const { gradient } = lossAndGradient(compose(grpo(), make(open)).objective, batch);
    for (const [i, value] of expected.entries()) expect(gradient.flat()[i]).toBeCloseTo(value, 6);
  }
});

test("gspo-token: advantages that vary over tokens move each token by its own", () => {
  const varied = { ...batch, advantages: [[1, -2], [-1, 0], [0, 0]] }; // biome-ignore format: rows
  const { gradient } = lossAndGradient(compose(grpo(), gspoToken(open)).objective, varied);
  const expected = [-up / 6, (2 * up) / 6, down / 3, 0];
  for (const [i, value] of expected.entries()) expect(gradient.flat()[i]).toBeCloseTo(value, 6);
  expect(gspo().replaces?.objective?.needs.advantages).toBe("row");
});

test("gspo: summed over tokens it is LUSPO", () => {
  const summed = compose(grpo(), gspo({ ...open, aggregation: "seq-mean-token-sum" })).objective;
  const [a, b] = [summed, compose(grpo(), luspo(open)).objective].map((one) => lossAndGradient(one, batch));
  expect(a?.loss).toBeCloseTo(b?.loss ?? nan, 6);
  for (const [i, value] of (b?.gradient.flat() ?? []).entries()) expect(a?.gradient.flat()[i]).toBeCloseTo(value, 6);
});

test("gspo: options out of range are refused", () => {
  expect(() => gspo({ clipLow: 1.5 })).toThrow("gspo: clipLow is 1.5; pass a number from 0 to 1.");
  expect(() => gspoToken({ dualClip: 3 } as never)).toThrow('gspo-token: there is no option "dualClip"');
});
