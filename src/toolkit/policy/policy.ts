/** A policy: a decoder's config and tokenizer, and its weights in the engine's worker. */
import type * as tf from "@tensorflow/tfjs";
import { Engine } from "../jit/engine.ts";
import { type Jitted, jit } from "../jit/jit.ts";
import type { ParameterStore } from "../jit/parameter-store.ts";
import { refuse } from "../refuse.ts";
import { checkConfig, configOf, type PolicyConfig, type PolicySize } from "./config.ts";
import { generate } from "./generate.ts";
import type { GenerateOptions, Generations } from "./generation.ts";
import { initParameters, valueHeadName } from "./parameters.ts";
import { checkVocabulary, loadPolicyFiles, savePolicyFiles } from "./policy-files.ts";
import { scoreTokens, type TokenScores } from "./score.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** How a new policy is made: of a named size, or by a config of one's own. */
export type CreateOptions = {
  readonly tokenizer: Tokenizer;
  /** Of the initial weights. */
  readonly seed: number;
  /** Default: the shared engine. */
  readonly engine?: Engine;
} & ({ readonly size: PolicySize; readonly config?: never } | { readonly config: PolicyConfig; readonly size?: never });

/** Both [B, T], in nats, under the policy at the temperature asked for: column t is about token ids[b][t + 1]. */
export interface Scores {
  readonly logProbs: Float32Array;
  readonly entropies: Float32Array;
}

type Scorer = Jitted<[Record<string, tf.Tensor>, tf.Tensor2D, number], TokenScores>;

/** Positions scored in one run: bounds the memory of long batches. */
const SCORED_POSITIONS = 8192;

export interface LoadOptions {
  /** Default: the one that all share. */
  readonly engine?: Engine;
  /** Takes the value head along, as `recompute` of PPO needs it. Default false: the policy alone. */
  readonly valueHead?: boolean;
}

/** Generation and scoring read the very arrays that an optimizer updates, so there is nothing to synchronise. */
export class Policy {
  readonly config: PolicyConfig;
  readonly tokenizer: Tokenizer;
  readonly parameters: ParameterStore;
  readonly #scorer: Scorer;

