/**
 * AdamW: Adam with decoupled weight decay, in place over weight arrays.
 * Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101, algorithm 2; Kingma & Ba 2015,
 * "Adam", arXiv:1412.6980, for the bias correction.
 *
 *     g ← c·g,  c = min(1, maxGradNorm / (‖g‖ + 1e-6))
 *     m ← β1 m + (1 − β1) g,   v ← β2 v + (1 − β2) g²
 *     w ← w − η ( m̂ / (√v̂ + ε) + λ w ),   m̂ = m / (1 − β1^t),   v̂ = v / (1 − β2^t)
 *
 * As in PyTorch the decay is scaled by the learning rate, and the clipping is `clip_grad_norm_`'s. Arithmetic is double,
 * moments and weights are float32.
 */
import { refuse } from "../refuse.ts";
import type { HostTensor } from "./host-tensor.ts";

/** Settings of AdamW. The learning rate comes with every step and has no default. */
export interface AdamWOptions {
  /** β1. Default 0.9: Kingma & Ba 2015. */
  readonly beta1?: number;
  /** β2. Default 0.95: LLaMA, arXiv:2302.13971, section 2.3. Runs of some dozen steps never fill the 1000 of 0.999. */
  readonly beta2?: number;
  /** ε. Default 1e-8: Kingma & Ba 2015. */
  readonly epsilon?: number;
  /**
   * λ. Default 0, as in TRL (`TrainingArguments.weight_decay`): without it a weight that gets no gradient does not
   * move, which analyses of weight changes rely on.
   */
  readonly weightDecay?: number;
  /** Which parameters decay. Default: those of two dimensions or more, so norms and biases do not (nanoGPT's rule). */
  readonly decays?: (name: string, shape: readonly number[]) => boolean;
}

/** AdamW's numbers, checked and complete, as they cross to the worker. */
export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Names of the parameters that decay. */
  readonly decaying: readonly string[];
}

/** Everything AdamW remembers: restoring it continues a run bit for bit. */
export interface OptimizerState {
  /** Steps taken. */
  readonly step: number;
  /** First moments m by parameter. */
  readonly first: Readonly<Record<string, HostTensor>>;
  /** Second moments v by parameter. */
  readonly second: Readonly<Record<string, HostTensor>>;
}

/** Fills in defaults and checks them. @throws UsageError on a setting out of range */
export function adamWSettings(
  { beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weightDecay = 0, decays = hasColumns }: AdamWOptions,
  shapes: Readonly<Record<string, readonly number[]>>,
): AdamWSettings {
  if (!(beta1 >= 0 && beta1 < 1)) refuse("adamW", `beta1 is ${beta1}`, "pass a number in [0, 1)");
  if (!(beta2 >= 0 && beta2 < 1)) refuse("adamW", `beta2 is ${beta2}`, "pass a number in [0, 1)");
  if (!(epsilon > 0 && Number.isFinite(epsilon))) refuse("adamW", `epsilon is ${epsilon}`, "pass a number above 0");
  if (!(weightDecay >= 0 && Number.isFinite(weightDecay))) {
    refuse("adamW", `weightDecay is ${weightDecay}`, "pass a number, 0 or more");
  }
  const decaying = Object.entries(shapes).flatMap(([name, shape]) => (decays(name, shape) ? [name] : []));
  return { beta1, beta2, epsilon, weightDecay, decaying };
}

function hasColumns(_name: string, shape: readonly number[]): boolean {
  return shape.length >= 2;
}

/** Moments of one parameter; zero at first. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** The numbers of one step that are the same for all of a parameter's entries. */
export interface StepScalars {
  readonly learningRate: number;
  /** Factor on the gradient: clipping. */
  readonly scale: number;
  /** λ of this parameter. */
  readonly weightDecay: number;
  /** t, from 1. */
  readonly step: number;
}

/** Updates one parameter in place. Returns the squared length of its change before rounding to float32. */
export function adamWStep(
  weights: Float32Array,
  gradient: Float32Array,
  { first, second }: Moments,
  { beta1, beta2, epsilon }: AdamWSettings,
  { learningRate, scale, weightDecay, step }: StepScalars,
): number {
  const [rest1, rest2] = [1 - beta1, 1 - beta2];
  // η m̂ / (√v̂ + ε) = η √c2 / c1 · m / (√v + ε √c2) takes one root and one division an entry.
  const root2 = Math.sqrt(1 - beta2 ** step);
  const rate = (learningRate * root2) / (1 - beta1 ** step);
  const floor = epsilon * root2;
  const decay = learningRate * weightDecay;
  let squares = 0;
  for (let i = 0; i < weights.length; i++) {
    const g = (gradient[i] as number) * scale;
    const m = beta1 * (first[i] as number) + rest1 * g;
    const v = beta2 * (second[i] as number) + rest2 * g * g;
    const w = weights[i] as number;
    const change = (rate * m) / (Math.sqrt(v) + floor) + decay * w;
    first[i] = m;
    second[i] = v;
    weights[i] = w - change;
    squares += change * change;
  }
  return squares;
}

/** Sum of squares, in double, in four interleaved parts. */
export function sumOfSquares(values: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = values.length - (values.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += (values[i] as number) ** 2;
    b += (values[i + 1] as number) ** 2;
    c += (values[i + 2] as number) ** 2;
    d += (values[i + 3] as number) ** 2;
  }
  for (let i = whole; i < values.length; i++) a += (values[i] as number) ** 2;
  return a + b + (c + d);
}

/** target += weight · values, in place. */
export function addScaled(target: Float32Array, values: Float32Array, weight: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) + weight * (values[i] as number);
}

/** values ·= weight, in place. */
export function scaleInPlace(values: Float32Array, weight: number): void {
  for (let i = 0; i < values.length; i++) values[i] = weight * (values[i] as number);
}
