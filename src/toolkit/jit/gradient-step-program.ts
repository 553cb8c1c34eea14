/** The worker's half of {@link gradientStep}: gradients and moments stay here, only figures go back. */
import { refuse } from "../refuse.ts";
import {
  type AdamWSettings,
  adamWStep,
  addScaled,
  type Moments,
  type OptimizerState,
  scaleInPlace,
  sumOfSquares,
} from "./adamw.ts";
import { moved, resolveFeeds, type WireFeed } from "./engine-program.ts";
import type { HostTensor } from "./host-tensor.ts";
import type { CallContext, CallResult, Program } from "./program.ts";
import { type Runtime, type Weight, WeightStore } from "./runtime.ts";

/** A gradient graph and which of its outputs is what. */
export interface GradientCall {
  /** The graph's key. */
  readonly key: string;
  readonly feeds: Readonly<Record<string, WireFeed>>;
  /** Output with the loss. */
  readonly loss: string;
  /** Output of each metric. */
  readonly metrics: Readonly<Record<string, string>>;
  /** Output of each parameter's gradient; a parameter that the loss does not depend on has none. */
  readonly gradients: Readonly<Record<string, string>>;
}

/** What a micro-batch returns. */
export interface StepFigures {
  readonly loss: number;
  readonly metrics: Record<string, HostTensor>;
}

/** Optimizer state of one {@link gradientStep}. */
class Learner {
  readonly store: WeightStore;
  readonly settings: AdamWSettings;
  readonly decaying: ReadonlySet<string>;
  readonly gradients = new Map<string, Float32Array>();
  readonly moments = new Map<string, Moments>();
  step = 0;

  constructor(store: WeightStore, settings: AdamWSettings) {
    this.store = store;
    this.settings = settings;
    this.decaying = new Set(settings.decaying);
    for (const [name, { data }] of store.weights) {
      this.moments.set(name, { first: new Float32Array(data.length), second: new Float32Array(data.length) });
    }
  }

  get bytes(): number {
    let total = 0;
    for (const gradient of this.gradients.values()) total += gradient.byteLength;
    for (const { first, second } of this.moments.values()) total += first.byteLength + second.byteLength;
    return total;
  }

  momentsOf(name: string): Moments {
    const moments = this.moments.get(name);
    if (moments === undefined) throw new Error(`internal: no moments for ${name}`);
    return moments;
  }
}

function create(runtime: Runtime, { store, settings }: { store: number; settings: AdamWSettings }): CallResult {
  return { result: runtime.keep(new Learner(runtime.resource(WeightStore, store), settings)) };
}

interface Accumulate {
  readonly learner: number;
  readonly weight: number;
  readonly call: GradientCall;
}

function accumulate(runtime: Runtime, { learner, weight, call }: Accumulate, context: CallContext): CallResult {
  const { gradients } = runtime.resource(Learner, learner);
  const outputs = runtime.sessionOf(call.key).run(resolveFeeds(runtime, call.feeds));
  context.checkpoint(); // the gradients of an abandoned micro-batch are not added
  for (const [name, output] of Object.entries(call.gradients)) {
    const values = floats(outputs, output);
    const sum = gradients.get(name);
    if (sum !== undefined) addScaled(sum, values, weight);
    else {
      // The run's outputs belong to the caller, so the first micro-batch's arrays become the sums.
      if (weight !== 1) scaleInPlace(values, weight);
      gradients.set(name, values);
    }
  }
  return { result: figures(outputs, call) };
}

function figures(outputs: Readonly<Record<string, HostTensor>>, call: GradientCall): StepFigures {
  const metrics: Record<string, HostTensor> = {};
  for (const [name, output] of Object.entries(call.metrics)) metrics[name] = find(outputs, output);
  return { loss: floats(outputs, call.loss)[0] ?? Number.NaN, metrics };
}

function find(outputs: Readonly<Record<string, HostTensor>>, name: string): HostTensor {
  const output = outputs[name];
  if (output === undefined) throw new Error(`internal: the gradient graph has no output ${name}`);
  return output;
}

