/**
 * The synchronous door into onnxruntime-node.
 *
 * The package's public `run` only looks asynchronous: it computes on the calling thread inside `setImmediate`. Inside a
 * worker a call that says what it does is simpler and cheaper, so this module opens the package's native binding itself.
 * That binding is no public interface: the version is pinned, and every function used is looked for before the first call.
 */
import { createRequire } from "node:module";
import { refuse } from "../refuse.ts";
import type { HostTensor } from "./host-tensor.ts";

/** The one version whose binding this module knows. */
const knownVersion = "1.30.0";

/** What the binding reads of an input and returns for an output. */
export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** A loaded graph in the binding. `run` blocks the calling thread until the outputs are there. */
export interface NativeSession {
  loadModel(buffer: ArrayBufferLike, offset: number, length: number, options: object): void;
  run(feeds: Record<string, OrtTensor>, fetches: Record<string, null>, options: object): Record<string, OrtTensor>;
  endProfiling(): void;
  dispose(): void;
}

/** The binding, opened and checked. */
export interface OnnxRuntime {
  readonly version: string;
  createSession(): NativeSession;
  /** An input for `run`: the array is handed over as it is, without a copy. */
  tensor(
    type: "float32" | "float64" | "int32" | "bool",
    data: HostTensor["data"] | Float64Array,
    shape: readonly number[],
  ): OrtTensor;
}

interface BindingModule {
  readonly binding: { readonly InferenceSession: new () => NativeSession };
  initOrt(): void;
}

interface CommonModule {
  readonly Tensor: new (type: string, data: HostTensor["data"] | Float64Array, dims: readonly number[]) => OrtTensor;
}

/**
 * Loads the native binding.
 *
 * @throws UsageError when the package is missing, of another version, without a binary for this platform, or lacks a
 *   function that is used here
 */
export function openOnnxRuntime(): OnnxRuntime {
  const { version, bindingModule, common } = loadModules();
  if (version !== knownVersion) {
    refuse("engine", `onnxruntime-node is ${version}`, `install exactly ${knownVersion}: the engine uses its binding`);
  }
  if (!isBindingModule(bindingModule) || !isCommonModule(common)) {
    const remedy = "reinstall the package (`npm ci`)";
    return refuse("engine", `onnxruntime-node ${version} lacks the session binding of ${knownVersion}`, remedy);
  }
  bindingModule.initOrt();
  const { InferenceSession } = bindingModule.binding;
  const { Tensor } = common;
  return {
    version,
    createSession: () => new InferenceSession(),
    tensor: (type, data, shape) => new Tensor(type, data, shape),
  };
}

/** Log level "fatal": what goes wrong is thrown, with what to do; ONNX Runtime need not print it as well. */
export const silent = 4;

interface Explained {
  readonly pattern: RegExp;
  readonly problem: (match: RegExpExecArray) => string;
  readonly remedy: string;
}

const wrongInput: readonly Explained[] = [
  {
    pattern: /idx=(-?\d+) must be within the inclusive range \[-?\d+,(-?\d+)\]/,
    // Negative ones come here moved down by the size: see the kernel of tf.gather.
    problem: ([, index, last]) => {
      const given = Number(index) < 0 ? Number(index) + Number(last) + 1 : index;
      return `index ${given} lies outside of 0 to ${last}`;
    },
    remedy: "check the indices that tf.gather or a scatter gets",
  },
  {
    pattern: /invalid ind(?:ex|ice) found, ind(?:ex|ice) = (-?\d+)/,
    problem: ([, index]) => `index ${index} lies outside of the tensor`,
    remedy: "check the indices that tf.gatherND or a scatter gets",
  },
  {
    pattern: /Integer (?:division|modulo) by zero/,
    problem: () => "an int32 is divided by 0",
    remedy: "divide float32 tensors, or by what is not 0",
  },
];

/** Throws a failure of ONNX Runtime in terms of the graph's function; the failure itself is the cause. */
export function refuseFailure({ name }: { readonly name: string }, what: "load" | "run", cause: unknown): never {
  const message = cause instanceof Error ? cause.message : String(cause);
  for (const { pattern, problem, remedy } of wrongInput) {
    const match = pattern.exec(message);
    if (match !== null) return refuse(name, problem(match), remedy, cause);
  }
  const remedy =
    what === "load"
      ? "check the shapes and dtypes that the function computes with, or use `.eager(...)`"
      : "check the values passed to the function, and compare with `.eager(...)`";
  return refuse(name, `ONNX Runtime cannot ${what} its graph (${message})`, remedy, cause);
}

function loadModules(): { version: string; bindingModule: unknown; common: unknown } {
  try {
    const require = createRequire(import.meta.url);
    const manifest = require.resolve("onnxruntime-node/package.json");
    const description: unknown = require(manifest);
    const version = has(description, "version") ? String(description.version) : "of unknown version";
    const bindingModule: unknown = require("onnxruntime-node/dist/binding.js");
    // The tensor class must be the very one that the package itself uses.
    const common: unknown = createRequire(manifest)("onnxruntime-common");
    return { version, bindingModule, common };
  } catch (error) {
    const remedy = "run `npm ci`; supported are Linux, macOS and Windows on x64 and arm64";
    return refuse("engine", `onnxruntime-node does not load on ${process.platform}/${process.arch}`, remedy, error);
  }
}

function isBindingModule(module: unknown): module is BindingModule {
  if (!has(module, "binding") || !has(module, "initOrt") || typeof module.initOrt !== "function") return false;
  if (!has(module.binding, "InferenceSession") || typeof module.binding.InferenceSession !== "function") return false;
  const prototype: unknown = module.binding.InferenceSession.prototype;
  return ["loadModel", "run", "endProfiling", "dispose"].every(
    (name) => has(prototype, name) && typeof prototype[name] === "function",
  );
}

function isCommonModule(module: unknown): module is CommonModule {
  return has(module, "Tensor") && typeof module.Tensor === "function";
}

function has<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return (typeof value === "object" || typeof value === "function") && value !== null && key in value;
}
