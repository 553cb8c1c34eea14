/** `rlvr runs` on folders as `train` writes them. */
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { madeRecord, madeRun } from "../../bench/support/made-run.ts";
import { madeStep } from "../../bench/support/made-step.ts";
import { cliFolder } from "./support.ts";

const { folder, rlvr } = cliFolder();

beforeAll(async () => {
  for (const [name, seed] of [
    ["a", 1],
    ["b", 5],
  ] as const) {
    const run = await madeRun(join(folder, "runs", name));
    for (let step = 0; step < 2; step++) {
      const columns = madeStep({ seed: seed + step });
      await run.step(madeRecord(step, columns, { kl: 0.5 * step }), columns);
    }
    await run.close({ stopped: "finished", steps: 2 });
  }
});

const lines = (out: string): unknown[] =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("rlvr runs list and index: the runs of a folder", () => {
  const { code, out } = rlvr("runs", "list");
  expect(code).toBe(0);
  expect(out).toMatch(/^name +state +task .*\na +finished +made +grpo +4 +2 +10 .*\nb +finished/);
  expect(lines(rlvr("runs", "list", "runs", "--json").out)).toMatchObject([{ name: "a" }, { name: "b", steps: 2 }]);
  expect(rlvr("runs", "index").out).toMatch(/^2 runs, 48 completions, \d+ tokens\n$/);
});

test("rlvr runs query: figures, completions, tokens, SQL", () => {
  const query = (...args: string[]): unknown[] => lines(rlvr("runs", "query", "runs", ...args, "--json").out);
  expect(query("--metric", "kl", "--run", "a")).toEqual([
    { run: "a", step: 0, name: "kl", value: 0 },
    { run: "a", step: 1, name: "kl", value: 0.5 },
  ]);
  const found = query("--problem", "p2-1", "--texts");
  expect(found).toHaveLength(4); // group 1 of 4 samples each
  expect(found[0]).toMatchObject({ run: "a", step: 1, row: 4, completion: 'completion "4"\n', answer: "3" });
  const tokens = query("--tokens", "--step", "0..1", "--reward", "1", "--limit", "3");
  expect(tokens).toHaveLength(3);
  expect(tokens[0]).toMatchObject({ run: "a", position: 0, log_prob: expect.any(Number), mask: expect.any(String) });
  expect(query("--sql", "SELECT count(*) AS n FROM rollouts WHERE step = 1")).toEqual([{ n: 24 }]);
  expect(rlvr("runs", "query", "--metric", "kl", "--step", "1", "--csv").out).toBe(
    "run,step,name,value\na,1,kl,0.5\nb,1,kl,0.5\n",
  );
});

test("rlvr runs: wrong use says what to do", () => {
  expect(rlvr("runs", "no")).toMatchObject({ code: 2, err: expect.stringContaining("known: list, index, query") });
  expect(rlvr("runs", "query", "--tokens", "--texts")).toMatchObject({
    code: 2,
    err: expect.stringContaining("give one"),
  });
  expect(rlvr("runs", "query", "--step", "3..")).toMatchObject({ code: 2, err: expect.stringContaining("--step") });
});
