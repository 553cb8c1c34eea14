/**
 * The backend that `fn.eager(...)` and plain TensorFlow.js code run on. Compiled functions do not use it.
 *
 * TensorFlow's own library (with CUDA, or without) is fast but is fetched by an install script; where it is not there,
 * the JavaScript backend does the same slowly. The wasm backend is left out: it has no gradient of an embedding, and its
 * `oneHot` returns wrong bits as float32.
 */
import * as tf from "@tensorflow/tfjs";

/** A package that was looked for and is of no use here. */
export interface MissingBackend {
  readonly package: string;
  readonly reason: string;
  readonly remedy: string;
}

export interface EagerBackend {
  /** Name of the TensorFlow.js backend now in use: "tensorflow" or "cpu". */
  readonly backend: string;
  /** The package it came from. */
  readonly package: string;
  /** Faster ones that were tried first. */
  readonly missing: readonly MissingBackend[];
}

const NATIVE = [
  {
    package: "@tensorflow/tfjs-node-gpu",
    remedy: "npm rebuild @tensorflow/tfjs-node-gpu --ignore-scripts=false (fetches TensorFlow; needs CUDA)",
  },
  {
    package: "@tensorflow/tfjs-node",
    remedy: "npm install @tensorflow/tfjs-node --ignore-scripts=false (fetches TensorFlow)",
  },
] as const;

/** Switches to the fastest backend that is installed, and says what was not. Never throws for a missing one. */
export async function eagerBackend(): Promise<EagerBackend> {
  const missing: MissingBackend[] = [];
  for (const candidate of NATIVE) {
    const reason = await load(candidate.package);
    if (reason === undefined && (await tf.setBackend("tensorflow"))) {
      return { backend: tf.getBackend(), package: candidate.package, missing };
    }
    missing.push({ ...candidate, reason: reason ?? "its backend did not start" });
  }
  await tf.setBackend("cpu");
  return { backend: tf.getBackend(), package: "@tensorflow/tfjs", missing };
}

/** Loads a package that registers the backend "tensorflow"; returns why that did not work. */
async function load(name: string): Promise<string | undefined> {
  try {
    await import(name);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.split("\n")[0]?.trim() || "it cannot be loaded";
  }
  const registered = tf.engine().registryFactory;
  return "tensorflow" in registered ? undefined : "it is here without TensorFlow's library";
}

/**
 * Lets the JavaScript backend start without its advice to install another one, which it prints on standard error at its
 * first tensor: `eagerBackend()` says better what is missing. A backend that has started is left as it is.
 */
export function startQuietly(): void {
  const factory = tf.findBackendFactory("cpu");
  if (factory === undefined || "cpu" in tf.engine().registry) return;
  const priority = 1; // the one it had
  tf.removeBackend("cpu");
  tf.registerBackend("cpu", () => quiet(factory()), priority);
}

function quiet(made: ReturnType<NonNullable<ReturnType<typeof tf.findBackendFactory>>>): typeof made {
  if ("firstUse" in made) made.firstUse = false;
  return made;
}
