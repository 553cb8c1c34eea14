/** The seven tasks: sizes, anchors, and what is hard about each. */
import { refuse } from "../../../refuse.ts";

export type NeorlChallenge =
  | "delay"
  | "exogenous factors"
  | "global safety limit"
  | "rule-based behaviour data"
  | "very little data";

export interface NeorlTaskFacts {
  /** Numbers in an observation and in an action. */
  readonly observation: number;
  readonly action: number;
  /** Whether an episode can end before its horizon. */
  readonly terminates: boolean;
  /** Steps. */
  readonly horizon: number;
  /** Returns that score 0 and 100. */
  readonly min: number;
  readonly max: number;
  /** Mean return of the published data. */
  readonly dataReturn: number;
  readonly challenges: readonly NeorlChallenge[];
}

export type NeorlTask =
  | "Pipeline"
  | "Simglucose"
  | "RocketRecovery"
  | "RandomFrictionHopper"
  | "DMSD"
  | "Fusion"
  | "SafetyHalfCheetah";

/** From the released code; SafetyHalfCheetah is listed as never ending early, but ships a speed limit that ends it. */
export const neorlTasks: Readonly<Record<NeorlTask, NeorlTaskFacts>> = {
  Pipeline: facts([52, 1, false, 1000], [-296, 751, 429.0072265625], "delay"),
  Simglucose: facts([31, 1, true, 480], [9.75, 475, 353.4519], "delay", "exogenous factors"),
  RocketRecovery: facts([7, 2, true, 500], [-176, 208, 113.0465], "exogenous factors", "very little data"),
  RandomFrictionHopper: facts([13, 3, true, 1000], [-3, 503, 142.3537], "exogenous factors"),
  DMSD: facts([6, 2, false, 100], [30.6, 849.51, 494.45271875], "rule-based behaviour data"),
  Fusion: facts([15, 6, false, 100], [-107.601, 98.05, -7.3487], "very little data"),
  SafetyHalfCheetah: facts([18, 6, true, 1000], [-283, 2507, 1769.3082], "global safety limit", "very little data"),
};

function facts(
  [observation, action, terminates, horizon]: readonly [number, number, boolean, number],
  [min, max, dataReturn]: readonly [number, number, number],
  ...challenges: NeorlChallenge[]
): NeorlTaskFacts {
  return { observation, action, terminates, horizon, min, max, dataReturn, challenges };
}

/** @throws UsageError for a name that is none of the seven */
export function taskOf(where: string, task: NeorlTask): NeorlTaskFacts {
  if (Object.hasOwn(neorlTasks, task)) return neorlTasks[task];
  return refuse(where, `there is no task ${JSON.stringify(task)}`, `pass one of ${Object.keys(neorlTasks).join(", ")}`);
}
