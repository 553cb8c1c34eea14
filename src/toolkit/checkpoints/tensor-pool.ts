/**
 * Work on stored tensors, one tensor a thread at a time: reading, subtracting, decomposing and writing all happen there, so that the
 * caller's event loop lives and no more than a few hundred megabytes a thread are held, whatever the size of the models.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { entryPoint } from "../entry-point.ts";
import { UsageError } from "../refuse.ts";
import type { DeltaFactors, FactorOptions, Target } from "./factors.ts";
import type { MeasureOptions, TensorMeasure } from "./measure.ts";
import type { FilePair } from "./pair-checkpoints.ts";
import type { FileTensor } from "./tensor-file.ts";

/** What a worker does, by name; what comes back is in {@link JobResults}. */
export type TensorJob =
  | { readonly kind: "measure"; readonly pair: FilePair; readonly options: MeasureOptions }
  | { readonly kind: "factors"; readonly pair: FilePair; readonly options: FactorOptions }
  | { readonly kind: "truncate"; readonly pair: FilePair; readonly options: FactorOptions; readonly target: Target }
  | {
      readonly kind: "sum";
      readonly tensors: readonly FileTensor[];
      readonly weights: readonly number[];
      readonly target: Target;
    }
  | { readonly kind: "gram"; readonly tensors: readonly FileTensor[] };

export interface JobResults {
  readonly measure: TensorMeasure;
  readonly factors: DeltaFactors;
  readonly truncate: undefined;
  readonly sum: undefined;
  /** [T, T] */
  readonly gram: Float64Array;
}

/** What a worker sends back. */
export type TensorReply =
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "error"; readonly usage: boolean; readonly message: string };

/** Threads beyond this find no more to do than wait for memory. */
const mostThreads = 8;

/** Cores this process may use, at most 8. */
export function defaultThreads(): number {
  return Math.min(mostThreads, availableParallelism());
}

/**
 * Does jobs of one kind on threads of their own, the costly ones first; results are in the order of the jobs. The first job that
 * fails ends all.
 *
 * @param onDone called after each job with its place, how many are done, and what came of it
 */
export async function onTensors<K extends TensorJob["kind"]>(
  jobs: readonly (TensorJob & { readonly kind: K })[],
  threads: number,
  onDone: (at: number, done: number, result: JobResults[K]) => void = () => {},
): Promise<JobResults[K][]> {
  const order = jobs.map((job, at) => ({ at, cost: costOf(job) })).sort((a, b) => b.cost - a.cost || a.at - b.at);
  const results: JobResults[K][] = [];
  let [next, done] = [0, 0];
  const url = entryPoint("./tensor-program.ts", import.meta.url);
  const workers = Array.from({ length: Math.min(threads, jobs.length) }, () => new Worker(url, { name: "tensors" }));
  const serve = async (worker: Worker): Promise<void> => {
    for (;;) {
      const at = order[next++]?.at;
      const job = at === undefined ? undefined : jobs[at];
      if (at === undefined || job === undefined) return;
      const result = await perform<JobResults[K]>(worker, job);
      results[at] = result;
      onDone(at, ++done, result);
    }
  };
  try {
    await Promise.all(workers.map(serve));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return results;
}

/** Some measure of the work: numbers times the shorter axis. */
function costOf(job: TensorJob): number {
  const { shape, count } = "pair" in job ? job.pair.before : (job.tensors[0] ?? { shape: [], count: 0 });
  const rows = shape.length < 2 ? 1 : (shape[0] ?? 1);
  return count * Math.min(rows, count / Math.max(1, rows));
}

function perform<T>(worker: Worker, job: TensorJob): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const settle = (end: () => void) => {
      worker.off("message", receive).off("error", fail).off("exit", stop);
      end();
    };
    const receive = (reply: TensorReply & { readonly result: T }): void =>
      settle(() => {
        if (reply.kind === "result") resolve(reply.result);
        else reject(reply.usage ? new UsageError(reply.message) : new Error(reply.message));
      });
    const fail = (error: Error): void => settle(() => reject(error));
    const stop = (code: number): void => settle(() => reject(new Error(`internal: a tensor thread ended (${code})`)));
    worker.on("message", receive).on("error", fail).on("exit", stop);
    worker.postMessage(job);
  });
}
