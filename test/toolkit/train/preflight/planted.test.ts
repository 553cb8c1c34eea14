/** The failures that cost the field most, planted one by one: each is refused before the first step, for its own reason. */
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { grpo } from "../../../../src/algorithms/grpo.ts";
import type { Algorithm } from "../../../../src/toolkit/algorithm.ts";
import { embeddingName } from "../../../../src/toolkit/policy/parameters.ts";
import { Policy } from "../../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../../src/toolkit/policy/tokenizer.ts";
import { sampleCompletions } from "../../../../src/toolkit/rollout.ts";
import type { Task } from "../../../../src/toolkit/tasks/task.ts";
import { type Finding, PreflightError } from "../../../../src/toolkit/train/preflight/finding.ts";
import { type TrainOptions, train } from "../../../../src/toolkit/train/train.ts";
import { judge } from "../../../../src/toolkit/verify/verifier.ts";
import { judgedBy, startsTask } from "../../../support/planted-task.ts";
import { tinyConfig } from "../../../support/tiny-policy.ts";
import { echoTask } from "../../../support/tiny-task.ts";

let policy: Policy;
let other: Policy;
beforeAll(async () => {
  const tokenizer = charTokenizer(echoTask.alphabet);
  policy = await Policy.create({ config: tinyConfig, tokenizer, seed: 1 });
  other = await Policy.create({ config: tinyConfig, tokenizer, seed: 2 });
});
afterAll(async () => {
  await policy.dispose();
  await other.dispose();
});

const options = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  policy,
  task: startsTask,
  algorithm: grpo(),
  steps: 2,
  seed: 5,
  promptsPerStep: 8,
  samplesPerPrompt: 8,
  learningRate: 1e-3,
  ...more,
});

/** The refusals of a run, which must have taken no step. */
async function refusals(more: Partial<TrainOptions>): Promise<Finding[]> {
  const run = train(options(more));
  const error: unknown = await run.finished.then(
    async ({ policy: trained }) => {
      await trained.dispose();
      return undefined;
    },
    (reason) => reason,
  );
  expect(run.records).toEqual([]);
  if (!(error instanceof PreflightError)) throw new Error(`not refused: ${String(error)}`);
  const found = error.findings.filter(({ level }) => level === "refusal");
  for (const { problem, remedy } of found) expect(error.message).toContain(`${problem}; ${remedy}.`);
  return found;
}

/** The tiny policy with some weights changed. */
async function changed(change: (name: string, data: Float32Array) => void): Promise<Policy> {
  const copy = await policy.clone();
  const weights = await copy.parameters.read();
  for (const [name, { data }] of Object.entries(weights)) change(name, data as Float32Array);
  await copy.parameters.write(weights);
  return copy;
}

const only = (found: readonly Finding[]): Finding | undefined => (found.length === 1 ? found[0] : undefined);

test("preflight: rollouts from other weights than those that learn (unsloth 8701, verl 7495)", async () => {
  const algorithm: Algorithm = { ...grpo(), rollout: (input) => sampleCompletions({ ...input, sampler: other }) };
  const finding = only(await refusals({ algorithm }));
  expect(finding?.check).toBe("other-weights");
  expect(finding?.problem).toMatch(/the sampler and the learner disagree: row 0, token \d+ has log-prob/);
});

test("preflight: a limit that cuts every completion off (trl 5759)", async () => {
  const found = await refusals({ task: echoTask, maxTokens: 1 });
  expect(found.map(({ check }) => check)).toEqual(["gold-length", "truncation", "no-gradient"]);
  expect(found[0]).toMatchObject({
    problem: "maxTokens is 1, and 100 % of the worked answers need more, up to 3",
    remedy: "raise maxTokens to 3 or more",
  });
  expect(found[1]?.samples?.[0]?.completion).toHaveLength(1);
});

