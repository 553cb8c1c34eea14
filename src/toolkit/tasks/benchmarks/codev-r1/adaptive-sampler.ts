/** How many prompts to draw when groups without a spread are thrown away. */
import { checkOptions } from "../../../options.ts";
import { refuse } from "../../../refuse.ts";

export interface AdaptiveSamplerOptions {
  /** Prompts that an update needs. */
  readonly batch: number;
  /** Prompts are drawn in multiples of this. Default 8: the code's loader. */
  readonly chunk?: number;
  /** Stands for a ratio of 0, which would ask for prompts without end. Default 1/16: our choice. */
  readonly minRatio?: number;
  /** Rounds of one step at most. Default 999: the code's. */
  readonly maxRounds?: number;
  /**
   * "min": the ratio of whole steps never rises, as in the code. "mean": it is an exponential mean, so that one unlucky step is
   * forgotten; not from the paper. Default "min".
   */
  readonly ratio?: "min" | "mean";
  /** Weight of the newest step in the mean. Default 0.2: our choice. */
  readonly newest?: number;
}

/** All that a sampler remembers: plain data, for a checkpoint. */
export interface AdaptiveSamplerState {
  /** Estimated share of prompts that a whole step keeps. */
  readonly rho: number;
  /** Smallest share that a round of the current step kept. */
  readonly part: number;
  readonly kept: number;
  /** Prompts drawn in the current step. */
  readonly drawn: number;
  readonly rounds: number;
}

export interface AdaptiveRound {
  /** Whether the update has all its prompts; those beyond are discarded. */
  readonly done: boolean;
  readonly rho: number;
  readonly part: number;
  /** Nothing was kept, so that `minRatio` stood in for the ratio. */
  readonly warning?: string;
}

export interface AdaptiveSampler {
  readonly state: AdaptiveSamplerState;
  /** What the next round is for: prompts that are missing, and how many to draw for them. */
  next(): { readonly need: number; readonly draw: number };
  /**
   * @param drawn prompts rolled out
   * @param keptNow those of them whose completions differ in accuracy
   * @throws UsageError for counts that cannot be, and where a step has not ended within its rounds
   */
  report(round: { readonly drawn: number; readonly keptNow: number }): AdaptiveRound;
}

const START: AdaptiveSamplerState = { rho: 1, part: 1, kept: 0, drawn: 0, rounds: 0 };

/**
 * A sampler for any filter of groups; at its start, or where `state` says.
 *
 * @throws UsageError for an option out of range
 */
export function adaptiveSampler(options: AdaptiveSamplerOptions, state: AdaptiveSamplerState = START): AdaptiveSampler {
  checkOptions("adaptiveSampler", options, {
    batch: { kind: "integer", min: 1, required: true },
    chunk: { kind: "integer", min: 1 },
    minRatio: { kind: "number", above: 0, max: 1 },
    maxRounds: { kind: "integer", min: 1 },
    ratio: { kind: "either", values: ["min", "mean"] },
    newest: { kind: "number", above: 0, max: 1 },
  });
  const { batch, chunk = 8, minRatio = 1 / 16, maxRounds = 999, ratio = "min", newest = 0.2 } = options;
  let now = state;
  return {
    get state() {
      return now;
    },
    next() {
      const need = batch - now.kept;
      return { need, draw: multipleFrom(need / Math.min(now.rho, now.part), chunk) };
    },
    report({ drawn, keptNow }) {
      if (!(Number.isSafeInteger(drawn) && drawn >= 1)) {
        refuse("adaptiveSampler", `${drawn} prompts were drawn`, "pass a whole number from 1");
      }
      if (!(Number.isSafeInteger(keptNow) && keptNow >= 0 && keptNow <= drawn)) {
        refuse(
          "adaptiveSampler",
          `${keptNow} of ${drawn} prompts were kept`,
          "pass a whole number from 0 to those drawn",
        );
      }
      const part = Math.min(now.part, keptNow === 0 ? minRatio : keptNow / drawn);
      const [kept, all, rounds] = [now.kept + keptNow, now.drawn + drawn, now.rounds + 1];
      if (kept >= batch) {
        const share = kept / all;
        const rho = ratio === "min" ? Math.min(now.rho, share) : now.rho + newest * (share - now.rho);
        now = { ...START, rho };
        return { done: true, rho, part: 1 };
      }
      if (rounds >= maxRounds) {
        refuse(
          "adaptiveSampler",
          `${kept} of ${batch} prompts are there after ${rounds} rounds`,
          "choose other prompts",
        );
      }
      now = { rho: now.rho, part, kept, drawn: all, rounds };
      const warning = `no prompt of ${drawn} was kept; the ratio counts as ${minRatio}`;
      return { done: false, rho: now.rho, part, ...(keptNow === 0 && { warning }) };
    },
  };
}

/** The smallest multiple that is not below a number. */
function multipleFrom(least: number, chunk: number): number {
  let draw = Math.ceil(least / chunk) * chunk;
  while (draw - chunk >= least) draw -= chunk; // the division may have rounded
  while (draw < least) draw += chunk;
  return draw;
}
