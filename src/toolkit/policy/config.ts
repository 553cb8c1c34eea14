/**
 * What a policy is: the fields of a Hugging Face `config.json` of model type "llama" that decide its mathematics.
 */
import { refuse } from "../refuse.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Hugging Face's names and meanings, checked by {@link checkConfig}. */
export interface PolicyConfig {
  readonly architectures: readonly string[];
  readonly model_type: "llama";
  /** V. */
  readonly vocab_size: number;
  /** d, width of the residual stream. */
  readonly hidden_size: number;
  /** Width of the feed-forward layers. */
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  /** H, query heads. */
  readonly num_attention_heads: number;
  /** KV, key-value heads: H / KV query heads share one. */
  readonly num_key_value_heads: number;
  /** dh, even. */
  readonly head_dim: number;
  /** Longest sequence, prompt and completion together. */
  readonly max_position_embeddings: number;
  /** ε of the RMS norms. */
  readonly rms_norm_eps: number;
  /** Base of the rotary angles. */
  readonly rope_theta: number;
  /** Whether the output head is the embedding matrix. */
  readonly tie_word_embeddings: boolean;
  readonly bos_token_id: number;
  readonly eos_token_id: number;
  readonly pad_token_id: number;
}

/** Named sizes. */
export type PolicySize = "nano" | "micro";

type SizeFields = Pick<
  PolicyConfig,
  | "hidden_size"
  | "intermediate_size"
  | "num_hidden_layers"
  | "num_attention_heads"
  | "num_key_value_heads"
  | "head_dim"
  | "max_position_embeddings"
>;

/** Shapes for character vocabularies: about 0.8 M and 4.7 M parameters. */
export const sizes: Readonly<Record<PolicySize, SizeFields>> = {
  nano: {
    hidden_size: 128,
    intermediate_size: 320,
    num_hidden_layers: 4,
    num_attention_heads: 4,
    num_key_value_heads: 4,
    head_dim: 32,
    max_position_embeddings: 512,
  },
  micro: {
    hidden_size: 256,
    intermediate_size: 704,
    num_hidden_layers: 6,
    num_attention_heads: 8,
    num_key_value_heads: 8,
    head_dim: 32,
    max_position_embeddings: 1024,
  },
};

/** The config of a named size over a tokenizer's vocabulary: tied head, ε 1e-5 and θ 10000 as in the first Llama. */
export function configOf(size: PolicySize, tokenizer: Tokenizer): PolicyConfig {
  const fields = Object.hasOwn(sizes, size) ? sizes[size] : undefined;
  if (fields === undefined) {
    return refuse("policy", `there is no size "${String(size)}"`, `pass one of ${Object.keys(sizes).join(", ")}`);
  }
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: tokenizer.vocabSize,
    ...fields,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: true,
    bos_token_id: tokenizer.bosId,
    eos_token_id: tokenizer.eosId,
    pad_token_id: tokenizer.padId,
  };
}

/** Fields that would change the mathematics, with the one value that is computed here. */
const FIXED: Readonly<Record<string, unknown>> = {
  hidden_act: "silu",
  attention_bias: false,
  mlp_bias: false,
  rope_scaling: null,
  sliding_window: null,
};

const COUNTS = [
  "vocab_size",
  "hidden_size",
  "intermediate_size",
  "num_hidden_layers",
  "num_attention_heads",
  "max_position_embeddings",
] as const;

/** Above this a size is a typing error or a hostile file; the largest open vocabularies and widths are far below. */
const LARGEST = 2 ** 24;

/**
 * Checks the content of a `config.json` (or a config written by hand) and fills in Hugging Face's defaults.
 *
 * @param where what to name in a refusal: the file, or the function
 * @throws UsageError naming the field, its value and what to write
 */
export function checkConfig(where: string, value: unknown): PolicyConfig {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse(where, "the config is not an object", "pass the fields of a Llama config.json");
  }
  const fields = { ...value } as Record<string, unknown>;
  const fail = (name: string, remedy: string): never =>
    refuse(where, `${name} is ${JSON.stringify(fields[name]) ?? "missing"}`, remedy);
  const whole = (name: string, min: number, max: number, standard?: number): number => {
    const field = fields[name] ?? standard;
    if (typeof field === "number" && Number.isInteger(field) && field >= min && field <= max) return field;
    return fail(name, `write a whole number from ${min} to ${max}`);
  };
  if (fields.model_type !== "llama") fail("model_type", 'only "llama" is supported');
  for (const [name, only] of Object.entries(FIXED)) {
    if ((fields[name] ?? only) !== only) fail(name, `only ${JSON.stringify(only)} is supported`);
  }
  const counts = Object.fromEntries(COUNTS.map((name) => [name, whole(name, 1, LARGEST)])) as CountFields;
  const { num_attention_heads: heads, hidden_size: width, vocab_size: vocabulary } = counts;
  const kvHeads = whole("num_key_value_heads", 1, heads, heads);
  if (heads % kvHeads !== 0) fail("num_key_value_heads", `write a divisor of num_attention_heads (${heads})`);
  const headDim = whole("head_dim", 2, LARGEST, width / heads);
  if (headDim % 2 !== 0) fail("head_dim", "write an even number: rotary embeddings turn pairs");
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    ...counts,
    num_key_value_heads: kvHeads,
    head_dim: headDim,
    rms_norm_eps: positive("rms_norm_eps", fields.rms_norm_eps ?? 1e-6, fail),
    rope_theta: ropeTheta(where, fields, fail),
    tie_word_embeddings: flag("tie_word_embeddings", fields.tie_word_embeddings ?? false, fail),
    bos_token_id: whole("bos_token_id", 0, vocabulary - 1),
    eos_token_id: whole("eos_token_id", 0, vocabulary - 1),
    pad_token_id: whole("pad_token_id", 0, vocabulary - 1),
  };
}

type CountFields = Record<(typeof COUNTS)[number], number>;
type Fail = (name: string, remedy: string) => never;

function positive(name: string, value: unknown, fail: Fail): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0
    ? value
    : fail(name, "write a number above 0");
}

function flag(name: string, value: unknown, fail: Fail): boolean {
  return typeof value === "boolean" ? value : fail(name, "write true or false");
}

/** `rope_theta`, or where newer versions of transformers write it: `rope_parameters`. */
function ropeTheta(where: string, fields: Record<string, unknown>, fail: Fail): number {
  const { rope_parameters: parameters } = fields;
  if (typeof parameters !== "object" || parameters === null) {
    return positive("rope_theta", fields.rope_theta ?? 10_000, fail);
  }
  const { rope_type: kind = "default", rope_theta: theta } = parameters as Record<string, unknown>;
  if (kind !== "default") {
    refuse(where, `rope_parameters.rope_type is ${JSON.stringify(kind)}`, 'only "default" is supported');
  }
  return positive("rope_theta", theta ?? fields.rope_theta ?? 10_000, fail);
}

/** The text of `config.json`. */
export function configText(config: PolicyConfig): string {
  const extra = { hidden_act: "silu", attention_bias: false, mlp_bias: false, rope_scaling: null };
  return `${JSON.stringify({ ...config, ...extra, torch_dtype: "float32" }, null, 2)}\n`;
}
