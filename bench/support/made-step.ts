/** A step made up from a seed: rows of different lengths, masks, foreign rows, columns of the method's own. */
import { type Rng, rng } from "../../src/toolkit/rng.ts";
import type { StepColumns } from "../../src/toolkit/runs/run-folder.ts";

export interface MadeStepOptions {
  readonly seed: number;
  readonly groups?: number;
  readonly samples?: number;
  /** Longest completion. Default 12. */
  readonly most?: number;
  /** With masks, unscored and foreign rows, components, own columns, several advantages a row. Default true. */
  readonly everything?: boolean;
}

/** Columns as a step leaves them. Prompts have 2 to 4 tokens, completions 0 to `most`. */
export function madeStep({
  seed,
  groups = 3,
  samples = 4,
  most = 12,
  everything = true,
}: MadeStepOptions): StepColumns {
  const random = rng({ seed, stream: "made-step" });
  const rows = groups * samples;
  const promptLengths = Int32Array.from({ length: rows }, () => 2 + random.integer(3));
  const completionLengths = Int32Array.from({ length: rows }, () => random.integer(most + 1));
  const width = 4 + most;
  const perToken = (of: (random: Rng) => number): Float32Array =>
    Float32Array.from({ length: rows * (width - 1) }, () => of(random));
  const mask = new Float32Array(rows * (width - 1));
  for (const [b, length] of completionLengths.entries()) {
    const start = b * (width - 1) + (promptLengths[b] ?? 0) - 1;
    mask.fill(1, start, start + length);
  }
  const logProbs = perToken((r) => Math.log(r.uniform() + 1e-6));
  const perRow = Float32Array.from({ length: rows }, () => random.integer(3) - 1);
  const right = Array.from({ length: rows }, () => random.uniform() < 0.5);
  const verifier = { name: "made", version: "1" };
  return {
    rollouts: {
      problems: Array.from({ length: groups }, (_, g) => ({
        ...{ id: `p${seed}-${g}`, prompt: `${g}+${seed}=`, answer: `${g + seed}`, level: 1 + (g % 2), data: {} },
      })),
      ...{ rows, width, promptLengths, completionLengths, mask },
      ids: Int32Array.from({ length: rows * width }, () => random.integer(1000)),
      group: Int32Array.from({ length: rows }, (_, b) => Math.floor(b / samples)),
      sampleLogProbs: everything ? perToken((r) => -r.uniform()) : logProbs,
      policyLogProbs: logProbs,
      finish: right.map((one) => (one ? "eos" : "length")),
      completions: right.map((_, b) => `completion "${b}"\n`),
      tokensPerSecond: 1,
      ...(everything && {
        foreign: Uint8Array.from({ length: rows }, (_, b) => (b % 5 === 4 ? 1 : 0)),
        columns: {
          quality: Float32Array.from(right, (_, b) => b / 8),
          weight: perToken((r) => r.uniform()),
          scale: 0.1,
        },
      }),
    },
    rewards: {
      values: Float32Array.from(right, (one, b) => (everything && b === 1 ? Number.NaN : one ? 1 : 0)),
      verdicts: right.map((one, b) => ({
        ...{ score: one ? 1 : 0, status: one ? "correct" : "wrong", reason: `row ${b}`, ms: 1, verifier },
      })),
      ...(everything && { components: { format: Float32Array.from(right, () => 0.5) } }),
    },
    advantages: {
      perToken: everything
        ? perToken((r) => r.uniform() - 0.5)
        : perToken(() => 0).map((_, i) => perRow[Math.floor(i / (width - 1))] ?? 0),
      ...(everything && { mask: mask.map((one, i) => (i % 7 === 0 ? 0 : one)) }),
    },
    entropies: perToken((r) => r.uniform()),
  };
}
