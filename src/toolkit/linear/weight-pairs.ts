/** The same tensors before and after, checked. */
import { refuse } from "../refuse.ts";

/** Named tensors, such as `ParameterStore.read()` returns. Each must be float32. */
export type Weights = Readonly<
  Record<string, { readonly data: Float32Array | Int32Array | Uint8Array; readonly shape: readonly number[] }>
>;

export interface TensorPair {
  readonly name: string;
  readonly shape: readonly number[];
  readonly before: Float32Array;
  readonly after: Float32Array;
}

/** Matches tensors by name, in the order before. */
export function pairTensors(where: string, before: Weights, after: Weights): TensorPair[] {
  const names = Object.keys(before);
  const unmatched = [
    ...names.filter((name) => after[name] === undefined),
    ...Object.keys(after).filter((name) => before[name] === undefined),
  ];
  if (unmatched.length > 0) {
    refuse(where, `"${unmatched[0]}" is on one side only`, "pass two checkpoints of one architecture");
  }
  if (names.length === 0) refuse(where, "there are no tensors", "pass at least one");
  return names.map((name) => {
    const [a, b] = [before[name], after[name]];
    if (a === undefined || b === undefined) throw new Error(`internal: "${name}" vanished`);
    if (a.shape.join() !== b.shape.join()) {
      refuse(
        where,
        `"${name}" is [${a.shape}] before and [${b.shape}] after`,
        "pass two checkpoints of one architecture",
      );
    }
    return { name, shape: a.shape, before: checked(where, name, a), after: checked(where, name, b) };
  });
}

function checked(where: string, name: string, { data, shape }: Weights[string]): Float32Array {
  if (!(data instanceof Float32Array)) refuse(where, `"${name}" is not float32`, "convert it first");
  const size = shape.reduce((product, length) => product * length, 1);
  if (data.length !== size) {
    refuse(where, `"${name}" has ${data.length} numbers for shape [${shape}]`, `pass ${size} of them`);
  }
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) refuse(where, `entry ${i} of "${name}" is ${data[i]}`, "pass finite weights");
  }
  return data;
}

/** A tensor as a matrix: its first axis against all others. Undefined for vectors and scalars, which have no spectrum. */
export function matrixSize(shape: readonly number[]): { rows: number; columns: number } | undefined {
  const [rows = 1, ...others] = shape;
  if (others.length === 0) return undefined;
  return { rows, columns: others.reduce((product, length) => product * length, 1) };
}

/** after − before, in float64. */
export function difference({ before, after }: TensorPair): Float64Array {
  const delta = new Float64Array(before.length);
  for (let i = 0; i < delta.length; i++) delta[i] = (after[i] ?? 0) - (before[i] ?? 0);
  return delta;
}
