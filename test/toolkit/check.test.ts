import { afterEach, expect, test, vi } from "vitest";
import { type CheckResult, check } from "../../src/toolkit/check.ts";

const HOST = Symbol.for("rlvr.check");
afterEach(() => {
  Reflect.deleteProperty(globalThis, HOST);
  vi.restoreAllMocks();
});

function lines(): string[] {
  const written: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  return written;
}

test("check: prints one line and tells the host", () => {
  const told: CheckResult[] = [];
  Reflect.set(globalThis, HOST, (result: CheckResult) => told.push(result));
  const written = lines();
  check("pass@1.gain", 0.4123456789, [0.3, 1]);
  check("pass@1.base", Number.NaN, [0.1, 0.6]);
  check("norm", 7, [-Infinity, 6]);
  expect(written).toEqual([
    "check pass@1.gain 0.412346 0.3..1 ok\n",
    "check pass@1.base NaN 0.1..0.6 FAIL\n",
    "check norm 7 -Infinity..6 FAIL\n",
  ]);
  expect(told.map(({ ok }) => ok)).toEqual([true, false, false]);
});

test("check: without a host a failure sets the exit code, a pass does not", () => {
  lines();
  const before = process.exitCode;
  check("fine", 1, [1, 1]);
  expect(process.exitCode).toBe(before);
  check("bad", 2, [0, 1]);
  expect(process.exitCode).toBe(1);
  process.exitCode = before;
});

test("check: a name with blanks and an upside-down band are refused", () => {
  expect(() => check("a b", 1, [0, 1])).toThrow('check: name is "a b"; pass a name without blanks.');
  expect(() => check("a", 1, [1, 0])).toThrow("check: the band of a is 1..0; pass [lowest, highest].");
});
