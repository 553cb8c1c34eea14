/** A step of a stored run, made ready to be taken apart: the policy before it, its completions with their weights, the optimizer's rule. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AdamWOptions, OptimizerState } from "../jit/adamw.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import { AGGREGATIONS, type Aggregation } from "../objective.ts";
import { Policy } from "../policy/policy.ts";
import { readSafetensors } from "../policy/safetensors.ts";
import type { StepRule, WeightedStep } from "../probe/step-parts.ts";
import { refuse } from "../refuse.ts";
import type { StoredRun } from "./read-run.ts";
import type { RolloutRow } from "./run-folder.ts";
import { storedStep } from "./stored-step.ts";

export interface StoredUpdate {
  readonly step: number;
  /** Before the step; the caller disposes of it. */
  readonly policy: Policy;
  /** What `stepParts` takes apart. */
  readonly weighted: WeightedStep;
  readonly rule: StepRule;
  readonly temperature: number;
  /** Folder of the policy after the step, where the run kept it: what the step really did. */
  readonly next?: string;
  /** What the reading left out of the loss. */
  readonly notes: readonly string[];
}

export interface StoredUpdateOptions {
  /** Folder of the policy that the run started from, for step 0 of a run that has not kept it. */
  readonly base?: string;
}

/** Steps of a run that can be taken apart: there are completions, and a checkpoint of the policy that sampled them. */
export function updatableSteps(run: StoredRun, { base }: StoredUpdateOptions = {}): number[] {
  const kept = new Set(run.checkpoints.map(stepOf));
  return run.records
    .filter(({ events }) => !events.some(({ kind }) => kind === "skipped"))
    .map(({ step }) => step)
    .filter((step) => kept.has(step) || (step === 0 && base !== undefined));
}

/**
 * Reads a step as a policy gradient of its stored advantages, averaged as the run's algorithm says: exact for on-policy methods that
 * take one update a step (GRPO, Dr. GRPO, DAPO, RLOO ...). Terms of the loss that do not depend on advantages are left out, and said.
 *
 * @throws UsageError when the policy before the step was not kept, or the run takes several updates a step
 */
export async function storedUpdate(
  run: StoredRun,
  step: number,
  options: StoredUpdateOptions = {},
): Promise<StoredUpdate> {
  const where = "storedUpdate";
  const settings = section(run.config, "settings");
  for (const name of ["innerEpochs", "miniBatches"]) {
    const count = numberIn(settings, name) ?? 1;
    if (count === 1) continue;
    refuse(where, `${run.folder} has ${name} ${count}`, "pass a run of one update a step: later ones are off-policy");
  }
  const record = run.records.find((one) => one.step === step);
  const rate = record?.metrics.learning_rate;
  if (record === undefined || rate === undefined || rate <= 0) {
    return refuse(where, `step ${step} of ${run.folder} made no update`, "pass a step of the run that did");
  }
  const folder = run.checkpoints.find((path) => stepOf(path) === step) ?? (step === 0 ? options.base : undefined);
  if (folder === undefined) {
    const missing =
      step === 0 ? "pass the base policy's folder" : "train with checkpointEvery, or pass a step that has one";
    return refuse(where, `the policy before step ${step} of ${run.folder} was not kept`, missing);
  }
  const policy = await Policy.load(folder);
  const { rollouts } = await storedStep(run, step, policy.tokenizer.padId);
  const maxGradNorm = numberIn(settings, "maxGradNorm");
  const { aggregation, notes } = lossOf(run);
  const tokenWeights = weightsOf(await run.rollouts(step), rollouts.width - 1, {
    aggregation,
    maxTokens: numberIn(settings, "maxTokens"),
  });
  const next = run.checkpoints.find((path) => stepOf(path) === step + 1);
  return {
    ...{ step, policy, notes, temperature: numberIn(settings, "temperature") ?? 1 },
    weighted: { rollouts, tokenWeights },
    rule: {
      kind: "adamw",
      learningRate: rate,
      optimizer: optimizerOf(settings),
      ...(maxGradNorm !== undefined && { maxGradNorm }),
      ...(step > 0 && { state: await stateOf(folder) }),
    },
    ...(next !== undefined && { next }),
  };
}

