import { expect, test } from "vitest";
import { type ImportedRun, importedSet, importRun, tokenRollouts } from "../../../../src/index.ts";
import { dump } from "../../../support/dump.ts";

/** Counts by id, in the order of the dump. */
function counts(run: ImportedRun, name?: string, step?: number): (readonly [n: number, correct: number])[] {
  const set = importedSet(run, { ...(name === undefined ? {} : { name }), ...(step === undefined ? {} : { step }) });
  return set.problems.map(({ n, correct }) => [n, correct] as const);
}

const verlRow = (input: string, output: string, score: number, extra: object = {}): object => {
  return { input, output, gts: "4", score, step: 20, ...extra };
};

test("verl dump: prompt and gold answer are a problem, `acc` is what counts, other keys stay", async () => {
  const folder = dump({
    "validation/20.jsonl": [
      verlRow("2+2=", "4", 1, { acc: true, pred: "4" }),
      verlRow("2+2=", "5", -1, { acc: false, pred: "5" }),
      verlRow("2+2=", "?", -1, { acc: false, pred: "[INVALID]" }),
      verlRow("3+1=", "4", 1, { acc: true, pred: "4" }),
    ],
  });
  const run = await importRun(folder);
  expect(run.formats).toEqual(["verl-dump"]);
  expect(counts(run, "validation", 20)).toEqual([
    [3, 1],
    [1, 1],
  ]);
  const [first] = importedSet(run).problems;
  expect(first).toMatchObject({ prompt: "2+2=", answer: "4", unparsed: 1, failed: 0 });
  expect(first?.completions?.map(({ status }) => status)).toEqual(["correct", "wrong", "unparsed"]);
  expect(first?.completions?.[1]).toMatchObject({ text: "5", score: 0, fields: { score: -1, pred: "5" }, line: 2 });
});

test("verl dump: the same problem has one id in two runs, another gold answer makes another", async () => {
  const run = async (row: object): Promise<string | undefined> =>
    importedSet(await importRun(dump({ "v/20.jsonl": [row] }))).problems[0]?.id;
  const id = await run(verlRow("2+2=", "4", 1));
  expect(await run(verlRow("2+2=", "5", 0))).toBe(id);
  expect(await run(verlRow("2+2=", "4", 1, { gts: "5" }))).not.toBe(id);
});

test("verl dump: without `acc`, scores of −1 are refused until told from where a sample is right", async () => {
  const folder = dump({ "v/20.jsonl": [verlRow("2+2=", "4", 1), verlRow("2+2=", "5", -1)] });
  await expect(importRun(folder)).rejects.toThrow(
    /20\.jsonl, line 2, field score is -1, outside \[0, 1\]: say from which score up a sample is right \(correctFrom\)/,
  );
  expect(counts(await importRun(folder, { correctFrom: 1 }))).toEqual([[2, 1]]);
});

test("verl file logger: metrics by step, NaN and Infinity as Python writes them", async () => {
  const lines = [
    '{"step": 1, "data": {"actor/entropy": 0.5, "x": NaN}}',
    '{"step": 2, "data": {"actor/entropy": -Infinity}}',
  ];
  const run = await importRun(dump({ "toy/exp.jsonl": `${lines.join("\n")}\n` }));
  expect(run.formats).toEqual(["verl-log"]);
  expect(run.curves).toEqual([
    { name: "actor/entropy", format: "verl-log", steps: [1, 2], values: [0.5, Number.NEGATIVE_INFINITY] },
    { name: "x", format: "verl-log", steps: [1], values: [Number.NaN] },
  ]);
});

test("TRL state: the last checkpoint's history stands for all", async () => {
  const history = (to: number): string =>
    JSON.stringify({
      global_step: to,
      log_history: Array.from({ length: to }, (_, i) => ({ step: i + 1, reward: i / 4, epoch: 0.1 })),
    });
  const folder = dump({
    "checkpoint-2/trainer_state.json": history(2),
    "checkpoint-10/trainer_state.json": history(10),
  });
  const run = await importRun(folder);
  expect(run.curves.find(({ name }) => name === "reward")?.steps).toHaveLength(10);
  expect(run.ignored).toHaveLength(1);
  expect(run.configs).toEqual([{ config: { global_step: 10 } }]);
});

