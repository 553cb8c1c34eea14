import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { type RlepOptions, rlep } from "../../src/algorithms/rlep.ts";
import { collect, type ReplayPool, restorePool, savePool } from "../../src/algorithms/rlep-pool.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { processedTokens, type RolloutInput, type Rollouts } from "../../src/toolkit/rollout.ts";
import { type Json, openSeam, type SeamSession } from "../../src/toolkit/seam.ts";
import { letterTokenizer, rolloutInput, writtenRollouts } from "../support/rollout-input.ts";
import { echoTask } from "../support/tiny-task.ts";
import { trainedTwice } from "../support/trained-twice.ts";

const problems = echoTask.problems({ split: "train", count: 3, seed: 0 }); // a, d, g
const settings = { hardest: 0.5, keep: 2, poolSize: 2 };

/** Groups of problems with given completions, verified. */
async function scored(of: readonly number[], completions: string[][]) {
  const asked = of.flatMap((i) => problems.slice(i, i + 1));
  const rollouts = writtenRollouts(asked, completions);
  return { ...rollouts, rewards: await rolloutInput({ problems: asked }).verify(rollouts) };
}
const shown = (pool: ReplayPool) => pool.map(({ problem, rows }) => [problem.id, rows.map((row) => row.completion)]);

test("rlep pool: right completions of groups at most half right; easy problems leave, others go to the end", async () => {
  let pool = collect(
    [],
    await scored(
      [0, 1, 2],
      [
        ["aa", "b"],
        ["dd", "dd"],
        ["b", "b"],
      ],
    ),
    settings,
  );
  expect(shown(pool)).toEqual([["a", ["aa"]]]); // half right; all right; none right
  pool = collect(pool, await scored([1], [["dd", "a", "b"]]), settings);
  expect(shown(pool)).toEqual([
    ["a", ["aa"]],
    ["d", ["dd"]],
  ]);
  pool = collect(pool, await scored([0], [["b", "c"]]), settings);
  expect(shown(pool)).toEqual([
    ["d", ["dd"]],
    ["a", ["aa"]],
  ]); // asked again in vain
  pool = collect(pool, await scored([1], [["dd", "dd", "a"]]), settings);
  expect(shown(pool)).toEqual([["a", ["aa"]]]); // two of three: hard no longer
});

test("rlep pool: the newest texts, once each; foreign and cut-off rows and unscored groups are not kept", async () => {
  const right = await scored([0], [["aa", "aa", "b", "b"]]);
  expect(collect([], right, settings)[0]?.rows).toHaveLength(1);
  const foreign = { ...right, foreign: Uint8Array.of(1, 0, 0, 0), finish: ["eos", "length", "eos", "eos"] as const };
  expect(collect([], foreign, settings)).toEqual([]);
  const unscored = { ...right, rewards: { values: new Float32Array(4).fill(Number.NaN), verdicts: [] } };
  expect(collect([], unscored, settings)).toEqual([]);
  const many = await scored(
    [0, 1, 2],
    [
      ["aa", "b"],
      ["dd", "b"],
      ["gg", "b"],
    ],
  );
  expect(shown(collect([], many, settings)).map(([id]) => id)).toEqual(["d", "g"]); // a pool of two
});

test("rlep pool: it goes over a checkpoint", async () => {
  const pool = collect(
    [],
    await scored(
      [0, 1],
      [
        ["aa", "b"],
        ["dd", "b"],
      ],
    ),
    settings,
  );
  expect(restorePool(JSON.parse(JSON.stringify(savePool(pool))))).toEqual(pool);
  expect(restorePool(savePool([]))).toEqual([]);
  expect(() => restorePool({ a: 1 })).toThrow("rollouts: the saved rows is missing");
});

/** The first answer of a group is right, the others are "b". */
function open(options: RlepOptions, asked: string[][] = [], saved?: Json): SeamSession<RolloutInput, Rollouts> {
  const write = ({ prompts }: RolloutInput): Rollouts => {
    asked.push(prompts.problems.map(({ id }) => id));
    return writtenRollouts(
      prompts.problems,
      prompts.problems.map(({ answer }) => [answer, "b"]),
    );
  };
  const { rollout } = compose({ ...grpo(), rollout: write }, rlep(options));
  if (rollout === undefined) throw new Error("a rollout is there");
  return openSeam(rollout, saved);
}

test("rlep: a known problem comes again, and its group has what was right before, as foreign rows", async () => {
  const asked: string[][] = [];
  const session = open({ replays: 1 }, asked);
  const [first = [], then = []] = [problems.slice(0, 1), problems.slice(1, 3)];
  expect((await session.next(rolloutInput({ problems: first }))).rows).toBe(2);
  const { completions, group, foreign, ids, width, rewards, metrics, spentTokens, mask, ...rest } = await session.next(
    rolloutInput({ problems: then, step: 1 }),
  );
  expect(asked).toEqual([["a"], ["d", "a"]]); // in the place of the last one
  expect(completions).toEqual(["dd", "b", "aa", "b", "aa"]);
  expect([...group]).toEqual([0, 0, 1, 1, 1]);
  expect([...(foreign ?? [])]).toEqual([0, 0, 0, 0, 1]);
  expect([...(rewards?.values ?? [])]).toEqual([1, 0, 1, 0, 1]);
  expect([...ids.subarray(4 * width, 4 * width + 3)]).toEqual([...letterTokenizer.encodePrompt("a=")]);
  expect(metrics).toEqual({ replayed_rows: 1, replay_pool: 2 });
  expect(spentTokens).toBe(processedTokens(rest));
});

test("rlep: nothing comes again where `again` is 0, but what does is known", async () => {
  const asked: string[][] = [];
  const session = open({ again: 0 }, asked);
  await session.next(rolloutInput({ problems: problems.slice(0, 1) }));
  expect((await session.next(rolloutInput({ problems: problems.slice(1, 2), step: 1 }))).rows).toBe(2);
  expect((await session.next(rolloutInput({ problems: problems.slice(0, 1), step: 2 }))).rows).toBe(3);
  expect(asked).toEqual([["a"], ["d"], ["a"]]);
});

test("rlep: in training, rows from before are learned from", async () => {
  const { records, after } = await trainedTwice(compose(grpo(), rlep({ again: 2 })), { steps: 4 });
  expect(records[0]?.metrics.replayed_rows).toBe(0);
  expect(records.slice(1).some(({ metrics }) => (metrics.replayed_rows ?? 0) > 0)).toBe(true);
  expect(after[1]).toBe(after[0]);
  expect(() => rlep({ hardest: 2 })).toThrow("rlep: hardest is 2; pass a number from 0 to 1.");
});
