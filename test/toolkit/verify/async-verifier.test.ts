import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { defineAsyncVerifier, verifyBatch } from "../../../src/toolkit/verify/async-verifier.ts";
import { defineVerifier, judge } from "../../../src/toolkit/verify/verifier.ts";

const slow = defineAsyncVerifier<number>({
  name: "slow",
  version: "1",
  timeoutMs: 60,
  async verify(ms, completion, signal) {
    if (completion === "throw") throw new Error("broken");
    if (completion === "NaN") return { score: Number.NaN, status: "correct", reason: "" };
    await sleep(ms, undefined, { signal });
    return judge.correct(completion);
  },
});

test("defineAsyncVerifier: in time, too late, thrown, inconsistent, no text", async () => {
  expect(await slow.verify(1, "a")).toMatchObject({
    status: "correct",
    score: 1,
    parsed: "a",
    verifier: { name: "slow" },
  });
  expect(await slow.verify(10_000, "a")).toMatchObject({
    status: "timeout",
    score: null,
    reason: "stopped after 60 ms",
  });
  expect(await slow.verify(1, "throw")).toMatchObject({ status: "failed", score: null, reason: '"Error: broken"' });
  expect(await slow.verify(1, "NaN")).toMatchObject({ status: "failed", score: null });
  expect(await slow.verify(1, 3 as never)).toMatchObject({ status: "failed", score: null });
  expect(await slow.verify(1, "x".repeat(10_001))).toMatchObject({ status: "unparsed", score: 0 });
});

test("defineAsyncVerifier: a time that is none is refused", () => {
  const definition = { name: "x", version: "1", timeoutMs: 0, verify: async () => judge.correct("") };
  expect(() => defineAsyncVerifier(definition)).toThrow("defineAsyncVerifier: x: timeoutMs is 0");
});

test("verifyBatch: order is kept, and nothing throws out of it", async () => {
  const items = [30, 1, 20, 2].map((problem, i) => ({ problem, completion: `${i}` }));
  const verdicts = await verifyBatch(slow, [...items, undefined as never, { problem: 1, completion: "throw" }]);
  expect(verdicts.map(({ parsed, status }) => parsed ?? status)).toEqual(["0", "1", "2", "3", "failed", "failed"]);
  expect(verdicts[4]?.reason).toContain("not a pair");
});

test("verifyBatch: at most so many at once; a synchronous verifier too; none is none", async () => {
  let [now, most] = [0, 0];
  const counting = defineAsyncVerifier<null>({
    name: "counting",
    version: "1",
    async verify() {
      most = Math.max(most, ++now);
      await sleep(2);
      now--;
      return judge.correct("");
    },
  });
  await verifyBatch(counting, new Array(20).fill({ problem: null, completion: "" }), { concurrency: 3 });
  expect(most).toBe(3);
  const plain = defineVerifier<string>({
    name: "plain",
    version: "1",
    verify: (_, completion) => judge.correct(completion),
  });
  expect((await verifyBatch(plain, [{ problem: "", completion: "7" }])).map(({ parsed }) => parsed)).toEqual(["7"]);
  expect(await verifyBatch(plain, [])).toEqual([]);
  await expect(verifyBatch(plain, [], { concurrency: 0 })).rejects.toThrow("concurrency is 0");
});
