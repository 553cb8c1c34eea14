import { expect, test } from "vitest";
import { seriate } from "../../../src/analysis/interference/seriation.ts";
import { rng } from "../../../src/toolkit/rng.ts";

const onLine = (places: readonly number[]) => (i: number, j: number) => Math.abs((places[i] ?? 0) - (places[j] ?? 0));

test("seriate: items on a line come out in its order, and far groups are clusters", () => {
  const places = [9, 0, 10, 1, 11, 2];
  const { order, clusters } = seriate(6, onLine(places));
  const walked = order.map((i) => places[i] ?? 0);
  expect([walked.join(), [...walked].reverse().join()]).toContain("0,1,2,9,10,11");
  expect(clusters.filter((_, i) => (places[i] ?? 0) > 5)).toEqual([clusters[0], clusters[0], clusters[0]]);
  expect(clusters[1]).not.toBe(clusters[0]);
});

test("seriate: ties are broken by index, so that equal distances keep the order given", () => {
  const same = seriate(5, (i, j) => (i === j ? 0 : 1));
  expect(same).toEqual({ order: [0, 1, 2, 3, 4], clusters: [0, 0, 0, 0, 0] });
  const again = seriate(5, (i, j) => (i === j ? 0 : 1));
  expect(again).toEqual(same);
});

test("seriate: average linkage, by hand", () => {
  // Merged: 0 and 1 at 1; then 2 to {0, 1} at (2 + 6) / 2 = 4 against 3 to 2 at 4.5.
  const d = [
    [0, 1, 2, 9],
    [1, 0, 6, 9],
    [2, 6, 0, 4.5],
    [9, 9, 4.5, 0],
  ];
  const { order } = seriate(4, (i, j) => d[i]?.[j] ?? 0);
  expect(order).toEqual([1, 0, 2, 3]); // 0 is turned to 2, which it is nearest to
});

test("seriate: one item, and the same result for a permutation of well-parted items", () => {
  expect(seriate(1, () => 0)).toEqual({ order: [0], clusters: [0] });
  const places = [0, 0.1, 0.3, 5, 5.2, 9];
  const shuffled = rng({ seed: 3, stream: "test" }).shuffle(places);
  const parts = (of: readonly number[]) => {
    const { clusters } = seriate(of.length, onLine(of));
    const byCluster = new Map<number, number[]>();
    for (const [i, c] of clusters.entries()) byCluster.set(c, [...(byCluster.get(c) ?? []), of[i] ?? 0]);
    return [...byCluster.values()].map((members) => members.sort((a, b) => a - b).join()).sort();
  };
  expect(parts(shuffled)).toEqual(parts(places));
  expect(parts(places)).toEqual(["0,0.1,0.3", "5,5.2", "9"]);
});
