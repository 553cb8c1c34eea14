/**
 * One optimizer step of a loss, without the weights or gradients leaving the engine's worker.
 *
 * The loss is an ordinary TensorFlow.js function. For each new shape of batch it is traced once, with its gradient, into
 * one graph. A step is some `accumulate` calls (micro-batches) and one `apply`:
 *
 *     g = Σ_i weight_i ∇loss(batch_i),   then clipping and AdamW in place
 *
 * With one number of threads the same calls give the same bits. Another split of the same rows into micro-batches adds
 * the same gradients in another order: results then agree to float32 rounding (about 1e-6), not to the bit.
 */
import * as tf from "@tensorflow/tfjs";
import { entryPoint } from "../entry-point.ts";
import { refuse } from "../refuse.ts";
import { type AdamWOptions, type AdamWSettings, adamWSettings, type OptimizerState } from "./adamw.ts";
import { type Batch, batchKey, batchTensors, flattenBatch } from "./batch.ts";
import { type Engine, type Feed, packed } from "./engine.ts";
import type { OpTime } from "./engine-program.ts";
import type { GradientCall, StepFigures } from "./gradient-step-program.ts";
import { GraphBuilder, type GraphModel } from "./graph.ts";
import type { HostTensor } from "./host-tensor.ts";
import type { ParameterStore } from "./parameter-store.ts";
import { Recent } from "./recent.ts";
import { record, tensorOfValue, valueOfTensor } from "./trace.ts";

/** What a loss function returns: the loss, and figures that are only reported. */
export interface LossResult {
  readonly loss: tf.Tensor;
  readonly metrics?: Readonly<Record<string, tf.Tensor>>;
}

/**
 * A loss of named parameters on a batch. It runs when a new shape is traced, not at every step: whatever changes from
 * step to step must be in the batch.
 *
 * @template B the batch as the function sees it: tensors in plain objects and arrays; other values are part of the shape
 */
export type LossFunction<B> = (parameters: Record<string, tf.Tensor>, batch: B) => LossResult;

/** Options of {@link gradientStep}. */
export interface GradientStepOptions {
  readonly parameters: ParameterStore;
  readonly optimizer: AdamWOptions;
  /** Name of the graph in messages and profiles. Default: the function's own. */
  readonly name?: string;
}

/** What {@link GradientStep.gradients} returns. */
export interface LossAndGradients extends StepFigures {
  /** By parameter; those that the loss does not depend on are left out. */
  readonly gradients: Record<string, HostTensor>;
}

/** What {@link GradientStep.explain} returns. */
export interface StepExplanation {
  /** Nodes of the graph. */
  readonly nodes: number;
  /** Floating-point operations of its matrix products. */
  readonly flops: number;
  /** Time by type of operator, slowest first. */
  readonly ops: readonly OpTime[];
}

/** Options of {@link GradientStep.apply}. */
export interface ApplyOptions {
  readonly learningRate: number;
  /** Gradients longer than this are scaled down to it. Default: no clipping. */
  readonly maxGradNorm?: number;
}

interface Compiled {
  readonly model: GraphModel;
  readonly metrics: Readonly<Record<string, string>>;
  readonly gradients: Readonly<Record<string, string>>;
}

/** Graphs kept of one step, one for each shape of batch; the least recently used goes first. */
const maxGraphs = 64;

/** A loss bound to its parameters and their optimizer. Made by {@link gradientStep}. */
export class GradientStep<B> {
  readonly parameters: ParameterStore;
  readonly #loss: LossFunction<B>;
  readonly #name: string;
  readonly #settings: AdamWSettings;
  readonly #compiled = new Recent<string, Compiled>(maxGraphs);
  readonly #program: URL;
  #learner: Promise<number> | undefined;

