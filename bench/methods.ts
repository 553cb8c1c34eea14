/**
 * Every method that needs no arguments, trained for three steps on sums with the nano policy, twice: `value` is the
 * method's time a step, `reference` GRPO's in the same run, so that `ratio` is what the method costs. A loss that is not
 * finite, or a second run that ends with other weights, ends the bench with 1.
 */
import { grpo } from "../src/algorithms/grpo.ts";
import type { Algorithm } from "../src/toolkit/algorithm.ts";
import { Engine } from "../src/toolkit/jit/engine.ts";
import { UsageError } from "../src/toolkit/refuse.ts";
import { chainAddition } from "../src/toolkit/tasks/index.ts";
import { pretrain } from "../src/toolkit/train/pretrain.ts";
import { train } from "../src/toolkit/train/train.ts";
import { allAlgorithms } from "./support/algorithms.ts";
import { median, report } from "./support/figure.ts";

const task = chainAddition({ digits: 3 });
const base = await pretrain({ task, size: "nano", flawedShare: 0.6, seed: 1 });
const sizes = { steps: 3, promptsPerStep: 16, samplesPerPrompt: 8, seed: 1 };

interface Trained {
  readonly ms: number;
  readonly fingerprint: string;
  readonly finite: boolean;
}

async function trained(algorithm: Algorithm): Promise<Trained> {
  const { policy, records } = await train({ policy: base, task, algorithm, ...sizes }).finished;
  const fingerprint = await policy.fingerprint();
  await policy.dispose();
  const values = records.flatMap(({ metrics }) => Object.values(metrics));
  return {
    ms: median(records.map(({ metrics }) => (metrics.step_time ?? 0) * 1000)),
    fingerprint,
    finite: values.every(Number.isFinite),
  };
}

/** A method whose defaults do not fit the task, such as one that puts words into prompts of digits. */
function refused(name: string, error: unknown): undefined {
  if (!(error instanceof UsageError)) throw error;
  console.error(`not measured: ${name}: ${error.message}`);
  return undefined;
}

for (const { name, algorithm } of allAlgorithms()) {
  const plain = await trained(grpo());
  const first = await trained(algorithm).catch((error: unknown) => refused(name, error));
  if (first === undefined) continue;
  const again = await trained(algorithm);
  if (!first.finite || first.fingerprint !== again.fingerprint) {
    console.error(`${name}: ${first.finite ? "the same seed gave other weights" : "a figure is not finite"}`);
    process.exitCode = 1;
  }
  report({
    bench: "methods",
    name: `${name}, nano, 128 completions, median of 3 steps`,
    value: first.ms,
    unit: "ms",
    against: "grpo",
    reference: plain.ms,
  });
}
await Engine.shared().close();
