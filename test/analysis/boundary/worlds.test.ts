import { beforeAll, describe, expect, test } from "vitest";
import { supportRule } from "../../../src/analysis/index.ts";
import {
  exactCrossing,
  exactPass,
  type Tally,
  tally,
  trainedWorld,
  unlike,
  type World,
  type WorldName,
  worldNames,
} from "./worlds.ts";

const [problems, samples, repetitions] = [40, 256, 200];
/** Three standard errors above a share that is stated as an upper limit. */
const atMost = (share: number): number => share + 3 * Math.sqrt((share * (1 - share)) / repetitions);

describe("reasoningBoundary on policies whose success rates are known", () => {
  const worlds = {} as Record<WorldName, World>;
  const found = {} as Record<WorldName, Tally>;
  beforeAll(async () => {
    for (const name of worldNames) {
      worlds[name] = await trainedWorld(name);
      found[name] = tally(worlds[name], {
        problems,
        samples,
        repetitions,
        resamples: 200,
        seed: 7,
        ks: [1, 4, 16, 64, 256],
      });
    }
  }, 120_000);

  test("the worlds are what their names say, exactly", () => {
    const { threshold } = supportRule(samples, problems, 0.05);
    const crossed = ({ base, trained }: World, way: 1 | -1): number[] =>
      Array.from(base.keys()).filter((c) => {
        const [from = 0, to = 0] = way === 1 ? [base[c], trained[c]] : [trained[c], base[c]];
        return from <= threshold && to > threshold;
      });
    const some = Array.from({ length: 400 }, (_, c) => c).filter(unlike);
    expect(crossed(worlds.shrinks, -1)).toEqual(some);
    expect(crossed(worlds.shrinks, 1)).toEqual([]);
    expect(crossed(worlds.grows, 1)).toEqual(some);
    expect(crossed(worlds.grows, -1)).toEqual([]);
    expect(crossed(worlds.sharpens, -1)).toEqual([]);
    expect(worlds.same.trained).toEqual(worlds.same.base);
    expect(exactCrossing(worlds.shrinks, samples)).toBe(6);
    for (const name of ["grows", "sharpens", "same"] as const)
      expect(exactCrossing(worlds[name], samples)).toBeUndefined();
    // Sharpening: right at once far more often, hardly anything new within 4096 samples.
    const { base, trained } = worlds.sharpens;
    expect(exactPass(trained, 1) / exactPass(base, 1)).toBeGreaterThan(2);
    expect(exactPass(trained, 4096) - exactPass(base, 4096)).toBeLessThan(0.02);
  });

  test("the verdict is right, and names no problem that stayed on its side, with the stated chance", () => {
    expect(found.shrinks.verdicts.shrinks).toBeGreaterThanOrEqual(0.95);
    expect(found.grows.verdicts.grows).toBeGreaterThanOrEqual(0.95);
    expect(found.same.verdicts["no change shown"]).toBeGreaterThanOrEqual(1 - atMost(0.05));
    for (const name of worldNames) expect(found[name].falseMove).toBeLessThanOrEqual(atMost(0.05));
  });

  test("with nothing changed, a rate that changed beyond chance and a clear lead are as rare as stated", () => {
    expect(found.same.anyChange).toBeLessThanOrEqual(atMost(0.05));
    expect(found.same.falseLead).toBeLessThanOrEqual(atMost(0.025));
    for (const name of worldNames) expect(found[name].falseShare).toBeLessThanOrEqual(atMost(0.05));
    for (const name of worldNames) expect(found[name].falseLead).toBeLessThanOrEqual(atMost(0.025));
  });

  test("where the boundary shrinks the base's lead is clear, and the interval holds the crossing", () => {
    expect(found.shrinks.clearLead).toBeGreaterThanOrEqual(0.8);
    expect(found.shrinks.crossing).toBeGreaterThanOrEqual(1 - atMost(0.05));
  });

  test("the bands hold pass@n of all problems of the kind", () => {
    for (const name of worldNames) {
      expect(found[name].baseBand).toBeGreaterThanOrEqual(1 - atMost(0.05));
      expect(found[name].trainedBand).toBeGreaterThanOrEqual(1 - atMost(0.05));
    }
  });
});