  constructor(loss: LossFunction<B>, { parameters, optimizer, name }: GradientStepOptions) {
    this.parameters = parameters;
    this.#loss = loss;
    this.#name = name ?? (loss.name || "loss");
    this.#settings = adamWSettings(optimizer, parameters.shapes);
    this.#program = entryPoint("./gradient-step-program.ts", import.meta.url);
  }

  /** Compiles the step for batches of this shape and loads its graph, so that the first step does not have to. */
  async prepare(batch: Batch<B>): Promise<void> {
    const { model } = this.#compile(batch);
    await Promise.all([this.#engine.prepare(model), this.#learnerId()]);
  }

  /**
   * Adds weight · ∇loss(batch) to the gradients of this step.
   *
   * @returns the batch's own loss and metrics, not weighted; a NaN in them is passed on
   */
  async accumulate(batch: Batch<B>, weight = 1, options: { signal?: AbortSignal } = {}): Promise<StepFigures> {
    if (!Number.isFinite(weight)) refuse(this.#name, `the weight is ${weight}`, "pass a finite number");
    const learner = await this.#learnerId();
    const payload = { learner, weight, call: this.#gradientCall(batch) }; // no await between it and the engine's call
    return this.#engine.call(this.#program, "accumulate", payload, options);
  }

  /**
   * Clips the accumulated gradients by their global norm, takes one AdamW step, and starts new gradients.
   *
   * @returns the norm of the gradients before clipping, and of the change of the weights
   * @throws UsageError when nothing was accumulated or a gradient is not finite: the weights then stay as they are
   */
  async apply({ learningRate, maxGradNorm }: ApplyOptions): Promise<{ gradNorm: number; updateNorm: number }> {
    if (!(learningRate >= 0 && Number.isFinite(learningRate))) {
      refuse(this.#name, `learningRate is ${learningRate}`, "pass a finite number, 0 or more");
    }
    if (maxGradNorm !== undefined && !(maxGradNorm > 0)) {
      refuse(this.#name, `maxGradNorm is ${maxGradNorm}`, "pass a number above 0, or leave it out");
    }
    const clip = maxGradNorm === undefined ? {} : { maxGradNorm };
    return this.#call("apply", { learningRate, ...clip });
  }

  /** Forgets the gradients accumulated since the last `apply`. */
  async discard(): Promise<void> {
    await this.#call("discard", {});
  }

  /** Loss, metrics and gradients of one batch, for looking at: nothing is accumulated. */
  async gradients(batch: Batch<B>): Promise<LossAndGradients> {
    return this.#engine.call(this.#program, "gradients", { call: this.#gradientCall(batch) });
  }

  /** A copy of the optimizer's state. */
  state(): Promise<OptimizerState> {
    return this.#call("readState", {});
  }

  /** Continues from a state, bit for bit; accumulated gradients are forgotten. @throws UsageError when it does not fit */
  async restore(state: OptimizerState): Promise<void> {
    if (!Number.isInteger(state.step) || state.step < 0) {
      refuse(this.#name, `the state's step is ${state.step}`, "pass what state() returned");
    }
    const { step, first, second } = state;
    await this.#call("writeState", { state: { step, first: packed(first), second: packed(second) } });
  }

  /** The graph for batches of this shape, with the time of each type of operator. */
  async explain(batch: Batch<B>): Promise<StepExplanation> {
    const { model } = this.#compile(batch);
    const ops = await this.#engine.profile(model, this.#feeds(batch));
    return { nodes: model.nodeCount, flops: model.flops, ops };
  }

  /** Frees gradients and moments; the parameters stay. */
  async dispose(): Promise<void> {
    if (this.#learner !== undefined) this.#engine.release(await this.#learner);
    this.#learner = undefined;
  }

  get #engine(): Engine {
    return this.parameters.engine;
  }

  async #call<T>(method: string, payload: object): Promise<T> {
    return this.#engine.call<T>(this.#program, method, { learner: await this.#learnerId(), ...payload });
  }

  #learnerId(): Promise<number> {
    this.#learner ??= this.#createLearner();
    return this.#learner;
  }

  async #createLearner(): Promise<number> {
    const payload = { store: this.parameters.idIn(this.#engine), settings: this.#settings };
    const id = await this.#engine.call<number>(this.#program, "create", payload);
    this.#engine.releaseWith(this, id);
    return id;
  }

  #feeds(batch: Batch<B>): Record<string, Feed> {
    const feeds: Record<string, Feed> = {};
    for (const name of Object.keys(this.parameters.shapes)) feeds[parameterInput(name)] = this.parameters.ref(name);
    for (const { path, tensor } of flattenBatch(batch)) feeds[path] = tensor;
    return feeds;
  }

  #gradientCall(batch: Batch<B>): GradientCall {
    const { model, metrics, gradients } = this.#compile(batch);
    const key = this.#engine.register(model);
    return { key, feeds: this.#engine.wireFeeds(this.#feeds(batch)), loss: "loss", metrics, gradients };
  }

  #compile(batch: Batch<B>): Compiled {
    return this.#compiled.get(batchKey(batch), () => this.#trace(batch));
  }

  #trace(batch: Batch<B>): Compiled {
    const graph = new GraphBuilder(this.#name);
    const shapes = Object.entries(this.parameters.shapes);
    return record(this.#name, graph, () => {
      const inputs = shapes.map(([name, shape]) => tensorOfValue(graph.input(parameterInput(name), "float32", shape)));
      const seen = batchTensors<B>(batch, (path, dtype, shape) => tensorOfValue(graph.input(path, dtype, shape)));
      const { value, gradients, metrics } = this.#differentiate(inputs, seen);
      graph.output("loss", valueOfTensor(value));
      const outputs = (prefix: string, tensors: Record<string, tf.Tensor>) =>
        Object.fromEntries(
          Object.entries(tensors).map(([name, tensor]) => {
            graph.output(prefix + name, valueOfTensor(tensor));
            return [name, prefix + name];
          }),
        );
      const names = { metrics: outputs("metric:", metrics), gradients: outputs("gradient:", gradients) };
      return { model: graph.build(), ...names };
    });
  }

  #differentiate(inputs: tf.Tensor[], batch: B): Differentiated {
    const names = Object.keys(this.parameters.shapes);
    let metrics: Readonly<Record<string, tf.Tensor>> = {};
    const loss = (): tf.Scalar => {
      const result = this.#loss(Object.fromEntries(names.map((name, i) => [name, inputs[i] as tf.Tensor])), batch);
      if (result.loss.size !== 1) refuse(this.#name, `the loss has shape [${result.loss.shape}]`, "return one number");
      if (result.loss.dtype !== "float32") refuse(this.#name, `the loss is ${result.loss.dtype}`, "return a float32");
      metrics = result.metrics ?? {};
      for (const metric of Object.values(metrics)) tf.keep(metric); // the gradient's scope would dispose of them
      return result.loss.asScalar();
    };
    // `tf.grads` refuses a loss that does not depend on every parameter; the function under it does not.
    const { value, grads } = tf.engine().gradients(loss, inputs, undefined, true);
    const gradients: Record<string, tf.Tensor> = {};
    for (const [i, name] of names.entries()) {
      const gradient: tf.Tensor | undefined = grads[i];
      if (gradient) gradients[name] = gradient;
    }
    return { value, gradients, metrics: { ...metrics } };
  }
}

interface Differentiated {
  readonly value: tf.Tensor;
  readonly gradients: Record<string, tf.Tensor>;
  readonly metrics: Record<string, tf.Tensor>;
}

function parameterInput(name: string): string {
  return `parameter:${name}`;
}

/** Binds a loss to its parameters and an AdamW over them. */
export function gradientStep<B>(loss: LossFunction<B>, options: GradientStepOptions): GradientStep<B> {
  return new GradientStep(loss, options);
}
