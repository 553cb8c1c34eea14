/** The paper's bootstrap over samples: one drawn for each instance, a thousand times. */
import { refuse } from "../../../refuse.ts";
import type { Rng } from "../../../rng.ts";

export interface MultiInstanceBootstrap {
  /** 1 or 0: [problem][instance][sample]. */
  readonly correct: readonly (readonly (readonly number[])[])[];
  readonly random: Rng;
  /** Default 1000: paper. */
  readonly rounds?: number;
  /** "loose" averages instances, "strict" asks for all. */
  readonly agg: "loose" | "strict";
  /** "random" draws each instance's sample; "in turn" takes sample (round mod samples) of all, as the script does for original sets. Default "random". */
  readonly draw?: "random" | "in turn";
}

export interface BootstrapScore {
  readonly mean: number;
  /** Population standard deviation over rounds. */
  readonly std: number;
}

/** @throws UsageError for rounds below 1, an instance without samples, entries other than 0 and 1 */
export function bootstrapMultiInstance(options: MultiInstanceBootstrap): BootstrapScore {
  const { correct, random, rounds = 1000, agg, draw = "random" } = options;
  if (!Number.isInteger(rounds) || rounds < 1)
    refuse("bootstrapMultiInstance", `rounds is ${rounds}`, "pass 1 or more");
  if (agg !== "loose" && agg !== "strict") {
    refuse("bootstrapMultiInstance", `agg is ${String(agg)}`, 'pass "loose" or "strict"');
  }
  check(correct);
  const scores = Array.from({ length: rounds }, (_, round) => {
    const pick = (samples: readonly number[]): number => {
      return samples[draw === "random" ? random.integer(samples.length) : round % samples.length] ?? 0;
    };
    return mean(correct.map((instances) => combine(instances.map(pick), agg)));
  });
  const centre = mean(scores);
  return { mean: centre, std: Math.sqrt(mean(scores.map((score) => (score - centre) ** 2))) };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function combine(right: readonly number[], agg: "loose" | "strict"): number {
  return agg === "loose" ? mean(right) : Math.min(...right);
}

function check(correct: MultiInstanceBootstrap["correct"]): void {
  if (correct.length === 0) refuse("bootstrapMultiInstance", "there is no problem", "pass at least one");
  for (const [problem, instances] of correct.entries()) {
    const empty = instances.length === 0 || instances.some((samples) => samples.length === 0);
    if (empty)
      refuse("bootstrapMultiInstance", `problem ${problem} lacks samples`, "pass one of each instance or more");
    const odd = instances.flat().find((value) => value !== 0 && value !== 1);
    if (odd !== undefined) refuse("bootstrapMultiInstance", `problem ${problem} has a ${odd}`, "pass 1 or 0 a sample");
  }
}
