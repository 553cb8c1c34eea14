/** What generation takes and gives back: options, and completions in columns. */
import { checkOptions, type OptionRule } from "../options.ts";
import { refuse } from "../refuse.ts";

/**
 * How completions are drawn. As in transformers, the temperature acts first, then top-k, top-p and min-p, each on what
 * the one before left.
 */
export interface GenerateOptions {
  /** Completions of each prompt; its prompt is computed once for all of them. Default 1. */
  readonly samplesPerPrompt?: number;
  /** Longest completion, in tokens. */
  readonly maxTokens: number;
  /** Divides the logits, from 0.001 to 100. Default 1: the policy as it is. For temperature 0 use `greedy`. */
  readonly temperature?: number;
  /** Keeps the k likeliest tokens, and those as likely as the k-th. Default: all. */
  readonly topK?: number;
  /** Keeps the smallest set of likeliest tokens whose probability reaches this. Default 1: all. */
  readonly topP?: number;
  /** Drops tokens less likely than this share of the likeliest one's probability. Default 0: none. */
  readonly minP?: number;
  /** Takes the likeliest token (the lowest id of equals) instead of drawing. Default false. */
  readonly greedy?: boolean;
  /** Tokens that end a completion as EOS does; they stay in its ids and its text. Default none. */
  readonly stopIds?: readonly number[];
  /** Seed of the drawing: (seed, step, row, position) alone decides each uniform number. */
  readonly seed: number;
  /** Training step: another one draws other numbers. Default 0. */
  readonly step?: number;
  /** Number of the first row among those that share a seed and step, when a batch is drawn in parts. Default 0. */
  readonly firstRow?: number;
  /** Rejects with the signal's reason, within a few tokens. */
  readonly signal?: AbortSignal | undefined;
  /** Hears how far the rows are, a few times a second. */
  readonly onProgress?: ((progress: GenerationProgress) => void) | undefined;
}

export interface GenerationProgress {
  /** Completion tokens so far, over all rows. */
  readonly tokens: number;
  readonly rowsFinished: number;
}

/** Why a completion ended: EOS, a stop token, or the limit of tokens. */
export type Finish = "eos" | "stop" | "length";

/** B completions in columns, G of each prompt in a row. T = width − 1; column t is about token ids[b][t + 1]. */
export interface Generations {
  /** B: prompts times samples. */
  readonly rows: number;
  /** T + 1: the longest row. */
  readonly width: number;
  /** Prompt (BOS first), completion, padding. */
  readonly ids: Int32Array; // [B, T + 1]
  /** Tokens of the prompt, BOS counted. */
  readonly promptLengths: Int32Array; // [B]
  /** Tokens of the completion, EOS counted. */
  readonly completionLengths: Int32Array; // [B]
  /** Index of the row's prompt. */
  readonly group: Int32Array; // [B]
  /** Log-prob of each token under the distribution it was drawn from, in nats; 0 when greedy, and outside the mask. */
  readonly sampleLogProbs: Float32Array; // [B, T]
  /** Log-prob of each token under the policy itself: temperature 1, nothing cut off; 0 outside the mask. */
  readonly policyLogProbs: Float32Array; // [B, T]
  /** 1 where ids[b][t + 1] is a token of the completion, EOS included. */
  readonly mask: Float32Array; // [B, T]
  readonly finish: readonly Finish[]; // [B]
  /** Text of the completions, without EOS. */
  readonly completions: readonly string[]; // [B]
  /** Completion tokens by wall-clock seconds of the whole call. */
  readonly tokensPerSecond: number;
}

const WORD = 2 ** 32 - 1;

/** Bounds of the temperature: outside of them logits leave what float32 can tell apart. */
const COLDEST = 1e-3;
const HOTTEST = 100;

const RULES: Readonly<Record<keyof GenerateOptions, OptionRule>> = {
  samplesPerPrompt: { kind: "integer", min: 1 },
  maxTokens: { kind: "integer", min: 1, required: true },
  temperature: { kind: "number" },
  topK: { kind: "integer", min: 1 },
  topP: { kind: "number", above: 0, max: 1 },
  minP: { kind: "number", min: 0, max: 1 },
  greedy: { kind: "boolean" },
  stopIds: { kind: "array" },
  seed: { kind: "integer", min: 0, max: WORD, required: true },
  step: { kind: "integer", min: 0, max: WORD },
  firstRow: { kind: "integer", min: 0, max: WORD },
  signal: { kind: "object" },
  onProgress: { kind: "function" },
};

/** How a token is drawn, with everything that changes nothing left out. */
export interface Sampling {
  readonly greedy: boolean;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
}

/** @throws UsageError naming the option, its value and the remedy */
export function checkGenerateOptions(options: GenerateOptions, vocabSize: number): Sampling {
  checkOptions("generate", options, RULES);
  const { greedy = false, temperature = 1, topK = vocabSize, topP = 1, minP = 0, stopIds = [] } = options;
  if (!(temperature >= COLDEST && temperature <= HOTTEST)) {
    const remedy = `pass a number from ${COLDEST} to ${HOTTEST}; use greedy: true for temperature 0`;
    refuse("generate", `temperature is ${temperature}`, remedy);
  }
  for (const id of stopIds) {
    if (Number.isInteger(id) && id >= 0 && id < vocabSize) continue;
    refuse("generate", `stopIds has ${String(id)}`, `pass token ids from 0 to ${vocabSize - 1}`);
  }
  if (greedy) {
    const given = (["temperature", "topK", "topP", "minP"] as const).find((name) => options[name] !== undefined);
    if (given) refuse("generate", `greedy and ${given} are both set`, `leave ${given} out: greedy draws nothing`);
    return { greedy, temperature: 1 };
  }
  return {
    greedy,
    temperature,
    ...(topK < vocabSize && { topK }),
    ...(topP < 1 && { topP }),
    ...(minP > 0 && { minP }),
  };
}
