/** From the names of the temporal-schedule forms to `src/algorithms/temporal-schedule.ts`. */
import {
  type EntropyBonusOptions,
  forkingMask,
  percentileMask,
  type ScheduleOptions,
  scheduledEntropyAdvantage,
  scheduleValue,
} from "../../src/algorithms/index.ts";
import { refuse } from "../../src/toolkit/refuse.ts";
import { block, lists, type Nested } from "./adapter/nested.ts";

interface ScheduleInputs extends Omit<ScheduleOptions, "magnitude" | "mode"> {
  readonly total: number;
  readonly steps: readonly number[];
  readonly m0?: number;
}

interface PercentileInputs {
  readonly lengths: readonly number[];
  readonly rho: readonly number[];
}

interface ForkingInputs {
  readonly entropy: Nested;
  readonly mask: Nested;
  readonly rho: number;
}

interface BonusInputs extends ForkingInputs, EntropyBonusOptions {
  readonly advantages: Nested;
}

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "temporal-schedule/0": "total steps minRatio? maxRatio? m0? gamma?",
  "temporal-schedule/1": "lengths rho",
  "temporal-schedule/2": "entropy mask rho",
  "temporal-schedule/3": "advantages entropy mask rho alpha? kappa?",
};

export function evaluate(inputs: ScheduleInputs & PercentileInputs & BonusInputs, form: string): unknown {
  switch (form) {
    case "temporal-schedule/0":
      return schedules(inputs);
    case "temporal-schedule/1":
      return { masks: percentiles(inputs) };
    case "temporal-schedule/2":
      return { mask: forking(inputs) };
    case "temporal-schedule/3":
      return { advantages: bonus(inputs) };
    default:
      throw new Error(`no form ${form}`);
  }
}

function schedules({ total: totalSteps, steps, m0: magnitude, ...rest }: ScheduleInputs): Record<string, number[]> {
  const options = { ...rest, ...(magnitude !== undefined && { magnitude }) };
  const along = (mode: "linear" | "gamma" | "sigmoid"): number[] =>
    steps.map((step) => scheduleValue({ step, totalSteps }, { ...options, mode }));
  return { linear: along("linear"), gamma: along("gamma"), sigmoid: along("sigmoid") };
}

function percentiles({ lengths, rho }: PercentileInputs): number[][] {
  if (rho.length !== lengths.length) refuse("case", `${rho.length} rho for ${lengths.length} lengths`, "pass as many");
  return lengths.map((length, i) => {
    if (!Number.isInteger(length) || length < 0) refuse("case", `lengths[${i}] is ${length}`, "pass whole numbers");
    const mask = Array.from({ length }, () => 1);
    return [...percentileMask({ mask, rows: 1 }, rho[i] ?? Number.NaN)];
  });
}

function forking({ entropy, mask, rho }: ForkingInputs): Nested {
  const [nats, trained] = alike({ entropy, mask });
  const [rows = 0] = trained.shape;
  return lists({ data: forkingMask({ entropy: nats.data, mask: trained.data, rows }, rho), shape: trained.shape });
}

function bonus({ advantages, entropy, mask, ...options }: BonusInputs): Nested {
  const [nats, trained] = alike({ entropy, mask });
  const [given] = alike({ advantages, mask });
  const columns = { advantages: given.data, entropy: nats.data, mask: trained.data };
  return lists({ data: scheduledEntropyAdvantage(columns, options), shape: trained.shape });
}

/** Two columns of one shape. */
function alike(named: Readonly<Record<string, Nested>>) {
  const [[name = "", column] = [], [other = "", mask] = []] = Object.entries(named);
  const [a, b] = [block(name, column ?? []), block(other, mask ?? [])];
  if (a.shape.join() !== b.shape.join()) refuse("case", `${name} is of [${a.shape}]`, `pass [${b.shape}], as ${other}`);
  return [a, b] as const;
}
