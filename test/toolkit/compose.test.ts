import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import {
  aceConfidencePenalty,
  cepo,
  dapo,
  fgExpo,
  gmpo,
  grpo,
  gspo,
  icpo,
  klInReward,
  klLoss,
  luspo,
  mathforgeDgpo,
  nudgeRl,
  pacs,
  peerDefaults,
  ppo,
  real,
  recap,
  rlPlus,
  rover,
  scrl,
  semanticSoftBootstrapping,
  siren,
  temporalSchedule,
  topEntropyMask,
  ucas,
  vimpo,
} from "../../src/algorithms/index.ts";
import type { AdvantageInput, Advantages } from "../../src/toolkit/advantage.ts";
import { type Algorithm, describe } from "../../src/toolkit/algorithm.ts";
import { type AlgorithmChange, compose, diff } from "../../src/toolkit/compose.ts";
import type { Statistic } from "../../src/toolkit/models.ts";
import { joinNeeds, type PolicyBatch } from "../../src/toolkit/objective.ts";
import { openSeam, stateful, wrapSeam, wrapStateful } from "../../src/toolkit/seam.ts";

const ones: Algorithm = {
  name: "ones",
  advantage: () => ({ perToken: Float32Array.of(1, 1) }),
  objective: { needs: { entropy: "value" }, loss: () => ({ loss: tf.scalar(1), metrics: {} }) },
  choices: [{ seam: "advantage", name: "size", value: 1, source: "test" }],
};

/** Multiplies what the advantage gives. */
function times(factor: number, name = `times ${factor}`): AlgorithmChange {
  return {
    name,
    wraps: {
      advantage: (inner) =>
        wrapSeam(inner, async (input, next) => {
          const { perToken } = await next(input);
          return { perToken: perToken.map((value) => value * factor) };
        }),
    },
    choices: [{ seam: "advantage", name: "factor", value: factor, source: "given" }],
  };
}

const threes: AlgorithmChange = {
  name: "threes",
  replaces: { advantage: () => ({ perToken: Float32Array.of(3, 3) }) },
  choices: [{ seam: "advantage", name: "size", value: 3, source: "given" }],
};

async function advantages(algorithm: Algorithm): Promise<number[]> {
  const output: Advantages = await openSeam(algorithm.advantage).next({} as AdvantageInput);
  return [...output.perToken];
}

test("compose: changes act from left to right, each on what stands there", async () => {
  const plusOne: AlgorithmChange = {
    name: "plus one",
    wraps: {
      advantage: (inner) =>
        wrapSeam(inner, async (input, next) => ({ perToken: (await next(input)).perToken.map((value) => value + 1) })),
    },
    choices: [],
  };
  expect(await advantages(compose(ones, times(2), plusOne))).toEqual([3, 3]); // 1 * 2 + 1
  expect(await advantages(compose(ones, plusOne, times(2)))).toEqual([4, 4]); // (1 + 1) * 2
  expect(await advantages(compose(ones, threes, times(2)))).toEqual([6, 6]);
  expect(await advantages(ones)).toEqual([1, 1]); // the base is not changed
});

test("compose: two that claim a seam are refused with both names and the remedy", () => {
  const fours: AlgorithmChange = { ...threes, name: "fours" };
  expect(() => compose(ones, threes, fours)).toThrow(
    "compose: fours replaces the advantage, and threes replaces it too; use one of them.",
  );
  expect(() => compose(ones, times(2), threes)).toThrow(
    "compose: threes replaces the advantage, and times 2 has wrapped it; put threes before times 2.",
  );
});

test("compose: an objective is wrapped, and needs what both need", () => {
  const penalty: AlgorithmChange = {
    name: "penalty",
    wraps: {
      objective: (inner) => ({
        needs: joinNeeds(inner.needs, { entropy: "gradient", columns: { weight: "row" } }),
        loss: (batch) => {
          const { loss, metrics } = inner.loss(batch);
          return { loss: loss.add(0.5).asScalar(), metrics };
        },
      }),
    },
    choices: [],
  };
  const { objective } = compose(ones, penalty);
  expect(objective.needs).toMatchObject({ entropy: "gradient", columns: { weight: "row" } });
  expect(objective.loss({} as PolicyBatch).loss.dataSync()[0]).toBe(1.5);
});

test("joinNeeds: the stronger of two needs; a column of two kinds is refused", () => {
  expect(joinNeeds({ entropy: "gradient" }, { entropy: "value" }).entropy).toBe("gradient");
  expect(joinNeeds({ together: "group" }, { together: "update" }).together).toBe("update");
  expect(joinNeeds({ together: "group" }, {}).together).toBe("group");
  expect(joinNeeds({}, { referenceLogProbs: true })).toMatchObject({ referenceLogProbs: true, logits: false });
  expect(() => joinNeeds({ columns: { w: "row" } }, { columns: { w: "token" } })).toThrow(
    'objective: column "w" is needed per row and per token; rename one.',
  );
});

