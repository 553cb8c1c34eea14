import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { nucleusEntropy, type SirenOptions, siren, sirenRegularizer } from "../../src/algorithms/siren.ts";
import { compose } from "../../src/toolkit/compose.ts";
import type { PolicyBatch } from "../../src/toolkit/objective.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { sumFigures } from "../support/sum-task.ts";

const { NaN: nan } = Number;
const near = (found: ArrayLike<number>, expected: readonly number[], digits = 5) => {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, digits);
};

// Probabilities 1/2, 1/4, 1/8, 1/8.
const halves = tf.tensor2d([Math.log(4), Math.log(2), 0, 0], [1, 4]);
const two = Math.log(3) - (2 / 3) * Math.log(2); // entropy of 2/3, 1/3

test.each([
  [0.4, "exclusive", 0, 0], // the likeliest alone takes the mass to p
  [0.4, "inclusive", 0, 1],
  [0.6, "exclusive", 0, 1],
  [0.6, "inclusive", two, 2],
  [0.8, "exclusive", two, 2], // 1/2 + 1/4 < 0.8; the next takes it to 7/8
  [1, "inclusive", 1.75 * Math.log(2), 4], // 1/2 ln 2 + 1/4 ln 4 + 2 / 8 ln 8
] as const)("siren nucleus: mass %f, %s", (mass, rule, entropy, size) => {
  const found = nucleusEntropy(halves, { mass, rule });
  near(found.entropy.dataSync(), [entropy]);
  expect([...found.size.dataSync()]).toEqual([size]);
});

test("siren nucleus: the gradient is that of the entropy of the tokens in it; outside there is none", () => {
  const at = (x: tf.Tensor) => nucleusEntropy(x, { mass: 0.8 }).entropy.sum();
  // q = 2/3, 1/3: dH/dz_i = -q_i (ln q_i + H)
  const slope = (q: number): number => -q * (Math.log(q) + two);
  near(tf.grad(at)(halves).dataSync(), [slope(2 / 3), slope(1 / 3), 0, 0]);
  const uniform = tf.zeros([1, 4]); // three of four equal tokens
  near(nucleusEntropy(uniform, { mass: 0.7, rule: "inclusive" }).entropy.dataSync(), [Math.log(3)]);
  near(tf.grad(at)(uniform).dataSync(), [0, 0, 0, 0]);
});

const entropy = tf.tensor2d([0.3, 0.1, 0.9, 0.5, 0.7, 0.2, 0.8, 0.4, nan, nan], [2, 5]);
const mask = tf.tensor2d([1, 1, 1, 1, 1, 1, 1, 1, 0, 0], [2, 5]);

test("siren regulariser: peaks are above their own row's quantile, rows weigh the same", () => {
  // medians 0.5 and 0.4; peaks 0.9 and 0.7, and 0.8; mean of 0.8 and 0.8
  const found = sirenRegularizer({ entropy, mask }, { peakQuantile: 0.5, anchor: 0.2 });
  near(found.threshold.dataSync(), [0.5, 0.4]);
  expect([...found.peakMask.dataSync()]).toEqual([0, 0, 1, 0, 1, 0, 1, 0, 0, 0]);
  expect(found.meanEntropy.arraySync()).toBeCloseTo(0.8, 6);
  expect(found.loss.arraySync()).toBeCloseTo(0.36, 6);
  const gradient = tf.grad(
    (x: tf.Tensor) => sirenRegularizer({ entropy: x as tf.Tensor2D, mask }, { peakQuantile: 0.5, anchor: 0.2 }).loss,
  );
  near(gradient(entropy).dataSync(), [0, 0, 0.3, 0, 0.3, 0, 0.6, 0, 0, 0]); // 2 x 0.6 / (2 rows x 2 or 1 peaks)
});

test("siren regulariser: an interpolated quantile, ties, an empty row, no anchor", () => {
  const one = sirenRegularizer({ entropy, mask }, { peakQuantile: 0.8 });
  near(one.threshold.dataSync(), [0.74, 0.64]); // position 3.2: 0.7 + 0.2 x 0.2; position 1.6 of 0.2, 0.4, 0.8
  expect(one.loss.arraySync()).toBe(0);
  const flat = sirenRegularizer({ entropy: tf.fill([2, 3], 0.5), mask: tf.tensor2d([1, 1, 1, 0, 0, 0], [2, 3]) });
  expect(flat.meanEntropy.arraySync()).toBe(0);
  expect(flat.threshold.dataSync()[0]).toBeCloseTo(0.5, 6);
  expect(flat.threshold.dataSync()[1]).toBeNaN();
  const anchored = (anchor: number) => () => sirenRegularizer({ entropy, mask }, { anchor });
  expect(anchored(Number.NaN)).toThrow("siren: anchor is NaN; pass a number from 0.");
  expect(anchored(JSON.parse("null"))).toThrow("siren: anchor is null");
  expect(anchored(0)).not.toThrow();
});

