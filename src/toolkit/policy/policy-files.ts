/**
 * A policy's folder in the Hugging Face layout: config.json, model.safetensors, tokenizer.json, tokenizer_config.json; a
 * value head stands beside them in a file of its own, so that the rest stays what transformers opens.
 */
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../files.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import { refuse } from "../refuse.ts";
import { checkConfig, configText, type PolicyConfig } from "./config.ts";
import { checkParameters, valueHeadName } from "./parameters.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { readTokenizer, tokenizerFiles } from "./tokenizer-file.ts";

/** File of a value head. */
export const valueHeadFile = "value_head.safetensors";

/** All that a policy is, as plain memory. */
export interface PolicyFiles {
  readonly config: PolicyConfig;
  readonly tokenizer: Tokenizer;
  /** A value head among them where the policy has one. */
  readonly parameters: Readonly<Record<string, HostTensor>>;
}

/** Writes the folder, each file in one step; the weights come last but for the config that describes them. */
export async function savePolicyFiles(folder: string, { config, tokenizer, parameters }: PolicyFiles): Promise<void> {
  for (const [name, text] of Object.entries(tokenizerFiles(tokenizer))) await writeFileAtomic(join(folder, name), text);
  const { [valueHeadName]: head, ...weights } = parameters;
  const headPath = join(folder, valueHeadFile);
  if (head === undefined)
    await rm(headPath, { force: true }); // of a policy that was saved here before
  else await writeSafetensors(headPath, { [valueHeadName]: head });
  await writeSafetensors(join(folder, "model.safetensors"), weights);
  await writeFileAtomic(join(folder, "config.json"), configText(config));
}

/**
 * Reads the folder.
 *
 * @param valueHead reads the value head too, which must be there then
 * @throws UsageError naming the file, and the tensor or field, when one is missing or does not fit
 */
export async function loadPolicyFiles(
  folder: string,
  { valueHead }: { readonly valueHead: boolean },
): Promise<PolicyFiles> {
  const config = checkConfig(join(folder, "config.json"), await readJson(join(folder, "config.json")));
  const tokenizerPath = join(folder, "tokenizer.json");
  const tokenizer = readTokenizer(tokenizerPath, await readText(tokenizerPath));
  checkVocabulary(tokenizerPath, config, tokenizer);
  const weightsPath = join(folder, "model.safetensors");
  const parameters = await readSafetensors(weightsPath);
  checkParameters(weightsPath, config, parameters);
  const head = valueHead ? await readHead(folder, config) : {};
  return { config, tokenizer, parameters: { ...parameters, ...head } };
}

async function readHead(folder: string, { hidden_size }: PolicyConfig): Promise<Record<string, HostTensor>> {
  const path = join(folder, valueHeadFile);
  if ((await stat(path).catch(() => undefined)) === undefined) {
    refuse("Policy.load", `${folder} has no ${valueHeadFile}`, "leave valueHead out, or pass a checkpoint of PPO's");
  }
  const { [valueHeadName]: head } = await readSafetensors(path);
  if (head?.shape.join() === `1,${hidden_size}`) return { [valueHeadName]: head };
  const given = head === undefined ? "is missing" : `is [${head.shape.join(", ")}]`;
  return refuse(path, `${valueHeadName} ${given}, the config says [1, ${hidden_size}]`, "save the policy again");
}

/** @throws UsageError when tokens and embeddings do not belong together */
export function checkVocabulary(where: string, config: PolicyConfig, tokenizer: Tokenizer): void {
  const pairs = [
    ["vocab_size", config.vocab_size, tokenizer.vocabSize],
    ["bos_token_id", config.bos_token_id, tokenizer.bosId],
    ["eos_token_id", config.eos_token_id, tokenizer.eosId],
    ["pad_token_id", config.pad_token_id, tokenizer.padId],
  ] as const;
  for (const [name, inConfig, inTokenizer] of pairs) {
    if (inConfig === inTokenizer) continue;
    refuse(
      where,
      `the tokenizer has ${name} ${inTokenizer}, the config ${inConfig}`,
      "use the two made for each other",
    );
  }
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error) =>
    refuse(path, "the file cannot be read", "pass a folder that a policy was saved to", error),
  );
}

async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse(path, "the file is not JSON", "save the policy again", error);
  }
}
