/** Whoever runs scripts that train, such as `rlvr train`: hears of every run, and fills in what the script leaves open. */
import type { TrainOptions } from "./options.ts";
import type { Run } from "./run.ts";

export interface TrainHost {
  /** The options that the run is started with. */
  options(given: TrainOptions): TrainOptions;
  /** A run has begun. */
  started(run: Run): void;
}

const HOST = Symbol.for("rlvr.train"); // the script may have another copy of this module than its host

/** Every later `train` of this process tells `host`. @returns a function that ends it */
export function setTrainHost(host: TrainHost): () => void {
  Reflect.set(globalThis, HOST, host);
  return () => void Reflect.deleteProperty(globalThis, HOST);
}

export function trainHost(): TrainHost | undefined {
  const host: unknown = Reflect.get(globalThis, HOST);
  return isHost(host) ? host : undefined;
}

function isHost(value: unknown): value is TrainHost {
  return typeof value === "object" && value !== null && "options" in value && "started" in value;
}