test("compose: statistics add up; two different ones under one name are refused", () => {
  const [a, b]: Statistic[] = [({ logProbs }) => logProbs, ({ entropies }) => entropies];
  const with_ = (name: string, statistics: AlgorithmChange["statistics"]): AlgorithmChange => ({
    name,
    ...(statistics && { statistics }),
    choices: [],
  });
  const both = compose(ones, with_("m", { x: a as Statistic }), with_("n", { x: a as Statistic, y: b as Statistic }));
  expect(Object.keys(both.statistics ?? {})).toEqual(["x", "y"]);
  expect(() => compose(ones, with_("m", { x: a as Statistic }), with_("n", { x: b as Statistic }))).toThrow(
    'compose: ones + m and n need different statistics named "x"; rename one of them.',
  );
});

test("describe: a change's choices bear its name, and what it replaces is gone", () => {
  const names = describe(compose(ones, threes, times(2))).map(({ seam, name }) => `${seam} ${name}`);
  expect(names).toEqual([
    "curriculum curriculum",
    "rollout rollout",
    "reward reward",
    "advantage threes.size",
    "advantage times 2.factor",
    "update update",
  ]);
});

test("diff: the choices that two algorithms make differently, those of one alone included", () => {
  const rows = diff(grpo(), grpo({ clipHigh: 0.28, scale: "none" }));
  expect(rows.map(({ seam, name, a, b }) => [seam, name, a?.value, b?.value])).toEqual([
    ["advantage", "scale", "group-std", "none"],
    ["objective", "clipHigh", 0.2, 0.28],
  ]);
  expect(diff(grpo(), grpo())).toEqual([]);
  const alone = diff(ones, compose(ones, times(2)));
  expect(alone).toEqual([
    { seam: "advantage", name: "times 2.factor", a: undefined, b: expect.objectContaining({ value: 2 }) },
  ]);
});

test("wrapStateful: own and inner state both go from step to step and come back from what was saved", async () => {
  const counter = stateful<number, string, string>({
    init: () => 0,
    next: (count, input) => [`${input}${count}`, count + 1],
    save: (count) => count,
    restore: Number,
  });
  const doubled = wrapStateful<number, string, string>(counter, {
    init: () => 10,
    next: async (count, input, inner) => [`${await inner(input)}/${count}`, count + 1],
    save: (count) => count,
    restore: Number,
  });
  const session = openSeam(doubled);
  expect([await session.next("a"), await session.next("b")]).toEqual(["a0/10", "b1/11"]);
  expect(session.save()).toEqual({ own: 12, inside: 2 });
  expect(await openSeam(doubled, session.save()).next("c")).toBe("c2/12");
  expect(() => openSeam(doubled, 7)).toThrow("seam: the saved state is 7; resume with the same algorithm.");
});

test("wrapSeam: a stateful seam keeps its state inside the wrapper", async () => {
  const counter = stateful<number, number, number>({
    init: () => 0,
    next: (count) => [count, count + 1],
    save: (count) => count,
    restore: Number,
  });
  const session = openSeam(wrapSeam(counter, async (input, next) => 100 + (await next(input))));
  expect([await session.next(0), await session.next(0), session.save()]).toEqual([100, 101, 2]);
});

test("compose: a whole algorithm is no change of one", () => {
  const whole: AlgorithmChange = grpo() as never;
  expect(() => compose(ones, whole)).toThrow(
    "compose: grpo is a whole algorithm, no change of one; put it first, or use it alone.",
  );
});

test("compose, describe, diff: what is no algorithm is refused", () => {
  const nothing = undefined as never;
  expect(() => compose(nothing)).toThrow("algorithm: the algorithm is undefined; pass an object such as grpo().");
  expect(() => compose(ones, nothing)).toThrow(
    "compose: a change is undefined; pass what a method such as ucas() returns.",
  );
  expect(() => describe(nothing)).toThrow("algorithm: the algorithm is undefined");
  expect(() => diff(ones, nothing)).toThrow("algorithm: the algorithm is undefined");
});

test("compose: half of an inseparable algorithm cannot be replaced", () => {
  const whole: Algorithm = { ...ones, inseparable: true };
  expect(() => compose(whole, threes)).toThrow("threes replaces the advantage of ones, whose other half needs it");
  expect(compose(whole, times(2)).name).toBe("ones + times 2");
});

test("compose: what a composed base has claimed stays claimed", () => {
  const once = compose(ones, threes);
  expect(() => compose(once, { ...threes, name: "fours" })).toThrow(
    "fours replaces the advantage, and threes replaces it too",
  );
  const wrapped = compose(ones, times(2));
  expect(() => compose(wrapped, threes)).toThrow("threes replaces the advantage, and times 2 has wrapped it");
  expect(() => compose(peerDefaults("trl"), luspo())).toThrow(
    "luspo replaces the objective, and masked-importance-sampling has wrapped it; put luspo before",
  );
});

