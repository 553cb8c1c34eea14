/** Rewards of the legged robot and of bin sorting. */
import { allFinite } from "../../../finite.ts";
import { checkOptions } from "../../../options.ts";
import { refuse } from "../../../refuse.ts";

export interface ToleranceOptions {
  /** Lower end of the range where the value is 1. Default: none. */
  readonly low?: number;
  /** Upper end. Default: none. */
  readonly high?: number;
  /** How far outside the range the value falls to `atMargin`; 0 is a step. */
  readonly margin: number;
  /** How it falls: "linear" and "quadratic" to 0 at the margin, "gaussian" to 0.5 there. */
  readonly shape: "linear" | "quadratic" | "gaussian";
}

/** A value in [0, 1]: 1 inside the range, falling outside. @throws UsageError for a NaN or a margin below 0 */
export function tolerance(x: number, options: ToleranceOptions): number {
  checkOptions("tolerance", options, {
    low: { kind: "number" },
    high: { kind: "number" },
    margin: { kind: "number", min: 0, required: true },
    shape: { kind: "either", values: ["linear", "quadratic", "gaussian"], required: true },
  });
  if (!Number.isFinite(x)) refuse("tolerance", `the value is ${String(x)}`, "pass a finite number");
  const { low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY, margin, shape } = options;
  const outside = Math.max(low - x, x - high, 0);
  if (outside === 0 || margin === 0) return outside === 0 ? 1 : 0;
  const scaled = outside / margin;
  switch (shape) {
    case "linear":
      return Math.max(0, 1 - scaled);
    case "quadratic":
      return Math.max(0, 1 - scaled ** 2);
    case "gaussian":
      return Math.exp(-Math.LN2 * scaled ** 2); // −½ (scaled √(2 ln 2))²
    default:
      return shape satisfies never;
  }
}

export interface A1State {
  /** m/s along the body. */
  readonly speed: number;
  /** Radians. */
  readonly pitch: number;
  readonly yaw: number;
  /** Speed asked for, m/s. */
  readonly target: number;
  /** Vertical part of the body's upward axis. */
  readonly up: number;
  /** Joint angles. */
  readonly joints: readonly number[];
  /** Their nominal angles; one number is for all. The robot's: 0, 0.9, −1.8 a leg. */
  readonly pose: readonly number[];
  /** How far each may be from it; one number is for all. The robot's: 0.2, 0.4, 0.4 a leg. */
  readonly offset: readonly number[];
  /** Sum over joints of speed times torque. */
  readonly energy: number;
}

export interface A1Reward {
  readonly reward: number;
  readonly velocityTerm: number;
  readonly standing: number;
}

/** The reward of running at a speed, upright and near the nominal pose. @throws UsageError for numbers that are not finite */
export function a1RunReward(state: A1State): A1Reward {
  const { speed, pitch, yaw, target, up, energy, joints } = state;
  allFinite("a1RunReward", "state", [speed, pitch, yaw, target, up, energy]);
  if (target < 0) refuse("a1RunReward", `the target is ${target}`, "pass a speed from 0");
  const velocityTerm = tolerance(speed * Math.cos(pitch) * Math.cos(yaw), {
    low: target - 0.1,
    high: target + 0.1,
    margin: target,
    shape: "linear",
  });
  const [pose, offset] = [perJoint("pose", state.pose, joints), perJoint("offset", state.offset, joints)];
  const posture = joints.reduce((product, joint, j) => {
    const [nominal, free] = [pose[j] ?? 0, offset[j] ?? 0];
    return product * tolerance(joint, { low: nominal - free, high: nominal + free, margin: free, shape: "gaussian" });
  }, 1);
  const standing = tolerance(up, { low: 0.9, margin: 0.9, shape: "quadratic" }) * posture;
  return { reward: 10 * velocityTerm * standing - 0.01 * energy, velocityTerm, standing };
}

function perJoint(name: string, given: readonly number[], joints: readonly number[]): readonly number[] {
  const numbers = given.length === 1 ? joints.map(() => given[0] ?? 0) : given;
  if (numbers.length !== joints.length) {
    refuse(
      "a1RunReward",
      `${name} has ${given.length} numbers, there are ${joints.length} joints`,
      "pass one each, or one",
    );
  }
  return numbers;
}

export interface BinSort {
  /** Objects in the bin that is theirs. */
  readonly correct: number;
  /** Objects. */
  readonly n: number;
  /** Every object lies in some bin. */
  readonly allPlaced: boolean;
}

/** @throws UsageError for counts that do not fit, and all correct but not all placed */
export function binSortReward(state: BinSort): { readonly reward: number; readonly success: boolean } {
  checkOptions("binSortReward", state, {
    n: { kind: "integer", min: 1, required: true },
    correct: { kind: "integer", min: 0, required: true },
    allPlaced: { kind: "boolean", required: true },
  });
  const { correct, n, allPlaced } = state;
  if (correct > n || (correct === n && !allPlaced)) {
    refuse("binSortReward", `${correct} of ${n} are correct, all placed: ${allPlaced}`, "pass counts that fit");
  }
  return { reward: allPlaced && correct !== n ? correct - n : correct, success: correct === n };
}
