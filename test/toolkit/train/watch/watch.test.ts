/** Failures that show only while a run goes on: each is an event with samples, or stops the run with its cause. */
import type * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { grpo } from "../../../../src/algorithms/grpo.ts";
import type { Algorithm } from "../../../../src/toolkit/algorithm.ts";
import { column } from "../../../../src/toolkit/objective.ts";
import { Policy } from "../../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../../src/toolkit/policy/tokenizer.ts";
import { verifiedReward } from "../../../../src/toolkit/reward.ts";
import { openSeam } from "../../../../src/toolkit/seam.ts";
import { type TrainOptions, train } from "../../../../src/toolkit/train/train.ts";
import type { WatchedStep } from "../../../../src/toolkit/train/watch/watch.ts";
import { judge } from "../../../../src/toolkit/verify/verifier.ts";
import { judgedBy, startsTask } from "../../../support/planted-task.ts";
import { tinyConfig } from "../../../support/tiny-policy.ts";
import { echoTask } from "../../../support/tiny-task.ts";

const normName = "model.layers.1.input_layernorm.weight";

let policy: Policy;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
});
afterAll(() => policy.dispose());

const options = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  policy,
  task: startsTask,
  algorithm: grpo(),
  steps: 30,
  seed: 5,
  promptsPerStep: 4,
  samplesPerPrompt: 16,
  learningRate: 3e-2,
  preflight: "off",
  ...more,
});

/** Rewarded for each "a": what is learned is to write nothing else. */
const onlyA = judgedBy((text) => {
  const share = [...text].filter((letter) => letter === "a").length / 8;
  return share === 0 ? judge.wrong("no a") : judge.partial(share, "some a", text);
});
const collapsing: Partial<TrainOptions> = { task: onlyA, learningRate: 0.05 };

test("watch: entropy that collapses is an event with samples, once, and pauses the run where asked to", async () => {
  const run = train(options({ ...collapsing, watch: { pauseOn: ["entropy-collapse"] } }));
  const { records, stopped, policy: trained } = await run.finished;
  await trained.dispose();
  expect(stopped).toBe("paused");
  expect(records.length).toBeLessThan(30);
  const events = records.flatMap(({ step, events }) => events.map((event) => ({ ...event, step })));
  const collapses = events.filter(({ kind }) => kind === "entropy-collapse");
  expect(collapses.map(({ step }) => step)).toEqual([records.length - 1]);
  expect(collapses[0]?.message).toMatch(
    /the entropy is \S+, below 0.1 of the first step's 2\.\d+: .* lower learningRate/,
  );
  expect(collapses[0]?.samples).toHaveLength(3);
  expect(records.at(-1)?.metrics.entropy).toBeLessThan(0.1 * (records[0]?.metrics.entropy ?? 0));
});

test("watch: a run that goes on after an event is the same run", async () => {
  const ends = [];
  for (const watch of [{}, { thresholds: { entropyFall: 0 } }]) {
    const { policy: trained, records } = await train(options({ ...collapsing, watch })).finished;
    ends.push({ fingerprint: await trained.fingerprint(), events: records.flatMap(({ events }) => events.length) });
    await trained.dispose();
  }
  expect(ends[1]?.fingerprint).toBe(ends[0]?.fingerprint);
  expect(ends[1]?.events).not.toEqual(ends[0]?.events);
});

test("watch: a reward of one's own that the verifier would not give", async () => {
  const algorithm: Algorithm = {
    ...grpo(),
    reward: async (input) => {
      const { verdicts } = await verifiedReward(input);
      return {
        verdicts,
        values: Float32Array.from(input.rollouts.completions, (text) => (text.includes("h") ? 1 : 0)),
      };
    },
  };
  const { records, policy: trained } = await train(options({ algorithm, steps: 1 })).finished;
  await trained.dispose();
  const event = records[0]?.events.find(({ kind }) => kind === "rewarded-unread");
  expect(event?.message).toMatch(/\d+ % of the completions rewarded above the mean are wrong or unreadable/);
  for (const sample of event?.samples ?? []) expect(sample).toMatchObject({ reward: 1, note: "not a, b or c" });
  expect(event?.samples).toHaveLength(3);
});

