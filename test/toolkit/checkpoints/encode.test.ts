import { expect, test } from "vitest";
import { encodeNumbers } from "../../../src/toolkit/checkpoints/encode.ts";

test("encodeNumbers: halves are rounded to nearest, ties to even, subnormal and too large ones too", () => {
  const unit = 2 ** -10; // spacing of halves in [1, 2)
  const cases: readonly [number, number][] = [
    [1, 0x3c00],
    [-2, 0xc000],
    [1 + unit / 2, 0x3c00],
    [1 + 1.5 * unit, 0x3c02],
    [2 - unit / 4, 0x4000],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [2 ** -14 - 2 ** -26, 0x0400],
    [0, 0],
    [-0, 0x8000],
    [65504, 0x7bff],
    [65520, 0x7c00],
    [0.1, 0x2e66],
  ];
  const bytes = encodeNumbers(
    "F16",
    Float64Array.from(cases, ([value]) => value),
  );
  expect(Array.from(new Uint16Array(bytes.buffer))).toEqual(cases.map(([, bits]) => bits));
});
