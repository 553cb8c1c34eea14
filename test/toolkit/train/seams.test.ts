/** What a run does for methods that sample, score or learn in their own way. */
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { grpo } from "../../../src/algorithms/grpo.ts";
import type { Algorithm } from "../../../src/toolkit/algorithm.ts";
import { type AlgorithmChange, compose } from "../../../src/toolkit/compose.ts";
import { countGroups } from "../../../src/toolkit/groups.ts";
import { entropy, logProb } from "../../../src/toolkit/models.ts";
import { checkBatch, column, joinNeeds, masked, required } from "../../../src/toolkit/objective.ts";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { furtherDraw, type Rollouts, sampleCompletions } from "../../../src/toolkit/rollout.ts";
import { foreignRow, fromRows, rowsOf } from "../../../src/toolkit/rows.ts";
import { wrapSeam } from "../../../src/toolkit/seam.ts";
import type { StepRecord } from "../../../src/toolkit/train/record.ts";
import { type TrainOptions, train } from "../../../src/toolkit/train/train.ts";
import { tinyConfig } from "../../support/tiny-policy.ts";
import { echoTask } from "../../support/tiny-task.ts";

let policy: Policy;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
});
afterAll(() => policy.dispose());

async function run(algorithm: Algorithm, more: Partial<TrainOptions> = {}) {
  const sizes = { steps: 2, seed: 5, promptsPerStep: 4, samplesPerPrompt: 4, learningRate: 1e-2 };
  const preflight = "off"; // an untrained policy is never right here
  const finished = await train({ policy, task: echoTask, algorithm, preflight, ...sizes, ...more }).finished;
  const fingerprint = await finished.policy.fingerprint();
  await finished.policy.dispose();
  return { records: finished.records, changed: fingerprint !== (await policy.fingerprint()), fingerprint };
}

const change = (name: string, parts: Partial<AlgorithmChange>): AlgorithmChange => ({ name, choices: [], ...parts });

/** Reward 1 for an "a" first, so that groups of an untrained policy differ in reward. */
const task = {
  ...echoTask,
  verify: (...of: Parameters<typeof echoTask.verify>) => {
    const right = of[1].startsWith("a");
    return { ...echoTask.verify(...of), score: right ? 1 : 0, status: right ? "correct" : "wrong" } as const;
  },
};

/** Rollouts with each problem's answer as one row more, which nobody knows the author's log-probs of. */
const shown: NonNullable<NonNullable<AlgorithmChange["wraps"]>["rollout"]> = (inner) =>
  wrapSeam(inner, async (input, next) => {
    const rollouts: Rollouts = await next(input);
    const { tokenizer } = input.models.policy;
    const answers = rollouts.problems.map((p, group) => foreignRow(tokenizer, group, p.prompt, p.answer));
    return fromRows([...rowsOf(rollouts), ...answers], { problems: rollouts.problems, padId: tokenizer.padId });
  });

test("train: rows that others wrote are scored by the policy in training, and are no matter for the identity proof", async () => {
  const demonstrations = change("demonstrations", {
    wraps: {
      rollout: shown,
      objective: (inner) => ({
        needs: inner.needs,
        loss: (batch) => {
          const { mask, logProbs, oldLogProbs } = checkBatch("t", batch);
          const apart = masked(logProbs.sub(oldLogProbs), mask).abs().max().asScalar();
          const result = inner.loss(batch);
          const rows = required("t", batch, "rowMask").sum().asScalar();
          return { ...result, metrics: { ...result.metrics, apart, rows } };
        },
      }),
    },
  });
  const { records, changed } = await run(compose(grpo(), demonstrations), { task });
  for (const { metrics } of records) expect(metrics.apart).toBeLessThan(1e-4); // NaN would fail
  expect(records[0]?.metrics.rows).toBe(20); // 16 sampled and 4 shown, over two micro-batches of 16
  expect(changed).toBe(true);
});

test("train: an objective that reads their author's log-probs, which are unknown, is told so", async () => {
  const demonstrations = change("demonstrations", {
    wraps: {
      rollout: shown,
      objective: (inner) => ({
        needs: inner.needs,
        loss: (batch) => {
          const apart = masked(batch.logProbs.sub(required("t", batch, "sampleLogProbs")), batch.mask);
          return { loss: apart.sum().asScalar(), metrics: {} };
        },
      }),
    },
  });
  await expect(run(compose(grpo(), demonstrations), { task })).rejects.toThrow(
    "the loss is NaN; if the objective reads sampling log-probs, leave out rows whose author's are unknown",
  );
});

