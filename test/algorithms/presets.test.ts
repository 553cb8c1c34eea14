import { expect, test } from "vitest";
import { bnpo } from "../../src/algorithms/bnpo.ts";
import { dapo } from "../../src/algorithms/dapo.ts";
import { drGrpo } from "../../src/algorithms/dr-grpo.ts";
import { grpo } from "../../src/algorithms/grpo.ts";
import { describe } from "../../src/toolkit/algorithm.ts";
import { diff } from "../../src/toolkit/compose.ts";

const changed = (algorithm: ReturnType<typeof grpo>) =>
  Object.fromEntries(diff(grpo(), algorithm).map(({ name, b }) => [name, b?.value]));

test("presets: each is GRPO but for what its paper changes", () => {
  expect(changed(dapo())).toEqual({ clipHigh: 0.28, aggregation: "token-mean" });
  expect(changed(drGrpo())).toEqual({ scale: "none", aggregation: "constant" });
  expect(changed(bnpo())).toEqual({ aggregation: "token-mean" });
});

test("presets: a source is the paper's, or given", () => {
  const sources = Object.fromEntries(describe(dapo({ clipHigh: 0.3 })).map(({ name, source }) => [name, source]));
  expect(sources.clipHigh).toBe("given");
  expect(sources.aggregation).toBe("arXiv:2503.14476, section 3.3, eq. 8");
  expect(sources.clipLow).toBe("arXiv:1707.06347, section 6.1"); // GRPO's own
  expect(dapo().name).toBe("dapo");
});

test("presets: refuse what GRPO refuses", () => {
  expect(() => drGrpo({ clipLow: 2 })).toThrow("clipLow is 2");
  expect(changed(dapo({ aggregation: "constant" })).aggregation).toBe("constant");
});
