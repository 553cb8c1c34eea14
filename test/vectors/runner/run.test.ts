import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refuse } from "../../../src/toolkit/refuse.ts";
import { differences } from "./compare.ts";
import { adapterOf, runCases, runVectors } from "./run.ts";

test.each<[unknown, unknown, number?]>([
  [1 + 9e-7, 1],
  [1e6 + 0.9, 1e6], // relative above 1
  [1.2, 1, 0.2000001],
  [-0, 0],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "Infinity"],
  ["NaN", "NaN"],
  [null, null],
  [null, { a: null, b: null }],
  [
    { a: [1, 2], b: true, more: 3 },
    { a: [1, 2], b: true },
  ],
  [{ a: Float32Array.of(0.1, 0.2) }, { a: [0.1, 0.2] }],
  [
    [[1], [], [2, 3]],
    [[1], [], [2, 3]],
  ],
])("differences: %o agrees with %o", (got, expected, tolerance) => {
  expect(differences(got, expected, tolerance)).toEqual([]);
});

test.each<[unknown, unknown, string]>([
  [1 + 1.1e-6, 1, "result: got 1.0000011, expected 1"],
  [{ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }, "a[1].b: got 2, expected 3"],
  [[1, 2], [1], "result: got [1,2], expected [1]"],
  [null, { a: 1 }, 'result: got null, expected {"a":1}'],
  [{}, { a: null }, "a: got undefined, expected null"],
  [Number.NaN, 0, "result: got NaN, expected 0"],
  [0, "NaN", 'result: got 0, expected "NaN"'],
  [Number.NaN, null, "result: got NaN, expected null"],
  [1, true, "result: got 1, expected true"],
  ["1", 1, 'result: got "1", expected 1'],
  [[1], { a: 1 }, 'result: got [1], expected {"a":1}'],
  [{ 0: 1 }, [1], 'result: got {"0":1}, expected [1]'],
  [undefined, { a: 1 }, 'result: got undefined, expected {"a":1}'],
])("differences: %o differs from %o", (got, expected, line) => {
  expect(differences(got, expected)).toEqual([line]);
});

const evaluate = (inputs: unknown, form: string): unknown => {
  if (form === "x/refuses") return refuse("x", "it is wrong", "do better");
  if (form === "x/breaks") throw new Error("internal: broken");
  if (form === "x/later") return Promise.resolve({ value: inputs });
  return { value: inputs };
};

test("runCases: a refusal passes only where one is expected, and only as a UsageError", async () => {
  const { passed, failures } = await runCases(
    [
      { form: "x/refuses", inputs: {}, expected: { error: true } },
      { form: "x/later", inputs: 1, expected: { value: 1 } },
      { form: "x/0", inputs: ["NaN"], expected: { value: ["NaN"] }, tolerance: 0 },
      { form: "x/breaks", name: "a", inputs: {}, expected: { error: true } },
      { form: "x/refuses", inputs: {}, expected: { value: 1 } },
      { form: "x/0", inputs: 1, expected: { error: true } },
      { form: "x/0", inputs: 1 },
      { form: "x/0", inputs: 1, expected: 1, tolerance: "small" },
      3,
    ],
    evaluate,
  );
  expect(passed).toBe(3);
  const malformed = "  a case has the keys form, inputs, expected and perhaps name and tolerance (0 or more)";
  expect(failures).toEqual([
    "FAIL case 3 (x/breaks, a)\n  not refused but failed: Error: internal: broken",
    "FAIL case 4 (x/refuses)\n  threw: UsageError: x: it is wrong; do better.",
    "FAIL case 5 (x/0)\n  no refusal; error: got undefined, expected true",
    `FAIL case 6 (x/0)\n${malformed}`,
    `FAIL case 7 (x/0)\n${malformed}`,
    `FAIL case 8 (no form)\n${malformed}`,
  ]);
});

