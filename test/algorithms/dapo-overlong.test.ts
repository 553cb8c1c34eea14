import { expect, test } from "vitest";
import { filtered, overlongFilter, softOverlong, softOverlongPenalty } from "../../src/algorithms/dapo-overlong.ts";
import { gdpo } from "../../src/algorithms/gdpo.ts";
import { grpo } from "../../src/algorithms/grpo.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { expectNear } from "../support/near.ts";
import { echoTask } from "../support/tiny-task.ts";

test("overlong penalty: 0, then a line down to -1 at the limit, -1 above it", () => {
  // limit 10, buffer 4: from 6 on (6 - length) / 4
  expectNear(softOverlongPenalty([1, 6, 7, 8, 10, 12], { limit: 10, buffer: 4 }), [0, 0, -0.25, -0.5, -1, -1]);
  expectNear(softOverlongPenalty([7, 12], { limit: 10, buffer: 4, scale: 2 }), [-0.5, -2]);
  expectNear(softOverlongPenalty([16384, 18432, 20480], { limit: 20480 }), [0, -0.5, -1]); // the paper's 4096
});

test("overlong filter: cut-off rows are masked, their group's mean keeps them", () => {
  const { rollouts } = advantageInput({ lengths: [2, 1], rewards: [1, 0] });
  const given = { perToken: Float32Array.of(1, 1, -1, -1), metrics: { x: 1 } };
  const some = filtered({ ...rollouts, finish: ["eos", "length"] }, given);
  expect(some).toEqual({ ...given, mask: Float32Array.of(1, 1, 0, 0), metrics: { x: 1, overlong_ratio: 0.5 } });
  const inner = filtered({ ...rollouts, finish: ["eos", "length"] }, { ...given, mask: Float32Array.of(0, 1, 1, 0) });
  expect([...(inner.mask ?? [])]).toEqual([0, 1, 0, 0]);
  expect(filtered({ ...rollouts, finish: ["eos", "stop"] }, given).mask).toBeUndefined();
  expect(filtered(rollouts, given).skip).toBe("every completion was cut off"); // the support's rows end so
});

test("overlong filter: put around GRPO it leaves the advantages as they are", async () => {
  const input = advantageInput({ lengths: [2, 1], rewards: [1, 0] });
  const plain = await openSeam(grpo().advantage).next(input);
  const around = await openSeam(compose(grpo(), overlongFilter()).advantage).next(input);
  expect(around.perToken).toEqual(plain.perToken);
  expect([...(around.mask ?? [])]).toEqual([0, 0, 0, 0]);
});

test("soft overlong: it is a reward of its own beside the verifier's; unscored rows stay so", async () => {
  const { rollouts } = advantageInput({ lengths: [1, 4, 4], rewards: [0, 0, 0] });
  const task = {
    ...echoTask,
    verify: (...of: Parameters<typeof echoTask.verify>) => {
      const verdict = echoTask.verify(...of);
      return { ...verdict, score: of[1].length === 1 ? 1 : null };
    },
  };
  const { reward } = compose(grpo(), softOverlong({ buffer: 2 }), gdpo()); // the task's limit is 4
  if (reward === undefined) throw new Error("a reward is there");
  const { values, components, metrics } = await openSeam(reward).next({ task, rollouts });
  expect([...values]).toEqual([1, Number.NaN, Number.NaN]);
  expect([...(components?.overlong ?? [])]).toEqual([0, -1, -1]);
  expect([...(components?.verifier ?? [])]).toEqual([1, Number.NaN, Number.NaN]);
  expect(metrics).toEqual({ "rewards/overlong/mean": -2 / 3 });
});

test("soft overlong: a buffer above the limit, and options out of range, are refused", () => {
  expect(() => softOverlong({ limit: 3, buffer: 4 })).toThrow(
    "softOverlong: the buffer is 4, the limit 3; pass a buffer",
  );
  expect(() => softOverlong({ scale: -1 })).toThrow("softOverlong: scale is -1; pass a number from 0.");
  expect(() => softOverlongPenalty([1], { limit: 2, buffer: 3 })).toThrow("the buffer is 3, the limit 2");
});
