/** The index agrees with the folders, whatever happened to either. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { madeRecord, madeRun } from "../../../bench/support/made-run.ts";
import { madeStep } from "../../../bench/support/made-step.ts";
import { openRuns } from "../../../src/index.ts";
import { rng } from "../../../src/toolkit/rng.ts";
import { readRun } from "../../../src/toolkit/runs/read-run.ts";
import { columnsPath, rolloutsPath, type StepColumns } from "../../../src/toolkit/runs/run-folder.ts";

const root = mkdtempSync(join(tmpdir(), "run-store-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const fresh = (): string => join(root, `${folders++}`);

/** A run of made-up steps; `at` stands in their rows, so that runs differ. */
async function written(path: string, steps: number, at: number, config = {}): Promise<StepColumns[]> {
  const folder = await madeRun(path, config);
  const all = Array.from({ length: steps }, (_, step) => madeStep({ seed: at + step }));
  for (const [step, columns] of all.entries()) await folder.step(madeRecord(step, columns, { kl: step / 10 }), columns);
  await folder.close({ stopped: "finished", steps });
  return all;
}

test("openRuns: lists runs, and answers by step, problem, reward and verdict", async () => {
  const runs = fresh();
  const steps = await written(join(runs, "a"), 3, 10);
  await written(join(runs, "deep", "b"), 2, 20);
  const store = await openRuns(runs);
  expect(store.list()).toMatchObject([
    { name: "a", state: "finished", task: "made", algorithm: "grpo", seed: 4, steps: 3, planned: 10 },
    { name: "deep/b", steps: 2 },
  ]);
  expect(store.metrics({ run: "a", name: "kl", step: [1, 2] })).toEqual([
    { run: "a", step: 1, name: "kl", value: 0.1 },
    { run: "a", step: 2, name: "kl", value: 0.2 },
  ]);
  const right = store.rollouts({ run: "a", step: 1, reward: 1 });
  const values = steps[1]?.rewards.values ?? new Float32Array();
  expect(right.map(({ row }) => row)).toEqual([...values.keys()].filter((b) => values[b] === 1));
  expect(store.rollouts({ problem: "p21-2" }).map(({ run, step, row }) => [run, step, row])).toEqual(
    [8, 9, 10, 11].map((row) => ["deep/b", 1, row]), // group 2 of 4 samples each
  );
  const verdicts = steps[0]?.rewards.verdicts ?? [];
  expect(store.rollouts({ run: "a", step: 0, status: "wrong" })).toHaveLength(
    verdicts.filter(({ status }) => status === "wrong").length,
  );
  expect(store.sql("SELECT count(*) AS n FROM events")).toEqual([{ n: 2 }]);
  const one = await store.rollout({ run: "a", step: 1, row: 2 });
  expect(one).toMatchObject({ completion: 'completion "2"\n', problem: "p11-0" });
  store.close();
});

test("openRuns: tokens are those of the rows that fit, to the bit", async () => {
  const runs = fresh();
  await written(join(runs, "a"), 3, 30);
  const store = await openRuns(runs);
  const rows = (await (await readRun(join(runs, "a"))).rollouts(2)).filter(({ reward }) => reward === 0);
  const found = await store.tokens({ step: 2, reward: 0 });
  expect([...found.logProbs]).toEqual(rows.flatMap(({ logProbs }) => logProbs));
  expect([...found.entropies]).toEqual(rows.flatMap(({ entropies }) => entropies));
  expect([...found.advantages]).toEqual(rows.flatMap(({ advantages }) => advantages));
  expect([...found.ids]).toEqual(rows.flatMap(({ ids, promptLength }) => ids.slice(promptLength)));
  expect(Array.from(found.masks, (code) => found.reasons[code])).toEqual(rows.flatMap(({ masks }) => masks));
  expect([...found.row]).toEqual(rows.flatMap(({ row, logProbs }) => logProbs.map(() => row)));
  expect([...found.position]).toEqual(rows.flatMap(({ logProbs }) => logProbs.map((_, t) => t)));
  const [all, few] = [await store.tokens(), await store.tokens({ limit: 7 })];
  expect(store.sql("SELECT sum(tokens) AS n FROM rollouts")).toEqual([{ n: all.count }]);
  expect([few.count, few.logProbs]).toEqual([7, all.logProbs.slice(0, 7)]);
  store.close();
});

