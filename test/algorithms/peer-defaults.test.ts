import { expect, test } from "vitest";
import { grpo, type Peer, peerDefaults } from "../../src/algorithms/index.ts";
import { describe as choicesOf } from "../../src/toolkit/algorithm.ts";
import { diff } from "../../src/toolkit/compose.ts";
import { notFinite, trainedTwice } from "../support/trained-twice.ts";

const differences = (peer: Peer) =>
  Object.fromEntries(diff(grpo(), peerDefaults(peer)).map(({ name, a, b }) => [name, [a?.value, b?.value]]));

test("peerDefaults: TRL averages over all tokens and adds 1e-4 to the deviation", () => {
  expect(differences("trl")).toMatchObject({
    epsilon: [1e-6, 1e-4],
    aggregation: ["seq-mean-token-mean", "token-mean"],
    "masked-importance-sampling.upper": [undefined, 3],
  });
});

test("peerDefaults: verl bounds the loss of wrong answers by a dual clip", () => {
  expect(differences("verl")).toEqual({ dualClip: ["none", 3], aggregation: ["seq-mean-token-mean", "token-mean"] });
});

test("peerDefaults: NeMo-RL leaves one out, OpenRLHF has a critic, prime-rl masks by probability", () => {
  const names = (peer: Peer): string[] => choicesOf(peerDefaults(peer)).map(({ name }) => name);
  expect(differences("nemo-rl")).toMatchObject({ klCoefficient: [0, 0.01] });
  expect(differences("nemo-rl")).toMatchObject({ "rloo.scale": [undefined, "others-std"] });
  expect(names("openrlhf")).toContain("kl-in-reward.coefficient");
  expect(peerDefaults("openrlhf").objective.needs.values).toBe(true);
  expect(names("prime-rl")).toEqual(expect.arrayContaining(["dppo.divergenceHigh", "kl-loss.coefficient"]));
  expect(differences("prime-rl")).toMatchObject({
    "dppo.ratioLimit": [undefined, Infinity],
    "sampler-ratio.ratio": [undefined, "to the sampler"],
  });
});

test.each(["trl", "verl", "prime-rl", "openrlhf", "nemo-rl"] as const)(
  "peerDefaults: %s trains, with a source for every choice",
  async (peer) => {
    const algorithm = peerDefaults(peer);
    for (const { source } of algorithm.choices) expect(source).not.toBe("given");
    const { records, before, after } = await trainedTwice(algorithm);
    expect(notFinite(records)).toEqual([]);
    expect(after[0]).not.toBe(before);
    expect(after[1]).toBe(after[0]);
  },
);

test("peerDefaults: another name is refused with those that are known", () => {
  expect(() => peerDefaults("slime" as never)).toThrow(
    'peerDefaults: there are no defaults of "slime"; pass one of trl, verl, prime-rl, openrlhf, nemo-rl.',
  );
});