function stepOf(folder: string): number {
  return Number(/step-(\d+)$/.exec(folder)?.[1] ?? Number.NaN);
}

/** −dloss / dlog p at ratio 1: the advantage, by its share of the average. */
function weightsOf(
  rows: readonly RolloutRow[],
  tokens: number,
  { aggregation, maxTokens }: { readonly aggregation: Aggregation; readonly maxTokens: number | undefined },
): Float32Array {
  const out = new Float32Array(rows.length * tokens);
  const all = rows.reduce((sum, { advantages }) => sum + advantages.length, 0);
  const longest = rows.reduce((most, { advantages }) => Math.max(most, advantages.length), 1);
  for (const [b, { advantages, promptLength }] of rows.entries()) {
    const share = {
      "seq-mean-token-mean": 1 / (Math.max(advantages.length, 1) * rows.length),
      "token-mean": 1 / Math.max(all, 1),
      "seq-mean-token-sum": 1 / rows.length,
      constant: 1 / ((maxTokens ?? longest) * rows.length),
    }[aggregation];
    for (const [t, advantage] of advantages.entries()) {
      out[b * tokens + promptLength - 1 + t] = share * (advantage ?? 0); // null: not known, not trained on
    }
  }
  return out;
}

/** How the run's loss averages, and which of its terms a policy gradient of the advantages leaves out. */
function lossOf({ config }: StoredRun): { readonly aggregation: Aggregation; readonly notes: readonly string[] } {
  const { name, choices } = section(config, "algorithm");
  const list: readonly unknown[] = Array.isArray(choices) ? choices : [];
  const choiceOf = (wanted: string): unknown =>
    list.flatMap((choice) => (isRecord(choice) && choice.name === wanted ? [choice.value] : []))[0];
  const found = AGGREGATIONS.find((one) => one === choiceOf("aggregation"));
  const aggregation = found ?? "token-mean";
  const left = [
    ...(choiceOf("klCoefficient") ? ["its KL term"] : []),
    ...(choiceOf("entropyCoefficient") ? ["its entropy term"] : []),
    ...(["none", undefined].includes(choiceOf("update") as string | undefined)
      ? []
      : ["what it does to the weights after the step"]),
  ];
  const how = found === undefined ? `${aggregation} for want of a stated average` : aggregation;
  return {
    aggregation,
    notes: [
      `${String(name)} is read as a policy gradient of the stored advantages (${how})${left.length === 0 ? "" : `, without ${left.join(", ")}`}`,
    ],
  };
}

function optimizerOf(settings: Readonly<Record<string, unknown>>): AdamWOptions {
  const given = section(settings, "optimizer");
  const names = ["beta1", "beta2", "epsilon", "weightDecay"] as const;
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = numberIn(given, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The moments that a checkpoint keeps. @throws UsageError when they are not there */
async function stateOf(folder: string): Promise<OptimizerState> {
  const path = join(folder, "trainer.json");
  const text = await readFile(path, "utf8").catch((error: unknown) =>
    refuse("storedUpdate", `cannot read ${path}`, "pass a run whose checkpoints hold the optimizer's state", error),
  );
  const state: unknown = JSON.parse(text);
  const updates = isRecord(state) ? numberIn(state, "updates") : undefined;
  if (updates === undefined)
    return refuse("storedUpdate", `${path} does not say its updates`, "restore it from a copy");
  const moments = await readSafetensors(join(folder, "optimizer.safetensors"));
  const of = (prefix: string): Record<string, HostTensor> =>
    Object.fromEntries(
      Object.entries(moments).flatMap(([name, tensor]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
      ),
    );
  return { step: updates, first: of("first."), second: of("second.") };
}

function section(from: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const found = from[name];
  return isRecord(found) ? found : {};
}

function numberIn(from: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = from[name];
  return typeof value === "number" ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
