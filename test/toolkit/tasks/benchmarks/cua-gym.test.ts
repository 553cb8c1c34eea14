import { expect, test } from "vitest";
import {
  acceptTuple,
  coGenerate,
  flaky,
  jaccard,
  keptByPassRate,
  miniatureApps,
  miniatureTasks,
  nearDuplicates,
  rewardProgram,
  stateDiff,
} from "../../../../src/toolkit/tasks/benchmarks/index.ts";

test("cua-gym: every miniature task is accepted, done by its own actions, and failed by others", () => {
  for (const app of miniatureApps()) {
    for (const [i, task] of miniatureTasks(app, { count: 12, seed: 3 }).entries()) {
      expect(acceptTuple(task)).toEqual({ accepted: true, failures: [] });
      const id = `rollout ${i}`;
      app.app.createSession(id, task.initial());
      expect(stateDiff(app.app.go(id).initialState, app.app.go(id).currentState).added).toEqual({});
      const score = (): number => {
        const { initialState, currentState } = app.app.go(id);
        return task.reward.score({ initial: initialState, current: currentState }).score;
      };
      app.app.act(id, `${app.words[0]} title=Nonsense`);
      expect(score()).toBeLessThan(1);
      app.app.reset(id);
      for (const action of task.solution) app.app.act(id, action);
      expect(score()).toBe(1);
      expect(() => app.app.act(id, "fly away")).toThrow("the action is");
      expect(() => app.app.createSession(id)).toThrow("was used before");
    }
  }
});

test("cua-gym: rewards that hold at once, differ twice, or hold no sum are refused or not accepted", () => {
  const states = { initial: () => ({ n: 0 }), golden: () => ({ n: 1 }) };
  const part = (check: (initial: unknown, current: unknown) => boolean, weight = 1) => ({ name: "n", weight, check });
  const at = (n: number) => part((_, current) => JSON.stringify(current) === `{"n":${n}}`);
  expect(acceptTuple({ ...states, reward: rewardProgram({ components: [at(1)] }) }).accepted).toBe(true);
  expect(acceptTuple({ ...states, reward: rewardProgram({ components: [at(0)] }) }).failures).toContainEqual(
    expect.stringContaining("holds on the initial state"),
  );
  expect(acceptTuple({ ...states, reward: rewardProgram({ components: [at(2)] }) }).failures).toEqual([
    "the reward of the golden state is 0, not 1",
  ]);
  let turn = false;
  const random = rewardProgram({ components: [part(() => (turn = !turn))] });
  expect(() => random.score({ initial: {}, current: {} })).toThrow("two answers");
  const gated = rewardProgram({ components: [at(1)], gates: [{ name: "g", check: () => false }] });
  expect(gated.score({ initial: { n: 0 }, current: { n: 1 } })).toMatchObject({ score: 0, failedGates: ["g"] });
  expect(() => rewardProgram({ components: [part(() => false, 0.5)] })).toThrow("add up to 0.5");
  expect(() => rewardProgram({ components: [{ ...at(1), judged: true }] })).toThrow("models judge 1");
  const reward = rewardProgram({ components: [at(1)] });
  expect(acceptTuple({ ...states, reward, source: "x = open('f')" }).failures).toEqual(["it leaves the sandbox"]);
});

test("cua-gym: co-generation tells the generator what failed, and gives up after five rounds", async () => {
  const reward = rewardProgram({
    components: [{ name: "one", weight: 1, check: (_, current) => JSON.stringify(current) === '{"n":1}' }],
  });
  const heard: (readonly string[])[] = [];
  const made = await coGenerate(
    "make n 1",
    (_, review) => {
      heard.push(review);
      return { initial: () => ({ n: 0 }), golden: () => ({ n: heard.length - 1 }) };
    },
    () => ({ reward }),
  );
  expect(made.rounds).toBe(2);
  expect(heard).toEqual([[], ["the reward of the golden state is 0, not 1"]]);
  const never = await coGenerate(
    "x",
    () => ({ initial: () => ({ n: 0 }), golden: () => ({ n: 5 }) }),
    () => ({ reward }),
  );
  expect([never.tuple, never.rounds, never.reviews.length]).toEqual([undefined, 5, 5]);
});

test("cua-gym: overlap, flakiness and pass rates", () => {
  const [a, b] = ["Create issue titled bug GitLab", "create issue titled crash"];
  expect(jaccard(a, b)).toBe(0.5);
  expect(jaccard("", b)).toBe(0);
  expect(nearDuplicates([a, "other words", b])).toEqual([{ a: 0, b: 2, overlap: 0.5 }]);
  expect(flaky([[1, 1], [1, 0.5], [0]])).toEqual([1]);
  expect(
    keptByPassRate([
      [1, 1],
      [1, 0],
      [0, 0],
      [1, undefined],
    ]),
  ).toEqual([1]); // what broke is no evidence
  expect(stateDiff({ a: [1], b: 2, c: 3 }, { a: [1, 2], b: 4 })).toEqual({
    added: { "a.1": 2 },
    removed: { c: 3 },
    changed: { b: { before: 2, after: 4 } },
  });
});
