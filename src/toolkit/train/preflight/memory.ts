/** How much memory a run will take, from shapes alone, and how much there is. */
import { freemem, totalmem } from "node:os";
import type { CompleteAlgorithm } from "../../algorithm.ts";
import type { PolicyConfig } from "../../policy/config.ts";
import { parameterShapes } from "../../policy/parameters.ts";
import type { TrainSettings } from "../options.ts";
import { batchArithmetic } from "./arithmetic.ts";
import type { Finding } from "./finding.ts";

/** Bytes, by what takes them. */
export interface MemoryForecast {
  /** Weights of base and copy, gradients twice (sum and last piece), Adam's two moments. */
  readonly weights: number;
  /** What the backward pass of one micro-batch keeps. */
  readonly activations: number;
  /** Keys and values of all completions while they are sampled. */
  readonly cache: number;
  /** A step's columns, and logits where the objective reads them. */
  readonly columns: number;
  readonly total: number;
}

const FLOAT = 4;

/** Arrays of [B, T] that a step holds: ids, log-probs, advantages, masks, and their micro-batches. */
const COLUMNS_HELD = 12;

export function memoryForecast(
  settings: TrainSettings,
  config: PolicyConfig,
  { objective }: Pick<CompleteAlgorithm, "objective">,
): MemoryForecast {
  const { completionsPerStep, microBatchRows } = batchArithmetic(settings);
  const { tokens } = settings;
  const parameters = Object.values(parameterShapes(config)).reduce((sum, shape) => sum + product(shape), 0);
  const kv = config.num_key_value_heads * config.head_dim;
  const inPiece = microBatchRows * tokens;
  const inStep = completionsPerStep * tokens;
  const { needs } = objective;
  const wide = (needs.referenceLogits === true ? 2 : 0) + Object.values(needs.columns ?? {}).filter(isWide).length;
  const bytes = {
    weights: FLOAT * 6 * parameters,
    activations: FLOAT * inPiece * activationsPerToken(config, tokens, needs.logits === true),
    cache: FLOAT * completionsPerStep * (tokens + 1) * config.num_hidden_layers * 2 * kv,
    columns: FLOAT * inStep * (COLUMNS_HELD + wide * config.vocab_size),
  };
  return { ...bytes, total: Object.values(bytes).reduce((a, b) => a + b, 0) };
}

function isWide(kind: string): boolean {
  return kind === "vocabulary";
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/**
 * Floats that forward and backward hold for a position: in each layer the residual stream and its norms, queries, keys,
 * values and their gradients, a row of attention for each head, the three widths of the feed-forward layer; at the end
 * the logits, their softmax and gradient.
 */
function activationsPerToken(config: PolicyConfig, tokens: number, logits: boolean): number {
  const { hidden_size: d, intermediate_size: f, num_attention_heads: heads, head_dim: dh } = config;
  const attention = 2 * (heads + config.num_key_value_heads) * dh + 2 * heads * tokens;
  const layer = 6 * d + 2 * attention + 4 * f;
  return config.num_hidden_layers * layer + (logits ? 6 : 4) * config.vocab_size;
}

/** Bytes that this process may use at all, and those that are free now. */
export interface MemoryThere {
  readonly limit: number;
  readonly free: number;
}

/** The machine's memory, or the container's limit where it is lower. */
export function memoryThere(): MemoryThere {
  const constrained = process.constrainedMemory?.() ?? 0;
  const total = totalmem();
  const limit = constrained > 0 && constrained < total ? constrained : total;
  return { limit, free: Math.min(limit, process.availableMemory?.() ?? freemem()) };
}

/** A forecast above what there is at all is refused; one above what is free now is a warning. */
export function memoryFindings({ total, activations, cache }: MemoryForecast, there: MemoryThere): Finding[] {
  if (total <= there.free) return [];
  const never = total > there.limit;
  const [bound, of] = never ? [there.limit, "this machine"] : [there.free, "what is free now"];
  const setting = activations > cache ? "raise microBatches" : "lower promptsPerStep or samplesPerPrompt";
  return [
    {
      check: "memory",
      level: never ? "refusal" : "warning",
      problem: `the run takes about ${gigabytes(total)}, ${of} has ${gigabytes(bound)}`,
      remedy: `${setting}, or lower maxTokens`,
    },
  ];
}

function gigabytes(bytes: number): string {
  return `${Number((bytes / 2 ** 30).toPrecision(2))} GiB`;
}
