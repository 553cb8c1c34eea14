/**
 * Looking at a comparison while problems still come in: each look at p < 0.05 adds a chance of a false alarm (five looks make it
 * 14 %). Looks declared beforehand share α between them: Lan & DeMets 1983, Biometrika 70:659. The boundary of each look is
 * found by integrating the density of the running z over all paths that have not crossed yet: Armitage, McPherson & Rowe 1969.
 */
import { refuse } from "../../toolkit/refuse.ts";
import { checkConfidence } from "./estimate.ts";
import { normalQuantile, normalTail } from "./normal.ts";

/** How α is spent over the share t of the problems seen. */
export type Spending =
  /** 2 − 2 Φ(z_{1−α/4} / √t) on each side, α / 2 in all: little at first, nearly all at the end (after O'Brien & Fleming 1979). */
  | "obrien-fleming"
  /** α log(1 + (e − 1) t): nearly evenly (after Pocock 1977). */
  | "pocock";

/** One declared look. */
export interface Look {
  /** Share of the problems seen by then. */
  readonly share: number;
  /** Call the difference real when |z| is at least this. */
  readonly z: number;
  /** The same as a two-sided p of this look alone. */
  readonly p: number;
  /** Chance of a false alarm up to and with this look. */
  readonly spent: number;
}

/**
 * Boundaries of declared looks, for a two-sided test whose chance of any false alarm is α.
 *
 * @param shares rising shares of the problems at which to look; the last is 1
 * @param alpha default 0.05
 * @param spending default "obrien-fleming": its last look is nearly a test without looks (z = 2.03 after five)
 */
export function sequentialLooks(
  shares: readonly number[],
  { alpha = 0.05, spending = "obrien-fleming" }: { readonly alpha?: number; readonly spending?: Spending } = {},
): Look[] {
  checkConfidence("sequentialLooks", 1 - alpha);
  if (shares.length === 0 || shares.at(-1) !== 1 || shares.some((t, i) => !(t > (shares[i - 1] ?? 0)))) {
    refuse("sequentialLooks", `the looks are at ${shares.join(", ")}`, "pass rising shares above 0, the last 1");
  }
  const looks: Look[] = [];
  let paths: Paths | undefined;
  for (const [i, share] of shares.entries()) {
    const spent = spentAt(share, alpha, spending);
    const before = looks[i - 1]?.spent ?? 0;
    const step = share - (shares[i - 1] ?? 0);
    const z = boundary((z) => crossing(paths, step, z * Math.sqrt(share)), spent - before);
    looks.push({ share, z, p: 2 * normalTail(z), spent });
    paths = onward(paths, step, z * Math.sqrt(share));
  }
  return looks;
}

function spentAt(t: number, alpha: number, spending: Spending): number {
  switch (spending) {
    case "obrien-fleming":
      return 4 * normalTail(normalQuantile(1 - alpha / 4) / Math.sqrt(t));
    case "pocock":
      return alpha * Math.log1p((Math.E - 1) * t);
    default:
      return refuse(
        "sequentialLooks",
        `spending is ${String(spending satisfies never)}`,
        "pass obrien-fleming or pocock",
      );
  }
}

/** Density of the running sum (a Brownian motion at time t) on the paths that are still inside the boundary. */
interface Paths {
  /** Places and their weights: density times Simpson's weight. */
  readonly at: Float64Array;
  readonly weight: Float64Array;
}

/** Intervals of Simpson's rule between the boundaries; the boundaries come out to about 1e-8. */
const STEPS = 1000;

/** Chance that paths inside leave [−limit, limit] in the next step. */
function crossing(paths: Paths | undefined, step: number, limit: number): number {
  const scale = Math.sqrt(step);
  if (paths === undefined) return 2 * normalTail(limit / scale);
  let sum = 0;
  for (const [i, at] of paths.at.entries()) {
    sum += (paths.weight[i] ?? 0) * (normalTail((limit - at) / scale) + normalTail((limit + at) / scale));
  }
  return sum;
}

/** The density after the next step on [−limit, limit]. */
function onward(paths: Paths | undefined, step: number, limit: number): Paths {
  const density = (x: number): number => Math.exp((-x * x) / (2 * step)) / Math.sqrt(2 * Math.PI * step);
  const width = (2 * limit) / STEPS;
  const at = Float64Array.from({ length: STEPS + 1 }, (_, i) => -limit + i * width);
  const weight = at.map((x, i) => {
    const simpson = (width / 3) * (i === 0 || i === STEPS ? 1 : i % 2 === 1 ? 4 : 2);
    if (paths === undefined) return simpson * density(x);
    let sum = 0;
    for (const [j, from] of paths.at.entries()) sum += (paths.weight[j] ?? 0) * density(x - from);
    return simpson * sum;
  });
  return { at, weight };
}

/** The z at which the chance of crossing, which falls with z, is the target; bisected. */
function boundary(chance: (z: number) => number, target: number): number {
  let [low, high] = [0, 40];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (chance(middle) > target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
