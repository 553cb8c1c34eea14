/** The checks on objectives that need what GRPO does not: logits, values, columns of every kind, rows that must meet. */
import * as tf from "@tensorflow/tfjs";
import { afterAll, expect, test } from "vitest";
import { groupMean } from "../../../src/toolkit/groups.ts";
import { Engine } from "../../../src/toolkit/jit/engine.ts";
import {
  aggregate,
  type CheckedBatch,
  checkBatch,
  column,
  masked,
  type Objective,
  type ObjectiveNeeds,
  required,
} from "../../../src/toolkit/objective.ts";
import { stopGradient, tokenRatio } from "../../../src/toolkit/ratio.ts";
import { failing } from "./checks.ts";
import type { Row } from "./row.ts";

afterAll(() => Engine.shared().close());

function objective(needs: ObjectiveNeeds, extra: (batch: CheckedBatch) => tf.Tensor2D): Objective {
  return {
    needs,
    loss(batch) {
      const checked = checkBatch("needy", batch);
      const gain = tokenRatio(checked).mul<tf.Tensor2D>(masked(checked.advantages, checked.mask));
      const loss = aggregate(extra(checked).sub(gain), checked, "token-mean");
      return { loss, metrics: { extra: aggregate(extra(checked), checked, "token-mean") } };
    },
  };
}

test("checks: cross-entropy between full distributions, from logits", async () => {
  const needs = { logits: true, referenceLogits: true };
  const loss = objective(needs, (batch) => {
    const seen = (x: tf.Tensor3D): tf.Tensor3D => tf.where(batch.mask.expandDims(2).greater(0), x, 0);
    const q = tf.softmax(seen(required("needy", batch, "referenceLogits")));
    return masked(
      q
        .mul(tf.logSoftmax(seen(required("needy", batch, "logits"))))
        .sum<tf.Tensor2D>(2)
        .neg(),
      batch.mask,
    );
  });
  expect(await failing({ name: "cross-entropy", objective: loss })).toEqual([]);
});

test("checks: a value head's squared error", async () => {
  const loss = objective({ values: true, columns: { returns: "token" } }, ({ mask, ...batch }) => {
    const returns = column("needy", batch as CheckedBatch, "returns") as tf.Tensor2D;
    return masked(required("needy", batch as CheckedBatch, "values").sub(returns), mask).square();
  });
  expect(await failing({ name: "value", objective: loss })).toEqual([]);
});

const grouped: Row = {
  name: "grouped",
  objective: objective({ columns: { weight: "row", scale: "step" }, together: "group" }, (batch) => {
    const { mask, group } = batch;
    const weight = column("needy", batch, "weight") as tf.Tensor1D;
    const centred = weight.sub(groupMean(weight, group as tf.Tensor1D)).expandDims<tf.Tensor2D>(1); // [B, 1]
    return masked(batch.logProbs, mask)
      .mul(centred)
      .mul<tf.Tensor2D>(column("needy", batch, "scale"));
  }),
  zeroAdvantage: "unchanged",
  except: { "zero advantage": "the ratio still has the advantage in it", direction: "weights of either sign" },
};

test("checks: columns by row and by step, groups kept together", async () => {
  expect(await failing(grouped)).toEqual([]);
});

test("checks: an objective that needs whole groups and does not say so is caught by the split", async () => {
  const { loss, needs } = grouped.objective;
  const { together: _, ...silent } = needs;
  expect(await failing({ ...grouped, objective: { needs: silent, loss } })).toEqual(["split"]);
});

test("checks: a stopped ratio as weight of log p, with its stop declared", async () => {
  const weighted: Objective = {
    needs: {},
    loss(batch) {
      const checked = checkBatch("cispo", batch);
      const { mask } = checked;
      const weight = stopGradient(tf.minimum(tokenRatio(checked), 1.3) as tf.Tensor2D);
      const gain = weight.mul(masked(checked.advantages, mask)).mul<tf.Tensor2D>(masked(checked.logProbs, mask));
      return { loss: aggregate(gain, checked, "token-mean").neg(), metrics: {} };
    },
  };
  expect(await failing({ name: "weighted", objective: weighted, stops: true })).toEqual([]);
  expect(await failing({ name: "weighted", objective: weighted })).toEqual(["stops"]);
});