test("openRuns: what is added, taken again, replaced or removed is seen the next time, without a rebuild", async () => {
  const runs = fresh();
  const path = join(runs, "a");
  const folder = await madeRun(path);
  const add = async (step: number, seed: number): Promise<void> => {
    const columns = madeStep({ seed });
    await folder.step(madeRecord(step, columns), columns);
  };
  const seen = async (): Promise<unknown> => {
    const store = await openRuns(runs);
    const list = store.list().map(({ name, state, steps, reward }) => ({ name, state, steps, reward }));
    store.close();
    const anew = await openRuns(runs, { rebuild: true });
    const same = anew.list().map(({ name, state, steps, reward }) => ({ name, state, steps, reward }));
    expect(list).toEqual(same);
    anew.close();
    return list;
  };
  await add(0, 40);
  expect(await seen()).toMatchObject([{ name: "a", state: "running", steps: 1 }]);
  await add(1, 41);
  appendFileSync(join(path, "metrics.jsonl"), '{"step":2,"metr'); // on its way
  expect(await seen()).toMatchObject([{ steps: 2 }]);
  const metrics = readFileSync(join(path, "metrics.jsonl"), "utf8").split("\n");
  const other = metrics[1]?.replace(/"reward":[0-9.]+/, '"reward":0.125');
  writeFileSync(join(path, "metrics.jsonl"), `${metrics[0]}\n${other}\n`); // as after a resume that took step 1 again
  expect(await seen()).toMatchObject([{ steps: 2, reward: 0.125 }]);
  await folder.close();
  expect(await seen()).toMatchObject([{ state: "killed" }]); // neither an end in its history nor a process
  rmSync(path, { recursive: true });
  await written(path, 1, 50);
  expect(await seen()).toMatchObject([{ state: "finished", steps: 1 }]);
  rmSync(path, { recursive: true });
  expect(await seen()).toEqual([]);
});

test("openRuns: an index that is broken or of another version is made anew; a broken run is named, the others stay", async () => {
  const runs = fresh();
  await written(join(runs, "a"), 2, 60);
  await written(join(runs, "b"), 2, 70);
  (await openRuns(runs)).close();
  const index = join(runs, ".rlvr-index.sqlite");
  expect(existsSync(index)).toBe(true);
  const bytes = readFileSync(index);
  for (const broken of [Buffer.from("no database"), bytes.subarray(0, 5000), Buffer.alloc(0)]) {
    writeFileSync(index, broken);
    const store = await openRuns(runs);
    expect(store.list().map(({ steps }) => steps)).toEqual([2, 2]);
    store.close();
  }
  writeFileSync(columnsPath(join(runs, "b"), 1), "broken");
  for (const rebuild of [true, false]) {
    const store = await openRuns(runs, { rebuild });
    expect(store.notes.join()).toMatch(/^completions of b, step 1 are left out: .*step-000001.safetensors/);
    expect(store.list().map(({ name, steps }) => [name, steps])).toEqual([
      ["a", 2],
      ["b", 2],
    ]);
    expect(new Set(store.rollouts({ run: "b" }).map(({ step }) => step))).toEqual(new Set([0]));
    store.close();
  }
  appendFileSync(join(runs, "b", "metrics.jsonl"), "{}\n");
  const store = await openRuns(runs);
  expect(store.notes.join()).toMatch(/^b is left out: .*metrics.jsonl has a line that cannot be read/);
  expect(store.list().map(({ name }) => name)).toEqual(["a"]);
  store.close();
});

