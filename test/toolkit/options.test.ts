import { expect, test } from "vitest";
import * as algorithms from "../../src/algorithms/index.ts";
import { checkOptions, type OptionRule, withDefaults } from "../../src/toolkit/options.ts";
import { UsageError } from "../../src/toolkit/refuse.ts";

const { maxRl, opo, overlongFilter, remax } = algorithms;

const rules: Record<string, OptionRule> = {
  steps: { kind: "integer", min: 1, required: true },
  temperature: { kind: "number", above: 0 },
  learningRate: { kind: "schedule", above: 0 },
  size: { kind: "either", values: ["nano", "micro"] },
  signal: { kind: "object" },
  onStep: { kind: "function" },
  clip: { kind: "number", above: 0, below: 1 },
};

test.each([
  [{ steps: 1, clip: 1 }, "f: clip is 1; pass a number above 0, below 1."],
  [{ steps: 0 }, "f: steps is 0; pass a whole number from 1."],
  [{ steps: "60" }, 'f: steps is "60"; pass a whole number from 1.'],
  [{ steps: 1.5 }, "f: steps is 1.5; pass a whole number from 1."],
  [{}, 'f: the option "steps" is missing; pass a whole number from 1.'],
  [{ steps: 1, temperature: 0 }, "f: temperature is 0; pass a number above 0."],
  [{ steps: 1, temperature: Number.NaN }, "f: temperature is NaN; pass a number above 0."],
  [
    { steps: 1, learningRate: -1 },
    "f: learningRate is -1; pass a number above 0, or a function of the step that gives one.",
  ],
  [{ steps: 1, size: "big" }, 'f: size is "big"; pass one of "nano", "micro".'],
  [{ steps: 1, signal: null }, "f: signal is null; pass an object."],
  [{ steps: 1, onStep: {} }, "f: onStep is an object; pass a function."],
  [{ steps: 1, temprature: 1 }, 'f: there is no option "temprature"; did you mean "temperature"?.'],
  [
    { steps: 1, foo: 1 },
    'f: there is no option "foo"; known: steps, temperature, learningRate, size, signal, onStep, clip.',
  ],
])("checkOptions: %o is refused", (options, message) => {
  expect(() => checkOptions("f", options, rules)).toThrow(message);
});

test("checkOptions: a method without options says so", () => {
  expect(() => checkOptions("opo", { epsilon: 1 }, {})).toThrow('opo: there is no option "epsilon"; it takes none.');
});

test("options that are no object of options are refused by every method, before they are taken apart", () => {
  const others = ["peerDefaults"]; // take something else
  const wrong = [null, 7, [], "std"];
  let methods = 0;
  for (const [name, make] of Object.entries(algorithms)) {
    if (typeof make !== "function" || others.includes(name) || !isMethod(make as () => unknown)) continue;
    methods++;
    for (const options of wrong) {
      expect(() => (make as (given: unknown) => unknown)(options), `${name}(${JSON.stringify(options)})`).toThrow(
        UsageError,
      );
    }
  }
  expect(methods).toBeGreaterThan(60);
});

/** Makes an algorithm or a change without options. */
function isMethod(make: () => unknown): boolean {
  try {
    const made = make();
    if (made instanceof Promise) made.catch(() => {}); // a helper that works on a step
    return typeof made === "object" && made !== null && "choices" in made;
  } catch {
    return false;
  }
}

test.each([
  ["remax", remax],
  ["opo", opo],
  ["maxRl", maxRl],
  ["overlongFilter", overlongFilter],
] as const)("%s: has no options, and refuses any", (name, method) => {
  expect(() => method(JSON.parse('{ "scale": "none" }'))).toThrow(`${name}: there is no option "scale"`);
});

test("checkOptions: good options and undefined ones pass", () => {
  const options = {
    steps: 1,
    temperature: undefined,
    learningRate: () => 1,
    size: "nano",
    signal: {},
    onStep: () => {},
  };
  expect(() => checkOptions("f", options, rules)).not.toThrow();
});

test("withDefaults: undefined counts as left out", () => {
  const defaults: { a: number; b: boolean } = { a: 1, b: true };
  expect(withDefaults(defaults, { a: 2, b: undefined })).toEqual({ a: 2, b: true });
  expect(defaults).toEqual({ a: 1, b: true });
});
