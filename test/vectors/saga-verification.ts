/** From the names of the saga-verification forms to `src/toolkit/tasks/benchmarks/saga-verification.ts`. */
import {
  detectionBound,
  effectiveSize,
  errorPatterns,
  type KillMatrix,
  suiteMetrics,
} from "../../src/toolkit/tasks/benchmarks/index.ts";

interface Inputs {
  readonly kill: readonly KillMatrix[];
  readonly p: number;
  readonly n: number;
  readonly rho: number;
  readonly kmin?: number;
  readonly pool?: boolean;
}

export function evaluate({ kill, p, n, rho, ...options }: Inputs, form: string): unknown {
  switch (form) {
    case "saga-verification/0":
      return suiteMetrics(kill, n === undefined ? options : { n, ...options });
    case "saga-verification/1": {
      const patterns = kill.map((matrix) => errorPatterns(matrix));
      return { depc: patterns.map(({ depc }) => depc), ratio: patterns.map(({ ratio }) => ratio) };
    }
    case "saga-verification/2":
      return {
        neff: effectiveSize(n, rho),
        detection: detectionBound(p, n, rho),
        limit: detectionBound(p, Infinity, rho),
      };
    default:
      throw new Error(`no form ${form}`);
  }
}