test("train: columns, statistics and reference statistics reach advantage and objective under their names", async () => {
  const seen: Record<string, number> = {};
  const method = change("columns", {
    statistics: { entropy },
    referenceStatistics: { base: logProb },
    wraps: {
      advantage: (inner) =>
        wrapSeam(inner, async (input, next) => {
          seen.entropies = input.statistics?.entropy?.length ?? -1;
          seen.base = input.referenceStatistics?.base?.[2] ?? Number.NaN;
          seen.policy = input.rollouts.policyLogProbs[2] ?? Number.NaN;
          const advantages = await next(input);
          return { ...advantages, columns: { weight: new Float32Array(input.rollouts.rows).fill(0.5), rate: 3 } };
        }),
      objective: (inner) => ({
        needs: joinNeeds(inner.needs, { columns: { weight: "row", rate: "step", entropy: "token" }, logits: true }),
        loss: (batch) => {
          const { totals, mask } = checkBatch("t", batch);
          const mean = masked(column("t", batch, "entropy") as tf.Tensor2D, mask)
            .sum()
            .div(totals.tokens)
            .asScalar();
          const weights = column("t", batch, "weight").sum().asScalar();
          const [, , vocabulary] = required("t", batch, "logits").shape;
          const result = inner.loss(batch);
          const own = { weights, rate: column("t", batch, "rate").asScalar(), mean, vocabulary: tf.scalar(vocabulary) };
          return { loss: result.loss, metrics: { ...result.metrics, ...own } };
        },
      }),
    },
  });
  const { records } = await run(compose(grpo(), method), { steps: 1 });
  const [record] = records;
  expect(seen.entropies).toBeGreaterThan(0);
  expect(seen.base).toBeCloseTo(seen.policy ?? 0, 5); // the run starts from the reference
  expect(record?.metrics).toMatchObject({ weights: 8, rate: 3, vocabulary: 12 }); // 16 rows of 0.5
  expect(record?.metrics.mean).toBeCloseTo(record?.metrics.entropy ?? 0, 5);
});

test("train: a step without problems, without rows or with nothing to learn is skipped, with its reason", async () => {
  const none = change("none", { replaces: { curriculum: () => ({ problems: [], samplesPerPrompt: 4 }) } });
  const noRows = change("no rows", {
    replaces: {
      rollout: async (input) => fromRows([], { problems: input.prompts.problems, padId: 0, metrics: { tried: 16 } }),
    },
  });
  const skip = change("skip", {
    wraps: {
      advantage: (inner) =>
        wrapSeam(inner, async (input, next) => ({ ...(await next(input)), skip: "nobody was wrong" })),
    },
  });
  const reasons = async (method: AlgorithmChange): Promise<unknown[]> => {
    const { records, changed } = await run(compose(grpo(), method));
    const skipped = ({ events }: StepRecord) =>
      events.flatMap((event) => (event.kind === "skipped" ? [event.message] : []));
    return [changed, ...records.map(skipped)];
  };
  const empty = ["no update: there are no completions to learn from"];
  expect(await reasons(none)).toEqual([false, empty, empty]);
  expect(await reasons(noRows)).toEqual([false, empty, empty]);
  expect(await reasons(skip)).toEqual([false, ["no update: nobody was wrong"], ["no update: nobody was wrong"]]);
});

test("train: a problem may get its own number of completions; rewards found while sampling are the step's", async () => {
  let verified = 0;
  const verify = (...of: Parameters<typeof task.verify>) => {
    verified++;
    return task.verify(...of);
  };
  const method = change("counts", {
    wraps: {
      curriculum: (inner) =>
        wrapSeam(inner, async (input, next) => ({ ...(await next(input)), samplesPerPrompt: [1, 2, 3, 4] })),
      rollout: () => async (input) => {
        const rollouts = await sampleCompletions(input);
        return {
          ...rollouts,
          rewards: await input.verify(rollouts),
          spentTokens: 1000,
          metrics: { drawn: rollouts.rows },
        };
      },
    },
  });
  const { records } = await run(compose(grpo(), method), { task: { ...task, verify } });
  expect(records.map(({ metrics }) => [metrics.drawn, metrics.num_tokens])).toEqual([
    [10, 1000],
    [10, 2000],
  ]);
  expect(verified).toBe(20); // not twice
});

test("train: an objective whose groups must meet sees whole groups in every micro- and mini-batch", async () => {
  const groups: Algorithm = {
    ...grpo(),
    objective: {
      needs: { together: "group" },
      loss: (batch) => {
        const { group, totals, logProbs, mask } = checkBatch("t", { ...batch, group: required("t", batch, "group") });
        const loss = masked(logProbs, mask).sum().div(totals.rows).asScalar();
        return { loss, metrics: { met: countGroups(group).div(totals.groups).asScalar() } };
      },
    },
  };
  for (const more of [{ microBatches: 2 }, { miniBatches: 2 }, { microBatches: 4, promptsPerStep: 5 }]) {
    const { records } = await run(groups, more);
    for (const { metrics } of records) expect(metrics.met).toBeCloseTo(1, 6); // split groups would count twice
  }
  await expect(async () => run(groups, { miniBatches: 5 })).rejects.toThrow(
    "train: miniBatches is 5: grpo needs whole groups, and a step has 4 for 5; pass at most promptsPerStep.",
  );
});

