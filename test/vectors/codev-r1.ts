/** From the names of the codev-r1 forms to `src/toolkit/tasks/benchmarks/codev-r1.ts`. */
import { adaptiveSampler, benchLength, overlongPenalty } from "../../src/toolkit/tasks/benchmarks/index.ts";

interface Inputs {
  readonly batch: number;
  readonly chunk?: number;
  readonly keptPerRound: readonly (readonly number[])[];
  readonly lens: readonly number[];
  readonly max?: number;
  readonly buffer?: number;
  readonly factor?: number;
  readonly options: readonly number[];
  readonly outer?: number;
  readonly inner?: number;
}

export function evaluate(inputs: Inputs, form: string): unknown {
  const { keptPerRound, lens, options, batch, chunk, ...sizes } = inputs;
  switch (form) {
    case "codev-r1/0": {
      const sampler = adaptiveSampler({ batch, ...(chunk !== undefined && { chunk }) });
      const steps = keptPerRound.map((rounds) =>
        rounds.map((keptNow) => {
          const { need, draw } = sampler.next();
          const { rho, part } = sampler.report({ drawn: draw, keptNow });
          return { need, draw, rho, part };
        }),
      );
      return { steps };
    }
    case "codev-r1/1":
      return { values: lens.map((length) => overlongPenalty(length, sizes)) };
    case "codev-r1/2":
      return benchLength(options, sizes);
    default:
      throw new Error(`no form ${form}`);
  }
}
