/** A policy as seams see it. */
import type * as tf from "@tensorflow/tfjs";
import { type Jitted, jit } from "../jit/jit.ts";
import { Recent } from "../jit/recent.ts";
import type { Model, Statistic, TokenRows } from "../models.ts";
import { refuse } from "../refuse.ts";
import { logitsView } from "./logits-view.ts";
import type { Policy } from "./policy.ts";

export interface ModelOptions {
  /** Of sampling: log-probs, entropies and `logits` are of that distribution. */
  readonly temperature: number;
  /** Positions of a row in the run's micro-batches, so that all steps need one graph. Default: as wide as the rows. */
  readonly tokens?: number;
}

/** Positions measured in one run: bounds the memory of long batches. */
const MEASURED_POSITIONS = 4096;

/** Rows wider than the run's are widened to multiples of this: few graphs. */
const WIDTH_STEP = 8;

/** Graphs kept; a method has one or two lists of statistics. */
const MAX_PROGRAMS = 16;

type Program = Jitted<[Record<string, tf.Tensor>, tf.Tensor2D], tf.Tensor[]>;

/** Makes a policy askable. Weights are read at each call, so it follows a policy in training. */
export function modelOf(policy: Policy, { temperature, tokens = 0 }: ModelOptions): Model {
  const programs = new Recent<string, Program>(MAX_PROGRAMS);
  const programOf = (statistics: readonly Statistic[]): Program =>
    programs.get(statistics.map(idOf).join(" "), () =>
      jit(
        (weights: Record<string, tf.Tensor>, ids: tf.Tensor2D) => {
          const view = logitsView(weights, ids, policy.config, temperature);
          return statistics.map((statistic) => statistic(view));
        },
        { name: "measure" },
      ),
    );
  return {
    tokenizer: policy.tokenizer,
    maxPositions: policy.config.max_position_embeddings,
    generate: (prompts, options) => policy.generate(prompts, options),
    async measure<Name extends string>(rows: TokenRows, statistics: Readonly<Record<Name, Statistic>>) {
      checkRows(rows, policy.config.vocab_size);
      const names = Object.keys(statistics) as Name[];
      const program = programOf(names.map((name) => statistics[name]));
      const parts = await measureParts(program, policy, rows, tokens);
      const columns = names.map((name, i) => [name, joinParts(name, parts, i, rows)] as const);
      return Object.fromEntries(columns) as Record<Name, Float32Array>;
    },
  };
}

const ids = new WeakMap<Statistic, number>();
let nextId = 0;

/** Statistics are told apart as functions: make them once, not at every step. */
function idOf(statistic: Statistic): number {
  const id = ids.get(statistic) ?? nextId++;
  ids.set(statistic, id);
  return id;
}

function checkRows({ rows, width, ids: tokens }: TokenRows, vocabulary: number): void {
  if (width < 2 || tokens.length !== rows * width) {
    refuse("measure", `${tokens.length} ids for [${rows}, ${width}]`, "pass [B, T + 1] ids, T at least 1");
  }
  const bad = tokens.findIndex((id) => id < 0 || id >= vocabulary);
  if (bad >= 0) refuse("measure", `id ${tokens[bad]} at ${bad}`, `pass ids below ${vocabulary}`);
}

/** A part's rows and positions, and each statistic's numbers for them. */
interface Part {
  readonly start: number;
  readonly height: number;
  readonly tokens: number;
  readonly values: readonly (Float32Array | Int32Array | Uint8Array)[];
}

async function measureParts(
  program: Program,
  { parameters }: Policy,
  { rows, width, ids }: TokenRows,
  runTokens: number,
): Promise<Part[]> {
  const tokens = width - 1 <= runTokens ? runTokens : Math.ceil((width - 1) / WIDTH_STEP) * WIDTH_STEP;
  const height = Math.max(1, Math.floor(MEASURED_POSITIONS / tokens));
  const parts: Part[] = [];
  for (let start = 0; start < rows; start += height) {
    const some = new Int32Array(height * (tokens + 1)); // the last part is filled up: one shape, one graph
    for (let b = start; b < Math.min(rows, start + height); b++) {
      some.set(ids.subarray(b * width, (b + 1) * width), (b - start) * (tokens + 1));
    }
    const found = await program(parameters, { data: some, shape: [height, tokens + 1] });
    const values = await Promise.all(found.map((tensor) => tensor.data()));
    for (const tensor of found) tensor.dispose();
    parts.push({ start, height, tokens, values });
  }
  return parts;
}

function joinParts(name: string, parts: readonly Part[], statistic: number, { rows, width }: TokenRows): Float32Array {
  let out: Float32Array | undefined;
  for (const { start, height, tokens, values } of parts) {
    const found = values[statistic] ?? new Float32Array();
    const each = found.length / (height * tokens); // n numbers a position
    if (!Number.isInteger(each) || each < 1) {
      refuse(
        "measure",
        `statistic "${name}" gives ${found.length} numbers for ${height * tokens} positions`,
        "return [N] or [N, n]",
      );
    }
    out ??= new Float32Array(rows * (width - 1) * each);
    for (let b = start; b < Math.min(rows, start + height); b++) {
      const from = (b - start) * tokens * each;
      out.set(found.subarray(from, from + (width - 1) * each), b * (width - 1) * each);
    }
  }
  return out ?? new Float32Array();
}