  private constructor(config: PolicyConfig, tokenizer: Tokenizer, parameters: ParameterStore) {
    this.config = config;
    this.tokenizer = tokenizer;
    this.parameters = parameters;
    this.#scorer = jit(
      (weights: Record<string, tf.Tensor>, ids: tf.Tensor2D, temperature: number) =>
        scoreTokens(weights, ids, config, temperature),
      { name: "score" },
    );
  }

  /** A policy with initial weights. @throws UsageError when the config is not valid or does not fit the tokenizer */
  static async create(options: CreateOptions): Promise<Policy> {
    const { tokenizer, seed, engine = Engine.shared() } = options;
    const config = options.config === undefined ? configOf(options.size, tokenizer) : options.config;
    const checked = checkConfig("Policy.create", config);
    checkVocabulary("Policy.create", checked, tokenizer);
    return new Policy(checked, tokenizer, await engine.parameters(initParameters(checked, seed)));
  }

  /** A policy from a folder in the Hugging Face layout. @throws UsageError when a file is missing or corrupt */
  static async load(
    folder: string,
    { engine = Engine.shared(), valueHead = false }: LoadOptions = {},
  ): Promise<Policy> {
    const { config, tokenizer, parameters } = await loadPolicyFiles(folder, { valueHead });
    for (const [name, { data }] of Object.entries(parameters)) {
      const bad = data.findIndex((value) => !Number.isFinite(value));
      if (bad < 0) continue;
      const where = `entry ${bad} of ${name} in ${folder} is ${data[bad]}`;
      refuse("Policy.load", where, "the file is damaged or the training diverged: load an earlier checkpoint");
    }
    return new Policy(config, tokenizer, await engine.parameters(parameters));
  }

  /**
   * Writes the folder that {@link load} reads, and that transformers opens; files are replaced in one step each. A value
   * head goes into a file of its own.
   */
  async save(folder: string): Promise<void> {
    const parameters = await this.parameters.read();
    await savePolicyFiles(folder, { config: this.config, tokenizer: this.tokenizer, parameters });
  }

  /** A second policy with the same weights. */
  async clone(): Promise<Policy> {
    return new Policy(this.config, this.tokenizer, await this.parameters.clone());
  }

  /** A value for each token is read off its hidden states. */
  get hasValueHead(): boolean {
    return Object.hasOwn(this.parameters.shapes, valueHeadName);
  }

  /** A second policy with the same weights and value head; a new head gives 0 until it is trained. */
  async withValueHead(): Promise<Policy> {
    if (this.hasValueHead) return this.clone();
    const width = this.config.hidden_size;
    const head = { data: new Float32Array(width), shape: [1, width] };
    const parameters = { ...(await this.parameters.read()), [valueHeadName]: head };
    return new Policy(this.config, this.tokenizer, await this.parameters.engine.parameters(parameters));
  }

  /** A second policy with the same weights, without a value head. */
  async withoutValueHead(): Promise<Policy> {
    if (!this.hasValueHead) return this.clone();
    const { [valueHeadName]: _, ...parameters } = await this.parameters.read();
    return new Policy(this.config, this.tokenizer, await this.parameters.engine.parameters(parameters));
  }

  /** Hash of the weights: equal for bit-equal weights only. */
  fingerprint(): Promise<string> {
    return this.parameters.fingerprint();
  }

  /** Draws completions; see {@link GenerateOptions}. */
  generate(prompts: readonly string[], options: GenerateOptions): Promise<Generations> {
    return generate(this, prompts, options);
  }

  /**
   * Log-probs and entropies of given tokens, by the forward pass that training differentiates.
   *
   * @param ids row-major, of `shape` [B, T + 1]
   * @param options temperature: divides the logits, as in sampling. Default 1: the policy as it is
   */
  async score(
    ids: Int32Array,
    shape: readonly [rows: number, width: number],
    { temperature = 1 }: { readonly temperature?: number } = {},
  ): Promise<Scores> {
    const [rows, width] = shape;
    if (ids.length !== rows * width || rows < 1 || width < 2) {
      refuse("policy.score", `${ids.length} ids for shape [${rows}, ${width}]`, "pass [B, T + 1] ids, T at least 1");
    }
    if (!(temperature > 0)) refuse("policy.score", `temperature is ${temperature}`, "pass a number above 0");
    const bad = ids.findIndex((id) => id < 0 || id >= this.config.vocab_size);
    if (bad >= 0) refuse("policy.score", `id ${ids[bad]} at ${bad}`, `pass ids below ${this.config.vocab_size}`);
    const length = width - 1;
    const scores = { logProbs: new Float32Array(rows * length), entropies: new Float32Array(rows * length) };
    const height = Math.min(rows, Math.max(1, Math.floor(SCORED_POSITIONS / length)));
    for (let start = 0; start < rows; start += height) {
      const some = new Int32Array(height * width); // the last part is filled up: one shape, one graph
      some.set(ids.subarray(start * width, (start + height) * width));
      const part = await this.#scorePart(some, [height, width], temperature);
      const kept = Math.min(height, rows - start) * length;
      scores.logProbs.set(part.logProbs.subarray(0, kept), start * length);
      scores.entropies.set(part.entropies.subarray(0, kept), start * length);
    }
    return scores;
  }

  /** Frees the weights. */
  dispose(): Promise<void> {
    return this.parameters.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #scorePart(ids: Int32Array, shape: readonly number[], temperature: number): Promise<Scores> {
    const { logProbs, entropy } = await this.#scorer(this.parameters, { data: ids, shape }, temperature);
    const [values, entropies] = await Promise.all([logProbs.data<"float32">(), entropy.data<"float32">()]);
    logProbs.dispose();
    entropy.dispose();
    return { logProbs: values, entropies };
  }
}
