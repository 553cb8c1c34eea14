import { expect, test } from "vitest";
import { explainLosses, savedBy } from "../../src/analysis/index.ts";
import type { UpdateEffects } from "../../src/toolkit/probe.ts";

const effects = (predicted: readonly number[], whole: readonly number[]): UpdateEffects => ({
  answers: "right",
  updates: ["a", "b", "momentum"],
  problems: ["a", "b"],
  predicted: Float64Array.from(predicted),
  whole: { measured: Float64Array.from(whole), predicted: Float64Array.from(whole) },
});
const steps = [
  { step: 4, effects: effects([1, -2, 0.5, 1, -3, 0], [-2, -1.5]) },
  { step: 8, effects: effects([1, -1, 0, 1, 0, 0.5], [1.5, 0.25]) },
];

test("explainLosses: updates, steps and the rest add up to the real change", () => {
  const { problems } = explainLosses(steps, { top: 2 });
  expect(problems.map(({ id }) => id)).toEqual(["b", "a"]); // −1.25, −0.5
  expect(problems[0]).toMatchObject({
    change: -1.25,
    hurt: -3,
    helped: 0,
    explained: -0.5,
    own: 2,
    optimizer: 0.5,
    rest: -0.75,
  });
  expect(problems[0]?.causes).toEqual([
    { step: 4, update: "a", effect: -2, share: 2 / 3 },
    { step: 8, update: "a", effect: -1, share: 1 / 3 },
  ]);
  expect(problems[1]?.causes).toEqual([{ step: 4, update: "momentum", effect: -3, share: 1 }]);
});

test("explainLosses: problems asked for by name, with their tokens", () => {
  const token = { update: "a", row: 0, position: 1, token: "7", context: "1+2=", weight: 0.1, effect: -1 };
  const { problems } = explainLosses(steps, { lost: ["a"], tokens: { a: [token] } });
  expect(problems).toHaveLength(1);
  expect(problems[0]?.tokens).toEqual([token]);
});

const { whole: _, ...unmeasured } = effects([0, 0, 0, 0, 0, 0], [0, 0]);
test.each([
  { name: "no step", given: [], message: "there are no steps" },
  { name: "no real change", given: [{ step: 1, effects: unmeasured }], message: "step 1 has no real change" },
  {
    name: "other problems",
    given: [steps[0], { step: 5, effects: { ...effects([0, 0, 0, 0, 0, 0], [0, 0]), problems: ["a", "c"] } }],
    message: "step 5 asks about other problems",
  },
])("explainLosses: $name is refused", ({ given, message }) => {
  expect(() => explainLosses(given.flatMap((step) => (step ? [step] : [])))).toThrow(message);
});

test("explainLosses: an unknown problem is refused", () => {
  expect(() => explainLosses(steps, { lost: ["z"] })).toThrow('problem "z" is not among');
});

const input = {
  problems: ["a", "b", "c"],
  lost: ["a", "b"],
  asItWas: [-2, -4, 1],
  arms: [
    { name: "merge", change: [-1, -2, 0.5] },
    { name: "replay", change: [0, 1, 0.75] },
  ],
};

test("savedBy: what is saved of the lost, and what it costs the others", () => {
  const { arms, lostChange, otherChange, others } = savedBy(input);
  expect({ lostChange, otherChange, others }).toEqual({ lostChange: -3, otherChange: 1, others: 1 });
  expect(arms.map(({ name, saved, savedShare, cost }) => [name, saved.value, savedShare, cost?.value])).toEqual([
    ["replay", 3.5, 3.5 / 3, 0.25],
    ["merge", 1.5, 0.5, 0.5],
  ]);
  expect(savedBy({ ...input, lost: ["a", "b", "c"] }).arms[0]).not.toHaveProperty("cost");
});

test.each([
  { name: "nothing lost", change: { lost: [] }, message: "no problem was lost" },
  { name: "an unknown problem", change: { lost: ["z"] }, message: 'lost problem "z"' },
  { name: "no arm", change: { arms: [] }, message: "nothing to compare with" },
  { name: "a short arm", change: { arms: [{ name: "x", change: [1] }] }, message: '"x" has 1 changes for 3 problems' },
  { name: "NaN", change: { arms: [{ name: "x", change: [1, Number.NaN, 0] }] }, message: "x[1] is NaN" },
])("savedBy: $name is refused", ({ change, message }) => {
  expect(() => savedBy({ ...input, ...change })).toThrow(message);
});
