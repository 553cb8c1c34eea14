/** `rlvr runs` on folders as `train` writes them. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
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
  expect(rlvr("runs", "no")).toMatchObject({
    code: 2,
    err: expect.stringContaining("known: list, index, query, replay, diff"),
  });
  expect(rlvr("runs", "query", "--tokens", "--texts")).toMatchObject({
    code: 2,
    err: expect.stringContaining("give one"),
  });
  expect(rlvr("runs", "query", "--step", "3..")).toMatchObject({ code: 2, err: expect.stringContaining("--step") });
});

/** Trains three steps by a script in the folder, as a user would. */
const script = `import { chainAddition, charTokenizer, Policy, train } from "rlvr-lab";
import { grpo } from "rlvr-lab/algorithms";
export const task = chainAddition({ digits: 1 });
export const algorithm = grpo({ clipHigh: 0.28 });
const tokenizer = charTokenizer(task.alphabet);
const config = {
  architectures: ["LlamaForCausalLM"], model_type: "llama", vocab_size: tokenizer.vocabSize, hidden_size: 16,
  intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 2, head_dim: 8,
  max_position_embeddings: 64, rms_norm_eps: 1e-5, rope_theta: 1e4, tie_word_embeddings: true,
  bos_token_id: tokenizer.bosId, eos_token_id: tokenizer.eosId, pad_token_id: tokenizer.padId,
} as const;
const steps: number = 3;
if (process.argv[2] === "train") {
  const policy = await Policy.create({ config, tokenizer, seed: 1 });
  const sizes = { seed: 3, steps, promptsPerStep: 2, samplesPerPrompt: 2, learningRate: 1e-2 };
  await train({ policy, task, algorithm, ...sizes, runFolder: "runs/made", preflight: "off" }).finished;
  process.exit(0);
}
`;

test("rlvr runs replay: from the record alone, with a module in TypeScript, and with one that is not the run's", () => {
  const js = script.replace(": number", "").replace(" as const", "");
  writeFileSync(join(folder, "made.mjs"), js);
  const trained = spawnSync(process.execPath, ["made.mjs", "train"], { cwd: folder, encoding: "utf8" });
  expect(trained.stderr).toBe("");
  expect(JSON.parse(readFileSync(join(folder, "runs/made/config.json"), "utf8"))).toMatchObject({ script: "made.mjs" });
  const plain = rlvr("runs", "replay", "runs/made", "--quiet");
  expect(plain).toMatchObject({ code: 0, out: expect.stringMatching(/^3 of 3 steps came out the same, bit for bit/) });
  writeFileSync(join(folder, "made.ts"), script);
  const typed = rlvr("runs", "replay", "runs/made", "--with", "made.ts", "--until", "1", "--json", "--quiet");
  expect([typed.code, JSON.parse(typed.out)]).toMatchObject([0, { same: 2, of: 2 }]);
  const other = script.replace(
    "export const task = chainAddition({ digits: 1 });",
    "const plain = chainAddition({ digits: 1 });\nexport const task = { ...plain, verify: (p: never, c: string) => ({ ...plain.verify(p, c), score: 0.5 }) };",
  );
  writeFileSync(join(folder, "other.ts"), other);
  const diverged = rlvr("runs", "replay", "runs/made", "--with", "other.ts", "--quiet");
  expect(diverged.code).toBe(1);
  expect(diverged.out).toMatch(/^they part at step 0\nsample 0 \(problem .*\): reward 0 stored, 0.5 now\n/);
  const itself = script.replace('process.argv[2] === "train"', "true").replace("export const task", "const task");
  writeFileSync(join(folder, "itself.ts"), itself); // trains when it is executed, into a folder that is there already
  const stopped = rlvr("runs", "replay", "runs/made", "--with", "itself.ts", "--until", "0", "--quiet");
  expect(stopped).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/^1 of 1 steps came out the same/) });
  const refused = rlvr("runs", "replay", "runs/a");
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('the task of runs/a "made" is not one of') });
});

test("rlvr runs diff: two runs of other data, and a run and itself", () => {
  const { code, out } = rlvr("runs", "diff", "runs/a", "runs/b", "--stretches", "1");
  expect(code).toBe(1);
  expect(out).toContain("data: 0 of 2 common steps have the same problems; the first with others is 0");
  expect(out).toMatch(/they part at step 0\nsample 0 \(problem p1-0\): problem "p1-0" in runs\/a, "p5-0" in runs\/b/);
  expect(out).toMatch(/reward, steps 0 to 1: [0-9.]+ \[.*\] and [0-9.]+ \[.*\]/);
  const same = rlvr("runs", "diff", "runs/a", "runs/a", "--json");
  expect(same.code).toBe(0);
  expect(JSON.parse(same.out)).toMatchObject({ configuration: [], data: { same: 2 }, steps: 2 });
});
