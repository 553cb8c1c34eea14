/**
 * Sampling 120 tokens a row from a 0.8 M decoder over 256 tokens, eight samples of each prompt, against
 *
 * - `gemm`: the tokens per second that the forward pass's matrix products alone would allow, at the rate that ONNX
 *   Runtime reaches on them in one graph over 2048 tokens. Decoding reads a cache and draws besides.
 *
 * Rollouts and products alternate, so that both meet the same load of the machine. EOS is made impossible, so that every
 * row has all its tokens; the time is that of `policy.generate`, text and columns included.
 */
import { Engine } from "../src/toolkit/jit/engine.ts";
import { GraphBuilder, type GraphModel, type Value } from "../src/toolkit/jit/graph.ts";
import type { HostTensor } from "../src/toolkit/jit/host-tensor.ts";
import { configOf, type PolicyConfig } from "../src/toolkit/policy/config.ts";
import { embeddingName } from "../src/toolkit/policy/parameters.ts";
import { Policy } from "../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../src/toolkit/policy/tokenizer.ts";
import { best, median, report } from "./support/figure.ts";

const rounds = 8;
const samplesPerPrompt = 8;
const maxTokens = 120;
const forwardTokens = 2048;

const alphabet = String.fromCodePoint(...Array.from({ length: 253 }, (_, i) => 0x4e00 + i)); // with three special: 256
const tokenizer = charTokenizer(alphabet);
const prompt = alphabet.slice(0, 9);

/** A policy that never ends a row: the first entry of every embedding is alike, but for EOS, where it is opposite. */
async function endlessPolicy(): Promise<Policy> {
  const policy = await Policy.create({ size: "nano", tokenizer, seed: 1 });
  const { [embeddingName]: embedding } = await policy.parameters.read([embeddingName]);
  if (embedding === undefined) throw new Error("internal: a policy without embedding");
  const width = policy.config.hidden_size;
  for (let id = 0; id < policy.config.vocab_size; id++) embedding.data[id * width] = id === tokenizer.eosId ? -9 : 1;
  await policy.parameters.write({ [embeddingName]: embedding });
  return policy;
}

/** The forward pass's products, chained: as many of each shape as the decoder has. */
function products({ hidden_size: d, intermediate_size: f, num_hidden_layers: layers, vocab_size: v }: PolicyConfig): {
  readonly graph: GraphModel;
  readonly feeds: Record<string, HostTensor>;
} {
  const square = Array.from({ length: 4 * layers }, () => d);
  const upAndDown = Array.from({ length: (3 * layers) / 2 }, () => [f, d]).flat();
  const widths = [d, ...square, ...upAndDown, v];
  const graph = new GraphBuilder("products");
  const feeds: Record<string, HostTensor> = {};
  const input = (name: string, shape: readonly number[], scale: number): Value => {
    const length = shape.reduce((a, b) => a * b, 1);
    feeds[name] = { data: Float32Array.from({ length }, (_, i) => scale * Math.sin(1.7 * i)), shape };
    return graph.input(name, "float32", shape);
  };
  let x = input("x", [forwardTokens, d], 1);
  for (const [i, width] of widths.slice(1).entries()) {
    const weight = input(`w${i}`, [width, widths[i] ?? d], 1.4 / Math.sqrt(widths[i] ?? d));
    const out = { dtype: "float32", shape: [forwardTokens, width] } as const;
    x = graph.node("Gemm", [x, weight], out, { attributes: { transB: 1 } });
  }
  graph.output("largest", graph.node("ReduceMax", [x], { dtype: "float32", shape: [1, 1] }));
  return { graph: graph.build(), feeds };
}

async function seconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

const policy = await endlessPolicy();
const { graph, feeds } = products(configOf("nano", tokenizer));
const forward = (): Promise<unknown> => Engine.shared().run(graph, feeds);
await forward();
for (const rows of [64, 256]) {
  const prompts = Array.from({ length: rows / samplesPerPrompt }, () => prompt);
  const rollout = async (seed: number): Promise<void> => {
    const { completionLengths } = await policy.generate(prompts, { samplesPerPrompt, maxTokens, seed });
    if (!completionLengths.every((length) => length === maxTokens)) throw new Error("internal: a row ended early");
  };
  await rollout(0); // loads the graphs
  const [rolloutSeconds, forwardSeconds]: [number[], number[]] = [[], []];
  for (let round = 1; round <= rounds; round++) {
    for (let i = 0; i < 10; i++) forwardSeconds.push(await seconds(forward));
    rolloutSeconds.push(await seconds(() => rollout(round)));
  }
  for (const [what, choose] of [["median", median] as const, ["best", best] as const]) {
    report({
      bench: "rollout",
      name: `d128 L4 V256, ${rows} rows of ${maxTokens} tokens, ${what} of ${rounds}`,
      value: (rows * maxTokens) / choose(rolloutSeconds),
      unit: "tokens/s",
      against: "gemm",
      reference: forwardTokens / choose(forwardSeconds),
    });
  }
}
