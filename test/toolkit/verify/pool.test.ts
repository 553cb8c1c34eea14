import { expect, test } from "vitest";
import { mathVerifierPool, verifierPool } from "../../../src/toolkit/verify/pool.ts";

const module = new URL("../../fixtures/verify/odd-verifier.mjs", import.meta.url);
const odd = (more: object = {}) =>
  verifierPool<string>({ module, name: "oddVerifier", workers: 2, timeoutMs: 3000, memoryMb: 32, ...more });

test("pool: a case that hangs, eats memory, ends its thread or throws has a verdict, and the others have theirs", async () => {
  await using pool = odd();
  const completions = ["a", "hang", "b", "eat", "a", "exit", "a", "throw", "a"];
  const verdicts = await pool.verifyBatch(completions.map((completion) => ({ problem: "a", completion })));
  expect(verdicts.map(({ status }) => status)).toEqual([
    ...["correct", "timeout", "wrong", "failed", "correct", "failed", "correct", "failed", "correct"],
  ]);
  expect(verdicts.filter(({ score }) => score === null)).toHaveLength(4);
  expect(verdicts[1]?.reason).toBe('stopped after 3000 ms, in case 1: "hang"');
  expect(verdicts[3]?.reason).toBe('the verifier ran out of memory, in case 3: "eat"');
  expect(verdicts[5]?.reason).toContain("ended with code 3");
  expect(verdicts[7]?.reason).toContain("RangeError: thrown");
  expect(verdicts[0]?.verifier).toEqual({ name: "odd", version: "3" });
}, 30_000);

test("pool: many cases keep their order, whatever thread took them", async () => {
  await using pool = odd({ args: ["!"] });
  const items = Array.from({ length: 300 }, (_, i) => ({
    problem: `${i}`,
    completion: i % 3 === 0 ? `${i}!` : `${i}`,
  }));
  const verdicts = await pool.verifyBatch(items);
  expect(verdicts.map(({ score }) => score)).toEqual(items.map((_, i) => (i % 3 === 0 ? 1 : 0)));
});

test.each([
  ["brokenVerifier", "it cannot be made"],
  ["notAFunction", "exports no function notAFunction"],
  ["missing", "exports no function missing"],
])("pool: a verifier that cannot be made fails every case with the reason: %s", async (name, reason) => {
  await using pool = odd({ name });
  const verdicts = await pool.verifyBatch([
    { problem: "a", completion: "a" },
    { problem: "a", completion: "b" },
  ]);
  for (const verdict of verdicts) expect(verdict).toMatchObject({ status: "failed", score: null });
  expect(verdicts[0]?.reason).toContain(reason);
});

test("pool: what cannot be sent fails alone; a closed pool fails, and holds no thread", async () => {
  const pool = odd();
  const unsendable = pool.verify((() => 0) as never, "a");
  const fine = pool.verify("a", "a");
  expect((await unsendable).reason).toContain("cannot be sent");
  expect((await fine).status).toBe("correct");
  const waiting = pool.verify("a", "hang");
  await pool.close();
  expect((await waiting).status).toBe("failed");
  expect((await pool.verify("a", "a")).reason).toBe("the pool is closed");
  expect(pool.alive).toBe(0);
});

test("pool: the mathematics verifier with its options", async () => {
  await using pool = mathVerifierPool({ precision: 3 }, { workers: 1, timeoutMs: 20_000 });
  const verdict = await pool.verify({ answer: "1/3" }, "0.333");
  expect(verdict).toMatchObject({ status: "correct", verifier: { name: "math" } });
});

test.each([
  [{ workers: 0 }, "workers is 0"],
  [{ timeoutMs: Number.NaN }, "timeoutMs is NaN"],
  [{ memoryMb: 1 }, "memoryMb is 1"],
])("pool: options out of range are refused: %o", (options, message) => {
  expect(() => odd(options)).toThrow(message);
});
