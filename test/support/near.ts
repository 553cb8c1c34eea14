/** Lists of numbers that agree to six places. */
import { expect } from "vitest";

export function expectNear(found: ArrayLike<number>, expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i], `entry ${i}`).toBeCloseTo(value, 6);
}
