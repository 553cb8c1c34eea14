/** From the names of the invisible-leash forms to `src/analysis/invisible-leash.ts`. */
import {
  answerEntropyOfCounts,
  detectability,
  passAtK,
  type SupportCounts,
  supportClassesFromCounts,
  supportMetrics,
  tiltedPolicy,
} from "../../src/analysis/index.ts";

interface Inputs extends SupportCounts {
  readonly baseCorrect: readonly number[];
  readonly trainedCorrect: readonly number[];
  readonly k: number;
  readonly zeta: number | undefined;
  readonly n: number;
  readonly c: number;
  readonly ks: readonly number[];
  readonly q: readonly number[];
  readonly R: readonly number[];
  readonly beta: number;
  readonly counts: readonly number[];
}

function metricsOf(counts: Pick<SupportCounts, "P" | "E" | "S">): object {
  const { srr, ndr, sds, nscr } = supportMetrics(counts);
  return { srr: srr ?? null, ndr: ndr ?? null, sds, nscr: nscr ?? null };
}

export function evaluate(inputs: Inputs, form: string): unknown {
  switch (form) {
    case "invisible-leash/0":
      return metricsOf(inputs);
    case "invisible-leash/1": {
      const counts = supportClassesFromCounts({ base: inputs.baseCorrect, trained: inputs.trainedCorrect });
      return { ...counts, ...metricsOf(counts) };
    }
    case "invisible-leash/2":
      return detectability(inputs.k, inputs.zeta);
    case "invisible-leash/3":
      return { values: inputs.ks.map((k) => passAtK({ n: inputs.n, correct: inputs.c }, k)) };
    case "invisible-leash/4":
      return { p: tiltedPolicy(inputs.q, inputs.R, inputs.beta), entropy: answerEntropyOfCounts(inputs.counts) };
    default:
      throw new Error(`no form ${form}`);
  }
}
