import { expect, test } from "vitest";
import { mathVerifier } from "../../../src/toolkit/verify/math/index.ts";
import { asTrl, asVerl, fromTrl, fromVerl } from "../../../src/toolkit/verify/reward-functions.ts";

const kind = { name: "length", version: "1" };

test("fromTrl: the function is called with lists of one, and its score is the verdict's", async () => {
  const seen: unknown[] = [];
  const verifier = fromTrl((input) => {
    seen.push(input);
    return input.completions.map((completion) => (completion.length >= 4 ? 1 : completion.length / 4));
  }, kind);
  const row = { prompt: "p", solution: "s" };
  expect(await verifier.verify(row, "four")).toMatchObject({ score: 1, status: "correct" });
  expect(await verifier.verify(row, "one")).toMatchObject({ score: 0.75, status: "partial" });
  expect(await verifier.verify(row, "")).toMatchObject({ score: 0, status: "wrong" });
  expect(seen[0]).toEqual({ prompts: ["p"], completions: ["four"], solution: ["s"] });
});

test.each([
  ["None", null, 'the score is "null"'],
  ["NaN", Number.NaN, 'the score is "NaN"'],
  ["above the range", 3, "outside [-1, 1]"],
])("fromTrl: %s is failed, with score null", async (_, score, reason) => {
  const verdict = await fromTrl(() => [score], { ...kind, range: [-1, 1] }).verify({}, "a");
  expect(verdict).toMatchObject({ score: null, status: "failed" });
  expect(verdict.reason).toContain(JSON.stringify(reason).slice(1, -1));
});

test("fromTrl, fromVerl: a range is mapped to [0, 1], and is a part of the hash", async () => {
  const ranged = fromVerl((_source, _solution, truth) => Number(truth), { ...kind, range: [-1, 1] });
  const scores = await Promise.all(["-1", "0", "1"].map(async (answer) => (await ranged.verify({ answer }, "")).score));
  expect(scores).toEqual([0, 0.5, 1]);
  expect(ranged.hash).not.toBe(fromVerl(() => 0, kind).hash);
  expect(() => fromTrl(() => [0], { ...kind, range: [1, 1] })).toThrow("range is [1, 1]");
});

test("fromVerl: numbers, booleans and dicts with a score; arguments in verl's order", async () => {
  const verifier = fromVerl(
    (source, solution, truth, extra) => ({
      score: [source, solution, truth, extra.id].join() === "gsm8k,5,5,7" ? 1 : 0,
    }),
    kind,
  );
  expect(await verifier.verify({ dataSource: "gsm8k", answer: "5", extra: { id: 7 } }, "5")).toMatchObject({
    score: 1,
  });
  expect(await fromVerl(() => true, kind).verify({ answer: "" }, "")).toMatchObject({ score: 1 });
  expect(await fromVerl(() => ({ score: "1" }) as never, kind).verify({ answer: "" }, "")).toMatchObject({
    status: "failed",
  });
});

test("asTrl: lists in, scores out, conversations too", async () => {
  const reward = asTrl(mathVerifier(), ({ solution }) => ({ answer: String(solution) }));
  const prompts = ["", "", [{ role: "user", content: "1+1" }]];
  const completions = ["\\boxed{2}", "3", [{ role: "assistant", content: "it is 2" }]];
  expect(await reward({ prompts, completions, solution: ["2", "2", "2"] })).toEqual([1, 0, 1]);
});

test("asVerl: a score with status and reason; NaN where nothing was judged", async () => {
  const score = asVerl(mathVerifier(), ({ answer }) => ({ answer }));
  expect(await score("math", "0.5", "1/2")).toMatchObject({ score: 1, status: "correct" });
  expect(await score("math", "0.5", "\\frac{1}{")).toMatchObject({ score: Number.NaN, status: "failed" });
});