test("openRuns: writers of runs and several readers at once", async () => {
  const runs = fresh();
  const write = async (name: string, seed: number): Promise<void> => {
    await written(join(runs, name), 6, seed);
  };
  await write("first", 80);
  const read = async (): Promise<number> => {
    const store = await openRuns(runs);
    const tokens = await store.tokens();
    store.close();
    expect(store.notes).toEqual([]);
    return tokens.count;
  };
  await Promise.all([write("a", 90), read(), write("b", 100), read(), read(), write("c", 110)]);
  const [kept, anew] = [await openRuns(runs), await openRuns(runs, { rebuild: true })];
  const ask = "SELECT runs.name, step, row, problem, tokens FROM rollouts JOIN runs ON runs.id = run ORDER BY 1, 2, 3";
  expect(kept.sql(ask)).toEqual(anew.sql(ask));
  expect(kept.list()).toHaveLength(4);
  for (const store of [kept, anew]) store.close();
});

test("openRuns: wrong questions are refused with what to do", async () => {
  const runs = fresh();
  await written(join(runs, "a"), 1, 120);
  await expect(openRuns(join(runs, "nothing"))).rejects.toThrow("pass a folder that holds run folders");
  const store = await openRuns(runs);
  expect(() => store.sql("SELEKT 1")).toThrow("ask the tables runs, metrics, events and rollouts");
  expect(() => store.rollouts({ step: [3, 1] })).toThrow("step is from 3 to 1");
  expect(() => store.rollouts({ limit: 0.5 })).toThrow("limit is 0.5");
  expect(() => store.rollouts({ steps: 3 } as object)).toThrow('"steps" cannot be asked for');
  expect(() => store.metrics({ reward: 1 } as object)).toThrow('"reward" cannot be asked for');
  await expect(store.rollout({ run: "a", step: 0, row: 99 })).rejects.toThrow("has no row 99");
  store.close();
});

test("openRuns: folders of the first format are asked as others are", async () => {
  const runs = fresh();
  const path = join(runs, "old");
  await written(path, 1, 130);
  const rows = await (await readRun(path)).rollouts(0);
  const old = rows.map(({ masks: _, entropies: _e, components: _c, ...row }) => JSON.stringify(row));
  writeFileSync(rolloutsPath(path, 0), `${old.join("\n")}\n`);
  rmSync(columnsPath(path, 0));
  const store = await openRuns(runs);
  const { count, logProbs, entropies, reasons, masks } = await store.tokens({ status: "correct" });
  const right = rows.filter(({ status }) => status === "correct").flatMap((row) => row.logProbs);
  expect([...logProbs]).toEqual(right);
  expect(entropies.every(Number.isNaN)).toBe(true);
  expect([count, reasons[masks[0] ?? 0]]).toEqual([right.length, undefined]);
  store.close();
});

/** Mutated indexes; `RLVR_FUZZ=full` takes 10,000. */
const INPUTS = process.env.RLVR_FUZZ === "full" ? 10_000 : 60;

test(`fuzz: with ${INPUTS} mutated indexes and record files the answers are right, or what is left out is named`, async () => {
  const runs = fresh();
  await written(join(runs, "a"), 2, 140);
  const honest = await openRuns(runs);
  const expected = honest.list();
  honest.close();
  const [index, metrics] = [join(runs, ".rlvr-index.sqlite"), join(runs, "a", "metrics.jsonl")];
  const kept = new Map([index, metrics].map((path) => [path, readFileSync(path)]));
  const random = rng({ seed: 3, stream: "index-fuzz" });
  for (let n = 0; n < INPUTS; n++) {
    for (const [path, bytes] of kept) writeFileSync(path, bytes);
    const target = random.uniform() < 0.5 ? index : metrics;
    const bytes = Buffer.from(kept.get(target) ?? []);
    if (random.uniform() < 0.3) writeFileSync(target, bytes.subarray(0, random.integer(bytes.length)));
    else {
      for (let i = 0; i < 8; i++) bytes[random.integer(Math.min(bytes.length, 4096))] = random.integer(256);
      writeFileSync(target, bytes);
    }
    const store = await openRuns(runs);
    if (target === index) expect([store.list(), store.notes]).toEqual([expected, []]);
    if (target === metrics && store.notes.length === 0) expect(store.list()[0]?.steps).toBeLessThanOrEqual(2);
    store.close();
  }
  for (const [path, bytes] of kept) writeFileSync(path, bytes);
  const after = await openRuns(runs, { rebuild: true });
  expect(after.list()).toEqual(expected);
  after.close();
}, 600_000);
