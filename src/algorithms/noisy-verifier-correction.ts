/**
 * Corrections for a verifier that errs at known rates: rewards made unbiased, or weights that need one rate alone.
 * Cai, Wang, Liu, Liu, Niu, Sugiyama 2025, "Reinforcement Learning with Verifiable yet Noisy Rewards under Imperfect
 * Verifiers", arXiv:2510.00915 (PGBC, PGFC, appeals).
 *
 *     rho0 = P(seen 1 | true 0), rho1 = P(seen 0 | true 1), J = 1 - rho0 - rho1 > 0; errors independent of the sample
 *     backward:  r^ = (r~ - rho0) / J,  E[r^ | r] = r;     A_i = (r^_i - mean of the group's others) / s
 *     forward:   w(1) = rho1, w(0) = rho1 - 1,  E[w | r] = J (r - 1);     A_i = w_i / s
 *     appeals:   each seen 0 goes to a second verifier with probability q; FN = overturned / q, rho1 = FN / (FN + seen 1)
 *     Var(r^) = p (1 - p) / J^2,  p = P(seen 1)
 *
 * Seam: advantage. A z-score over the group undoes any affine correction, so these advantages are marked as scaled and a
 * later normalisation refuses them; s is 1, or a moving average of the coefficients' deviation. Reconstruction: the
 * smoothing constants, |r^| <= 5 and J >= 0.1 in training. Unscored rows are left out and get 0; so does, in backward
 * mode, a row that is alone in its group. Errors that depend on the sample leave a bias that neither mode removes.
 */
import { type AdvantageInput, type Advantages, spreadOverTokens } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf, givenChoices } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { groupRows, someCompany } from "../toolkit/group-rows.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { rng } from "../toolkit/rng.ts";
import { type Json, stateful } from "../toolkit/seam.ts";
import type { Problem } from "../toolkit/tasks/task.ts";
import { appealRate, backwardReward, forwardWeights, leaveOneOut } from "./noisy-verifier-estimators.ts";

/** A second, slower verifier. @returns whether the completion is right after all */
export type Appeal = (problem: Problem, completion: string) => boolean | Promise<boolean>;

export interface NoisyVerifierOptions {
  /** Default "forward": needs rho1 alone and stays within [-1, 1] under heavy noise. */
  readonly mode?: "backward" | "forward";
  /** Share of wrong completions that the verifier accepts. Default 0. */
  readonly rho0?: number;
  /** Share of right completions that it rejects; where appeals run, the estimate before the first. Default 0. */
  readonly rho1?: number;
  /** "fixed": s = 1. "ema": s <- 0.99 s + 0.01 std of the step's coefficients, at least 1e-3. Default "fixed". */
  readonly scale?: "fixed" | "ema";
  /** Bound of |r^| in backward mode. Default 5 (reconstruction). */
  readonly clip?: number;
  /** Estimates rho1 while training. Default: none. */
  readonly appeal?: Appeal;
  /** q: chance that a completion seen as wrong is appealed. Default 0.1 (our choice: a tenth of the calls). */
  readonly appealProbability?: number;
  /** Take an overturned verdict as the completion's own. Default true. */
  readonly useOverturned?: boolean;
}

type Settings = Required<Omit<NoisyVerifierOptions, "appeal">> & Pick<NoisyVerifierOptions, "appeal">;

const SOURCES: ChoiceSources<Exclude<keyof NoisyVerifierOptions, "appeal">> = {
  mode: ["advantage", "arXiv:2510.00915: more stable under heavy noise"],
  rho0: ["advantage", "a verifier without false positives"],
  rho1: ["advantage", "a verifier without false negatives"],
  scale: ["advantage", "arXiv:2510.00915"],
  clip: ["advantage", "reconstruction"],
  appealProbability: ["advantage", "our choice: a tenth of the calls"],
  useOverturned: ["advantage", "arXiv:2510.00915"],
};

/** Smallest J that a step divides by (reconstruction). */
const LEAST_J = 0.1;
/** Of the estimate of rho1, and of the scale (reconstruction). */
const [RATE_DECAY, SCALE_DECAY, LEAST_SCALE, MOST_RATE] = [0.9, 0.99, 1e-3, 0.49];

/** What goes from step to step. */
interface Estimates {
  readonly rho1: number;
  readonly scale: number;
}

/**
 * The method, in place of an algorithm's advantage: `compose(grpo(), noisyVerifierCorrection({ rho1: 0.2 }))`.
 *
 * @throws UsageError for an unknown option, rates outside [0, 1), or rho0 + rho1 >= 1
 */
export function noisyVerifierCorrection(options: NoisyVerifierOptions = {}): AlgorithmChange {
  const settings = settle(options);
  return {
    name: "noisy-verifier-correction",
    replaces: {
      advantage: stateful<Estimates, AdvantageInput, Advantages>({
        init: () => ({ rho1: settings.rho1, scale: 1 }),
        next: (estimates, input) => advantages(input, settings, estimates),
        save: ({ rho1, scale }) => ({ rho1, scale }),
        restore,
      }),
    },
    choices: [
      ...choicesOf(SOURCES, settings, options),
      ...givenChoices(options, { appeal: ["advantage", "none", "our choice: a second verifier is the user's"] }),
    ],
  };
}

