/** Generation as callers see it: text in, completions in columns out. The work is done by `generate-program.ts`. */
import { entryPoint } from "../entry-point.ts";
import type { ParameterStore } from "../jit/parameter-store.ts";
import { refuse } from "../refuse.ts";
import type { PolicyConfig } from "./config.ts";
import type { Decoded } from "./decode-loop.ts";
import type { GeneratePayload } from "./generate-program.ts";
import { checkGenerateOptions, type Finish, type GenerateOptions, type Generations } from "./generation.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** What generation needs of a policy. */
export interface GeneratingPolicy {
  readonly config: PolicyConfig;
  readonly tokenizer: Tokenizer;
  readonly parameters: ParameterStore;
}

/**
 * Draws `samplesPerPrompt` completions of each prompt.
 *
 * @throws UsageError on bad options, no prompts, an unknown character, or rows longer than the policy's positions
 */
export async function generate(
  policy: GeneratingPolicy,
  prompts: readonly string[],
  options: GenerateOptions,
): Promise<Generations> {
  const started = performance.now();
  const { config, tokenizer, parameters } = policy;
  const sampling = checkGenerateOptions(options, config.vocab_size);
  const encoded = encodePrompts(policy, prompts, options.maxTokens);
  const { samplesPerPrompt = 1, maxTokens, seed, step = 0, firstRow = 0, stopIds = [], signal, onProgress } = options;
  const payload: GeneratePayload = {
    store: parameters.idIn(parameters.engine),
    config,
    prompts: encoded,
    samplesPerPrompt,
    maxTokens,
    sampling,
    endIds: [tokenizer.eosId, ...stopIds],
    key: { seed, stream: "sampling", step },
    firstRow,
  };
  const url = entryPoint("./generate-program.ts", import.meta.url);
  const decoded = await parameters.engine.call<Decoded>(url, "generate", payload, { signal, onProgress });
  const columns = inColumns(encoded, decoded, { samplesPerPrompt, maxTokens, tokenizer, stopIds });
  const total = decoded.lengths.reduce((sum, length) => sum + length, 0);
  return { ...columns, tokensPerSecond: (total / (performance.now() - started)) * 1000 };
}

function encodePrompts(
  { config, tokenizer }: GeneratingPolicy,
  prompts: readonly string[],
  maxTokens: number,
): Int32Array[] {
  if (prompts.length === 0) refuse("generate", "there are no prompts", "pass at least one");
  return prompts.map((prompt, i) => {
    const ids = Int32Array.from(tokenizer.encodePrompt(prompt));
    const limit = config.max_position_embeddings;
    if (ids.length + maxTokens > limit) {
      const given = `prompt ${i} has ${ids.length} tokens, with maxTokens ${maxTokens} more than ${limit} positions`;
      refuse("generate", given, "shorten the prompt or lower maxTokens");
    }
    return ids;
  });
}

interface ColumnOptions {
  readonly samplesPerPrompt: number;
  readonly maxTokens: number;
  readonly tokenizer: Tokenizer;
  readonly stopIds: readonly number[];
}

function inColumns(
  prompts: readonly Int32Array[],
  { tokens, sampleLogProbs, policyLogProbs, lengths }: Decoded,
  { samplesPerPrompt, maxTokens, tokenizer, stopIds }: ColumnOptions,
): Omit<Generations, "tokensPerSecond"> {
  const rows = lengths.length;
  const promptOf = (row: number): Int32Array => prompts[Math.floor(row / samplesPerPrompt)] ?? new Int32Array();
  const promptLengths = Int32Array.from(lengths, (_, row) => promptOf(row).length);
  const width = lengths.reduce((most, length, row) => Math.max(most, length + (promptLengths[row] ?? 0)), 0);
  const columns = {
    ids: new Int32Array(rows * width).fill(tokenizer.padId),
    sampleLogProbs: new Float32Array(rows * (width - 1)),
    policyLogProbs: new Float32Array(rows * (width - 1)),
    mask: new Float32Array(rows * (width - 1)),
  };
  const finish: Finish[] = [];
  const completions: string[] = [];
  for (const [row, length] of lengths.entries()) {
    const [prompt, from] = [promptOf(row), row * maxTokens];
    const completion = tokens.subarray(from, from + length);
    columns.ids.set(prompt, row * width);
    columns.ids.set(completion, row * width + prompt.length);
    const start = row * (width - 1) + prompt.length - 1; // column t is about token t + 1
    columns.sampleLogProbs.set(sampleLogProbs.subarray(from, from + length), start);
    columns.policyLogProbs.set(policyLogProbs.subarray(from, from + length), start);
    columns.mask.fill(1, start, start + length);
    const last = completion[length - 1] ?? tokenizer.padId;
    finish.push(last === tokenizer.eosId ? "eos" : stopIds.includes(last) ? "stop" : "length");
    completions.push(tokenizer.decode(completion)); // leaves EOS out
  }
  const group = Int32Array.from(lengths, (_, row) => Math.floor(row / samplesPerPrompt));
  return { rows, width, promptLengths, completionLengths: lengths, group, ...columns, finish, completions };
}
