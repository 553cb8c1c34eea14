/** Faults planted in a copy of GRPO's loss, and the checks that catch each: the table would not pass with any of them. */
import * as tf from "@tensorflow/tfjs";
import { afterAll, expect, test } from "vitest";
import { Engine } from "../../../src/toolkit/jit/engine.ts";
import { aggregate, checkBatch, masked, type Objective } from "../../../src/toolkit/objective.ts";
import { rows } from "../rows/grpo.ts";
import { failing } from "./checks.ts";
import type { CheckName, Row } from "./row.ts";

interface Parts {
  /** Advantage of each token. */
  readonly sign?: number;
  /** p / p_old, 1 where nothing is trained. */
  readonly ratio?: (logProbs: tf.Tensor2D, oldLogProbs: tf.Tensor2D, mask: tf.Tensor2D) => tf.Tensor2D;
  readonly bounds?: readonly [number, number];
  readonly choose?: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
  readonly advantages?: (advantages: tf.Tensor2D, mask: tf.Tensor2D) => tf.Tensor2D;
  /** Divisor in place of the step's rows. */
  readonly divisor?: (mask: tf.Tensor2D, rows: tf.Scalar) => tf.Scalar;
}

const limited = (x: tf.Tensor2D): tf.Tensor2D => tf.clipByValue(x, -20, 20);
const maskedRatio = (logProbs: tf.Tensor2D, old: tf.Tensor2D, mask: tf.Tensor2D): tf.Tensor2D =>
  limited(masked(logProbs.sub(old), mask)).exp();

/** GRPO with eps 0.2 below and 0.28 above, written out, one part of it changed. */
function copy(parts: Parts = {}): Objective {
  const { sign = 1, ratio: ratioOf = maskedRatio, bounds = [0.8, 1.28], choose = tf.minimum } = parts;
  return {
    needs: {},
    loss(batch) {
      const { logProbs, oldLogProbs, mask, ...rest } = checkBatch("copy", batch);
      const advantages = (parts.advantages ?? masked)(rest.advantages, mask);
      const ratio = ratioOf(logProbs, oldLogProbs, mask);
      const clipped = ratio.clipByValue(...bounds);
      const gain = choose(ratio.mul(advantages), clipped.mul(advantages)).mul<tf.Tensor2D>(sign);
      const { rows: count } = rest.totals;
      const totals = { ...rest.totals, rows: parts.divisor?.(mask, count) ?? count };
      return { loss: aggregate(gain, { mask, totals }, "seq-mean-token-mean").neg(), metrics: {} };
    },
  };
}

/** The table's own row for these settings, with the copy in its place. */
function rowOf(objective: Objective, change: Partial<Row> = {}): Row {
  const [clipHigher] = rows.filter(({ name }) => name === "grpo clip-higher, per completion");
  if (clipHigher === undefined) throw new Error("the table has lost the row that the copies stand for");
  return { ...clipHigher, refused: [], objective, ...change };
}

afterAll(() => Engine.shared().close());

test("faults: the copy without a fault passes every check", async () => {
  expect(await failing(rowOf(copy()))).toEqual([]);
});

const cases: readonly { readonly fault: string; readonly parts: Parts; readonly caught: readonly CheckName[] }[] = [
  // The slope of a loss of the wrong sign is its slope: finite differences alone see nothing.
  { fault: "sign error", parts: { sign: -1 }, caught: ["stated", "direction"] },
  { fault: "swapped clip: bounds exchanged", parts: { bounds: [0.72, 1.2] }, caught: ["stated", "clip"] },
  { fault: "swapped clip: maximum for minimum", parts: { choose: tf.maximum }, caught: ["stated", "clip"] },
  {
    fault: "mask after the exponential",
    parts: {
      ratio: (logProbs, old, mask) => limited(logProbs.sub(old)).exp().mul<tf.Tensor2D>(mask),
      advantages: (advantages) => advantages,
    },
    caught: ["padding", "filler"],
  },
  {
    fault: "no bound on the exponent",
    parts: { ratio: (x, old, mask) => masked(x.sub(old), mask).exp() },
    caught: ["extreme"],
  },
  {
    fault: "divided by the micro-batch's rows",
    parts: { divisor: (mask) => tf.scalar(mask.shape[0]) },
    caught: ["filler", "split"],
  },
];

test.each(cases)("faults: $fault is caught", async ({ parts, caught }) => {
  expect(await failing(rowOf(copy(parts)))).toEqual(expect.arrayContaining([...caught]));
});

const stop = (x: tf.Tensor2D): tf.Tensor2D =>
  tf.customGrad((y) => ({ value: (y as tf.Tensor).clone(), gradFunc: (dy) => tf.zerosLike(dy as tf.Tensor) }))(
    x,
  ) as tf.Tensor2D;

/** GRPO with a single update a step as TRL writes it, ratio = p / stop(p): its gradient at ratio 1. */
function single(held: (logProbs: tf.Tensor2D) => tf.Tensor2D): Row {
  const objective = copy({ ratio: (logProbs, _, mask) => maskedRatio(logProbs, held(logProbs), mask) });
  const gradient: Row["gradient"] = (token) => -token.advantage * token.share("seq-mean-token-mean");
  const loss: Row["loss"] = (tokens) =>
    tokens.reduce((sum, t) => sum - (t.trained ? t.advantage * t.share("seq-mean-token-mean") : 0), 0);
  const { clip: _, ...row } = rowOf(objective, { stops: true, gradient, loss });
  return row;
}

test("faults: p / stop(p) passes, and without its stop-gradient is caught", async () => {
  expect(await failing(single(stop))).toEqual([]);
  const caught = ["slope", "stops", "stated", "direction"]; // slope: there is no gradient anywhere
  expect(await failing(single((logProbs) => logProbs))).toEqual(caught);
});

test("faults: a stop-gradient where none belongs is caught", async () => {
  const objective = copy({ ratio: (logProbs, old, mask) => stop(maskedRatio(logProbs, old, mask)) });
  expect(await failing(rowOf(objective))).toEqual(expect.arrayContaining(["slope", "stops", "stated"]));
});

test("faults: a gradient that is not the loss's slope is caught by finite differences", async () => {
  const wrong = (x: tf.Tensor2D): tf.Tensor2D =>
    tf.customGrad((y) => ({ value: (y as tf.Tensor).exp(), gradFunc: (dy) => (dy as tf.Tensor).mul(1) }))(
      x,
    ) as tf.Tensor2D;
  const objective = copy({ ratio: (logProbs, old, mask) => wrong(limited(masked(logProbs.sub(old), mask))) });
  expect(await failing(rowOf(objective))).toEqual(expect.arrayContaining(["slope", "stated"]));
});
