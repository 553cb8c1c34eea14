import { expect, test } from "vitest";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import type { Rollouts } from "../../src/toolkit/rollout.ts";
import { foreignRow, fromRows, movedRow, rowsOf, selectRows } from "../../src/toolkit/rows.ts";
import { echoTask } from "../support/tiny-task.ts";

const tokenizer = charTokenizer(echoTask.alphabet);
const problems = echoTask.problems({ split: "train", count: 2, seed: 0 });
const [first = "", second = ""] = problems.map(({ prompt }) => prompt);

/** A demonstration for each problem; extra columns of every kind. */
function twoRows(): Rollouts {
  const made = fromRows([foreignRow(tokenizer, 0, first, "aa"), foreignRow(tokenizer, 1, second, "d")], {
    problems,
    padId: tokenizer.padId,
    columns: { step: 3, row: Float32Array.of(5, 6) },
  });
  const perToken = Float32Array.from({ length: 2 * (made.width - 1) }, (_, i) => i);
  const wide = Float32Array.from({ length: 4 * (made.width - 1) }, (_, i) => i);
  return { ...made, columns: { ...made.columns, token: perToken, wide } };
}

test("rows: a demonstration becomes a foreign row, EOS at its end, its log-probs unknown", () => {
  const { ids, width, mask, foreign, sampleLogProbs, completionLengths, finish } = twoRows();
  expect(width).toBe(6); // BOS, two of the prompt, two letters, EOS
  expect([...ids.subarray(0, width)]).toEqual([
    ...tokenizer.encodePrompt(first),
    ...tokenizer.encode("aa"),
    tokenizer.eosId,
  ]);
  expect([...mask]).toEqual([0, 0, 1, 1, 1, 0, 0, 1, 1, 0]); // column t is about token t + 1
  expect([...(foreign ?? [])]).toEqual([1, 1]);
  expect([...sampleLogProbs.subarray(2, 5)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  expect([...completionLengths]).toEqual([3, 2]);
  expect(finish).toEqual(["eos", "eos"]);
});

test("rows: taken apart and put together they are the same", () => {
  const rollouts = twoRows();
  const { columns: _, ...plain } = rollouts;
  expect(fromRows(rowsOf(rollouts), { problems, padId: tokenizer.padId })).toEqual(plain);
});

test("selectRows: rows keep their columns of every kind, cut to the new width", () => {
  const { rows, width, group, columns, problems: all } = selectRows(twoRows(), [1], tokenizer.padId);
  expect([rows, width, [...group], all.length]).toEqual([1, 5, [1], 2]);
  expect(columns).toEqual({
    step: 3,
    row: Float32Array.of(6),
    token: Float32Array.of(5, 6, 7, 8), // row 1 of five, its first four
    wide: Float32Array.of(10, 11, 12, 13, 14, 15, 16, 17), // two numbers a token
  });
  expect(() => selectRows(twoRows(), [2], 0)).toThrow("rollouts: there is no row 2; pass rows below 2.");
});

test("movedRow: the completion's ids stay, the prompt is another, and the policy's log-probs are unknown there", () => {
  const [row] = rowsOf(twoRows());
  if (row === undefined) throw new Error("no row");
  const own = { ...row, foreign: false, policyLogProbs: Float32Array.of(-1, -2, -3) };
  const moved = movedRow(tokenizer, own, second);
  expect([...moved.completionIds]).toEqual([...row.completionIds]);
  expect([...moved.promptIds]).toEqual(tokenizer.encodePrompt(second));
  expect([moved.foreign, [...moved.policyLogProbs]]).toEqual([true, [Number.NaN, Number.NaN, Number.NaN]]);
});

test("fromRows: a row of no problem, or without a prompt, is refused", () => {
  const row = foreignRow(tokenizer, 7, first, "aa");
  expect(() => fromRows([row], { problems, padId: 0 })).toThrow("rollouts: row 0 is of group 7; number the problems.");
  expect(() => fromRows([{ ...row, group: 0, promptIds: new Int32Array() }], { problems, padId: 0 })).toThrow(
    "rollouts: row 0 has no prompt; begin every prompt with BOS.",
  );
});
