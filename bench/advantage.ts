/**
 * What advantages cost: 4096 completions of 1024 tokens (512 groups of 8), against one pass over as many numbers. `value`
 * and `reference` are ms. Methods that ask for statistics are given columns of numbers; those that ask the policy, such as
 * CEPO, an answer that is there at once, so that what is measured is their own work: moving rows and weighing tokens.
 */
import type { AdvantageInput } from "../src/toolkit/advantage.ts";
import type { Algorithm } from "../src/toolkit/algorithm.ts";
import type { Model, Statistic, TokenRows } from "../src/toolkit/models.ts";
import { charTokenizer } from "../src/toolkit/policy/tokenizer.ts";
import { rng } from "../src/toolkit/rng.ts";
import type { Rollouts } from "../src/toolkit/rollout.ts";
import { openSeam } from "../src/toolkit/seam.ts";
import { allAlgorithms } from "./support/algorithms.ts";
import { median, report } from "./support/figure.ts";

const [rows, tokens, group] = [4096, 1024, 8];
const rounds = 9;

const random = rng({ seed: 1, stream: "advantage" });
const lengths = Int32Array.from({ length: rows }, () => tokens / 2 + random.integer(tokens / 2));
const logProbs = Float32Array.from({ length: rows * tokens }, (_, i) => -0.1 - (i % 17) / 8);

function rollouts(): Rollouts {
  const mask = new Float32Array(rows * tokens);
  for (const [b, length] of lengths.entries()) mask.fill(1, b * tokens, b * tokens + length);
  const problem = (i: number) => ({ id: `${i}`, prompt: "", answer: "", level: 1, data: {} });
  return {
    ...{ rows, width: tokens + 1, mask, completionLengths: lengths, tokensPerSecond: 0 },
    ids: new Int32Array(rows * (tokens + 1)),
    promptLengths: new Int32Array(rows).fill(1),
    group: Int32Array.from({ length: rows }, (_, b) => Math.floor(b / group)),
    sampleLogProbs: logProbs,
    policyLogProbs: logProbs,
    finish: Array.from({ length: rows }, () => "eos"),
    completions: Array.from({ length: rows }, () => ""),
    problems: Array.from({ length: rows / group }, (_, i) => problem(i)),
  };
}

/** Answers as many numbers as there are positions. */
const ready: Model = {
  tokenizer: charTokenizer("0123456789"),
  maxPositions: 2 * tokens,
  generate: () => Promise.reject(new Error("nothing is drawn here")),
  measure: async <Name extends string>(given: TokenRows, statistics: Readonly<Record<Name, Statistic>>) => {
    const positions = given.rows * (given.width - 1);
    const answer = positions <= logProbs.length ? logProbs.subarray(0, positions) : new Float32Array(positions);
    const found = Object.keys(statistics).map((name) => [name, answer] as const);
    return Object.fromEntries(found) as Record<Name, Float32Array>;
  },
};

function inputOf({ statistics = {}, referenceStatistics = {} }: Algorithm, drawn: Rollouts): AdvantageInput {
  const columns = (names: object) => Object.fromEntries(Object.keys(names).map((name) => [name, logProbs]));
  const values = Float32Array.from({ length: rows }, (_, b) => (random.integer(group) <= b % group ? 1 : 0));
  const verifier = { name: "bench", version: "1" };
  const verdicts = Array.from(values, (score) => ({
    ...{ score, status: score === 1 ? ("correct" as const) : ("wrong" as const), reason: "", ms: 0, verifier },
  }));
  return {
    ...{ rollouts: drawn, rewards: { values, verdicts }, step: 1, steps: 10, seed: 1 },
    statistics: columns(statistics),
    referenceStatistics: columns(referenceStatistics),
    models: { policy: ready, reference: ready },
  };
}

/** One pass: reads every number and writes one of each. */
function pass(out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = (logProbs[i] ?? 0) + 1;
}

async function timed(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

const drawn = rollouts();
for (const { name, algorithm } of allAlgorithms()) {
  const input = inputOf(algorithm, drawn);
  const advantages = () => openSeam(algorithm.advantage).next(input);
  try {
    await timed(advantages);
  } catch (error) {
    console.error(`not measured: ${name}: ${error instanceof Error ? error.message : String(error)}`);
    continue;
  }
  const [ms, passMs]: [number[], number[]] = [[], []];
  const out = new Float32Array(rows * tokens);
  for (let i = 0; i < rounds; i++) {
    ms.push(await timed(advantages));
    passMs.push(await timed(() => pass(out)));
  }
  report({
    bench: "advantage",
    name: `${name}, 4096 x 1024 tokens, median of ${rounds}`,
    value: median(ms),
    unit: "ms",
    against: "one pass",
    reference: median(passMs),
  });
}
