/**
 * The top of a change as a LoRA adapter in PEFT's layout (adapter_config.json, adapter_model.safetensors), which transformers,
 * vLLM and SGLang load onto the weights before. Δ_r = B A with A = √σ vᵀ and B = u √σ; lora_alpha = r, so that nothing is scaled.
 */
import { join } from "node:path";
import { writeFileAtomic, writeFolderAtomic } from "../files.ts";
import { type FloatTensor, writeSafetensors } from "../policy/safetensors.ts";
import { refuse } from "../refuse.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { DeltaFactors } from "./factors.ts";
import { type FilePair, pairCheckpoints } from "./pair-checkpoints.ts";
import { defaultThreads, onTensors } from "./tensor-pool.ts";
import { checkFresh, factorOptions, progress, type WriteOptions } from "./write-checkpoint.ts";

export interface LoraOptions extends WriteOptions {
  /** Names, or ends of names after a dot, that get no adapter: `"embed_tokens.weight"`. Default none. */
  readonly exclude?: readonly string[];
  /** What PEFT is to load the adapter onto. Default: the folder of the weights before. */
  readonly base?: string;
}

export interface WrittenLora {
  /** Modules with an adapter. */
  readonly modules: readonly string[];
  /**
   * What an adapter cannot hold and therefore stays as before: vectors (norms, biases), matrices whose name does not end in
   * ".weight" (PEFT names modules), and names excluded.
   */
  readonly leftOut: readonly string[];
}

/**
 * Writes the best rank-r approximation of every matrix's change as an adapter of that rank.
 *
 * A tied output head follows the embedding only once the adapter is merged.
 *
 * @param rank from 1 up
 * @param output a folder that is not there yet, or empty
 */
export async function writeLora(
  before: Checkpoint,
  after: Checkpoint,
  rank: number,
  output: string,
  options: LoraOptions = {},
): Promise<WrittenLora> {
  if (!Number.isInteger(rank) || rank < 1) refuse("writeLora", `rank is ${rank}`, "pass a whole number from 1");
  const { pairs, excluded } = pairCheckpoints(before, after, options.exclude ?? []);
  const matrices = pairs.filter(
    ({ before: { shape, name, count } }) => shape.length === 2 && count > 0 && weight.test(name),
  );
  if (matrices.length === 0) refuseWithoutMatrix(pairs);
  await checkFresh(output, [before, after]);
  const names = matrices.map((pair) => pair.before.name);
  const factors = await onTensors(
    matrices.map((pair) => ({ kind: "factors", pair, options: factorOptions(rank) }) as const),
    options.threads ?? defaultThreads(),
    progress(options, names),
  );
  const tensors: Record<string, FloatTensor> = {};
  const modules: string[] = [];
  for (const [i, found] of factors.entries()) {
    if (found.values.length === 0) continue; // nothing changed
    const module = (names[i] ?? "").replace(weight, "");
    modules.push(module);
    Object.assign(tensors, adapterTensors(module, found, rank));
  }
  if (modules.length === 0) refuse("writeLora", "no matrix changed", "compare two different checkpoints");
  const vectors = pairs.filter((pair) => !matrices.includes(pair)).map((pair) => pair.before.name);
  await writeFolderAtomic(output, async (temporary) => {
    await writeSafetensors(join(temporary, "adapter_model.safetensors"), tensors);
    const config = adapterConfig(options.base ?? before.folder, modules, rank);
    await writeFileAtomic(join(temporary, "adapter_config.json"), `${JSON.stringify(config, undefined, 2)}\n`);
  });
  return { modules, leftOut: [...vectors, ...excluded] };
}

const weight = /\.weight$/;

/** Names shown of tensors that cannot have an adapter. */
const shownNames = 3;

function refuseWithoutMatrix(pairs: readonly FilePair[]): never {
  const names = pairs.slice(0, shownNames).map(({ before: { name, shape } }) => `"${name}" [${shape.join(", ")}]`);
  const more = pairs.length > shownNames ? ` and ${pairs.length - shownNames} more` : "";
  return refuse(
    "writeLora",
    `no tensor is a matrix whose name ends in ".weight", which is what PEFT adapts: there are ${names.join(", ")}${more}`,
    "pass checkpoints in the Hugging Face layout, or exclude less",
  );
}

/** PEFT treats embeddings apart: their A belongs to the tokens, and the change is (B A)ᵀ. */
const embedding = /(^|\.)(embed_tokens|wte|word_embeddings)$/;

function adapterTensors(module: string, factors: DeltaFactors, rank: number): Record<string, FloatTensor> {
  const { left, right, rows, columns } = factors;
  const at = `base_model.model.${module}`;
  if (embedding.test(module)) {
    return {
      [`${at}.lora_embedding_A`]: asRows(left, rows, rank),
      [`${at}.lora_embedding_B`]: asColumns(right, columns, rank),
    };
  }
  return {
    [`${at}.lora_A.weight`]: asRows(right, columns, rank),
    [`${at}.lora_B.weight`]: asColumns(left, rows, rank),
  };
}

/** [rank, length]; directions that the change does not have are 0. */
function asRows(vectors: Float64Array, length: number, rank: number): FloatTensor {
  const data = new Float32Array(rank * length);
  data.set(vectors);
  return { data, shape: [rank, length] };
}

/** [length, rank] */
function asColumns(vectors: Float64Array, length: number, rank: number): FloatTensor {
  const data = new Float32Array(rank * length);
  for (let i = 0; i < vectors.length; i++) data[(i % length) * rank + Math.floor(i / length)] = vectors[i] ?? 0;
  return { data, shape: [length, rank] };
}

function adapterConfig(base: string, modules: readonly string[], rank: number): object {
  return {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: base,
    r: rank,
    lora_alpha: rank,
    lora_dropout: 0,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    target_modules: modules,
  };
}