test("prime-rl traces: weighted sum of rewards, errors are unscored, episodes are taken apart", async () => {
  const trace = (key: string, score: number, more: object = {}): object => ({
    id: "t",
    task: { type: "Sum", key, data: { question: `what is ${key}`, answer: "4" } },
    nodes: [
      { message: { role: "user", content: "q" } },
      { parent: 0, message: { role: "assistant", content: [{ type: "text", text: "4" }] } },
    ],
    rewards: { right: { score, weight: 1 }, style: { score: 1, weight: 0 } },
    ...more,
  });
  const folder = dump({
    "rollouts/step_3/eval/effective/traces.jsonl": [
      trace("a", 1),
      { episode: 1, env_name: "sum", traces: [trace("a", 0), trace("b", 1)] },
      trace("b", 0, { errors: [{ type: "Timeout" }] }),
      trace("b", 0, { rewards: { right: null } }),
    ],
  });
  const run = await importRun(folder);
  expect(run.sets.map(({ name, step }) => [name, step])).toEqual([
    ["eval/effective/Sum", 3],
    ["eval/effective/sum", 3],
  ]);
  const plain = importedSet(run, { name: "eval/effective/Sum" });
  expect(plain.problems.map(({ id, n, correct, failed }) => [id, n, correct, failed])).toEqual([
    ["a", 1, 1, 0],
    ["b", 0, 0, 2],
  ]);
  expect(plain.problems[0]).toMatchObject({ prompt: "what is a", answer: "4" });
  expect(plain.problems[0]?.completions?.[0]?.text).toBe("4");
});

test("prime-rl token export: columns are about the token itself and come out as rollouts", async () => {
  const row = (mask: boolean[], step = 7): object => ({
    ...{ schema_version: 1, step, export_step: step, rank: 0, env_name: "sum" },
    token_ids: [5, 6, 7, 8],
    position_ids: [0, 1, 2, 3],
    loss_mask: mask,
    inference_logprobs: [0, 0, -0.5, -0.25],
    trainer_logprobs: [0, 0, -0.75, null],
    entropy: [0, 0.1, 0.2, 0.3],
  });
  const folder = dump({
    "token_exports/step_7/rank_0.jsonl": [row([false, false, true, true]), row([false, true, false, true])],
  });
  const { tokens, formats } = await importRun(folder);
  expect(formats).toEqual(["prime-rl-tokens"]);
  const { rollouts, step } = tokenRollouts(tokens);
  expect(step).toBe(7);
  expect([rollouts.rows, rollouts.width]).toEqual([2, 4]);
  expect([...rollouts.mask]).toEqual([0, 1, 1, 1, 0, 1]); // column t is about token t + 1; the second row has a hole
  expect([...rollouts.sampleLogProbs.subarray(1, 3)]).toEqual([-0.5, -0.25]);
  expect([...rollouts.policyLogProbs.subarray(1, 3)]).toEqual([-0.75, Number.NaN]);
  expect(rollouts.columns?.entropy).toEqual(Float32Array.of(0.1, 0.2, 0.3, 0.1, 0.2, 0.3));
});

test("metrics.jsonl: numbers by step, one curve for each producer", async () => {
  const folder = dump({
    "metrics.jsonl": [
      { producer: "trainer", step: 1, time: 9, "loss/mean": 0.5 },
      { producer: "orchestrator", step: 1, reward: 1 },
    ],
  });
  const { curves } = await importRun(folder);
  expect(curves.map(({ run, name, values }) => [run, name, values])).toEqual([
    ["trainer", "loss/mean", [0.5]],
    ["orchestrator", "reward", [1]],
  ]);
});

test("NeMo-RL: lists of one are unwrapped, padding is cut, the prompt's tokens are the problem", async () => {
  const row = (rewards: number, idx: number): object => ({
    content: ["2+2=4"],
    rewards: [rewards],
    input_lengths: [3],
    token_ids: [[5, 6, 7, 0]],
    token_loss_mask: [[0, 0, 1, 0]],
    generation_logprobs: [[0, 0, -0.5, 0]],
    prev_logprobs: [[0, 0, -0.25, 0]],
    idx,
  });
  const run = await importRun(dump({ "logs/train_data_step12.jsonl": [row(1, 0), row(0, 1)] }));
  expect(counts(run, "train", 12)).toEqual([[2, 1]]);
  expect(run.tokens[0]).toMatchObject({ promptLength: 2, ids: Int32Array.of(5, 6, 7), reward: 1 });
  const { rollouts, rewards } = tokenRollouts(run.tokens);
  expect([...rollouts.policyLogProbs]).toEqual([0, -0.25, 0, -0.25]);
  expect([...rewards.values]).toEqual([1, 0]);
});