test("compose: a change of advantages beside an objective that reads none is refused", () => {
  for (const base of [pacs(), real(), semanticSoftBootstrapping()]) {
    for (const change of [aceConfidencePenalty(), cepo(), klInReward()]) {
      expect(() => compose(base, change)).toThrow(
        `${change.name} changes advantages, which the objective of ${base.name} does not read`,
      );
    }
  }
  expect(compose(real(), siren()).name).toBe("real + siren"); // it adds a column there, no more
});

test("compose: a method that is made for another aggregation says so", () => {
  expect(() => compose(grpo(), mathforgeDgpo())).toThrow(
    "mathforge-dgpo is made for aggregation token-mean, grpo has seq-mean-token-mean; set aggregation to token-mean there.",
  );
  expect(compose(dapo(), mathforgeDgpo()).name).toBe("dapo + mathforge-dgpo");
  expect(compose(grpo(), mathforgeDgpo({ validTokenAveraging: false })).name).toBe("grpo + mathforge-dgpo");
});

test("compose: the second change of one name has choices of its own", () => {
  const twice = compose(grpo(), klLoss(), klLoss({ to: "sampler" }));
  const to = describe(twice).filter(({ name }) => name.endsWith(".to"));
  expect(to.map(({ name, value }) => [name, value])).toEqual([
    ["kl-loss.to", "reference"],
    ["kl-loss (2).to", "sampler"],
  ]);
});

test.each([
  [() => compose(ones, {} as never), "a change has the name undefined and undefined for choices"],
  [() => compose(ones, [ucas()] as never), "a change is a list; pass what a method such as ucas() returns."],
  [() => compose(ones, ucas as never), "a change is the function ucas; call it: ucas()."],
  [() => compose(ones, { ...threes, replace: {} } as never), 'threes has a part "replace"; name seams: curriculum'],
  [() => compose(ones, { ...threes, replaces: { advantages: 1 } } as never), 'threes has a part "advantages"'],
  [() => compose({ ...ones, rewards: 1 } as never), 'algorithm: there is no part "rewards"; known: name, curriculum'],
  [
    () => compose({ ...ones, objective: { ...ones.objective, needs: { entropies: "value" } } } as never),
    'ones: an objective cannot need "entropies"; known: referenceLogProbs',
  ],
])("compose: a mistake that would be ignored is refused, %#", (act, message) => {
  expect(act).toThrow(message);
});

test("describe: a change's own choices", () => {
  expect(describe(ucas({ lambda: 0.1 })).find(({ name }) => name === "lambda")).toMatchObject({
    value: 0.1,
    source: "given",
  });
});

test.each([
  ...[icpo(), rlPlus(), nudgeRl(), semanticSoftBootstrapping(), rover(), fgExpo(), recap()].map(
    (base) => [base, gspo()] as const,
  ),
])("compose: half of $0.name is not replaced by another objective", (base, change) => {
  expect(() => compose(base, change)).toThrow(`gspo replaces the objective of ${base.name}, whose other half needs it`);
});

test("diff: a function that is given is a difference", () => {
  const pairs = [
    [nudgeRl(), nudgeRl({ contexts: () => ["x", "y"] }), "contexts"],
    [compose(grpo(), cepo()), compose(grpo(), cepo({ answerOf: (text) => text })), "cepo.answerOf"],
    [compose(grpo(), scrl()), compose(grpo(), scrl({ same: Object.is })), "scrl.same"],
    [recap(), recap({ replay: [{ name: "kept", weight: 1, examples: [] } as never] }), "replay"],
  ] as const;
  for (const [a, b, name] of pairs) {
    expect(diff(a, b).find((row) => row.name === name)?.b).toMatchObject({ value: "given", source: "given" });
  }
});

test.each([pacs(), real(), vimpo(), ppo()])("compose: another advantage for $name is refused, naming both", (base) => {
  expect(() => compose(base, ucas())).toThrow(`ucas replaces the advantage of ${base.name}, whose other half needs it`);
});

test.each([
  [cepo(), gspo()],
  [ucas(), gmpo()],
  [scrl(), luspo()],
  [topEntropyMask(), gspo()],
  [temporalSchedule({ criterion: "entropy-advantage" }), gspo()],
])(
  "compose: advantages of tokens from $0.name and $1.name's one per row are refused in either order",
  (tokens, rows) => {
    const message = `${tokens.name} gives the tokens of a row advantages of their own, the objective of ${rows.name} takes one`;
    expect(() => compose(grpo(), tokens, rows)).toThrow(message);
    expect(() => compose(grpo(), rows, tokens)).toThrow(message);
    expect(() => compose(grpo(), tokens)).not.toThrow();
  },
);

test("compose: advantages that are the same in a row, or replaced before, go with an objective of rows", () => {
  expect(compose(grpo(), ucas({ lambda: 0 }), gspo()).name).toBe("grpo + ucas + gspo");
  expect(compose(grpo(), temporalSchedule(), gspo()).name).toBe("grpo + temporal-schedule + gspo");
});
