import { expect, test } from "vitest";
import { type Matrix, principalAngles } from "../../../src/analysis/index.ts";

const matrix = (...rows: readonly (readonly number[])[]): Matrix => ({
  data: rows.flat(),
  rows: rows.length,
  columns: rows[0]?.length ?? 0,
});

test("principalAngles: a plane tilted by 0.3 about one axis keeps that axis", () => {
  const flat = matrix([1, 0], [0, 1], [0, 0]);
  const tilted = matrix([2, 0], [0, Math.cos(0.3)], [0, Math.sin(0.3)]);
  const { angles, overlap } = principalAngles(flat, tilted);
  expect(angles[0]).toBeCloseTo(0.3, 14);
  expect(angles[1]).toBeCloseTo(0, 14);
  expect(overlap).toBeCloseTo((1 + Math.cos(0.3) ** 2) / 2, 14);
  expect(principalAngles(tilted, flat).angles[0]).toBeCloseTo(0.3, 14);
});

test("principalAngles: dependent columns add no dimension, and a line inside a plane has angle 0", () => {
  const line = matrix([1, 2, -1], [1, 2, -1], [0, 0, 0]);
  const { angles, overlap } = principalAngles(matrix([1, 0], [0, 1], [0, 0]), line);
  expect(angles.length).toBe(1);
  expect(angles[0]).toBeCloseTo(0, 14);
  expect(overlap).toBeCloseTo(1, 14);
});

test("principalAngles: tiny angles and angles near a right one are exact to rounding", () => {
  expect(principalAngles(matrix([1], [0]), matrix([1], [1e-9])).angles[0]).toBeCloseTo(1e-9, 16);
  const nearly = principalAngles(matrix([1], [0]), matrix([1e-9], [1])).angles[0] ?? 0;
  expect(Math.PI / 2 - nearly).toBeCloseTo(1e-9, 15);
});

test("principalAngles: unlike rows, nothing spanned and numbers that are not finite are refused", () => {
  expect(() => principalAngles(matrix([1]), matrix([1], [1]))).toThrow("1 and 2 rows");
  expect(() => principalAngles(matrix([1]), matrix([0]))).toThrow("the second matrix is all zero");
  expect(() => principalAngles(matrix([Number.NaN]), matrix([1]))).toThrow("entry 0 is NaN");
});
