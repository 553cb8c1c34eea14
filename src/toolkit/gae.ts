/**
 * Generalised advantage estimation, one trajectory. Schulman et al. 2015, "High-Dimensional Continuous Control Using Generalized
 * Advantage Estimation", arXiv:1506.02438, eq. 16:
 *
 *     δ_t = r_t + γ (1 − done_t) V_{t+1} − V_t        A_t = δ_t + γ λ (1 − done_t) A_{t+1}        return_t = A_t + V_t
 */
import { checkOptions } from "./options.ts";
import { refuse } from "./refuse.ts";

export interface GaeInput {
  /** [T]. */
  readonly rewards: ArrayLike<number>;
  /** [T + 1]: the last is the value after the last step, used where that step does not end an episode. */
  readonly values: ArrayLike<number>;
  /** [T] 1 where an episode ends with the step. */
  readonly done: ArrayLike<number>;
}

export interface GaeOptions {
  /** Discount γ, from 0 to 1. Default 1: one reward at the end of a completion. */
  readonly gamma?: number;
  /** λ, from 0 (one step) to 1 (Monte Carlo). Default 0.95 (the paper's Figure 2 and 3 range is 0.92 to 0.99). */
  readonly lambda?: number;
}

/**
 * Advantages and the value targets that go with them.
 *
 * @returns [T] each
 * @throws UsageError for lengths that do not fit, a number that is not finite, a `done` other than 0 and 1
 */
export function generalizedAdvantages(
  input: GaeInput,
  options: GaeOptions = {},
): { readonly advantages: Float64Array; readonly returns: Float64Array } {
  const share = { kind: "number", min: 0, max: 1 } as const;
  checkOptions("generalizedAdvantages", options, { gamma: share, lambda: share });
  const { gamma = 1, lambda = 0.95 } = options;
  const { rewards, values, done } = checkSteps(input);
  const steps = rewards.length;
  const advantages = new Float64Array(steps);
  for (let end = steps; end > 0; ) {
    let start = end - 1;
    while (start > 0 && done[start - 1] === 0) start--;
    const after = done[end - 1] === 1 ? 0 : (values[end] ?? 0);
    accumulateAdvantages({ rewards, values }, { start, end, after }, { gamma, lambda }, advantages);
    end = start;
  }
  return { advantages, returns: advantages.map((advantage, t) => advantage + (values[t] ?? 0)) };
}

/** A stretch of a column: one episode, or the part of one that was seen. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  /** Value of the state after it; 0 where the episode ends with it. */
  readonly after: number;
}

/** The recursion over one stretch, from its end. Nothing is checked. @param out advantages, written from start up to end */
export function accumulateAdvantages(
  { rewards, values }: Pick<GaeInput, "rewards" | "values">,
  { start, end, after }: Stretch,
  { gamma, lambda }: Required<GaeOptions>,
  out: Float32Array | Float64Array,
): void {
  let [next, later] = [after, 0];
  for (let t = end - 1; t >= start; t--) {
    const value = values[t] ?? 0;
    later = (rewards[t] ?? 0) + gamma * next - value + gamma * lambda * later;
    next = value;
    out[t] = later;
  }
}

function checkSteps({ rewards, values, done }: GaeInput): GaeInput {
  const where = "generalizedAdvantages";
  const steps = rewards.length;
  if (values.length !== steps + 1) {
    refuse(where, `there are ${values.length} values for ${steps} rewards`, "pass one more: the value after the end");
  }
  if (done.length !== steps) refuse(where, `there are ${done.length} ends for ${steps} rewards`, "pass one a step");
  for (const [name, list] of Object.entries({ rewards, values, done })) {
    const at = Array.from(list).findIndex((value) => !Number.isFinite(value));
    if (at >= 0) refuse(where, `${name}[${at}] is ${list[at]}`, "pass finite numbers");
  }
  const odd = Array.from(done).findIndex((value) => value !== 0 && value !== 1);
  if (odd >= 0) refuse(where, `done[${odd}] is ${done[odd]}`, "pass 1 where an episode ends and 0 elsewhere");
  return { rewards, values, done };
}
