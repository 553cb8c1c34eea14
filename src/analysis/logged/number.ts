/** One logged number beside the right one. */
import { clusteredBootstrap } from "../statistics/bootstrap.ts";
import { mean } from "../statistics/estimate.ts";

export interface LoggedNumber {
  /** The peer's name. */
  readonly metric: string;
  /** The set of problems it was worked out again on. */
  readonly set: string;
  readonly step?: number;
  readonly problems: number;
  /** Absent where the dump is there without its log: `expected` is what the log would say. */
  readonly logged?: number;
  /** What the peer's way of estimating gives on these samples, in expectation, where that can be said. */
  readonly expected?: number;
  readonly right: number;
  /** 95 % interval of `right`, from resampling problems; absent for standard errors. */
  readonly low?: number;
  readonly high?: number;
  /** What the peer's number should be less, or more: logged (else expected) − right. */
  readonly difference: number;
  /** Why the two differ, in a sentence; "agrees" where they do not. */
  readonly why: string;
}

/** Differences below this are rounding: peers log float32. */
const ROUNDING = 1e-5;

interface NumberInput {
  readonly metric: string;
  readonly set: string;
  readonly step: number | undefined;
  readonly logged: number | undefined;
  /** The right number of each problem. */
  readonly right: readonly number[];
  /** The peer's number of each problem, in expectation. */
  readonly expected?: readonly number[];
  readonly why: string;
}

/** A mean over problems, with its interval. */
export function meanNumber({ metric, set, step, logged, right, expected, why }: NumberInput): LoggedNumber {
  const value = mean(right);
  const peer = expected === undefined ? undefined : mean(expected);
  const difference = (logged ?? peer ?? value) - value;
  const { low, high } = clusteredBootstrap(right.length, (counts) => weighted(right, counts), { resamples: 1000 });
  return {
    ...{ metric, set, problems: right.length, right: value, low, high, difference },
    ...(step === undefined ? {} : { step }),
    ...(logged === undefined ? {} : { logged }),
    ...(peer === undefined ? {} : { expected: peer }),
    why: Math.abs(difference) <= ROUNDING ? "agrees" : why,
  };
}

function weighted(values: readonly number[], counts: Uint32Array): number {
  const sum = values.reduce((total, value, i) => total + value * (counts[i] ?? 0), 0);
  return sum / counts.reduce((total, count) => total + count, 0);
}
