/** One row of the table of checks: an objective and what its paper says of it. */
import type { Algorithm } from "../../../src/toolkit/algorithm.ts";
import type { Objective } from "../../../src/toolkit/objective.ts";
import type { BatchOptions } from "./batch.ts";
import type { Columns } from "./columns.ts";

export const CHECKS = [
  "slope",
  "kinks",
  "stops",
  "stated",
  "direction",
  "clip",
  "zero advantage",
  "jit",
  "rows",
  "padding",
  "filler",
  "split",
  "empty",
  "extreme",
  "refusals",
] as const;
export type CheckName = (typeof CHECKS)[number];

/** Numbers of each token, [B, T], or what a function makes of each token. */
export type Stated = (token: Token) => number;

export interface Row {
  readonly name: string;
  readonly objective: Objective;
  /**
   * The whole algorithm: its sampled update is then held against the exact expectation (expectations.test.ts). Left out
   * where a rollout function selects among groups, or where the advantage remembers: then groups are not independent.
   */
  readonly algorithm?: Algorithm;
  /**
   * The gradient is not that of the loss's value, because of stop-gradients (CISPO's weight, a ratio p / stop(p)).
   * Default false: then no stop-gradient may change anything.
   */
  readonly stops?: boolean;
  /**
   * The gradient by log-probs where every advantage is 0: "nothing" (default); "unchanged" where the objective does not
   * read advantages; or stated per token.
   */
  readonly zeroAdvantage?: "nothing" | "unchanged" | Stated;
  /**
   * Which way a token is pushed on policy, by sign: above 0, a step must not lower its log-prob. Default: its advantage;
   * for losses that read something else, such as `(token) => token.at("columns.label")`.
   */
  readonly toward?: Stated;
  /** The gradient by each token's log-prob, from the paper. Default: not stated, left to the method's vectors. */
  readonly gradient?: Stated;
  /** The loss, from the paper. */
  readonly loss?: (tokens: readonly Token[]) => number;
  /** Ratios at which the clip sets in, of tokens or of sequences. Default: no clip. */
  readonly clip?: ClipBounds;
  readonly batch?: BatchOptions;
  /** Further changes of the batch. */
  readonly change?: (columns: Columns) => Columns;
  /** Settings that must be refused. */
  readonly refused?: readonly (() => unknown)[];
  /** Checks that do not apply, with the reason, which is printed. */
  readonly except?: Readonly<Partial<Record<CheckName, string>>>;
}

export interface ClipBounds {
  /** Where A < 0. */
  readonly low?: number;
  /** Where A > 0. */
  readonly high?: number;
  /** Also no gradient beyond a bound where that would pull the ratio back. Default false: PPO's minimum keeps it. */
  readonly bothSigns?: boolean;
}

/** One token with its numbers, for stated gradients. Of a masked token only `trained` is read. */
export interface Token {
  readonly row: number;
  readonly column: number;
  readonly trained: boolean;
  /** p / p_old. */
  readonly ratio: number;
  readonly advantage: number;
  /** Any column of the batch at this token (or of its row, or of the step). */
  at(path: string): number;
  /** Weight of this token in an aggregation. */
  share(how: "seq-mean-token-mean" | "token-mean" | "seq-mean-token-sum" | "constant"): number;
}
