/** Work on stored tensors that goes on where it was cut off. */
import { fileFingerprint, type PartialResults } from "../partial-results.ts";
import { widths } from "../policy/safetensors-header.ts";
import type { FileTensor } from "./tensor-file.ts";
import { type JobResults, onTensors, type TensorJob } from "./tensor-pool.ts";

/** Raised when a job's result changes for the same tensors and options. */
const layout = 1;

/**
 * As {@link onTensors}, with each finished job kept: those that are there already are not done again. The caller clears the
 * parts once it has no more use for them.
 */
export async function onTensorsKept<K extends TensorJob["kind"]>(
  jobs: readonly (TensorJob & { readonly kind: K })[],
  threads: number,
  parts: PartialResults | undefined,
  onDone: (at: number, done: number) => void = () => {},
): Promise<JobResults[K][]> {
  if (parts === undefined) return await onTensors<K>(jobs, threads, onDone);
  const keys = await Promise.all(jobs.map(keyOf));
  const results: (JobResults[K] | undefined)[] = [];
  for (const [at, key] of keys.entries()) {
    const found = await parts.find(key);
    results.push(found as JobResults[K] | undefined); // its key says which kind of job it is of
    if (found !== undefined) onDone(at, results.filter((result) => result !== undefined).length);
  }
  const left = [...jobs.keys()].filter((at) => results[at] === undefined);
  const before = jobs.length - left.length;
  const writing: Promise<void>[] = [];
  const todo = left.flatMap((at) => jobs[at] ?? []);
  await onTensors<K>(todo, threads, (i, done, result) => {
    const at = left[i] ?? -1;
    results[at] = result;
    writing.push(parts.keep(keys[at], result).catch(notKept));
    onDone(at, before + done);
  });
  await Promise.all(writing);
  return results.map((result, at) => {
    if (result === undefined) throw new Error(`internal: tensor job ${at} gave nothing`);
    return result;
  });
}

/** The work goes on; a call that is cut off would do this part again. */
function notKept(error: unknown): void {
  process.emitWarning(
    `a finished part could not be kept: ${error instanceof Error ? error.message : String(error)}`,
    "PartialResults",
  );
}

async function keyOf(job: TensorJob): Promise<unknown> {
  const tensors = "pair" in job ? [job.pair.before, job.pair.after] : job.tensors;
  return {
    ...{ layout, kind: job.kind, options: "options" in job ? job.options : undefined },
    tensors: await Promise.all(tensors.map(tensorKey)),
  };
}

async function tensorKey({ name, dtype, shape, count, file, offset }: FileTensor): Promise<unknown> {
  const content = await fileFingerprint(file, { offset, bytes: count * widths[dtype] });
  return { name, dtype, shape, content };
}
