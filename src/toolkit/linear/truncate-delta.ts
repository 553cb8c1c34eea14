/**
 * Weights that keep only the top-r part of what training changed: W + Σ_{i≤r} σ_i u_i v_iᵀ of Δ = W' − W, the best rank-r
 * approximation of the change (Eckart & Young 1936). Evaluating them says whether those r directions carry the gain.
 *
 * Vectors (norm weights) have rank 1 at most: they keep their whole change, unless r is 0.
 */
import { refuse } from "../refuse.ts";
import { inSlices } from "./slices.ts";
import { type Svd, svdSliced } from "./svd.ts";
import { difference, matrixSize, pairTensors, type TensorPair, type Weights } from "./weight-pairs.ts";

/**
 * @param rank r, a whole number from 0 (the weights before) up; at min(rows, columns) a matrix is the one after
 * @returns new arrays under the names of `before`; works in slices, so the event loop lives
 * @throws UsageError when names or shapes differ, or a weight is not finite
 */
export async function truncateDelta(
  before: Weights,
  after: Weights,
  rank: number,
): Promise<Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>> {
  if (!Number.isInteger(rank) || rank < 0) refuse("truncateDelta", `rank is ${rank}`, "pass a whole number from 0");
  const kept: Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }> = {};
  for (const pair of pairTensors("truncateDelta", before, after)) {
    kept[pair.name] = { data: await truncateTensor(pair, rank), shape: pair.shape };
  }
  return kept;
}

async function truncateTensor(pair: TensorPair, rank: number): Promise<Float32Array> {
  if (rank === 0) return pair.before.slice();
  const size = matrixSize(pair.shape);
  if (size === undefined || rank >= Math.min(size.rows, size.columns)) return pair.after.slice();
  const factors = await inSlices(svdSliced({ data: difference(pair), ...size }, { vectors: true }));
  return addTop(pair.before, factors, rank, size);
}

/** W + the first `rank` terms, summed in float64 and rounded once. */
function addTop(
  before: Float32Array,
  { values, left, right }: Svd,
  rank: number,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): Float32Array {
  const sum = Float64Array.from(before);
  for (let i = 0; i < rank; i++) {
    for (let r = 0; r < rows; r++) {
      const scaled = (values[i] ?? 0) * (left[i * rows + r] ?? 0);
      for (let c = 0; c < columns; c++) {
        sum[r * columns + c] = (sum[r * columns + c] ?? 0) + scaled * (right[i * columns + c] ?? 0);
      }
    }
  }
  return Float32Array.from(sum);
}
