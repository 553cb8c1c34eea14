/**
 * What the record of a run costs: time added to a step of nano, bytes a token; and ten million tokens asked by step, by
 * problem and by reward. Limits: 2 % of a step, 1 s a question.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { grpo } from "../src/algorithms/grpo.ts";
import { complete } from "../src/toolkit/algorithm.ts";
import { createRunFolder } from "../src/toolkit/runs/run-folder.ts";
import { openRuns, type RunStore } from "../src/toolkit/runs/run-store.ts";
import { chainAddition } from "../src/toolkit/tasks/index.ts";
import { trainSettings } from "../src/toolkit/train/options.ts";
import { pretrain } from "../src/toolkit/train/pretrain.ts";
import { createStepper } from "../src/toolkit/train/step.ts";
import { median, report } from "./support/figure.ts";
import { madeRecord, madeRun } from "./support/made-run.ts";
import { madeStep } from "./support/made-step.ts";

const root = mkdtempSync(join(tmpdir(), "rlvr-bench-runs-"));

await recordOfSteps();
await tenMillionTokens();
rmSync(root, { recursive: true, force: true });

/** Steps of a real run, each timed with and without its record. */
async function recordOfSteps(): Promise<void> {
  const task = chainAddition({ digits: 3 });
  const base = await pretrain({ task, size: "nano", flawedShare: 0.6, seed: 1 });
  const options = { policy: base, task, algorithm: grpo(), seed: 1, steps: 12 };
  const policy = await base.clone();
  const settings = trainSettings(options);
  const stepper = createStepper({ options, settings, algorithm: complete(options.algorithm), policy });
  const folder = await createRunFolder(join(root, "real"), { config: {} });
  const [steps, records]: [number[], number[]] = [[], []];
  let [tokens, prompts] = [0, 0];
  for (let step = 0; step < options.steps; step++) {
    const start = performance.now();
    const { record, columns } = await stepper.step(step);
    const done = performance.now();
    await folder.step(record, columns);
    steps.push(done - start);
    records.push(performance.now() - done);
    tokens += columns.rollouts.completionLengths.reduce((sum, length) => sum + length, 0);
    prompts += columns.rollouts.promptLengths.reduce((sum, length) => sum + length, 0);
  }
  await folder.close();
  await stepper.learner.dispose();
  await policy.dispose();
  const bytesOf = (ending: string): number => {
    const at = join(root, "real", "rollouts");
    const names = readdirSync(at).filter((name) => name.endsWith(ending));
    return names.reduce((sum, name) => sum + statSync(join(at, name)).size, 0);
  };
  const share = (median(records.slice(2)) / median(steps.slice(2))) * 100;
  const name = `nano, record of a step of ${Math.round(tokens / options.steps)} tokens`;
  report({ bench: "runs", name, value: share, unit: "% of the step", against: "limit", reference: 2 });
  const columns = bytesOf(".safetensors");
  const plain = (columns - 4 * prompts) / tokens;
  report({
    bench: "runs",
    name: "columns, prompts aside",
    value: plain,
    unit: "bytes/token",
    against: "limit",
    reference: 21,
  });
  const all = (columns + bytesOf(".jsonl")) / tokens;
  report({
    bench: "runs",
    name: "columns, prompts and texts",
    value: all,
    unit: "bytes/token",
    against: "columns",
    reference: plain,
  });
}

/** Ten million tokens in a thousand steps, of twenty problem sets that come again and again. */
async function tenMillionTokens(): Promise<void> {
  const runs = join(root, "many");
  const made = Array.from({ length: 20 }, (_, seed) => madeStep({ seed, groups: 32, samples: 8, most: 80 }));
  const folder = await madeRun(join(runs, "long"));
  for (let step = 0; step < 1000; step++) {
    const columns = made[step % made.length] ?? madeStep({ seed: 0 });
    await folder.step(madeRecord(step, columns), columns);
  }
  await folder.close();
  const start = performance.now();
  (await openRuns(runs)).close();
  report({ ...figure("index made"), value: performance.now() - start, reference: 60_000 });
  const opened: number[] = [];
  for (let round = 0; round < 5; round++) {
    const before = performance.now();
    (await openRuns(runs)).close();
    opened.push(performance.now() - before);
  }
  report({ ...figure("index opened, median of 5"), value: median(opened), reference: 1000 });
  const store = await openRuns(runs);
  const { count } = await store.tokens();
  const ask = async (name: string, act: (store: RunStore) => Promise<number> | number): Promise<void> => {
    const times: number[] = [];
    let found = 0;
    for (let round = 0; round < 5; round++) {
      const before = performance.now();
      found = await act(store);
      times.push(performance.now() - before);
    }
    report({ ...figure(`of ${count} tokens: ${name}, ${found}`), value: median(times), reference: 1000 });
  };
  await ask("those of ten steps", async (of) => (await of.tokens({ step: [400, 409] })).count);
  await ask("those of one problem", async (of) => (await of.tokens({ problem: "p3-7" })).count);
  await ask("those with reward 1", async (of) => (await of.tokens({ reward: 1 })).count);
  await ask("all", async (of) => (await of.tokens()).count);
  await ask("completions of a problem", (of) => of.rollouts({ problem: "p3-7" }).length);
  await ask(
    "mean reward by problem, SQL",
    (of) => of.sql("SELECT problem, avg(reward) FROM rollouts GROUP BY problem").length,
  );
  store.close();
}

function figure(name: string) {
  return { bench: "runs", name, unit: "ms", against: "limit" } as const;
}
