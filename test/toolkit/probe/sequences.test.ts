import { expect, test } from "vitest";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { rowBlocks } from "../../../src/toolkit/probe/sequences.ts";
import { answerLogLikelihoods, characterClass, encodeSequences, textClass } from "../../../src/toolkit/probe.ts";

const tokenizer = charTokenizer("01+="); // ids 3, 4, 5, 6 after padding 0, BOS 1, EOS 2

test("encodeSequences: prompt, completion, end token and padding, with the completion marked one column early", () => {
  const { rows, width, ids, mask } = encodeSequences(tokenizer, [
    { prompt: "0+1=", completion: "1" },
    { prompt: "1=", completion: "01" },
  ]);
  expect([rows, width]).toEqual([2, 7]);
  expect(Array.from(ids)).toEqual([1, 3, 5, 4, 6, 4, 2, 1, 4, 6, 3, 4, 2, 0]);
  expect(Array.from(mask)).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0]);
  expect(() => encodeSequences(tokenizer, [])).toThrow("there are no sequences");
});

test("rowBlocks: blocks have one shape and the last is filled up with its last row", () => {
  const ids = Int32Array.from({ length: 150 * 2 }, (_, i) => i);
  const blocks = [...rowBlocks({ rows: 150, width: 2, ids, mask: new Float32Array(150) })];
  expect(blocks.map(({ from, rows, shape }) => [from, rows, ...shape])).toEqual([
    [0, 64, 64, 2],
    [64, 64, 64, 2],
    [128, 22, 64, 2],
  ]);
  expect(Array.from(blocks[2]?.ids.subarray(40, 48) ?? [])).toEqual([296, 297, 298, 299, 298, 299, 298, 299]);
});

test.each([
  ["7", "digit"],
  ["x", "letter"],
  ["=", "operator"],
  ["×", "operator"],
  [" ", "separator"],
  ["\n", "separator"],
  [";", "separator"],
  ["?", "other"],
])("characterClass: %j is a %s", (character, expected) => {
  expect(characterClass(character)).toBe(expected);
});

test("textClass: several characters of one class keep it, others are mixed", () => {
  expect(textClass("42")).toBe("digit");
  expect(textClass("4+")).toBe("mixed");
  expect(textClass("")).toBe("special");
});

/** A policy whose every log-prob is −(id of the token) / 10. */
const toy = {
  tokenizer,
  score: async (ids: Int32Array, [rows = 0, width = 0]: readonly number[]) => ({
    logProbs: Float32Array.from({ length: rows * (width - 1) }, (_, cell) => {
      const row = Math.floor(cell / (width - 1));
      return -(ids[row * width + (cell % (width - 1)) + 1] ?? 0) / 10;
    }),
    entropies: new Float32Array(rows * (width - 1)),
  }),
};

test("answerLogLikelihoods: sums the answer's tokens with its end, and means over right answers", async () => {
  const problems = [
    { id: "a", prompt: "0+1=" },
    { id: "b", prompt: "1+1+1=" },
  ];
  const found = await answerLogLikelihoods(toy, problems, ["1", ["11", "0"]]);
  expect(found[0]).toBeCloseTo(-(4 + 2) / 10, 6);
  expect(found[1]).toBeCloseTo(-(4 + 4 + 2 + 3 + 2) / 10 / 2, 6);
  await expect(answerLogLikelihoods(toy, problems, ["1"])).rejects.toThrow("2 problems and 1 demonstrations");
  await expect(answerLogLikelihoods(toy, problems, ["1", []])).rejects.toThrow('problem "b" has no demonstration');
});
