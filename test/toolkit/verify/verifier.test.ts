import { expect, test } from "vitest";
import { defineVerifier, type Judgement, judge } from "../../../src/toolkit/verify/verifier.ts";

const echo = (judgement: unknown) =>
  defineVerifier<string>({ name: "echo", version: "7", verify: () => judgement as Judgement });

test("verifier: a verdict carries score, status, reason, answer, time and identity", () => {
  const verdict = echo(judge.wrong("3 is not 4", "3")).verify("", "3");
  expect(verdict).toMatchObject({ score: 0, status: "wrong", reason: "3 is not 4", parsed: "3" });
  expect(verdict.verifier).toEqual({ name: "echo", version: "7", hash: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect(verdict.ms).toBeGreaterThanOrEqual(0);
  expect(verdict.ms).toBeLessThan(1000);
});

test("verifier: no answer read leaves the field out", () => {
  expect("parsed" in echo(judge.unparsed("no #")).verify("", "")).toBe(false);
});

test.each([
  ["an Error", new TypeError("x is undefined"), '"TypeError: x is undefined"'],
  ["a text", "boom", '"boom"'],
  ["nothing", undefined, '"undefined"'],
])("verifier: a throw of %s is failed with score null, never wrong", (_, thrown, reason) => {
  const verifier = defineVerifier<string>({
    name: "broken",
    version: "1",
    verify() {
      throw thrown;
    },
  });
  expect(verifier.verify("", "3")).toMatchObject({ score: null, status: "failed", reason });
});

test.each([
  { score: Number.NaN, status: "correct" },
  { score: 0, status: "correct" },
  { score: 1, status: "wrong" },
  { score: 1, status: "unparsed" },
  { score: 1, status: "partial" },
  { score: 0, status: "partial" },
  { score: Number.NaN, status: "partial" },
  { score: 1, status: "right" },
  Promise.resolve(judge.correct("3")),
  undefined,
  null,
  1,
])("verifier: a judgement that does not hold together is failed: %o", (judgement) => {
  expect(echo(judgement).verify("", "3")).toMatchObject({ score: null, status: "failed" });
});

test("verifier: what is no text is failed, what is too long is unparsed unread", () => {
  const verifier = echo(judge.correct("3"));
  expect(verifier.verify("", undefined as never)).toMatchObject({ score: null, status: "failed" });
  expect(verifier.verify("", "3".repeat(10_000)).status).toBe("correct");
  const long = verifier.verify("", "3".repeat(10_001));
  expect(long).toMatchObject({ score: 0, status: "unparsed" });
  expect(long.reason).toBe("the completion has 10001 characters, above the limit of 10000");
});

test("verifier: a reason stays short whatever threw", () => {
  const verifier = defineVerifier<string>({
    name: "loud",
    version: "1",
    verify() {
      throw new Error("x".repeat(1e6));
    },
  });
  expect(verifier.verify("", "3").reason.length).toBeLessThan(400);
});

test("verifier: the hash is that of name, version and options, in any order", () => {
  const hash = (name: string, version: string, options?: Record<string, unknown>) =>
    defineVerifier<string>({ name, version, ...(options && { options }), verify: () => judge.correct("") }).hash;
  expect(hash("a", "1", { x: 1, y: 2 })).toBe(hash("a", "1", { y: 2, x: 1 }));
  expect(new Set([hash("a", "1"), hash("a", "2"), hash("b", "1"), hash("a", "1", { x: 1 })]).size).toBe(4);
});
