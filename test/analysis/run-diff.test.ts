import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { madeRecord, madeRun } from "../../bench/support/made-run.ts";
import { madeStep } from "../../bench/support/made-step.ts";
import { clusteredMean, isSameRun, runDiff } from "../../src/analysis/index.ts";
import { readRun, type StoredRun } from "../../src/toolkit/runs/read-run.ts";

const root = mkdtempSync(join(tmpdir(), "run-diff-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A run of made-up steps by their seeds. */
async function run(name: string, seeds: readonly number[], config = {}, entropy = 1): Promise<StoredRun> {
  const folder = await madeRun(join(root, name), config);
  for (const [step, seed] of seeds.entries()) {
    const columns = madeStep({ seed });
    await folder.step(madeRecord(step, columns, { entropy: entropy + step / 100 }), columns);
  }
  await folder.close();
  return await readRun(join(root, name));
}

test("runDiff: names configuration, code, environment, data and the step at which runs part", async () => {
  const settings = { settings: { steps: 10, seed: 4 } };
  const a = await run("a", [1, 2, 3, 4], { ...settings, environment: { node: "v20", commit: "c0", lock: "l" } });
  const other = { settings: { steps: 10, seed: 5 }, environment: { node: "v22", commit: "c1", lock: "l" } };
  const b = await run("b", [1, 2, 9, 4], other, 2);
  const found = await runDiff(a, b, { stretches: 2 });
  expect(found.configuration).toEqual([{ path: "settings.seed", a: 4, b: 5 }]);
  expect(found.code).toEqual([{ path: "commit", a: "c0", b: "c1" }]);
  expect(found.environment).toEqual([{ path: "node", a: "v20", b: "v22" }]);
  expect([found.steps, found.data.same, found.data.first?.step]).toEqual([4, 3, 2]);
  expect(found.divergence).toEqual({ step: 0, figure: { name: "entropy", a: 1, b: 2 } });
  expect(isSameRun(found)).toBe(false);
});

test("runDiff: intervals of the reward are clustered by problem, those of figures are of their steps", async () => {
  const [a, b] = [await run("c", [11, 12, 13, 14]), await run("d", [11, 12, 13, 14], {}, 3)];
  const { curves } = await runDiff(a, b, { stretches: 1 });
  const rows = (await Promise.all([0, 1, 2, 3].map((step) => a.rollouts(step)))).flat();
  const byProblem = new Map<string, number[]>();
  for (const { problem, reward } of rows) {
    if (reward !== null) byProblem.set(problem, [...(byProblem.get(problem) ?? []), reward]);
  }
  const { value, low, high } = clusteredMean([...byProblem.values()]);
  expect(curves[0]?.a).toMatchObject({ value, low, high });
  expect(curves.map(({ name, overlap }) => [name, overlap])).toEqual([
    ["reward", true],
    ["entropy", false],
  ]);
  const entropy = clusteredMean([[1], [1.01], [1.02], [1.03]]);
  expect(curves[1]).toMatchObject({
    from: 0,
    to: 3,
    a: { value: entropy.value, low: entropy.low, high: entropy.high },
  });
});

test("runDiff: a run and itself are the same", async () => {
  const a = await run("e", [21, 22]);
  const found = await runDiff(a, a);
  expect([isSameRun(found), found.data, found.divergence]).toEqual([true, { same: 2 }, undefined]);
});