test("watch: a verifier that is slow on one completion", async () => {
  let calls = 0;
  const task = judgedBy((text) => {
    const until = performance.now() + (++calls === 7 ? 30 : 0);
    while (performance.now() < until); // as a verifier that searches
    return text.startsWith("a") ? judge.correct(text) : judge.wrong("no a");
  });
  const timed: typeof task = {
    ...task,
    verify: (...of) => {
      const start = performance.now();
      return { ...task.verify(...of), ms: performance.now() - start };
    },
  };
  const watch = { thresholds: { verdictMs: 25 } };
  const { records, policy: trained } = await train(options({ task: timed, steps: 1, watch })).finished;
  await trained.dispose();
  const event = records[0]?.events.find(({ kind }) => kind === "verifier-slow");
  expect(event?.samples?.[0]?.row).toBe(6);
});

test("watch: a rule of one's own sees the history and its event has kind rule", async () => {
  const seen: number[] = [];
  const rule = ({ step, history, metrics, rollouts }: WatchedStep) => {
    seen.push(history.length);
    return step === 1 ? { message: `reward ${metrics.reward} of ${rollouts.rows}` } : undefined;
  };
  const {
    records,
    stopped,
    policy: trained,
  } = await train(options({ steps: 4, watch: { rules: [rule], pauseOn: ["rule"] } })).finished;
  await trained.dispose();
  expect([stopped, records.length, seen]).toEqual(["paused", 2, [0, 1]]);
  const [event, ...more] = records[1]?.events.filter(({ kind }) => kind === "rule") ?? [];
  expect([event?.message, more]).toEqual([`reward ${records[1]?.metrics.reward} of 64`, []]);
  expect(event?.samples?.map(({ reward }) => reward)).toEqual([0, 0, 0]); // the lowest
});

test("watch: weights that become NaN stop the run, which names step, row, token and weight", async () => {
  const algorithm: Algorithm = {
    ...grpo(),
    update: async ({ parameters }) => {
      const { [normName]: norm } = await parameters.read([normName]);
      if (norm) await parameters.write({ [normName]: { ...norm, data: norm.data.fill(Number.NaN, 2, 3) } });
      return { changed: true };
    },
  };
  const run = train(options({ algorithm }));
  await expect(run.finished).rejects.toThrow(
    /^train: step 1: generate: row 0: the log-prob of its token 1 \(id \d+\) is NaN: .* Entry 2 of the weight model\.layers\.1\.input_layernorm\.weight is NaN\./,
  );
  expect(run.records).toHaveLength(1);
});

test("watch: a gradient that is not finite names the weight, and the row that it comes from", async () => {
  const plain = grpo();
  const algorithm: Algorithm = {
    ...plain,
    objective: {
      needs: { ...plain.objective.needs, columns: { weight: "row" } },
      // The root of 0 is 0, and its derivative infinite: times 0 it is NaN.
      loss: (batch) => {
        const result = plain.objective.loss(batch);
        const weight = column("t", batch, "weight") as tf.Tensor1D;
        const rooted = batch.logProbs.mul(0).sum(1).add(weight.neg().add(1)).sqrt().sum();
        return { ...result, loss: result.loss.add(rooted).asScalar() };
      },
    },
    advantage: async (input) => {
      const weight = new Float32Array(input.rollouts.rows);
      weight[37] = 1;
      return { ...(await openSeam(plain.advantage).next(input)), columns: { weight } };
    },
  };
  await expect(train(options({ algorithm, microBatches: 2 })).finished).rejects.toThrow(
    /train: step 0: .*the gradient of model\.\S+ is not finite; .* It comes from row 37, ".*" for problem [a-h]; all weights/,
  );
});

test("watch: a reward without bound stops the run before it learns from it", async () => {
  const algorithm: Algorithm = {
    ...grpo(),
    reward: async (input) => {
      const { verdicts, values } = await verifiedReward(input);
      return { verdicts, values: values.map((value, b) => (b === 5 ? Number.POSITIVE_INFINITY : value)) };
    },
  };
  await expect(train(options({ algorithm })).finished).rejects.toThrow(
    /train: step 0: the reward is Infinity for row 5, ".*" for problem [a-h]; bound it/,
  );
});

test.each([
  [{ pauseOn: ["collapse"] }, 'train, watch: pauseOn has "collapse"; pass some of preflight, no-gradient'],
  [{ rules: ["x"] }, "train, watch: a rule is x; pass functions."],
  [{ thresholds: { entropyfall: 1 } }, 'there is no option "entropyfall"; did you mean "entropyFall"?'],
])("watch: %j is refused", (watch, message) => {
  expect(() => train(options({ watch: watch as never }))).toThrow(message);
});
