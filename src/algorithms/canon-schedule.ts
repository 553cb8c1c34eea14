/**
 * CANON's schedules: how the weight mu of the comparison between halves moves over a run.
 * 2025, "Conditional Advantage Estimation for Reinforcement Learning in Large Reasoning Models", arXiv:2509.23962, released
 * code ("CANON-Dynamic").
 *
 *     accuracy            mu = mean reward of the step's batch: first within halves, later between them
 *     reverse-accuracy    mu = 1 - mean reward
 *     cosine              cos(s) = max (s + 1) / warm for s < warm, then with e = (s - warm) mod L:
 *                         min + (max - min) (1 + cos(pi e / L)) / 2,  L = floor((total - warm) / cycles)
 *     cosine-intra-first  mu = 1 - cos(s), max 0.6, min 0 (steps from 0)
 *     cosine-inter-first  mu = cos(s), max 1, min 0.4
 *
 * Seam: advantage. The names are the code's own; which of them a model got in the paper was picked among several.
 */
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";

export type CanonSchedule = { readonly kind: "accuracy" | "reverse-accuracy" } | CanonCosine;

export interface CanonCosine {
  readonly kind: "cosine-intra-first" | "cosine-inter-first";
  /** Steps of the run. Default 150: released code. */
  readonly total?: number;
  /** Steps of the way up. Default 30: released code. */
  readonly warm?: number;
  /** Ways down after it. Default 3: released code. */
  readonly cycles?: number;
}

/**
 * mu at a step.
 *
 * @param step from 0
 * @param seen `batchAccuracy`: mean reward of the step's batch, from 0 to 1; read by the accuracy schedules
 * @throws UsageError for an accuracy outside of 0 to 1, or cycles shorter than a step
 */
export function canonMu(
  step: number,
  schedule: CanonSchedule,
  { batchAccuracy }: { readonly batchAccuracy?: number } = {},
): number {
  const { kind } = schedule;
  switch (kind) {
    case "accuracy":
      return accuracy(schedule, batchAccuracy);
    case "reverse-accuracy":
      return 1 - accuracy(schedule, batchAccuracy);
    case "cosine-intra-first":
      return 1 - cosine(step, { ...schedule, least: 0, most: 0.6 });
    case "cosine-inter-first":
      return cosine(step, { ...schedule, least: 0.4, most: 1 });
    default:
      return refuse(
        "canonMu",
        `the schedule is of kind ${String(kind satisfies never)}`,
        `pass one of ${KINDS.join(", ")}`,
      );
  }
}

const KINDS = ["accuracy", "reverse-accuracy", "cosine-intra-first", "cosine-inter-first"] as const;

function accuracy(schedule: CanonSchedule, mean: number | undefined): number {
  checkOptions("canonMu", schedule, { kind: { kind: "either", values: KINDS } });
  if (mean !== undefined && mean >= 0 && mean <= 1) return mean;
  return refuse(
    "canonMu",
    `the batch's accuracy is ${mean}`,
    "pass a mean of rewards from 0 to 1, or another schedule",
  );
}

interface Range extends CanonCosine {
  readonly least: number;
  readonly most: number;
}

function cosine(step: number, { least, most, ...schedule }: Range): number {
  checkOptions("canonMu", schedule, {
    kind: { kind: "either", values: KINDS },
    total: { kind: "integer", min: 1 },
    warm: { kind: "integer", min: 0 },
    cycles: { kind: "integer", min: 1 },
  });
  const { total = 150, warm = 30, cycles = 3 } = schedule;
  const length = Math.floor((total - warm) / cycles);
  if (length < 1) refuse("canonMu", `${cycles} cycles in ${total - warm} steps`, "pass a larger total or fewer cycles");
  if (!(Number.isInteger(step) && step >= 0)) refuse("canonMu", `step is ${step}`, "pass a whole number from 0");
  if (step < warm) return (most * (step + 1)) / warm;
  const along = (step - warm) % length;
  return least + 0.5 * (most - least) * (1 + Math.cos((Math.PI * along) / length));
}