test("preflight: a policy that never emits EOS (trl 7039, ms-swift 4950)", async () => {
  const { eosId } = policy.tokenizer;
  const endless = await changed((name, data) => {
    if (name !== embeddingName) return;
    for (let id = 0; id < tinyConfig.vocab_size; id++) data[id * tinyConfig.hidden_size] = id === eosId ? -20 : 1;
  });
  const [finding] = await refusals({ task: echoTask, policy: endless });
  await endless.dispose();
  expect(finding?.check).toBe("no-eos");
  expect(finding?.problem).toMatch(
    /none of \d+ completions ends with EOS within maxTokens 4, which holds every worked/,
  );
});

test("preflight: no gradient, since every completion is wrong (trl 2703, open-r1 239)", async () => {
  const hard = judgedBy((text) => (text === "abcd" ? judge.correct(text) : judge.wrong("not abcd")));
  const demonstration: Task["demonstration"] = (_problem, _random, { flawed }) => (flawed ? "abc" : "abcd");
  const before = await policy.fingerprint();
  const finding = only(await refusals({ task: { ...hard, demonstration, maxCompletionTokens: 5 } }));
  expect(finding?.check).toBe("no-gradient");
  expect(finding?.problem).toMatch(/in all of 8 groups every advantage is 0, .*: all \d+ completions get reward 0/);
  expect(finding?.remedy).toContain("lower level, pretrain longer, or raise samplesPerPrompt");
  expect(await policy.fingerprint()).toBe(before);
});

test("preflight: no gradient, since a group of one has nothing to compare with", async () => {
  const finding = only(await refusals({ samplesPerPrompt: 1, promptsPerStep: 64 }));
  expect(finding).toMatchObject({ check: "no-gradient", remedy: "raise samplesPerPrompt to 2 or more" });
});

test("preflight: weights with a NaN, so that everything is NaN (verl 721)", async () => {
  const broken = await changed((name, data) => {
    if (name.endsWith("layers.1.mlp.up_proj.weight")) data[3] = Number.NaN;
  });
  const finding = only(await refusals({ policy: broken }));
  await broken.dispose();
  expect(finding?.check).toBe("not-finite");
  expect(finding?.problem).toBe("entry 3 of the weight model.layers.1.mlp.up_proj.weight is NaN");
});

test("preflight: a rollout function whose log-probs are NaN at one token", async () => {
  const algorithm: Algorithm = {
    ...grpo(),
    rollout: async (input) => {
      const rollouts = await sampleCompletions(input);
      const at = 9 * (rollouts.width - 1) + 2; // the first token of row 9: BOS, letter and "=" are before it
      return {
        ...rollouts,
        policyLogProbs: rollouts.policyLogProbs.map((value, i) => (i === at ? Number.NaN : value)),
      };
    },
  };
  const finding = only(await refusals({ algorithm }));
  expect(finding?.check).toBe("not-finite");
  expect(finding?.problem).toMatch(
    /^the policy's log-prob is NaN at token 3 \(".*"\) of row 9, ".*" for problem [a-h]$/,
  );
});

test("preflight: a loss that is NaN (open-r1 704)", async () => {
  const plain = grpo();
  const loss: Algorithm["objective"]["loss"] = (batch) => {
    const result = plain.objective.loss(batch);
    return { ...result, loss: result.loss.add(tf.scalar(-1).sqrt()).asScalar() };
  };
  const finding = only(await refusals({ algorithm: { ...plain, objective: { ...plain.objective, loss } } }));
  expect(finding?.check).toBe("not-finite");
  expect(finding?.problem).toBe("the loss is NaN");
});

test("preflight: a verifier that rejects worked answers (open-r1 55)", async () => {
  const task = judgedBy((text) =>
    /^[abc]=/.test(text) ? judge.correct(text) : judge.unparsed("no = behind the letter"),
  );
  const [finding] = await refusals({ task: { ...task, demonstration: startsTask.demonstration } });
  expect(finding?.check).toBe("gold-rejected");
  expect(finding?.problem).toBe(
    'the verifier takes 8 of 8 worked answers for "unparsed", the first because: no = behind the letter',
  );
});

