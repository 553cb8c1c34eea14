/** The arithmetic of a run in words: how prompts become completions, updates and micro-batches, and how far weights go. */

import type { TrainSettings } from "../options.ts";
import { rateAt } from "../options.ts";
import type { Finding } from "./finding.ts";

/** Counts of a run that the settings alone decide. */
export interface BatchArithmetic {
  /** prompts x group. */
  readonly completionsPerStep: number;
  /** Completions that one update learns from. */
  readonly completionsPerUpdate: number;
  /** Rows of the pieces that an update is computed in, and how many pieces it has. */
  readonly microBatchRows: number;
  readonly microBatchesPerUpdate: number;
  /** inner epochs x mini-batches. */
  readonly updatesPerStep: number;
  readonly updates: number;
  /** Updates that the weights of the last update of a step are ahead of those that sampled: 0 is on-policy. */
  readonly oldest: number;
  /** Of the learning rate over the steps. */
  readonly rate: { readonly first: number; readonly largest: number; readonly last: number };
}

/** @throws UsageError when the learning rate's schedule gives what is no rate at one of the steps */
export function batchArithmetic(settings: TrainSettings): BatchArithmetic {
  const { promptsPerStep, samplesPerPrompt, miniBatches, microBatches, innerEpochs, steps } = settings;
  const completionsPerStep = promptsPerStep * samplesPerPrompt;
  const completionsPerUpdate = Math.ceil(completionsPerStep / miniBatches);
  const microBatchRows = Math.ceil(completionsPerUpdate / microBatches);
  const updatesPerStep = innerEpochs * miniBatches;
  let largest = 0;
  for (let step = 0; step < steps; step++) largest = Math.max(largest, rateAt(settings, step));
  return {
    ...{ completionsPerStep, completionsPerUpdate, microBatchRows, updatesPerStep },
    microBatchesPerUpdate: Math.ceil(completionsPerUpdate / microBatchRows),
    updates: steps * updatesPerStep,
    oldest: updatesPerStep - 1,
    rate: { first: rateAt(settings, 0), largest, last: rateAt(settings, steps - 1) },
  };
}

/** One sentence a line. @param typicalWeight root mean square of the weights of matrices */
export function explainArithmetic(settings: TrainSettings, typicalWeight: number): string[] {
  const { promptsPerStep, samplesPerPrompt, miniBatches, innerEpochs, steps, tokens } = settings;
  const of = batchArithmetic(settings);
  const { updatesPerStep, oldest, rate } = of;
  const age =
    oldest === 0
      ? "the weights that learn are those that sampled: on-policy"
      : `the last of them learns from completions of weights ${count(oldest, "update")} older: off-policy`;
  const moved = rate.largest / typicalWeight;
  return [
    `${count(promptsPerStep, "prompt")} x ${samplesPerPrompt} completions = ${of.completionsPerStep} completions a step`,
    `${count(innerEpochs, "inner epoch")} x ${count(miniBatches, "mini-batch", "mini-batches")} = ` +
      `${count(updatesPerStep, "update")} a step, each on ${of.completionsPerUpdate} completions; ${age}`,
    `an update is computed in ${count(of.microBatchesPerUpdate, "micro-batch", "micro-batches")} of at most ` +
      `${of.microBatchRows} rows x ${tokens} positions; their number changes memory, not the result`,
    `${count(steps, "step")} = ${count(of.updates, "update")} on ${steps * of.completionsPerStep} completions, ` +
      `each learned from ${innerEpochs === 1 ? "once" : `${innerEpochs} times`}`,
    `learning rate ${short(rate.first)} at first, ${short(rate.largest)} at most, ${short(rate.last)} at last; ` +
      `Adam moves a weight by about that much an update, ${short(100 * moved)} % of a typical weight (${short(typicalWeight)})`,
  ];
}

/**
 * Share of a typical weight that one update may move it by. Our choice: Adam's update of a weight is about the learning
 * rate whatever the gradient's size, and ten updates in one direction then turn the weight over.
 */
const FARTHEST_UPDATE = 0.1;

export function rateFindings({ rate }: BatchArithmetic, typicalWeight: number): Finding[] {
  const { largest } = rate;
  if (largest === 0) {
    const problem = "the learning rate is 0 at every step";
    return [{ check: "learning-rate", level: "refusal", problem, remedy: "raise learningRate" }];
  }
  if (largest <= FARTHEST_UPDATE * typicalWeight) return [];
  const share = short((100 * largest) / typicalWeight);
  const problem = `learning rate ${short(largest)} moves a typical weight (${short(typicalWeight)}) by ${share} % an update`;
  return [{ check: "learning-rate", level: "warning", problem, remedy: "lower learningRate" }];
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(2)));
}
