/**
 * The TensorFlow.js backend that records: its tensors are values of a graph under construction, its kernels add nodes.
 * It is active only while {@link record} runs a function, which is synchronous.
 */
import * as tf from "@tensorflow/tfjs";
import { startQuietly } from "./eager-backend.ts";
import { splat } from "./emit/expand.ts";
import { completeGradients } from "./gradients.ts";
import type { GraphBuilder, Value } from "./graph.ts";
import type { ConstantData } from "./graph-constants.ts";
import { captureRemedy, checkRandomness, refuseTraced } from "./guards.ts";
import { kernels } from "./kernels/index.ts";
import type { FloatType, KernelContext } from "./kernels/kernel.ts";

/** Constants above this are refused: they would be copied into every graph. 64 MiB holds any mask or table. */
const maxConstantBytes = 2 ** 26;

const readRemedy = "return the tensor and read the result of the call, or debug with `.eager(...)`";

/** One traced function: its graph and its tensors. */
export class Recording {
  readonly name: string;
  readonly context: KernelContext;
  /** The first refusal, thrown again at the end in case the function swallowed it. */
  failure: unknown;
  readonly #values = new WeakMap<object, Value>();
  readonly #tensors: tf.Tensor[] = [];

  constructor(name: string, graph: GraphBuilder, float: FloatType) {
    this.name = name;
    this.context = {
      name,
      graph,
      float,
      gathered: new Set(),
      refuse: (problem, remedy) => this.refuse(problem, remedy),
    };
  }