test("preflight: a verifier that flawed, empty and formatted answers please", async () => {
  const task: Task = { ...judgedBy((text) => judge.correct(text)), demonstration: () => "a=1=a" };
  const found = await refusals({ task: { ...task, maxCompletionTokens: 8, alphabet: `${task.alphabet}1` } });
  const attacks = found.flatMap(({ check, problem }) => (check === "attack-accepted" ? [problem] : []));
  expect(found[0]).toMatchObject({ check: "tokenizer" }); // the policy cannot write a 1
  expect(found.map(({ check }) => check)).toContain("wrong-accepted");
  expect(attacks).toEqual([
    expect.stringContaining('"empty" get the full reward'),
    expect.stringContaining('"prompt repeated" get the full reward'),
    expect.stringContaining('"every number" get the full reward'),
    expect.stringContaining('"format only" get the full reward, such as "=="'),
  ]);
});

test("preflight: a verifier that fails, and one that is not the same twice (Math-Verify 50)", async () => {
  const task = judgedBy(() => {
    throw new Error("signal only works in main thread");
  });
  const [failing] = await refusals({ task });
  expect(failing?.check).toBe("verifier-failed");
  expect(failing?.problem).toContain('the first time with: "Error: signal only works in main thread"');
  let calls = 0;
  const moody = judgedBy((text) => (/^[abc]/.test(text) && ++calls % 3 > 0 ? judge.correct(text) : judge.wrong("no")));
  const found = await refusals({ task: { ...moody, demonstration: startsTask.demonstration } });
  expect(found.map(({ check }) => check)).toContain("verifier-unsteady");
});

test("preflight: groups whose rewards differ by rounding alone (NeMo-RL 4158)", async () => {
  const algorithm: Algorithm = {
    ...grpo(),
    reward: ({ rollouts, task }) => {
      const verdicts = rollouts.completions.map((text, b) =>
        task.verify(rollouts.problems[rollouts.group[b] ?? 0] ?? ({} as never), text),
      );
      return { verdicts, values: Float32Array.from(verdicts, (_, b) => 1000 + (b % 2) * 1e-4) };
    },
  };
  const finding = only(await refusals({ algorithm }));
  expect(finding?.check).toBe("reward-noise");
  expect(finding?.problem).toContain("in 8 of 8 groups rewards differ by rounding alone");
  expect(finding?.remedy).toBe("round the rewards");
});

test("preflight: completions counted in another prompt's group (Search-R1 88)", async () => {
  const algorithm: Algorithm = {
    ...grpo(),
    rollout: async (input) => {
      const rollouts = await sampleCompletions(input);
      return { ...rollouts, group: rollouts.group.map((group) => (group + 1) % 8) };
    },
  };
  const finding = only(await refusals({ algorithm }));
  expect(finding?.check).toBe("groups");
  expect(finding?.problem).toMatch(/64 of 64 rows were sampled after the prompt of another group .*, row 0 first/);
});

test("preflight: a tokenizer that lacks a character of the task", async () => {
  const task: Task = { ...startsTask, demonstration: (...of) => `${startsTask.demonstration(...of)}#` };
  const finding = only(await refusals({ task }));
  expect(finding?.check).toBe("tokenizer");
  expect(finding?.problem).toContain('"#" (U+0023) at character 2 is not in the vocabulary');
});

test("preflight: more memory than there is, before any of it is taken (trl 3678)", async () => {
  const finding = only(await refusals({ promptsPerStep: 10_000_000, samplesPerPrompt: 1000 }));
  expect(finding?.check).toBe("memory");
  expect(finding?.problem).toMatch(/the run takes about \S+ GiB, this machine has \S+ GiB/);
});

test("preflight: a learning rate of 0, and a schedule that gives no rate later", async () => {
  expect(only(await refusals({ learningRate: () => 0 }))).toMatchObject({ check: "learning-rate" });
  const late = train(options({ learningRate: (step) => (step === 1 ? Number.NaN : 1e-3) }));
  await expect(late.finished).rejects.toThrow("train: learningRate gives NaN at step 1");
  expect(late.records).toEqual([]);
});