test("adapterOf: an input that is null is left out, but where null is a value", async () => {
  const inputs = { rewards: [100.1, 100.3, 100.7], clip: null };
  expect(await (await adapterOf("rl-plus"))(inputs, "rl-plus/4")).toHaveProperty("advantages");
  const lp = [[-1], [-2]];
  const rows = { logProbs: lp, oldLogProbs: lp, mask: [[1], [1]], rewards: [0.5, 0], groupSize: 2, beta: null };
  const pacs = await adapterOf("pacs");
  await expect(pacs({ ...rows, weightMode: null }, "pacs/0")).resolves.toHaveProperty("loss"); // none: labels may be soft
  await expect(pacs(rows, "pacs/0")).rejects.toThrow("pacs: row 0 has reward 0.5");
});

test("adapterOf: an input that the form does not have, or one that it needs, is refused by name", async () => {
  const scrl = await adapterOf("scrl");
  const raw = [[1, 0], [1, 1]]; // biome-ignore format: two rollouts of two subproblems
  expect(() => scrl({ raw, epsilon: 0 }, "scrl/0")).toThrow("scrl/0: there is no input epsilon; pass raw, formatValid");
  expect(() => scrl({ formatValid: [1, 1] }, "scrl/0")).toThrow("scrl/0: the input raw is missing");
  expect(() => scrl({ raw: null }, "scrl/0")).toThrow("the input raw is missing");
  expect(scrl({ raw }, "scrl/0")).toHaveProperty("progress", [1, 2]);
});

const folder: string = mkdtempSync(join(tmpdir(), "rlvr-vectors-"));
const path = (name: string): string => join(folder, name);

beforeAll(() => {
  const one = { form: "rliable/0", inputs: { scores: [[0.25]] }, expected: { mean: 0.25 } };
  writeFileSync(path("good.json"), JSON.stringify({ slug: "rliable", cases: [one] }));
  const unknown = { ...one, form: "rliable/99", expected: { error: true } };
  const cases = [one, { ...one, name: "wrong", expected: { mean: 0.5 } }, unknown];
  writeFileSync(path("bad.json"), JSON.stringify({ slug: "rliable", cases }));
  const bare = JSON.stringify({ slug: "rliable", cases: [{ ...one, name: "not NaN", inputs: { scores: [["?"]] } }] });
  writeFileSync(path("bare.json"), bare.replace('"?"', "-Infinity").replace('{"mean":0.25}', '{"error":true}'));
  writeFileSync(path("broken.json"), "{");
  writeFileSync(path("other.json"), JSON.stringify({ slug: "other", cases: [one] }));
  writeFileSync(path("empty.json"), JSON.stringify({ slug: "rliable", cases: [] }));
  writeFileSync(path("list.json"), "[]");
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["rliable", "missing.json", "ENOENT"],
  ["rliable", "broken.json", "SyntaxError"],
  ["rliable", "other.json", 'the file\'s slug is "other"'],
  ["rliable", "empty.json", "the file holds no case"],
  ["rliable", "list.json", "not an object with a list of cases"],
  ["no-such-method", "good.json", "there is no adapter test/vectors/no-such-method.ts"],
  ["adapter/columns", "good.json", "there is no adapter"],
  ["vectors.test", "good.json", "there is no adapter"],
])("runVectors: %s with %s is one failure", async (slug, file, message) => {
  const { passed, failures } = await runVectors(slug, path(file));
  expect([passed, failures.length]).toEqual([0, 1]);
  expect(failures[0]).toContain(message);
});

test("runVectors: Python's bare NaN and Infinity are numbers", async () => {
  expect(await runVectors("rliable", path("bare.json"))).toEqual({ passed: 1, failures: [] });
});

test("vectors: the command prints what differs, then the counts, and its exit code tells", () => {
  const script = fileURLToPath(new URL("../../../scripts/vectors.mjs", import.meta.url));
  const run = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
  expect(run("rliable", path("good.json"))).toMatchObject({ status: 0, stdout: "1 passed, 0 failed\n" });
  const { status, stdout } = run("rliable", path("bad.json"));
  expect(status).toBe(1);
  expect(stdout.split("\n")).toEqual([
    "FAIL case 1 (rliable/0, wrong)",
    "  mean: got 0.25, expected 0.5",
    "FAIL case 2 (rliable/99)",
    "  not refused but failed: Error: no form rliable/99",
    "1 passed, 2 failed",
    "",
  ]);
  expect(run().status).toBe(2);
});