test("NeMo-RL validation: a conversation's messages before the answer are the problem", async () => {
  const content = (answer: string): object[] => [
    { role: "user", content: "2+2=" },
    { role: "assistant", content: answer },
  ];
  const rows = [
    { content: content("4"), rewards: 1, idx: 0 },
    { content: content("5"), rewards: 0, idx: 1 },
  ];
  const run = await importRun(dump({ "val_data_step5.jsonl": rows }));
  expect(counts(run, "val", 5)).toEqual([[2, 1]]);
  expect(importedSet(run).problems[0]?.completions?.map(({ text }) => text)).toEqual(["4", "5"]);
});

test("lm-eval samples: each filter is a set, a document twice in one is an error", async () => {
  const row = (doc: number, filter: string, score: number, extra: object = {}): object => ({
    ...{ doc_id: doc, doc: { question: "2+2=" }, target: "4", arguments: [["Q: 2+2=", {}]], resps: [["so 4"]], filter },
    ...{
      filtered_resps: [score === 1 ? "4" : "[invalid]"],
      metrics: ["exact_match"],
      exact_match: score,
      doc_hash: "h",
      ...extra,
    },
  });
  const name = "samples_gsm8k_2025-06-01T00-00-00.000000.jsonl";
  const run = await importRun(
    dump({ [name]: [row(0, "strict-match", 0), row(0, "flexible-extract", 1), row(1, "strict-match", 1)] }),
  );
  expect(run.sets.map(({ name: set, run: date, problems }) => [set, date, problems.length])).toEqual([
    ["gsm8k/flexible-extract", "2025-06-01T00-00-00.000000", 1],
    ["gsm8k/strict-match", "2025-06-01T00-00-00.000000", 2],
  ]);
  const [first] = importedSet(run, { name: "gsm8k/strict-match" }).problems;
  expect(first).toMatchObject({ id: "0", prompt: "Q: 2+2=", answer: "4", n: 1, correct: 0, unparsed: 1 });
  await expect(importRun(dump({ [name]: [row(0, "a", 1), row(0, "a", 1)] }))).rejects.toThrow(
    /line 2, field doc_id is 0/,
  );
});

test("lm-eval samples: a list of scores is one for each repeat", async () => {
  const row = {
    doc_id: 0,
    target: "4",
    resps: [["4", "5", "4"]],
    filtered_resps: [["4", "5", "4"]],
    filter: "none",
    metrics: ["acc"],
    acc: [1, 0, 1],
  };
  const run = await importRun(dump({ "samples_toy.jsonl": [row] }));
  expect(counts(run, "toy")).toEqual([[3, 2]]);
  expect(importedSet(run).problems[0]?.completions?.map(({ text }) => text)).toEqual(["4", "5", "4"]);
});

test("results files: the peers' numbers with their standard errors", async () => {
  const run = await importRun(
    dump({
      "results_2025-06-01T00-00-00.json": JSON.stringify({
        results: { gsm8k: { "exact_match,strict-match": 0.5, "exact_match_stderr,strict-match": 0.1, alias: "gsm8k" } },
        config: { model: "toy" },
      }),
      "results_2025-06-02T00-00-00.json": JSON.stringify({
        config_general: { model_name: "toy" },
        results: { "custom|toy|0": { maj: 0.3, maj_stderr: 0.0015 }, all: { maj: 0.3 } },
      }),
    }),
  );
  expect(run.results.map(({ set, metric, value, standardError }) => [set, metric, value, standardError])).toEqual([
    ["gsm8k/strict-match", "exact_match", 0.5, 0.1],
    ["custom|toy|0", "maj", 0.3, 0.0015],
  ]);
  expect(run.configs.map(({ config }) => config)).toEqual([{ model: "toy" }, { model_name: "toy" }]);
});
