/** New checkpoints from old ones, tensor by tensor: same files, names, shapes and element types as the weights before. */
import { copyFile, open, readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { writeFolderAtomic } from "../files.ts";
import { refuse } from "../refuse.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { FactorOptions, Target } from "./factors.ts";
import { pairCheckpoints } from "./pair-checkpoints.ts";
import type { FileTensor } from "./tensor-file.ts";
import { defaultThreads, onTensors } from "./tensor-pool.ts";

export interface WriteOptions {
  /** Default: the cores of this process, at most 8. */
  readonly threads?: number;
  /** Called after each tensor. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number; readonly name: string }) => void;
}

/** How the top of a change is found: exactly up to a shorter axis of 1024, then by a sketch. */
export function factorOptions(rank: number): FactorOptions {
  return { rank, oversampling: 16, passes: 3, exactUpTo: 1024 };
}

/**
 * Writes W + Δ_r of every matrix, Δ_r the best rank-r approximation of the change (Eckart & Young 1936); vectors keep their whole
 * change unless r is 0. Configuration and tokenizer are copied from the folder of the weights before.
 *
 * @param rank from 0 (the weights before) up
 * @param output a folder that is not there yet, or empty
 */
export async function writeTruncatedCheckpoint(
  before: Checkpoint,
  after: Checkpoint,
  rank: number,
  output: string,
  options: WriteOptions = {},
): Promise<void> {
  if (!Number.isInteger(rank) || rank < 0) refuse("writeTruncatedCheckpoint", `rank is ${rank}`, "pass a whole number");
  const { pairs } = pairCheckpoints(before, after, []);
  await writeLike(before, output, [after], async (targetOf) => {
    const jobs = pairs.map(
      (pair) => ({ kind: "truncate", pair, options: factorOptions(rank), target: targetOf(pair.before) }) as const,
    );
    await onTensors(jobs, options.threads ?? defaultThreads(), progress(options, [...before.tensors.keys()]));
  });
}

/**
 * Writes Σ_t weights_t(name) · θ_t, tensor by tensor.
 *
 * @param checkpoints the first gives files, element types and configuration
 * @param weightsOf for each tensor one weight a checkpoint
 * @param output a folder that is not there yet, or empty
 */
export async function writeCombinedCheckpoint(
  checkpoints: readonly Checkpoint[],
  weightsOf: (name: string) => readonly number[],
  output: string,
  options: WriteOptions = {},
): Promise<void> {
  const where = "writeCombinedCheckpoint";
  const [first, ...others] = checkpoints;
  if (first === undefined) return refuse(where, "there are no checkpoints", "pass at least one");
  for (const other of others) pairCheckpoints(first, other, []);
  const names = [...first.tensors.keys()];
  const weights = new Map(names.map((name) => [name, weightsOf(name)]));
  for (const [name, given] of weights) {
    if (given.length === checkpoints.length && given.every(Number.isFinite)) continue;
    refuse(where, `the weights of "${name}" are [${given.join(", ")}]`, `pass ${checkpoints.length} finite numbers`);
  }
  await writeLike(first, output, others, async (targetOf) => {
    const jobs = [...first.tensors.values()].map((tensor) => {
      const tensors = checkpoints.flatMap(({ tensors }) => tensors.get(tensor.name) ?? []);
      return { kind: "sum", tensors, weights: weights.get(tensor.name) ?? [], target: targetOf(tensor) } as const;
    });
    await onTensors(jobs, options.threads ?? defaultThreads(), progress(options, names));
  });
}

/** A worker's count of done jobs as a caller's progress. */
export function progress({ onProgress }: WriteOptions, names: readonly string[]): (at: number, done: number) => void {
  return (at, done) => onProgress?.({ done, total: names.length, name: names[at] ?? "" });
}

/** @throws UsageError when something is there already */
export async function checkFresh(output: string, sources: readonly Checkpoint[]): Promise<void> {
  if (sources.some(({ folder }) => resolve(folder) === resolve(output))) {
    refuse("output", `${output} is one of the checkpoints`, "name a new folder");
  }
  const there = await readdir(output).catch(() => []);
  if (there.length > 0) refuse("output", `${output} holds ${there.length} files already`, "name a new folder");
}

/** Files beside the weights that a model needs to open. */
const beside = /\.(json|txt|model|jinja)$/;

/** Makes files of the same headers and sizes, lets `fill` write the numbers, and takes the folder's name in one step. */
async function writeLike(
  model: Checkpoint,
  output: string,
  others: readonly Checkpoint[],
  fill: (targetOf: (tensor: FileTensor) => Target) => Promise<void>,
): Promise<void> {
  await checkFresh(output, [model, ...others]);
  await writeFolderAtomic(output, async (temporary) => {
    const files = new Map<string, FileTensor[]>();
    for (const tensor of model.tensors.values()) files.set(tensor.file, [...(files.get(tensor.file) ?? []), tensor]);
    for (const [file, tensors] of files) await emptyCopy(file, tensors, join(temporary, basename(file)));
    for (const name of await readdir(model.folder)) {
      if (beside.test(name)) await copyFile(join(model.folder, name), join(temporary, name));
    }
    await fill(({ file, offset, dtype }) => ({ file: join(temporary, basename(file)), offset, dtype }));
    for (const file of files.keys()) await flush(join(temporary, basename(file)));
  });
}

/** A file with the header of another, and zeros for numbers. */
async function emptyCopy(file: string, tensors: readonly FileTensor[], target: string): Promise<void> {
  const header = new Uint8Array(Math.min(...tensors.map(({ offset }) => offset)));
  const source = await open(file);
  try {
    await source.read(header, 0, header.byteLength, 0);
  } finally {
    await source.close();
  }
  const copy = await open(target, "w");
  try {
    await copy.writeFile(header);
    await copy.truncate((await stat(file)).size);
  } finally {
    await copy.close();
  }
}

async function flush(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
