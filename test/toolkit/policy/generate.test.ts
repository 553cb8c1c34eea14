import { beforeAll, expect, test } from "vitest";
import { Engine } from "../../../src/toolkit/jit/engine.ts";
import type { PolicyConfig } from "../../../src/toolkit/policy/config.ts";
import type { GenerateOptions, Generations } from "../../../src/toolkit/policy/generation.ts";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { logSoftmax, randomWeights, referenceLogits, tinyConfig, type Weights } from "./reference.ts";

const tokenizer = charTokenizer("0123456789"); // 13 tokens: digit n is 3 + n
const config = tinyConfig();
const weights = randomWeights(config, 5);
let policy: Policy;

async function policyOf(given: PolicyConfig, values: Weights): Promise<Policy> {
  const made = await Policy.create({ config: given, tokenizer, seed: 1 });
  await made.parameters.write(values);
  return made;
}

beforeAll(async () => {
  policy = await policyOf(config, weights);
});

/** Greedy decoding by a full forward pass per token. */
function greedily(given: PolicyConfig, values: Weights, prompt: string, maxTokens: number): number[] {
  const ids = tokenizer.encodePrompt(prompt);
  const start = ids.length;
  while (ids.length - start < maxTokens && (ids.length === start || ids.at(-1) !== tokenizer.eosId)) {
    const logits = referenceLogits(given, values, ids).at(-1) ?? [];
    ids.push(logits.indexOf(Math.max(...logits)));
  }
  return ids.slice(start);
}

function completion({ ids, width, promptLengths, completionLengths }: Generations, row: number): number[] {
  const start = row * width + (promptLengths[row] ?? 0);
  return [...ids.subarray(start, start + (completionLengths[row] ?? 0))];
}

/** A row's part of a per-token array. */
function tokensOf(
  { width, promptLengths, completionLengths }: Generations,
  array: Float32Array,
  row: number,
): number[] {
  const start = row * (width - 1) + (promptLengths[row] ?? 0) - 1;
  return [...array.subarray(start, start + (completionLengths[row] ?? 0))];
}

async function differenceToScore(of: Policy, result: Generations): Promise<number> {
  const { logProbs } = await of.score(result.ids, [result.rows, result.width]);
  let most = 0;
  for (const [i, value] of logProbs.entries()) {
    if (result.mask[i] === 1) most = Math.max(most, Math.abs(value - (result.policyLogProbs[i] ?? Number.NaN)));
  }
  return most;
}

const prompts = ["", "3", "12345678901234567890", "77", "9081"];

test.each([
  { name: "two query heads per key-value head", change: {}, seed: 5 },
  { name: "tied head, one key-value head", change: { num_key_value_heads: 1, tie_word_embeddings: true }, seed: 6 },
  { name: "four key-value heads, three layers", change: { num_key_value_heads: 4, num_hidden_layers: 3 }, seed: 8 },
])(
  "generate: greedy equals full forward passes for 40 tokens, prompts of any length ($name)",
  async ({ change, seed }) => {
    const given = tinyConfig(change);
    const values = randomWeights(given, seed);
    const made = await policyOf(given, values);
    const result = await made.generate(prompts, { maxTokens: 40, greedy: true, seed: 0 });
    for (const [row, prompt] of prompts.entries()) {
      expect(completion(result, row), prompt).toEqual(greedily(given, values, prompt, 40));
    }
    expect(Math.max(...result.completionLengths)).toBe(40);
    expect(result.sampleLogProbs.every((value) => value === 0)).toBe(true); // drawn with certainty
    expect(await differenceToScore(made, result)).toBeLessThan(1e-4);
  },
);

