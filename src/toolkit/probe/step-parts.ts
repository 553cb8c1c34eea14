/**
 * One step of training taken apart by the problems it trained on, in parts that add up to the step.
 *
 * With token weights w (`recompute` gives them) problem u's share of the ascent direction is g_u = Σ w ∇ log π over its rows. The
 * clipped sum is c G, G = Σ_u g_u + (what of the loss is not in the token weights). Then
 *
 *     plain   part_u = η c g_u
 *     AdamW   part_u = D (1 − β1) c g_u,   momentum = −D β1 m,   decay = −η λ θ      (m is of the loss: it descends)
 *             D = η √(1 − β2^t) / (1 − β1^t) / (√v' + ε √(1 − β2^t)),   v' = β2 v + (1 − β2) (c G)²
 *
 * AdamW's step is linear in the gradient once v' is known, so the parts add up to it exactly; leaving a problem out in reality would
 * also change v', which a part does not know.
 */
import { type AdamWOptions, type AdamWSettings, adamWSettings, type OptimizerState } from "../jit/adamw.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import { type LayerRange, layerRanges } from "../policy/layers.ts";
import type { Policy } from "../policy/policy.ts";
import { progressReporter } from "../progress.ts";
import { refuse } from "../refuse.ts";
import type { Rollouts } from "../rollout.ts";
import { MOST_NUMBERS } from "./gradient-alignment.ts";
import { stepTerms } from "./update-effects.ts";
import { weightedGradients } from "./weighted-gradients.ts";

/** A step's completions and how hard each token was pushed: `{ rollouts, ...(await recompute(step, algorithm, { policy })) }`. */
export interface WeightedStep {
  readonly rollouts: Pick<Rollouts, "rows" | "width" | "ids" | "group" | "problems">;
  /** [B, T] −dloss / dlog p. */
  readonly tokenWeights: Float32Array;
  /** Of the loss, by weight. Default: what the token weights make. With it, what they leave out (an entropy bonus) is a part of its own. */
  readonly gradient?: Readonly<Record<string, HostTensor>>;
}

/** How the step is made of the gradient. */
export type StepRule = {
  readonly learningRate: number;
  /** Longest gradient. Default: no clipping. */
  readonly maxGradNorm?: number;
} & (
  | { readonly kind: "plain" }
  /** `state`: before the step. Default: a fresh one, whose first step is sign-like. */
  | { readonly kind: "adamw"; readonly optimizer?: AdamWOptions; readonly state?: OptimizerState }
);

export interface StepPartsOptions {
  readonly rule: StepRule;
  /** Of sampling. Default 1. */
  readonly temperature?: number;
}

/** Changes of the weights, flat, in the order of the policy's weights. */
export interface StepParts {
  /** Problems trained on, in order of their groups; then, where there are such, "momentum", "weight decay", "other terms". */
  readonly ids: readonly string[];
  /** How many of the ids are problems. */
  readonly problems: number;
  readonly layers: readonly LayerRange[];
  /** Length of each problem's share of the gradient, before clipping; 0: its completions teach nothing. */
  readonly gradientNorms: readonly number[];
  readonly gradientNorm: number;
  /** What part u adds to the weights. */
  change(part: number): Float32Array;
  /** A plain step along the same gradient, as long as the part; the part itself where it is of no gradient. */
  plainChange(part: number): Float32Array;
  /** What the rule makes of another gradient within this step, at the same preconditioner and clipping. */
  changeOf(gradient: Float32Array): Float32Array;
  /** All parts together. */
  whole(): Float32Array;
}

const [MOMENTUM, DECAY, OTHER] = stepTerms;

/**
 * Takes a step apart. Holds one gradient a problem.
 *
 * @throws UsageError for weights that do not fit, an empty step, a problem twice, or gradients that do not fit in 2 GiB
 */
