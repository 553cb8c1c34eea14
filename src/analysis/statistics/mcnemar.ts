/** McNemar's test: do two checkpoints solve the same problems equally often? Only problems that one of them solves tell. */
import { refuse } from "../../toolkit/refuse.ts";
import { signTest } from "./exact-tests.ts";
import { normalTail } from "./normal.ts";

export interface McNemar {
  /** Problems that x alone, y alone, both and neither solved. */
  readonly xOnly: number;
  readonly yOnly: number;
  readonly both: number;
  readonly neither: number;
  /** Exact two-sided p: the sign test of xOnly against yOnly. 1 where no problem tells. */
  readonly exactP: number;
  /** (xOnly − yOnly)² / (xOnly + yOnly), without continuity correction; NaN where no problem tells. */
  readonly chiSquare: number;
  /** Of chi-square with one degree of freedom; too small where fewer than about 25 problems tell: take `exactP`. */
  readonly chiSquareP: number;
}

/**
 * Tests two lists of 0 and 1, one entry a problem: McNemar 1947, Psychometrika 12:153. One sample of each problem, or one verdict
 * (majority, pass@k); with several samples a problem take `clusteredDifference`.
 *
 * @throws UsageError for unlike lengths, no problem, or an entry that is neither 0 nor 1
 */
export function mcnemar(x: ArrayLike<number>, y: ArrayLike<number>): McNemar {
  if (x.length !== y.length || x.length === 0) {
    refuse("mcnemar", `there are ${x.length} and ${y.length} verdicts`, "pass one of each problem in both");
  }
  const table = [0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const cell = 2 * verdict("x", x[i], i) + verdict("y", y[i], i);
    table[cell] = (table[cell] ?? 0) + 1;
  }
  const [neither = 0, yOnly = 0, xOnly = 0, both = 0] = table;
  const chiSquare = (xOnly - yOnly) ** 2 / (xOnly + yOnly);
  return {
    xOnly,
    yOnly,
    both,
    neither,
    exactP: signTest({ rises: yOnly, falls: xOnly }),
    chiSquare,
    chiSquareP: 2 * normalTail(Math.sqrt(chiSquare)),
  };
}

function verdict(name: string, value: unknown, at: number): number {
  if (value === 0 || value === 1) return value;
  return refuse("mcnemar", `${name}[${at}] is ${String(value)}`, "pass 1 for solved and 0 for not");
}