  /** Refuses something the function did, naming its line. */
  refuse(problem: string, remedy: string): never {
    try {
      return refuseTraced(this.name, problem, remedy);
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
  }

  /** The value behind a tensor. @throws UsageError when the tensor is not part of this trace */
  valueOf({ dataId, shape, dtype }: tf.TensorInfo): Value {
    const value = this.#values.get(dataId);
    if (value !== undefined) return value;
    const tensor = `a ${dtype} tensor of shape [${shape.join(", ")}]`;
    return this.refuse(`${tensor} was made outside of the function and captured by it`, captureRemedy);
  }

  /** A tensor that stands for a value. It is disposed of when the trace ends. */
  tensorOf(value: Value): tf.Tensor {
    const dataId = {};
    this.#values.set(dataId, value);
    const tensor = tf
      .engine()
      .makeTensorFromTensorInfo({ dataId, shape: [...value.shape], dtype: this.#dtypeOf(value) });
    this.#tensors.push(tensor);
    return tensor;
  }

  /** A host array becomes a constant of the graph. */
  write(values: tf.backend_util.TypedArray, shape: readonly number[], dtype: tf.DataType): object {
    if (dtype === "string" || dtype === "complex64") {
      this.refuse(`a tensor of dtype ${dtype} cannot be compiled`, "use float32, int32 or bool");
    }
    this.#check(() => checkRandomness(this.name));
    if (values.byteLength > maxConstantBytes) {
      this.refuse(`a constant of ${values.byteLength} bytes is made inside the function`, captureRemedy);
    }
    const { graph, float } = this.context;
    const type = dtype === "float32" ? float : dtype;
    const [first] = values;
    const equal = first !== undefined && values.every((value) => Object.is(value, first));
    const value = equal ? splat(graph, first, type, shape) : graph.constant(constantData(values), shape, type);
    const dataId = {};
    this.#values.set(dataId, value);
    return dataId;
  }

  /** Disposes of every tensor of the trace. */
  close(): void {
    for (const tensor of this.#tensors) if (!tensor.isDisposed) tensor.dispose();
  }

  #check(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
  }

  #dtypeOf({ dtype, name }: Value): "float32" | "int32" | "bool" {
    if (dtype === "int64") throw new Error(`internal: ${name} is int64, which TensorFlow.js does not have`);
    return dtype === "float64" ? "float32" : dtype;
  }
}

class TraceBackend extends tf.KernelBackend {
  recording: Recording | undefined;
  #count = 0;
  /** Tensors beyond the first that share their data: variables and what they were made from. */
  readonly #shared = new WeakMap<object, number>();

  get active(): Recording {
    if (this.recording === undefined) throw new Error("internal: the trace backend is used outside of a trace");
    return this.recording;
  }

  override write(values: tf.backend_util.TypedArray, shape: number[], dtype: tf.DataType): object {
    this.#count++;
    return this.active.write(values, shape, dtype);
  }

  override readSync(): never {
    return this.active.refuse("a traced tensor is read (dataSync, arraySync, print)", readRemedy);
  }

  override read(): never {
    return this.active.refuse("a traced tensor is read (data, array)", readRemedy);
  }

  override memory(): never {
    return this.active.refuse("tf.memory says nothing of a compiled function", "use `.explain(...)`");
  }

  override time(): never {
    return this.active.refuse("tf.time says nothing of a compiled function", "use `.explain(...)`");
  }

  override move(): never {
    return this.active.refuse("a tensor was made outside of the function and captured by it", captureRemedy);
  }

  override numDataIds(): number {
    return this.#count;
  }

  override refCount(dataId: object): number {
    return 1 + (this.#shared.get(dataId) ?? 0);
  }

  override incRef(dataId: object): void {
    this.#shared.set(dataId, (this.#shared.get(dataId) ?? 0) + 1);
  }

  /** Tells whether that was the last tensor of the data, which TensorFlow.js's own count needs to come out even. */
  override disposeData(dataId: object, force = false): boolean {
    const others = this.#shared.get(dataId) ?? 0;
    this.#shared.set(dataId, Math.max(0, others - 1));
    return force || others === 0;
  }

  override timerAvailable(): boolean {
    return false;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {}
}

completeGradients();
startQuietly();

const backend = new TraceBackend();
let registeredName: string | undefined;

/** The trace in progress, if any. */
export function activeRecording(): Recording | undefined {
  return backend.recording;
}

/** Runs `body` with the recording as the active backend; whatever happens, the previous backend is active afterwards. */
export function withRecording<T>(recording: Recording, body: () => T): T {
  if (backend.recording !== undefined) throw new Error("internal: a trace inside of a trace");
  tf.backend(); // initialises the default backend, when this is the first use of TensorFlow.js
  const previous = tf.getBackend();
  backend.recording = recording;
  activate(registration());
  try {
    return body();
  } finally {
    recording.close();
    backend.recording = undefined;
    activate(previous);
  }
}

/** `tf.setBackend` completes at once for a backend that is already there; its promise only says so later. */
function activate(name: string): void {
  void tf.setBackend(name);
  if (tf.getBackend() !== name) throw new Error(`internal: the backend ${name} did not become active`);
}

function registration(): string {
  if (registeredName !== undefined) return registeredName;
  let name = "rlvr-trace";
  while (tf.findBackendFactory(name) !== null) name += "-2"; // a second copy of this module in the process
  tf.registerBackend(name, () => backend, 0);
  for (const [kernelName, kernel] of kernels) {
    const kernelFunc: tf.KernelFunc = ({ inputs, attrs }) => {
      const { active } = backend;
      const values: Record<string, Value> = {};
      for (const [key, info] of Object.entries(inputs)) if (info) values[key] = active.valueOf(info);
      const result = kernel(active.context, values, attrs);
      return isList(result) ? result.map((value) => active.tensorOf(value)) : active.tensorOf(result);
    };
    tf.registerKernel({ kernelName, backendName: name, kernelFunc });
  }
  registeredName = name;
  return name;
}

function constantData(values: tf.backend_util.TypedArray): ConstantData {
  return values instanceof Uint8ClampedArray ? Uint8Array.from(values) : values;
}

function isList(result: Value | readonly Value[]): result is readonly Value[] {
  return Array.isArray(result);
}