const batch: PolicyBatch = {
  logProbs: tf.tensor2d([-1, -2], [1, 2]),
  oldLogProbs: tf.tensor2d([-1, -2], [1, 2]),
  advantages: tf.tensor2d([1, 1], [1, 2]),
  mask: tf.tensor2d([1, 1], [1, 2]),
  logits: tf.stack([halves.reshape([4]), tf.zeros([4])]).reshape([1, 2, 4]) as tf.Tensor3D,
  columns: { sirenAnchor: tf.scalar(1) },
};

test("siren loss: coefficient x squared distance is added to the objective's", () => {
  const options = { rule: "inclusive", mass: 1, coefficient: 0.5 } as const;
  const inner = grpo();
  const { loss, metrics } = compose(inner, siren(options)).objective.loss(batch);
  // the second position's ln 4 is the peak
  const expected = inner.objective.loss(batch).loss.arraySync() + 0.5 * (Math.log(4) - 1) ** 2;
  expect(loss.arraySync()).toBeCloseTo(expected, 5);
  expect(metrics["siren/entropy"]?.arraySync()).toBeCloseTo(Math.log(4), 5);
});

test("siren: the anchor is found at the first step with the reference policy, and kept", async () => {
  const asked: number[] = [];
  const measure = async (rows: { readonly rows: number }) => {
    asked.push(rows.rows);
    return { nucleus: Float32Array.of(0.1, 0.9, 0.4, 0.2) };
  };
  const inner = () => ({ perToken: new Float32Array(4) });
  const wrapped = siren({ peakQuantile: 0 }).wraps?.advantage?.(inner) ?? inner;
  const models = { reference: { measure }, policy: { measure } } as never;
  const input = advantageInput({ lengths: [2, 2], rewards: [1, 0], models });
  const session = openSeam(wrapped);
  const anchorAt = async () => (await session.next(input)).columns?.sirenAnchor;
  expect(await anchorAt()).toBeCloseTo((0.9 + 0.4) / 2, 6); // above each row's least
  expect(await anchorAt()).toBeCloseTo(0.65, 6);
  expect(asked).toEqual([2]);
  const resumed = openSeam(wrapped, session.save());
  expect((await resumed.next(input)).columns?.sirenAnchor).toBeCloseTo(0.65, 6);
  expect(asked).toEqual([2]);
  expect(() => openSeam(wrapped, { own: "x", inside: null })).toThrow('siren: the saved anchor is "x"');
  const given = openSeam(siren({ anchor: 0.5 }).wraps?.advantage?.(inner) ?? inner);
  expect((await given.next(input)).columns?.sirenAnchor).toBe(0.5);
});

test.each([
  [{ mass: 0 }, "siren: mass is 0; pass a number above 0, at most 1."],
  [{ peakQuantile: 1 }, "siren: peakQuantile is 1; pass a number from 0, below 1."],
  [{ topK: 0.5 }, "siren: topK is 0.5; pass a whole number from 1."],
  [{ anchor: -1 }, "siren: anchor is -1; pass a number from 0."],
])("siren: %o is refused", (options, message) => {
  expect(() => siren(options as SirenOptions)).toThrow(message);
});

test("siren: holds the entropy at coefficients of 0.2 and 1, where a plain bonus floods it", async () => {
  const figures = (algorithm: ReturnType<typeof grpo>) =>
    sumFigures(algorithm, { initial: "uneven", seeds: [1], steps: 80 });
  const base = { scale: "none" } as const;
  const held = (coefficient: number) =>
    compose(grpo(base), siren({ coefficient, peakQuantile: 0.5, mass: 1, rule: "inclusive" }));
  const plain = await figures(grpo(base));
  const [weak, strong] = [await figures(held(0.2)), await figures(held(1))];
  const flooded = await figures(grpo({ ...base, entropyCoefficient: 1 }));
  expect(weak.entropy).toBeGreaterThan(4 * plain.entropy);
  expect(strong.entropy).toBeLessThan(1.3); // of ln 6 = 1.79
  expect(flooded.entropy).toBeGreaterThan(1.7);
  expect(weak.distinct).toBeGreaterThan(2 * plain.distinct);
  expect(strong.success).toBeGreaterThan(flooded.success + 0.3);
});
