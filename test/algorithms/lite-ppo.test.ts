import { expect, test } from "vitest";
import { litePpo, litePpoAdvantages } from "../../src/algorithms/lite-ppo.ts";
import { expectNear } from "../support/near.ts";

test("lite-ppo: the group's mean, the step's deviation", () => {
  // means 1/2 and 1; all four: mean 3/4, squares 1/16 + 9/16 + 25/16 + 9/16 = 11/4, over 3
  const deviation = Math.sqrt(11 / 4 / 3);
  const found = litePpoAdvantages(Float32Array.of(1, 0, 2, 0), Int32Array.of(0, 0, 1, 1), { epsilon: 0.5 });
  expectNear(
    found,
    [0.5, -0.5, 1, -1].map((a) => a / (deviation + 0.5)),
  );
});

test("lite-ppo: equal groups and unscored rows give 0, whatever the rest of the step does", () => {
  const rewards = Float32Array.of(1 / 3, 1 / 3, 1 / 3, 1, 0, Number.NaN);
  const found = litePpoAdvantages(rewards, Int32Array.of(0, 0, 0, 1, 1, 1));
  expect([...found.subarray(0, 3), found[5]]).toEqual([0, 0, 0, 0]);
  expect([...litePpoAdvantages(Float32Array.of(1, 1), Int32Array.of(0, 1))]).toEqual([0, 0]);
  expect(() => litePpo({ epsilon: -1 })).toThrow("litePpo: epsilon is -1; pass a number from 0.");
});