function settle(options: NoisyVerifierOptions): Settings {
  checkOptions("noisyVerifierCorrection", options, {
    mode: { kind: "either", values: ["backward", "forward"] },
    rho0: { kind: "number", min: 0, max: 1 },
    rho1: { kind: "number", min: 0, max: 1 },
    scale: { kind: "either", values: ["fixed", "ema"] },
    clip: { kind: "number", above: 0 },
    appeal: { kind: "function" },
    appealProbability: { kind: "number", above: 0, max: 1 },
    useOverturned: { kind: "boolean" },
  });
  const { mode = "forward", rho0 = 0, rho1 = 0, scale = "fixed", clip = 5, appeal } = options;
  const { appealProbability = 0.1, useOverturned = true } = options;
  if (rho0 + rho1 >= 1) {
    refuse("noisyVerifierCorrection", `rho0 + rho1 is ${rho0 + rho1}`, "a verifier must be right more often than not");
  }
  return { mode, rho0, rho1, scale, clip, appealProbability, useOverturned, ...(appeal && { appeal }) };
}

async function advantages(
  input: AdvantageInput,
  settings: Settings,
  before: Estimates,
): Promise<readonly [Advantages, Estimates]> {
  const { rollouts, rewards } = input;
  if (settings.mode === "backward") someCompany("noisyVerifierCorrection", rollouts.group);
  const scored = [...rewards.values.keys()].filter((b) => !Number.isNaN(rewards.values[b]));
  const observed = scored.map((b) => rewards.values[b] ?? Number.NaN);
  const { labels, rho1, metrics } = await appealed(input, settings, { scored, observed, rho1: before.rho1 });
  const groups = scored.map((b) => rollouts.group[b] ?? -1);
  const coefficients = coefficientsOf(labels, groups, { ...settings, rho1 });
  const scale = settings.scale === "fixed" ? 1 : nextScale(before.scale, coefficients);
  const perRow = new Float32Array(rollouts.rows);
  for (const [i, b] of scored.entries()) perRow[b] = (coefficients[i] ?? 0) / scale;
  const output = {
    perToken: spreadOverTokens(perRow, rollouts.width - 1),
    scaledBy: "noisyVerifierCorrection",
    metrics: { ...metrics, "verifier/rho1": rho1, "verifier/scale": scale },
  };
  return [output, { rho1, scale }];
}

function coefficientsOf(labels: readonly number[], groups: readonly number[], settings: Settings): Float64Array {
  const { mode, rho0, rho1, clip } = settings;
  if (mode === "forward") return labels.length === 0 ? new Float64Array() : forwardWeights(labels, { rho1 });
  const corrected = Float64Array.from(labels, (label) => {
    const J = Math.max(1 - rho0 - rho1, LEAST_J);
    return Math.max(-clip, Math.min(clip, (label - rho0) / J));
  });
  if (1 - rho0 - rho1 >= LEAST_J && labels.length > 0) corrected.set(backwardReward(labels, { rho0, rho1, clip }));
  const result = new Float64Array(labels.length);
  for (const rows of groupRows(groups)) {
    if (rows.length < 2) continue;
    const centred = leaveOneOut(rows.map((i) => corrected[i] ?? 0));
    for (const [k, i] of rows.entries()) result[i] = centred[k] ?? 0;
  }
  return result;
}

interface Labels {
  readonly scored: readonly number[];
  readonly observed: readonly number[];
  readonly rho1: number;
}

/** Sends some of the rejected completions to the second verifier; the chance is by (seed, step, row) alone. */
async function appealed(
  { rollouts, seed = 0, step }: AdvantageInput,
  settings: Settings,
  { scored, observed, rho1 }: Labels,
) {
  const { appeal, appealProbability: q, useOverturned } = settings;
  if (appeal === undefined) return { labels: observed, rho1, metrics: {} };
  const labels = [...observed];
  let [calls, overturned] = [0, 0];
  for (const [i, b] of scored.entries()) {
    if (observed[i] !== 0 || rng({ seed, stream: "appeal", step, row: b }).uniform() >= q) continue;
    const problem = rollouts.problems[rollouts.group[b] ?? -1];
    if (problem === undefined) throw new Error(`internal: row ${b} has no problem`);
    calls++;
    if (!(await appeal(problem, rollouts.completions[b] ?? ""))) continue;
    overturned++;
    if (useOverturned) labels[i] = 1;
  }
  const rulePositives = observed.filter((label) => label === 1).length;
  const metrics = { "verifier/appeals": calls, "verifier/overturned": overturned };
  if (overturned === 0 && rulePositives === 0) return { labels, rho1, metrics }; // nothing seen of right completions
  const seen = appealRate({ overturned, q, rulePositives }).rho1;
  return { labels, rho1: Math.min(MOST_RATE, RATE_DECAY * rho1 + (1 - RATE_DECAY) * seen), metrics };
}

function nextScale(before: number, coefficients: Float64Array): number {
  if (coefficients.length === 0) return before;
  const mean = coefficients.reduce((sum, value) => sum + value, 0) / coefficients.length;
  const variance = coefficients.reduce((sum, value) => sum + (value - mean) ** 2, 0) / coefficients.length;
  return Math.max(LEAST_SCALE, SCALE_DECAY * before + (1 - SCALE_DECAY) * Math.sqrt(variance));
}

function restore(saved: Json): Estimates {
  if (typeof saved === "object" && saved !== null && "rho1" in saved && "scale" in saved) {
    const { rho1, scale } = saved;
    if (typeof rho1 === "number" && typeof scale === "number") return { rho1, scale };
  }
  return refuse("noisyVerifierCorrection", "the saved state is not its own", "resume with the same algorithm");
}
