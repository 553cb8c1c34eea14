import { expect, test } from "vitest";
import { type GaeOptions, generalizedAdvantages } from "../../src/index.ts";

test("generalizedAdvantages: λ between one step and Monte Carlo, with a cut", () => {
  // δ = 1 + 0.5·2 − 1 = 1, 2 − 2 = 0 (cut), 3 + 0.5·8 − 4 = 3; A₂ = 3, A₁ = 0, A₀ = 1 + 0.5·0.5·0 = 1
  const cut = generalizedAdvantages(
    { rewards: [1, 2, 3], values: [1, 2, 4, 8], done: [0, 1, 0] },
    { gamma: 0.5, lambda: 0.5 },
  );
  expect([...cut.advantages]).toEqual([1, 0, 3]);
  expect([...cut.returns]).toEqual([2, 2, 7]);
  // without the cut: δ₁ = 2 + 0.5·4 − 2 = 2, A₁ = 2 + 0.25·3, A₀ = 1 + 0.25·A₁
  const whole = generalizedAdvantages(
    { rewards: [1, 2, 3], values: [1, 2, 4, 8], done: [0, 0, 0] },
    { gamma: 0.5, lambda: 0.5 },
  );
  expect([...whole.advantages]).toEqual([1 + 0.25 * 2.75, 2.75, 3]);
});

test("generalizedAdvantages: γ = λ = 1 is reward to come minus value, whatever the values between", () => {
  const { advantages, returns } = generalizedAdvantages(
    { rewards: [0, 0, 1], values: [0.3, 0.9, 0.2, 5], done: [0, 0, 1] },
    { lambda: 1 },
  );
  for (const [t, value] of [0.3, 0.9, 0.2].entries()) expect(advantages[t]).toBeCloseTo(1 - value, 14);
  for (const value of returns) expect(value).toBeCloseTo(1, 14);
});

test.each([
  [{ rewards: [1], values: [0], done: [1] }, {}, "1 values for 1 rewards"],
  [{ rewards: [1], values: [0, 0], done: [] }, {}, "0 ends for 1 rewards"],
  [{ rewards: [Number.NaN], values: [0, 0], done: [1] }, {}, "rewards[0] is NaN"],
  [{ rewards: [1], values: [0, 0], done: [0.5] }, {}, "done[0] is 0.5"],
  [{ rewards: [1], values: [0, 0], done: [1] }, { lambda: 1.1 }, "lambda is 1.1"],
  [{ rewards: [1], values: [0, 0], done: [1] }, { lamda: 1 }, 'did you mean "lambda"'],
])("generalizedAdvantages: %o with %o is refused", (input, options, message) => {
  expect(() => generalizedAdvantages(input, options as GaeOptions)).toThrow(message);
});
