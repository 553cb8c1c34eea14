import { expect, test } from "vitest";
import { rae, raeAdvantages } from "../../src/algorithms/spiral-rae.ts";
import type { AdvantageInput, Advantages } from "../../src/toolkit/advantage.ts";
import { type Json, openSeam, type SeamSession } from "../../src/toolkit/seam.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { expectNear } from "../support/near.ts";

const { NaN: nan } = Number;

test("rae: a completion moves its baseline and is held against it", () => {
  // a: 0.5, then 0.25 + 0 -> 0.25, NaN skipped; b: 2
  const rows = { rewards: Float32Array.of(1, 4, 0, nan), keys: ["a", "b", "a", "a"] };
  const { advantages, baselines } = raeAdvantages(rows, {}, { decay: 0.5 });
  expectNear(advantages, [0.5, 2, -0.25, 0]);
  expect(baselines).toEqual({ a: 0.25, b: 2 });
});

test("rae: equal rewards are better than what was before, until the baseline has caught up", () => {
  let baselines = {};
  const leads = [1, 2, 3].map(() => {
    const after = raeAdvantages({ rewards: Float32Array.of(1), keys: ["a"] }, baselines);
    baselines = after.baselines;
    return after.advantages[0] ?? nan;
  });
  expectNear(leads, [0.95, 0.95 ** 2, 0.95 ** 3]);
});

function open(saved?: Json): SeamSession<AdvantageInput, Advantages> {
  const { advantage } = rae({ decay: 0.5 }).replaces ?? {};
  if (advantage === undefined) throw new Error("a seam is there");
  return openSeam(advantage, saved);
}

test("rae: the baselines go on from step to step, and over a checkpoint", async () => {
  const input = advantageInput({ lengths: [1, 1], rewards: [1, 1] });
  const session = open();
  await session.next(input); // 0.5, 0.75
  expect(session.save()).toEqual({ "level 1": 0.75 });
  const again = await open(session.save()).next(input);
  expectNear(again.perToken, [1 - 0.875, 1 - 0.9375]);
  expect(again.metrics).toEqual({ baseline: 0.9375 });
});

test("rae: a state that is none, and a decay above 1, are refused", () => {
  for (const bad of [3, null, [1], { a: "b" }]) expect(() => open(bad)).toThrow("rae: the saved state is");
  expect(() => rae({ decay: 1.1 })).toThrow("rae: decay is 1.1; pass a number from 0 to 1.");
});