test("generate: columns agree with each other", async () => {
  const result = await policy.generate(prompts, { samplesPerPrompt: 3, maxTokens: 12, seed: 2 });
  const { rows, width, ids, mask, finish, completions, group, promptLengths, completionLengths } = result;
  expect([rows, finish.length, ids.length, mask.length]).toEqual([15, 15, 15 * width, 15 * (width - 1)]);
  expect([...group]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
  expect(new Set(finish)).toEqual(new Set(["eos", "length"]));
  for (let row = 0; row < rows; row++) {
    const prompt = tokenizer.encodePrompt(prompts[group[row] ?? 0] ?? "");
    const drawn = completion(result, row);
    expect(promptLengths[row]).toBe(prompt.length);
    const padding = new Array(width - prompt.length - drawn.length).fill(tokenizer.padId);
    expect([...ids.subarray(row * width, (row + 1) * width)]).toEqual([...prompt, ...drawn, ...padding]);
    const rowMask = [...mask.subarray(row * (width - 1), (row + 1) * (width - 1))];
    expect(rowMask).toEqual([...prompt.slice(1).map(() => 0), ...drawn.map(() => 1), ...padding.map(() => 0)]);
    expect(finish[row]).toBe(drawn.at(-1) === tokenizer.eosId ? "eos" : "length");
    expect(drawn.indexOf(tokenizer.eosId)).toBe(finish[row] === "eos" ? drawn.length - 1 : -1); // EOS is in the mask
    expect(completionLengths[row]).toBe(finish[row] === "eos" ? drawn.length : 12);
    expect(completions[row]).toBe(tokenizer.decode(drawn));
  }
  expect(width).toBe(Math.max(...completionLengths.map((length, row) => length + (promptLengths[row] ?? 0))));
});

test.each<{ name: string; options: Partial<GenerateOptions> }>([
  { name: "as it is", options: {} },
  { name: "temperature 0.7", options: { temperature: 0.7 } },
  {
    name: "temperature 1.5, top-k 5, top-p 0.8, min-p 0.1",
    options: { temperature: 1.5, topK: 5, topP: 0.8, minP: 0.1 },
  },
])("generate: log-probs are the policy's and the sampler's ($name)", async ({ options }) => {
  const result = await policy.generate(prompts, { samplesPerPrompt: 8, maxTokens: 30, seed: 3, ...options });
  expect(await differenceToScore(policy, result)).toBeLessThan(1e-4);
  for (const row of [0, 9, 20, 39]) {
    const sequence = [...result.ids.subarray(row * result.width, (row + 1) * result.width)];
    const logits = referenceLogits(config, weights, sequence);
    const start = (result.promptLengths[row] ?? 0) - 1;
    for (const [i, found] of tokensOf(result, result.sampleLogProbs, row).entries()) {
      const expected = samplingDistribution(logits[start + i] ?? [], options)[sequence[start + i + 1] ?? 0] ?? 0;
      expect(Math.abs(found - Math.log(expected))).toBeLessThan(1e-4);
    }
  }
});

test("generate: the same seed draws the same ids, another seed or step draws others", async () => {
  const options = { samplesPerPrompt: 4, maxTokens: 20, seed: 4 };
  const [first, second] = [await policy.generate(prompts, options), await policy.generate(prompts, options)];
  const { tokensPerSecond: _first, ...columns } = first;
  expect(second).toMatchObject(columns);
  expect((await policy.generate(prompts, { ...options, seed: 5 })).ids).not.toEqual(first.ids);
  expect((await policy.generate(prompts, { ...options, step: 1 })).ids).not.toEqual(first.ids);
});

test("generate: rows drawn in two batches are the rows drawn in one", async () => {
  const options = { samplesPerPrompt: 4, maxTokens: 20, seed: 4 };
  const whole = await policy.generate(prompts, options);
  const parts = [
    await policy.generate(prompts.slice(0, 2), options),
    await policy.generate(prompts.slice(2), { ...options, firstRow: 8 }),
  ];
  const drawn = parts.flatMap((part) => Array.from({ length: part.rows }, (_, row) => completion(part, row)));
  expect(drawn).toEqual(Array.from({ length: whole.rows }, (_, row) => completion(whole, row)));
});

test("generate: more rows than lanes, ending at different times, are the rows drawn alone", async () => {
  const many = Array.from({ length: 150 }, (_, i) => String(i * i)); // 600 rows: lanes are refilled, then fewer
  const options = { samplesPerPrompt: 4, maxTokens: 60, seed: 9 };
  const result = await policy.generate(many, options);
  expect(new Set(result.completionLengths).size).toBeGreaterThan(30);
  expect(await differenceToScore(policy, result)).toBeLessThan(1e-4);
  for (const index of [0, 77, 149]) {
    const alone = await policy.generate([many[index] ?? ""], { ...options, firstRow: index * 4 });
    for (let sample = 0; sample < 4; sample++) {
      expect(completion(alone, sample)).toEqual(completion(result, index * 4 + sample));
    }
  }
});

test("generate: limits of tokens that differ a little share their graphs", async () => {
  const engine = new Engine({ threads: 1 });
  const own = await Policy.create({ config, tokenizer, seed: 1, engine });
  const sessions = async (maxTokens: number) => {
    await own.generate(["12"], { maxTokens, greedy: true, seed: 0 });
    return (await engine.memory()).sessions;
  };
  const first = await sessions(7); // 3 tokens of prompt and 6 read again: 9 slots, in 16
  for (const maxTokens of [8, 9, 10, 11, 12, 13, 14]) expect(await sessions(maxTokens)).toBe(first);
  await engine.close();
});

test("generate: updated weights are used at once", async () => {
  const changed = await policy.clone();
  const options = { maxTokens: 20, greedy: true, seed: 0 };
  const before = await changed.generate(["42"], options);
  const others = randomWeights(config, 77);
  await changed.parameters.write(others);
  const after = await changed.generate(["42"], options);
  expect(completion(after, 0)).not.toEqual(completion(before, 0));
  expect(completion(after, 0)).toEqual(greedily(config, others, "42", 20));
});

test("generate: a stop token ends a row, and stays in its ids, mask and text", async () => {
  const stop = 3 + 7; // the digit 7
  const result = await policy.generate(prompts, { samplesPerPrompt: 8, maxTokens: 40, seed: 1, stopIds: [stop] });
  expect(result.finish).toContain("stop");
  for (const [row, reason] of result.finish.entries()) {
    const drawn = completion(result, row);
    expect(drawn.indexOf(stop)).toBe(reason === "stop" ? drawn.length - 1 : -1);
    if (reason === "stop") expect(result.completions[row]?.endsWith("7")).toBe(true);
  }
});

test("generate: progress ends at most at the totals; a fired signal rejects with its reason", async () => {
  const seen: number[] = [];
  const big = await Policy.create({ size: "nano", tokenizer, seed: 1 });
  // Some seconds of work on any machine, so that the signal comes long before the end.
  const options = { samplesPerPrompt: 8192, maxTokens: 400, seed: 1 };
  const abort = new AbortController();
  const running = big.generate(["1"], {
    ...options,
    signal: abort.signal,
    onProgress: ({ tokens, rowsFinished }) => {
      expect(rowsFinished).toBeLessThanOrEqual(8192);
      seen.push(tokens);
      if (seen.length === 2) abort.abort(new Error("enough"));
    },
  });
  await expect(running).rejects.toThrow("enough");
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  await big.dispose();
});

test.each([
  { options: { maxTokens: 0 }, message: "generate: maxTokens is 0; pass a whole number from 1" },
  {
    options: { temperature: 0 },
    message: "generate: temperature is 0; pass a number from 0.001 to 100; use greedy: true",
  },
  { options: { temperature: 1e-40 }, message: "generate: temperature is 1e-40; pass a number from 0.001 to 100" },
  { options: { temperature: 101 }, message: "generate: temperature is 101; pass a number from 0.001 to 100" },
  { options: { topP: 1.5 }, message: "generate: topP is 1.5; pass a number" },
  { options: { topK: 0 }, message: "generate: topK is 0" },
  { options: { minP: -1 }, message: "generate: minP is -1" },
  { options: { stopIds: [13] }, message: "generate: stopIds has 13; pass token ids from 0 to 12." },
  { options: { greedy: true, topK: 3 }, message: "generate: greedy and topK are both set; leave topK out" },
  { options: { maxTokens: 95 }, message: "prompt 0 has 2 tokens, with maxTokens 95 more than 96 positions" },
  { options: { topp: 0.5 }, message: 'generate: there is no option "topp"; did you mean "topP"?' },
])("generate: $options is refused", async ({ options, message }) => {
  await expect(policy.generate(["1"], { maxTokens: 5, seed: 1, ...options })).rejects.toThrow(message);
});

test("generate: no prompts and unknown characters are refused", async () => {
  await expect(policy.generate([], { maxTokens: 5, seed: 1 })).rejects.toThrow("there are no prompts");
  await expect(policy.generate(["1x"], { maxTokens: 5, seed: 1 })).rejects.toThrow('"x" (U+0078) at character 1');
});

test("generate: weights that are not finite end in an error, and do not spoil the next call", async () => {
  const broken = await policy.clone();
  await broken.parameters.write({ "model.norm.weight": { data: new Float32Array(20).fill(Number.NaN), shape: [20] } });
  await expect(broken.generate(["1"], { maxTokens: 5, seed: 1 })).rejects.toThrow("its weights are not usable");
  const result = await policy.generate(["1"], { maxTokens: 5, seed: 1 });
  expect(await differenceToScore(policy, result)).toBeLessThan(1e-4);
});

type Cuts = Pick<GenerateOptions, "temperature" | "topK" | "topP" | "minP">;

/** The distribution as transformers' logits warpers make it, each on what the one before left. */
function samplingDistribution(
  logits: readonly number[],
  { temperature = 1, topK = 99, topP = 1, minP = 0 }: Cuts,
): number[] {
  let probabilities = logSoftmax(logits.map((z) => z / temperature)).map(Math.exp);
  const keep = (wanted: (p: number, id: number) => boolean): void => {
    const kept = probabilities.map((p, id) => (wanted(p, id) ? p : 0));
    const total = kept.reduce((a, b) => a + b, 0);
    probabilities = kept.map((p) => p / total);
  };
  const kth = [...probabilities].sort((a, b) => b - a)[Math.min(topK, probabilities.length) - 1] ?? 0;
  keep((p) => p >= kth);
  const before = probabilities.map((p) => probabilities.reduce((sum, other) => sum + (other > p ? other : 0), 0));
  keep((_, id) => (before[id] ?? 0) < topP);
  const likeliest = Math.max(...probabilities);
  keep((p) => p >= minP * likeliest);
  return probabilities;
}

// Largest values of a chi-square variable at probability 0.999, by degrees of freedom 1 … 12 (tables).
const bound = [10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32, 26.12, 27.88, 29.59, 31.26, 32.91];

// Probabilities at temperature 1: 0.214 0.207 0.145 0.123 0.082 0.048 0.047 0.045 0.040 0.018 …; at temperature 2:
// 0.144 0.142 0.119 0.109 0.090 0.068 0.068 0.066 0.063 0.041 …, of which nine make 0.869.
test.each<{ cuts: Cuts; support: number }>([
  { cuts: {}, support: 13 },
  { cuts: { temperature: 2 }, support: 13 },
  { cuts: { topK: 4 }, support: 4 },
  { cuts: { topP: 0.7 }, support: 5 }, // four make 0.689
  { cuts: { minP: 0.2 }, support: 8 }, // 0.2 · 0.214 = 0.043
  { cuts: { temperature: 2, topK: 9, topP: 0.8 }, support: 7 }, // 0.8 of the nine's 0.869 is 0.695; of all, eight
  { cuts: { temperature: 2, topP: 0.8, minP: 0.5 }, support: 5 }, // 0.5 · 0.144 = 0.072
])("generate: frequencies follow the exact distribution ($cuts)", async ({ cuts, support }) => {
  const draws = 20_000;
  const expected = samplingDistribution(
    referenceLogits(config, weights, tokenizer.encodePrompt("50")).at(-1) ?? [],
    cuts,
  );
  const result = await policy.generate(["50"], { samplesPerPrompt: draws, maxTokens: 1, seed: 6, ...cuts });
  const counts = new Array<number>(13).fill(0);
  for (let row = 0; row < draws; row++) {
    const [token = 0] = completion(result, row);
    counts[token] = (counts[token] ?? 0) + 1;
  }
  expect(expected.filter((p) => p > 0).length).toBe(support);
  let chiSquare = 0;
  for (const [id, p] of expected.entries()) {
    if (p === 0)
      expect(counts[id]).toBe(0); // what is cut off is never drawn
    else chiSquare += ((counts[id] ?? 0) - draws * p) ** 2 / (draws * p);
  }
  expect(chiSquare).toBeLessThan(bound[support - 2] ?? 0);
});
