/**
 * Update seam: what may happen to the weights after the optimizer's step, such as extrapolating, merging with older
 * weights or rolling back. Most algorithms leave it out.
 */
import type { ParameterStore } from "./jit/parameter-store.ts";
import type { Models } from "./models.ts";
import type { Seam } from "./seam.ts";
import type { Task } from "./tasks/task.ts";

export interface UpdateInput {
  /** Step just taken, from 0, of `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Weights being trained; an update writes into them. */
  readonly parameters: ParameterStore;
  /** Weights that the run started from; never written. */
  readonly initial: ParameterStore;
  /** The step's figures so far. */
  readonly metrics: Readonly<Record<string, number>>;
  /** There in `train`, as is all that follows. */
  readonly task?: Task;
  readonly seed?: number;
  readonly models?: Models;
}

export interface UpdateResult {
  /** Whether the weights were written. */
  readonly changed: boolean;
  /** Figures for the step's record. */
  readonly metrics?: Readonly<Record<string, number>>;
}

export type Update = Seam<UpdateInput, UpdateResult>;
