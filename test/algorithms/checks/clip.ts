/** Inside the clip range an advantage moves the policy, beyond it on the side that it pushes to it does not. */

import { type Columns, columnOf, floats, mapped } from "./columns.ts";
import type { Subject } from "./subject.ts";

/** Distance from a bound, as a share of the bound's log-ratio. */
const NEAR = 0.05;

export async function clip({ row, at, columns }: Subject): Promise<string[]> {
  const { low, high, bothSigns = false } = row.clip ?? {};
  const found: string[] = [];
  const expect = async (ratio: number, sign: number, moves: boolean): Promise<void> => {
    const apart = await pull({ at, columns }, ratio, sign);
    if (apart > 0 === moves) return;
    found.push(`ratio ${ratio.toFixed(5)}, advantage ${sign}: ${moves ? "no gradient" : "a gradient"} (${apart})`);
  };
  if (high !== undefined) {
    await expect(high ** (1 - NEAR), 1, true);
    await expect(high ** (1 + NEAR), 1, false);
    await expect(high ** (1 + NEAR), -1, !bothSigns);
  }
  if (low !== undefined && low > 0) {
    await expect(low ** (1 - NEAR), -1, true);
    await expect(low ** (1 + NEAR), -1, false);
    await expect(low ** (1 + NEAR), 1, !bothSigns);
  }
  return found;
}

/** Largest change of the gradient that advantages of `sign` make where every ratio, so every sequence's too, is `ratio`. */
async function pull({ at, columns }: Pick<Subject, "at" | "columns">, ratio: number, sign: number): Promise<number> {
  const old = columnOf(columns, "oldLogProbs");
  const logProbs = mapped(old, (x) => x + Math.log(ratio));
  const there = (advantage: number): Columns => ({
    ...columns,
    logProbs,
    sampleLogProbs: old,
    ...(columns.referenceLogProbs && { referenceLogProbs: old }),
    advantages: floats(old.shape, () => advantage),
  });
  const [withAdvantage, without] = [await at.double(there(sign)), await at.double(there(0))];
  const [a, b] = [withAdvantage.gradients.logProbs ?? [], without.gradients.logProbs ?? []];
  return Math.max(...Array.from(a, (x, i) => Math.abs(x - (b[i] ?? 0))));
}