function floats(outputs: Readonly<Record<string, HostTensor>>, name: string): Float32Array {
  const { data } = find(outputs, name);
  if (!(data instanceof Float32Array)) throw new Error(`internal: output ${name} is not float32`);
  return data;
}

interface Apply {
  readonly learner: number;
  readonly learningRate: number;
  readonly maxGradNorm?: number;
}

function apply(runtime: Runtime, { learner: id, learningRate, maxGradNorm }: Apply): CallResult {
  const learner = runtime.resource(Learner, id);
  const { gradients, settings, store } = learner;
  if (gradients.size === 0) refuse("gradientStep.apply", "no gradient was accumulated", "call accumulate() first");
  const gradNorm = globalNorm(gradients);
  // Clipping as PyTorch's clip_grad_norm_, with its 1e-6.
  const scale = maxGradNorm === undefined ? 1 : Math.min(1, maxGradNorm / (gradNorm + 1e-6));
  learner.step++;
  let squares = 0;
  for (const [name, gradient] of gradients) {
    const weightDecay = learner.decaying.has(name) ? settings.weightDecay : 0;
    const scalars = { learningRate, scale, weightDecay, step: learner.step };
    squares += adamWStep(store.get(name).data, gradient, learner.momentsOf(name), settings, scalars);
  }
  gradients.clear();
  return { result: { gradNorm, updateNorm: Math.sqrt(squares) } };
}

function globalNorm(gradients: Map<string, Float32Array>): number {
  let squares = 0;
  for (const [name, gradient] of gradients) {
    const part = sumOfSquares(gradient);
    if (!Number.isFinite(part)) {
      gradients.clear();
      const remedy =
        "the weights are as before and the gradients are dropped: look at the loss, or lower the learning rate";
      refuse("gradientStep.apply", `the gradient of ${name} is not finite`, remedy);
    }
    squares += part;
  }
  return Math.sqrt(squares);
}

function discard(runtime: Runtime, { learner }: { learner: number }): CallResult {
  runtime.resource(Learner, learner).gradients.clear();
  return {};
}

function readState(runtime: Runtime, { learner: id }: { learner: number }): CallResult {
  const { step, moments, store } = runtime.resource(Learner, id);
  const [first, second]: Record<string, Weight>[] = [{}, {}];
  for (const [name, { shape }] of store.weights) {
    const moment = moments.get(name);
    if (first === undefined || second === undefined || moment === undefined) continue;
    first[name] = { data: moment.first.slice(), shape };
    second[name] = { data: moment.second.slice(), shape };
  }
  return { result: { step, first, second } };
}

function writeState(runtime: Runtime, { learner: id, state }: { learner: number; state: OptimizerState }): CallResult {
  const learner = runtime.resource(Learner, id);
  for (const moments of [state.first, state.second]) checkMoments(learner, moments);
  for (const [name, target] of learner.moments) {
    const [first, second] = [state.first[name], state.second[name]];
    if (first) target.first.set(first.data);
    if (second) target.second.set(second.data);
  }
  learner.step = state.step;
  learner.gradients.clear();
  return {};
}

function checkMoments(learner: Learner, moments: Readonly<Record<string, HostTensor>>): void {
  const remedy = "restore a state of the same parameters";
  for (const [name, { data, shape }] of learner.store.weights) {
    const moment = moments[name];
    if (moment === undefined) refuse("gradientStep.restore", `the state has no moments of ${name}`, remedy);
    const fits = moment.data instanceof Float32Array && moment.data.length === data.length;
    if (fits && moment.shape.join() === shape.join()) continue;
    refuse("gradientStep.restore", `the moments of ${name} have shape [${moment.shape.join(", ")}]`, remedy);
  }
}

function gradients(runtime: Runtime, { call }: { call: GradientCall }): CallResult {
  const outputs = runtime.sessionOf(call.key).run(resolveFeeds(runtime, call.feeds));
  const result: Record<string, HostTensor> = {};
  for (const [name, output] of Object.entries(call.gradients)) result[name] = find(outputs, output);
  return { ...moved(result), result: { ...figures(outputs, call), gradients: result } };
}

export const program: Program = { create, accumulate, apply, discard, readState, writeState, gradients };