export async function stepParts(policy: Policy, step: WeightedStep, options: StepPartsOptions): Promise<StepParts> {
  const { rule, temperature = 1 } = options;
  checkStep(policy, step, rule);
  const { rollouts, tokenWeights } = step;
  const rowsOf = rollouts.problems.map((_, g) =>
    Array.from(rollouts.group.keys()).filter((b) => rollouts.group[b] === g),
  );
  const groups = rowsOf.flatMap((rows, g) => (rows.length > 0 ? [{ rows, id: rollouts.problems[g]?.id ?? "" }] : []));
  const report = progressReporter({ task: "gradients of the step", total: groups.length, unit: "problems" });
  const gradients: Float32Array[] = [];
  const found = weightedGradients(
    policy,
    { ...rollouts, weights: tokenWeights },
    groups.map(({ rows }) => rows),
    {
      temperature,
      name: "stepParts",
    },
  );
  report(0);
  for await (const { gradient } of found) report(gradients.push(gradient));
  const sum = total(gradients, policy.parameters.count);
  const whole = step.gradient === undefined ? sum : flat(step.gradient, policy.parameters.shapes, -1);
  const other = whole.map((value, i) => value - (sum[i] ?? 0));
  const parts: Part[] = groups.map(({ id }, u) => ({ id, gradient: gradients[u] ?? sum }));
  if (norm(other) > 1e-4 * norm(whole)) parts.push({ id: OTHER, gradient: other });
  const weights = flat(await policy.parameters.read(), policy.parameters.shapes);
  return partsOf(parts, groups.length, { rule, whole, weights, shapes: policy.parameters.shapes });
}

interface Part {
  readonly id: string;
  /** Absent: the part is `change` itself. */
  readonly gradient?: Float32Array;
  readonly change?: Float32Array;
}

interface Setting {
  readonly rule: StepRule;
  readonly whole: Float32Array;
  readonly weights: Float32Array;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

function partsOf(given: readonly Part[], problems: number, setting: Setting): StepParts {
  const { rule, whole, shapes } = setting;
  const gradientNorm = norm(whole);
  const clip = rule.maxGradNorm === undefined ? 1 : Math.min(1, rule.maxGradNorm / (gradientNorm + 1e-6));
  const { scale, more } = rule.kind === "plain" ? plainScale(rule.learningRate * clip) : adamScale(rule, setting, clip);
  const parts = [...given, ...more];
  const changeOf = (gradient: Float32Array): Float32Array => gradient.map((value, i) => value * scale(i));
  const change = (u: number): Float32Array => {
    const part = parts[u] ?? refuse("stepParts", `there is no part ${u}`, `pass 0 to ${parts.length - 1}`);
    return part.change ?? changeOf(part.gradient ?? new Float32Array());
  };
  return {
    ids: parts.map(({ id }) => id),
    problems,
    layers: layerRanges(shapes),
    gradientNorms: given.slice(0, problems).map(({ gradient }) => norm(gradient ?? whole)),
    gradientNorm,
    change,
    plainChange(u) {
      const own = change(u);
      const gradient = parts[u]?.gradient;
      const length = gradient === undefined ? 0 : norm(gradient);
      if (gradient === undefined || length === 0) return own;
      const by = norm(own) / length;
      return gradient.map((value) => value * by);
    },
    changeOf,
    whole: () =>
      total(
        parts.map((_, u) => change(u)),
        whole.length,
      ),
  };
}

interface Scale {
  /** Factor on entry i of a gradient. */
  readonly scale: (i: number) => number;
  readonly more: readonly Part[];
}

function plainScale(rate: number): Scale {
  return { scale: () => rate, more: [] };
}

function adamScale(rule: StepRule & { kind: "adamw" }, { whole, weights, shapes }: Setting, clip: number): Scale {
  const settings = adamWSettings(rule.optimizer ?? {}, shapes);
  const { beta1, beta2, epsilon } = settings;
  const [first, second] = [flat(rule.state?.first ?? {}, shapes), flat(rule.state?.second ?? {}, shapes)];
  const t = (rule.state?.step ?? 0) + 1;
  const root = Math.sqrt(1 - beta2 ** t);
  const rate = (rule.learningRate * root) / (1 - beta1 ** t);
  const factor = Float64Array.from(whole, (g, i) => {
    const v = beta2 * (second[i] ?? 0) + (1 - beta2) * (clip * g) ** 2;
    return rate / (Math.sqrt(v) + epsilon * root);
  });
  const more: Part[] = [];
  const momentum = first.map((m, i) => -m * beta1 * (factor[i] ?? 0));
  if (norm(momentum) > 0) more.push({ id: MOMENTUM, change: momentum });
  const decay = decayOf(settings, weights, shapes, rule.learningRate);
  if (norm(decay) > 0) more.push({ id: DECAY, change: decay });
  return { scale: (i) => (factor[i] ?? 0) * (1 - beta1) * clip, more };
}

function decayOf(
  { weightDecay, decaying }: AdamWSettings,
  weights: Float32Array,
  shapes: Setting["shapes"],
  learningRate: number,
): Float32Array {
  const out = new Float32Array(weights.length);
  if (weightDecay === 0) return out;
  let at = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const length = size(shape);
    if (decaying.includes(name)) {
      for (let i = at; i < at + length; i++) out[i] = -learningRate * weightDecay * (weights[i] ?? 0);
    }
    at += length;
  }
  return out;
}

