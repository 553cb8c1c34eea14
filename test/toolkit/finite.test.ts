import { expect, test } from "vitest";
import { checkBinary, checkFinite, checkFlags, checkUnbroken } from "../../src/toolkit/finite.ts";

const { NaN: nan } = Number;

test("checkFinite: only what the mask has must be finite, and columns are of the mask's size", () => {
  expect(() => checkFinite("m", { logProbs: [-1, nan, -2] }, [1, 0, 1])).not.toThrow();
  expect(() => checkFinite("m", { logProbs: [-1, -1], old: [-1, nan] }, [1, 1])).toThrow(
    "m: old is NaN at position 1 of the mask; pass finite numbers where the mask is 1.",
  );
  expect(() => checkFinite("m", { logProbs: [-Infinity] }, [1])).toThrow("logProbs is -Infinity at position 0");
  expect(() => checkFinite("m", { logProbs: [-1] }, [1, 0])).toThrow(
    "m: logProbs has 1 numbers, mask 2; pass one number per token in both.",
  );
});

test("checkBinary: 0 and 1 pass, all else is refused; NaN passes where unscored rows are left out", () => {
  expect(() => checkBinary("m", [0, 1, 1])).not.toThrow();
  expect(() => checkBinary("m", [1, 0.5])).toThrow("m: row 1 has reward 0.5; pass 1 for right and 0 for wrong.");
  expect(() => checkBinary("m", [nan])).toThrow("m: row 0 has reward NaN");
  expect(() => checkBinary("m", [nan, 1], "left out")).not.toThrow();
  expect(() => checkBinary("m", [nan, -1], "left out")).toThrow("m: row 1 has reward -1");
});

test("checkFlags: 0, 1, true and false pass, all else is refused with its place", () => {
  expect(() => checkFlags("m", "hinted", [0, 1, true, false])).not.toThrow();
  expect(() => checkFlags("m", "hinted", [0, 2])).toThrow("m: hinted[1] is 2; pass 1 or 0.");
  expect(() => checkFlags("m", "hinted", [nan])).toThrow("m: hinted[0] is NaN");
});

test("checkUnbroken: a row's tokens are together, from its start on", () => {
  expect(() => checkUnbroken("m", [1, 1, 0, 1, 0, 0], 3)).not.toThrow();
  expect(() => checkUnbroken("m", [1, 1, 0, 1, 0, 1], 3)).toThrow(
    "m: the mask of row 1 has a 1 after a 0; mask a row's",
  );
  expect(() => checkUnbroken("m", [0, 1, 1], 3)).toThrow("m: the mask of row 0");
  expect(() => checkUnbroken("m", [0, 1, 1], 3, [1])).not.toThrow();
});

test.each([0.5, Number.NaN, -1])("checkFinite: a mask of %d is refused", (value) => {
  expect(() => checkFinite("here", { logProbs: [1, 2] }, [1, value])).toThrow(
    `here: the mask is ${value} at position 1`,
  );
});
