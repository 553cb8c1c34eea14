import { expect, test } from "vitest";
import { entropyBonus } from "../../src/algorithms/entropy-bonus.ts";
import { grpo } from "../../src/algorithms/grpo.ts";
import { highEntropy, topEntropyMask } from "../../src/algorithms/top-entropy-mask.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { lossAndGradient } from "../support/loss-and-gradient.ts";

const { NaN: nan } = Number;

test("entropy bonus: the mean over all tokens, whatever the objective's averages", () => {
  const batch = {
    logProbs: [[-1, -2], [-1, nan]], // biome-ignore format: rows
    oldLogProbs: [[-1, -2], [-1, nan]], // biome-ignore format: rows
    entropies: [[0.3, 0.6], [0.9, nan]], // biome-ignore format: rows
    advantages: [1, 1],
    mask: [[1, 1], [1, 0]], // biome-ignore format: rows
  };
  const { loss, metrics } = lossAndGradient(compose(grpo(), entropyBonus({ coefficient: 0.5 })).objective, batch);
  expect(loss).toBeCloseTo(-1 - (0.5 * 1.8) / 3, 6);
  expect(metrics.policy_loss).toBeCloseTo(-1, 6);
});

test("entropy bonus: the adaptive coefficient moves by delta and acts below the target alone, as in TRL", async () => {
  const adaptive = { target: 0.4, delta: 0.1, most: 0.25 };
  const seam = compose(grpo(), entropyBonus({ coefficient: 0.1, adaptive })).advantage;
  const session = openSeam(seam);
  const input = advantageInput({ lengths: [1, 1], rewards: [0, 1] });
  const after = async (entropy?: number) => {
    const previous = entropy === undefined ? {} : { previousMetrics: { entropy } };
    return (await session.next({ ...input, ...previous })).columns?.entropyBonusCoefficient;
  };
  expect(await after()).toBe(0); // nothing is known yet
  expect(await after(0.4)).toBeCloseTo(0.2, 9); // at the target: up
  expect(await after(0.3)).toBeCloseTo(0.25, 9); // at most 0.25
  expect(await after(0.5)).toBe(0); // above the target: off, and down to 0.15
  expect(await after(0.6)).toBe(0); // 0.05
  const resumed = openSeam(seam, session.save());
  const low = await resumed.next({ ...input, previousMetrics: { entropy: 0.1 } });
  expect(low.columns?.entropyBonusCoefficient).toBeCloseTo(0.15, 9); // up again
});

test("top entropy: the quantile is interpolated and its tokens are kept", () => {
  const entropies = Float32Array.of(0.1, 0.4, 0.2, 9, 0.3, 0.5);
  const mask = Float32Array.of(1, 1, 1, 0, 1, 1); // 0.1 0.2 0.3 0.4 0.5
  expect([...highEntropy(entropies, mask, 0.2)]).toEqual([0, 0, 0, 0, 0, 1]); // q = 0.42
  expect([...highEntropy(entropies, mask, 0.5)]).toEqual([0, 1, 0, 0, 1, 1]); // q = 0.3
  expect([...highEntropy(entropies, mask, 1)]).toEqual([1, 1, 1, 0, 1, 1]);
  expect([...highEntropy(entropies, new Float32Array(6), 0.2)]).toEqual([0, 0, 0, 0, 0, 0]);
  expect(() => highEntropy(entropies, mask.subarray(1), 0.2)).toThrow("6 entropies for 5 positions");
});

test("top entropy: other tokens lose their advantage, not their place in the divisor", async () => {
  const seam = compose(grpo({ scale: "none" }), topEntropyMask({ share: 0.5 })).advantage;
  const entropy = Float32Array.of(0.9, 0.1, 0.8, 0.2);
  const input = advantageInput({ lengths: [2, 2], rewards: [1, 0], statistics: { entropy } });
  const { perToken, mask } = await openSeam(seam).next(input);
  expect([...perToken]).toEqual([0.5, 0, -0.5, 0]);
  expect(mask).toBeUndefined();
});

test("entropy: options out of range are refused", () => {
  expect(() => entropyBonus({ coefficient: nan })).toThrow("entropyBonus: coefficient is NaN");
  expect(() => entropyBonus({ adaptive: { goal: 1 } as never })).toThrow(
    'entropyBonus adaptive: there is no option "goal"',
  );
  expect(() => topEntropyMask({ share: 2 })).toThrow("topEntropyMask: share is 2; pass a number from 0 to 1.");
});