function checkStep(policy: Policy, { rollouts, tokenWeights, gradient }: WeightedStep, rule: StepRule): void {
  const where = "stepParts";
  if (rollouts.rows === 0) refuse(where, "the step has no completions", "pass a step that sampled");
  if (tokenWeights.length !== rollouts.rows * (rollouts.width - 1)) {
    const given = `${tokenWeights.length} token weights for ${rollouts.rows} rows of width ${rollouts.width}`;
    refuse(where, given, "pass those that recompute made of the same rollouts");
  }
  const bad = tokenWeights.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) refuse(where, `token weight ${bad} is ${tokenWeights[bad]}`, "pass finite numbers");
  const ids = rollouts.problems.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) refuse(where, `problem "${twice}" is in two groups`, "give each problem one group");
  if (!(rule.learningRate > 0 && rule.learningRate < Infinity)) {
    refuse(where, `learningRate is ${rule.learningRate}`, "pass a number above 0");
  }
  const { count, shapes } = policy.parameters;
  if (ids.length * count > MOST_NUMBERS) {
    const most = Math.floor(MOST_NUMBERS / count);
    refuse(where, `${ids.length} gradients of ${count} weights`, `pass a step of at most ${most} problems`);
  }
  const { first = {}, second = {} } = (rule.kind === "adamw" && rule.state) || {};
  for (const [name, { data }] of [gradient ?? {}, first, second].flatMap((tensors) => Object.entries(tensors))) {
    const shape = shapes[name];
    if (shape !== undefined && size(shape) === data.length) continue;
    const given = `"${name}" has ${data.length} numbers, in the policy ${shape === undefined ? "none" : size(shape)}`;
    refuse(where, given, "pass gradient and optimizer state of the same policy");
  }
}

const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Tensors by name as one vector in the order of the shapes; what is missing is 0. */
export function flat(
  tensors: Readonly<Record<string, HostTensor>>,
  shapes: Readonly<Record<string, readonly number[]>>,
  factor = 1,
): Float32Array {
  const out = new Float32Array(Object.values(shapes).reduce((sum, shape) => sum + size(shape), 0));
  let at = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const data = tensors[name]?.data ?? [];
    for (let i = 0; i < data.length; i++) out[at + i] = factor * (data[i] ?? 0);
    at += size(shape);
  }
  return out;
}

function total(vectors: readonly Float32Array[], length: number): Float32Array {
  const sum = new Float64Array(length);
  for (const vector of vectors) for (let i = 0; i < length; i++) sum[i] = (sum[i] ?? 0) + (vector[i] ?? 0);
  return Float32Array.from(sum);
}

export function norm(vector: Float32Array): number {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return Math.sqrt(squares);
}