test("train: an objective that must see all of an update gets it in one piece", async () => {
  const whole: Algorithm = {
    ...grpo(),
    objective: {
      needs: { together: "update" },
      loss: (batch) => {
        const { totals, logProbs, mask, rowMask = tf.scalar(0) } = checkBatch("t", batch);
        const loss = masked(logProbs, mask).sum().div(totals.tokens).asScalar();
        return { loss, metrics: { share: rowMask.sum().div(totals.rows).asScalar(), calls: tf.scalar(1) } };
      },
    },
  };
  const { records } = await run(whole, { promptsPerStep: 6 });
  for (const { metrics } of records) expect(metrics).toMatchObject({ share: 1, calls: 1 });
  await expect(async () => run(whole, { microBatches: 2 })).rejects.toThrow(
    "train: microBatches is 2: grpo needs all rows of an update at once; pass 1, and more miniBatches to save memory.",
  );
});

test("train: a value head is trained along and is gone from the policy that comes back", async () => {
  const valued: Algorithm = {
    ...grpo(),
    objective: {
      needs: { values: true },
      loss: (batch) => {
        const { totals, mask } = checkBatch("t", batch);
        const error = masked(required("t", batch, "values").sub<tf.Tensor2D>(1).square(), mask); // towards 1
        const loss = error.sum().div(totals.tokens).asScalar();
        return { loss, metrics: { value_loss: loss } };
      },
    },
  };
  const { records } = await run(valued, { steps: 8 });
  expect(records[0]?.metrics.value_loss).toBe(1); // (0 - 1)^2
  expect(records.at(-1)?.metrics.value_loss).toBeLessThan(0.9);
});

test("train: hidden states reach objectives, with their gradient, and statistics", async () => {
  const width = tinyConfig.hidden_size;
  const norms: number[] = [];
  const method = change("hidden", {
    statistics: { state: ({ hidden }) => hidden ?? tf.tensor1d([]) },
    wraps: {
      advantage: (inner) =>
        wrapSeam(inner, async (input, next) => {
          const state = input.statistics?.state ?? new Float32Array();
          expect(state).toHaveLength(input.rollouts.rows * (input.rollouts.width - 1) * width);
          const perToken = Float32Array.from(input.rollouts.mask, (_, i) =>
            state.slice(i * width, (i + 1) * width).reduce((sum, x) => sum + x * x, 0),
          );
          return { ...(await next(input)), columns: { norm: perToken } };
        }),
      objective: (inner) => ({
        needs: joinNeeds(inner.needs, { hidden: true, columns: { norm: "token" } }),
        loss: (batch) => {
          const { mask, totals } = checkBatch("t", batch);
          const hidden = required("t", batch, "hidden");
          const squares = hidden.square().sum<tf.Tensor2D>(2);
          const apart = masked(squares.sub(column("t", batch, "norm") as tf.Tensor2D), mask)
            .abs()
            .max()
            .asScalar();
          const loss = masked(squares, mask).sum().div(totals.tokens).asScalar(); // towards small states
          return { loss, metrics: { apart, norm: loss } };
        },
      }),
    },
  });
  const { records } = await run(compose(grpo(), method), { task, steps: 6, learningRate: 0.05 });
  for (const { metrics } of records) norms.push(metrics.norm ?? Number.NaN);
  expect(records[0]?.metrics.apart).toBeLessThan(1e-3); // of some 32
  expect(norms.at(-1)).toBeLessThan(0.95 * (norms[0] ?? 0));
});

test("train: a row longer than the run is made for is refused, not cut off", async () => {
  const long = change("long", {
    wraps: {
      rollout: (inner) =>
        wrapSeam(inner, async (input, next) => {
          const rollouts: Rollouts = await next(input);
          const { tokenizer } = input.models.policy;
          const rows = [...rowsOf(rollouts), foreignRow(tokenizer, 0, "a=", "abcdefghabcdefgh")];
          return fromRows(rows, { problems: rollouts.problems, padId: tokenizer.padId });
        }),
    },
  });
  await expect(run(compose(grpo(), long))).rejects.toThrow("train: row 16 has 20 tokens, the run is made for 9; raise");
});

test("furtherDraw: another round draws other numbers, the same round the same", async () => {
  const sampling = { maxTokens: 4, temperature: 1, seed: 3, step: 1 };
  const draw = async (round: number): Promise<string> =>
    (await policy.generate(["a=", "b="], { ...furtherDraw(sampling, round), samplesPerPrompt: 8 })).completions.join();
  expect(await draw(1)).toBe(await draw(1));
  expect(new Set([await draw(0), await draw(1), await draw(2)]).size).toBe(3);
});
