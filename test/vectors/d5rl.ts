/** From the names of the d5rl forms to `src/toolkit/tasks/benchmarks/d5rl.ts`. */
import {
  a1RunReward,
  type KitchenEpisode,
  monteCarloReturns,
  multiObjectEval,
  normalizedScore,
} from "../../src/toolkit/tasks/benchmarks/index.ts";

interface Inputs {
  readonly episodes: readonly KitchenEpisode[];
  readonly targets: readonly string[];
  readonly rewards: readonly number[];
  readonly gamma: number;
  readonly bootstrapLast?: boolean;
  readonly vx: number;
  readonly pitch: number;
  readonly yaw: number;
  readonly target: number;
  readonly up: number;
  readonly qpos: readonly number[];
  readonly targetPose: readonly number[];
  readonly offset: readonly number[];
  readonly energy: number;
  readonly score: number;
  readonly refMin: number;
  readonly refMax: number;
}

export function evaluate(inputs: Inputs, form: string): unknown {
  switch (form) {
    case "d5rl/0": {
      const report = multiObjectEval(inputs.episodes, inputs.targets);
      const perTask = Object.entries(report.perTask).map(([target, { mean }]) => [target, mean]);
      const { mean: total, std: totalStd, min: totalMin, max: totalMax } = report.total;
      const { success, return: returns } = report;
      return {
        perTask: Object.fromEntries(perTask),
        total,
        totalStd,
        totalMin,
        totalMax,
        returnMean: returns.mean,
        success,
      };
    }
    case "d5rl/1": {
      const { rewards, gamma, bootstrapLast } = inputs;
      return { returns: monteCarloReturns(rewards, gamma, bootstrapLast === undefined ? {} : { bootstrapLast }) };
    }
    case "d5rl/2": {
      const { vx: speed, pitch, yaw, target, up, qpos: joints, targetPose: pose, offset, energy } = inputs;
      return a1RunReward({ speed, pitch, yaw, target, up, joints, pose, offset, energy });
    }
    case "d5rl/3":
      return { normalized: normalizedScore(inputs.score, { refMin: inputs.refMin, refMax: inputs.refMax }) };
    default:
      throw new Error(`no form ${form}`);
  }
}
