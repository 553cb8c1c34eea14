import { expect, test } from "vitest";
import { checkConfig, configOf, configText, type PolicySize, sizes } from "../../../src/toolkit/policy/config.ts";
import { checkParameters, initParameters, parameterShapes } from "../../../src/toolkit/policy/parameters.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { tinyConfig } from "./reference.ts";

const tokenizer = charTokenizer("0123456789+=");
const nano = configOf("nano", tokenizer);

function count(size: PolicySize): number {
  const shapes = Object.values(parameterShapes(configOf(size, tokenizer)));
  return shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

test("sizes: nano has about 0.8 M parameters, micro about 5 M", () => {
  // 4 layers of 4·128² + 3·128·320 + 2·128, the embedding 15·128, the last norm 128
  expect(count("nano")).toBe(4 * (4 * 128 * 128 + 3 * 128 * 320 + 256) + 15 * 128 + 128);
  expect(count("micro")).toBe(6 * (4 * 256 * 256 + 3 * 256 * 704 + 512) + 15 * 256 + 256);
  expect(Object.keys(sizes)).toEqual(["nano", "micro"]);
});

test("checkConfig: config.json is read back as it was", () => {
  expect(checkConfig("c", JSON.parse(configText(nano)))).toEqual(nano);
});

test("checkConfig: Hugging Face's defaults and newer spelling", () => {
  const { head_dim: _dh, num_key_value_heads: _kv, rope_theta: _theta, ...rest } = nano;
  const config = checkConfig("c", { ...rest, rope_parameters: { rope_type: "default", rope_theta: 500 } });
  expect(config).toMatchObject({ head_dim: 32, num_key_value_heads: 4, rope_theta: 500 });
});

test.each([
  [{ model_type: "gpt2" }, 'c: model_type is "gpt2"; only "llama" is supported.'],
  [{ hidden_size: "128" }, 'c: hidden_size is "128"; write a whole number from 1'],
  [{ vocab_size: undefined }, "c: vocab_size is missing; write a whole number"],
  [{ num_key_value_heads: 3 }, "c: num_key_value_heads is 3; write a divisor of num_attention_heads (4)."],
  [{ head_dim: 31 }, "c: head_dim is 31; write an even number"],
  [{ rms_norm_eps: 0 }, "c: rms_norm_eps is 0; write a number above 0."],
  [{ attention_bias: true }, "c: attention_bias is true; only false is supported."],
  [{ rope_scaling: { factor: 2 } }, 'c: rope_scaling is {"factor":2}; only null is supported.'],
  [{ tie_word_embeddings: "yes" }, 'c: tie_word_embeddings is "yes"; write true or false.'],
  [{ eos_token_id: 15 }, "c: eos_token_id is 15; write a whole number from 0 to 14."],
])("checkConfig: %o is refused", (change, message) => {
  expect(() => checkConfig("c", { ...nano, ...change })).toThrow(message);
});

test("configOf: an unknown size is refused", () => {
  expect(() => configOf("huge" as never, tokenizer)).toThrow('there is no size "huge"; pass one of nano, micro.');
});

test("initParameters: seeded; norms 1; what writes to the residual stream is smaller by √(2 · layers)", () => {
  const parameters = initParameters(nano, 7);
  const deviation = (name: string): number => {
    const data = Float32Array.from(parameters[name]?.data ?? []);
    return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
  };
  expect(deviation("model.norm.weight")).toBe(1);
  expect(deviation("model.layers.3.self_attn.q_proj.weight")).toBeCloseTo(0.02, 3);
  expect(deviation("model.layers.3.mlp.down_proj.weight")).toBeCloseTo(0.02 / Math.sqrt(8), 3);
  expect(initParameters(nano, 7)).toEqual(parameters);
  expect(initParameters(nano, 8)).not.toEqual(parameters);
});

test("checkParameters: a weight missing, too many or of another shape is named", () => {
  const config = tinyConfig({ tie_word_embeddings: true });
  const good = initParameters(config, 1);
  expect(() => checkParameters("w", config, good)).not.toThrow();
  const { "model.norm.weight": _norm, ...without } = good;
  expect(() => checkParameters("w", config, without)).toThrow("w: the weight model.norm.weight is missing");
  const extra = { ...good, "lm_head.weight": { shape: [13, 20] } };
  expect(() => checkParameters("w", config, extra)).toThrow("lm_head.weight is no weight of this config; set tie_word");
  const other = { ...good, "model.layers.1.self_attn.k_proj.weight": { shape: [24, 20] } };
  expect(() => checkParameters("w", config, other)).toThrow("k_proj.weight is [24, 20], the config says [12, 20]");
});
