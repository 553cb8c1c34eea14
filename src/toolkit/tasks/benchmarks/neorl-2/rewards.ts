/** Reward and termination of each task: functions of an observation, the action taken and the next observation. */
import { refuse } from "../../../refuse.ts";
import { type NeorlTask, taskOf } from "./tasks.ts";

export type RewardFunction = (
  observation: ArrayLike<number>,
  action: ArrayLike<number>,
  next: ArrayLike<number>,
) => number;

interface Rules {
  readonly reward: RewardFunction;
  /** Default: an episode ends at its horizon alone. */
  readonly ends?: (observation: ArrayLike<number>, action: ArrayLike<number>, next: ArrayLike<number>) => boolean;
}

/** @throws UsageError for an unknown task; the function, for wrong lengths and numbers that are not finite */
export function rewardOf(task: NeorlTask): RewardFunction {
  const { reward } = rulesOf("rewardOf", task);
  return (observation, action, next) => {
    checkStep("rewardOf", task, { observation, action, next });
    return reward(observation, action, next);
  };
}

/** Whether a step ends the episode before its horizon. @throws as {@link rewardOf} */
export function terminated(
  task: NeorlTask,
): (observation: ArrayLike<number>, action: ArrayLike<number>, next: ArrayLike<number>) => boolean {
  const { ends } = rulesOf("terminated", task);
  return (observation, action, next) => {
    checkStep("terminated", task, { observation, action, next });
    return ends?.(observation, action, next) ?? false;
  };
}

function rulesOf(where: string, task: NeorlTask): Rules {
  taskOf(where, task);
  return RULES[task];
}

function checkStep(where: string, task: NeorlTask, step: Readonly<Record<string, ArrayLike<number>>>): void {
  const { observation, action } = taskOf(where, task);
  for (const [name, numbers] of Object.entries(step)) {
    const length = name === "action" ? action : observation;
    if (numbers.length !== length) refuse(where, `${task}'s ${name} has ${numbers.length} numbers`, `pass ${length}`);
    for (let i = 0; i < length; i++) {
      if (!Number.isFinite(numbers[i])) refuse(where, `${name}[${i}] is ${String(numbers[i])}`, "pass finite numbers");
    }
  }
}

const at = (numbers: ArrayLike<number>, i: number): number => numbers[i] ?? Number.NaN;
const clip = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

function sumOfSquares(numbers: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += at(numbers, i) ** 2;
  return sum;
}

/** m of distance to the goal's axis and speed, as the rocket's reward shapes them. */
function rocketShaping(o: ArrayLike<number>): number {
  return -100 * Math.hypot(at(o, 0), at(o, 1)) - 100 * Math.hypot(at(o, 2), at(o, 3)) - 100 * Math.abs(at(o, 4));
}

const touchedDown = (next: ArrayLike<number>): boolean => Math.abs(at(next, 1)) <= 0.05;

/** Of a glucose level, mg/dl. Below 1 the logarithm leaves the formula's range. */
function glucoseRisk(level: number): number {
  if (level < 1) refuse("rewardOf", `the glucose level is ${level}`, "pass mg/dl, from 1");
  return 10 * (1.509 * (Math.log(level) ** 1.084 - 5.381)) ** 2;
}

/** m/s, over the 0.05 s of a step. */
const cheetahSpeed = (o: ArrayLike<number>, next: ArrayLike<number>): number => (at(next, 0) - at(o, 0)) / 0.05;
const CHEETAH_LIMIT = 3.2096;

const RULES: Readonly<Record<NeorlTask, Rules>> = {
  Pipeline: { reward: (_, __, next) => (0.01 * (200 - Math.abs(at(next, 0) - at(next, 1)))) ** 2 - 3 },
  Simglucose: {
    reward: (o, _, next) => {
      if (at(next, 0) <= 40) return -15;
      if (at(next, 0) >= 600) return 0;
      return (glucoseRisk(at(o, 0)) - glucoseRisk(at(next, 0)) + 100) / 100;
    },
    ends: (_, __, next) => at(next, 0) < 40 || at(next, 0) > 600,
  },
  RocketRecovery: {
    reward: (o, a, next) => {
      if (touchedDown(next)) {
        return Math.abs(at(next, 4)) < 0.3 && Math.abs(at(next, 2)) < 0.5 && Math.abs(at(next, 3)) < 2 ? 100 : -100;
      }
      const main = at(a, 0) > 0 ? 0.5 * (clip(at(a, 0), 0, 1) + 1) : 0;
      const side = Math.abs(at(a, 1)) > 0.5 ? clip(Math.abs(at(a, 1)), 0.5, 1) : 0;
      return rocketShaping(next) - rocketShaping(o) - 0.3 * main - 0.03 * side;
    },
    ends: (_, __, next) => touchedDown(next),
  },
  RandomFrictionHopper: {
    reward: (o, a, next) => (at(next, 0) - at(o, 0)) / 0.008 - 0.001 * sumOfSquares(a),
    ends: (_, __, next) => {
      const healthy = at(next, 1) > 0.7 && Math.abs(at(next, 2)) < 0.2;
      return !healthy || Array.from(next).some((value, i) => i >= 3 && !(Math.abs(value) < 100));
    },
  },
  DMSD: {
    reward: (_, __, next) =>
      -Math.log(Math.abs(at(next, 0) - at(next, 4)) + 0.01) - Math.log(Math.abs(at(next, 1) - at(next, 5)) + 0.01),
  },
  Fusion: {
    reward: (o, _, next) => {
      const errors = [0.2, 0.5, 0.05].map((scale, i) => (at(next, 6 + i) - at(o, 9 + i)) / scale);
      return -Math.log(Math.sqrt(sumOfSquares(errors) / errors.length));
    },
  },
  SafetyHalfCheetah: {
    reward: (o, a, next) => {
      const speed = cheetahSpeed(o, next);
      return speed > CHEETAH_LIMIT ? -100 : speed - 0.1 * sumOfSquares(a);
    },
    ends: (o, _, next) => cheetahSpeed(o, next) > CHEETAH_LIMIT,
  },
};
