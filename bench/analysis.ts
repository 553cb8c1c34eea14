/**
 * Weight deltas of matrices the size of nano's, against one pass over the same numbers; the stratified bootstrap, against
 * sorting and against the rliable package where Python has it.
 */
import { type Weights, weightDeltas } from "../src/analysis/index.ts";
import { rng } from "../src/toolkit/rng.ts";
import { median, report } from "./support/figure.ts";
import { benchStratified } from "./support/stratified.ts";

const rounds = 5;
const [matrices, rows, columns] = [30, 128, 320];

const random = rng({ seed: 1, stream: "bench" });
const draw = (): { data: Float32Array; shape: number[] } => ({
  data: Float32Array.from({ length: rows * columns }, () => random.uniform()),
  shape: [rows, columns],
});
const checkpoint = (): Weights => Object.fromEntries(Array.from({ length: matrices }, (_, i) => [`w${i}`, draw()]));
const [before, after] = [checkpoint(), checkpoint()];

function onePass(): number {
  let sum = 0;
  for (const [name, { data }] of Object.entries(before)) {
    const other = after[name]?.data ?? data;
    for (let i = 0; i < data.length; i++) sum += ((data[i] ?? 0) - (other[i] ?? 0)) ** 2;
  }
  return sum;
}

const [deltas, passes]: [number[], number[]] = [[], []];
for (let round = 0; round < rounds; round++) {
  let start = performance.now();
  await weightDeltas(before, after);
  deltas.push(performance.now() - start);
  start = performance.now();
  if (!(onePass() > 0)) throw new Error("internal: the checkpoints are equal");
  passes.push(performance.now() - start);
}
report({
  bench: "analysis",
  name: `weight deltas of ${matrices} matrices ${rows} x ${columns}, median of ${rounds}`,
  value: median(deltas),
  unit: "ms",
  against: "one pass",
  reference: median(passes),
});
benchStratified();
