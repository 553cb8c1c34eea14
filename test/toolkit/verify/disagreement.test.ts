import { expect, test } from "vitest";
import { compareVerifiers } from "../../../src/toolkit/verify/disagreement.ts";
import { mathVerifier } from "../../../src/toolkit/verify/math/index.ts";
import { defineVerifier, judge } from "../../../src/toolkit/verify/verifier.ts";

const text = defineVerifier<{ answer: string }>({
  name: "text",
  version: "1",
  verify: ({ answer }, completion) => (answer === completion ? judge.correct(completion) : judge.wrong("another text")),
});

test("compareVerifiers: lists where the scores differ, with both verdicts, and counts the pairs of statuses", async () => {
  const items = [
    { problem: { answer: "1/2" }, completion: "1/2" },
    { problem: { answer: "1/2" }, completion: "0.5" },
    { problem: { answer: "1/2" }, completion: "3" },
    { problem: { answer: "1/2" }, completion: "" },
  ];
  const { agreed, items: all, counts, disagreements } = await compareVerifiers(mathVerifier(), text, items);
  expect([agreed, all]).toEqual([3, 4]);
  expect(counts).toEqual({ "correct/correct": 1, "correct/wrong": 1, "wrong/wrong": 1, "unparsed/wrong": 1 });
  expect(disagreements).toMatchObject([{ index: 1, item: items[1], first: { score: 1 }, second: { score: 0 } }]);
});
