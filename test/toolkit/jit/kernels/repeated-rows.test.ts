import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { jit } from "../../../../src/toolkit/jit/jit.ts";
import { rng } from "../../../../src/toolkit/rng.ts";

// An embedding's gradient: many rows add up in few places. On several threads a scatter without order loses some of them.
const [N, D, V] = [4096, 128, 8];
const r = rng({ seed: 1, stream: "rows" });
const ids = Int32Array.from({ length: N }, () => r.integer(V));
const rows = Float32Array.from({ length: N * D }, () => r.normal());

test("segment sum: repeated ids add up in order, the same bits at every run", async () => {
  const sum = jit((x: tf.Tensor2D, segments: tf.Tensor1D) => tf.unsortedSegmentSum(x, segments, V));
  const exact = new Float64Array(V * D);
  for (const [n, id] of ids.entries()) {
    for (let d = 0; d < D; d++) exact[id * D + d] = (exact[id * D + d] ?? 0) + (rows[n * D + d] ?? 0);
  }
  const first = await (await sum(tf.tensor2d(rows, [N, D]), tf.tensor1d(ids, "int32"))).data();
  for (const [i, value] of first.entries()) expect(Math.abs(value - (exact[i] ?? 0))).toBeLessThan(1e-4);
  for (let run = 0; run < 30; run++) {
    const again = await (await sum(tf.tensor2d(rows, [N, D]), tf.tensor1d(ids, "int32"))).data();
    expect(again).toEqual(first);
  }
});
