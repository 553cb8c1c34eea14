/** Two bfloat16 checkpoints of one architecture, the second with a change of known rank in every matrix. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

export interface PlantedShape {
  readonly hidden: number;
  readonly intermediate: number;
  readonly layers: number;
  readonly vocabulary: number;
  readonly keyValue: number;
}

/** Qwen2.5-0.5B: 494 million parameters. */
export const halfBillion: PlantedShape = {
  hidden: 896,
  intermediate: 4864,
  layers: 24,
  vocabulary: 151936,
  keyValue: 128,
};

/** What was planted in one matrix. */
export interface Planted {
  readonly name: string;
  readonly shape: readonly number[];
  /** [rank, columns] vectors of the shared row space. */
  readonly right: Float64Array;
  /** Entries that are the same in both files. */
  readonly unchanged: number;
}

/** Names and shapes in the order of a Hugging Face file. */
function tensorShapes({ hidden, intermediate, layers, vocabulary, keyValue }: PlantedShape): [string, number[]][] {
  const layer = (i: number): [string, number[]][] => {
    const at = `model.layers.${i}`;
    return [
      [`${at}.input_layernorm.weight`, [hidden]],
      [`${at}.mlp.down_proj.weight`, [hidden, intermediate]],
      [`${at}.mlp.gate_proj.weight`, [intermediate, hidden]],
      [`${at}.mlp.up_proj.weight`, [intermediate, hidden]],
      [`${at}.post_attention_layernorm.weight`, [hidden]],
      [`${at}.self_attn.k_proj.weight`, [keyValue, hidden]],
      [`${at}.self_attn.o_proj.weight`, [hidden, hidden]],
      [`${at}.self_attn.q_proj.weight`, [hidden, hidden]],
      [`${at}.self_attn.v_proj.weight`, [keyValue, hidden]],
    ];
  };
  return [
    ["model.embed_tokens.weight", [vocabulary, hidden]],
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    ["model.norm.weight", [hidden]],
  ];
}

/** xorshift32: fast, and good enough to fill half a gigabyte with noise. */
function noise(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}

const floats = new Float32Array(1);
const words = new Uint32Array(floats.buffer);

function toBits(value: number): number {
  floats[0] = value;
  const word = words[0] ?? 0;
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}

function fromBits(bits: number): number {
  words[0] = bits << 16;
  return floats[0] ?? 0;
}

/** Writes `before/` and `after/` under a folder. Weights are uniform within ±0.035 (deviation 0.02). */
export function plantPair(folder: string, shape: PlantedShape, rank: number, size: number): Planted[] {
  const shapes = tensorShapes(shape);
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let offset = 0;
  for (const [name, dims] of shapes) {
    const bytes = 2 * dims.reduce((a, b) => a * b, 1);
    header[name] = { dtype: "BF16", shape: dims, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const files = ["before", "after"].map((side) => {
    mkdirSync(join(folder, side), { recursive: true });
    writeFileSync(join(folder, side, "config.json"), JSON.stringify({ model_type: "qwen2" }));
    const json = Buffer.from(JSON.stringify(header));
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(json.length));
    const file = openSync(join(folder, side, "model.safetensors"), "w");
    writeSync(file, start);
    writeSync(file, json);
    return file;
  });
  const planted = shapes.map(([name, dims], at) =>
    plantTensor(files, name, dims, { rank, size, seed: at * 7919 + 17 }),
  );
  for (const file of files) closeSync(file);
  return planted;
}

/** The change is Σ_r size · left_r right_rᵀ, both near length 1 and nearly orthogonal: singular values near `size`. */
function plantTensor(
  files: readonly number[],
  name: string,
  shape: readonly number[],
  { rank, size, seed }: { readonly rank: number; readonly size: number; readonly seed: number },
): Planted {
  const [rows, columns] = shape.length < 2 ? [1, shape[0] ?? 1] : [shape[0] ?? 1, shape[1] ?? 1];
  const random = noise(seed);
  const right = Float64Array.from({ length: rank * columns }, () => random() * Math.sqrt(3 / columns));
  const vector = shape.length < 2;
  let unchanged = 0;
  const change = new Float64Array(columns);
  const [before, after] = [new Uint16Array(columns), new Uint16Array(columns)];
  for (let row = 0; row < rows; row++) {
    change.fill(0);
    for (let r = 0; r < rank && !vector; r++) {
      const left = size * Math.sqrt(3 / rows) * random();
      for (let c = 0; c < columns; c++) change[c] = (change[c] ?? 0) + left * (right[r * columns + c] ?? 0);
    }
    for (let c = 0; c < columns; c++) {
      const bits = toBits(random() * 0.035);
      const moved = toBits(fromBits(bits) + (change[c] ?? 0));
      before[c] = bits;
      after[c] = moved;
      if (bits === moved) unchanged++;
    }
    for (const [i, halves] of [before, after].entries()) writeSync(files[i] ?? 0, new Uint8Array(halves.buffer));
  }
  return { name, shape, right, unchanged };
}
