/**
 * Verification in worker threads that can be killed: a case that runs past its time, or past its memory, ends its worker; another
 * one takes its place, and the case's verdict says so. Nothing else of the batch is lost.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { entryPoint } from "../entry-point.ts";
import { refuse } from "../refuse.ts";
import { type AsyncVerifier, timedOut, type VerifierItem } from "./async-verifier.ts";
import { excerpt } from "./excerpt.ts";
import type { MathCase, MathOptions } from "./math/math-verifier.ts";
import { failure, type Outcome, signed, type Verdict, type VerifierIdentity } from "./verifier.ts";

/** Where a worker finds the verifier. */
export interface PoolSource {
  /** URL of a JavaScript module. */
  readonly module: string;
  /** Its exported function that makes the verifier. */
  readonly name: string;
  /** What that function is called with: structured-clonable. */
  readonly args: readonly unknown[];
}

export interface PoolRequest {
  readonly id: number;
  readonly problem: unknown;
  readonly completion: string;
}

export type PoolMessage =
  | { readonly kind: "ready"; readonly identity: VerifierIdentity }
  | { readonly kind: "broken"; readonly reason: string }
  | { readonly kind: "verdict"; readonly id: number; readonly verdict: Verdict }
  | { readonly kind: "error"; readonly id: number; readonly reason: string };

export interface PoolOptions {
  /** Worker threads. Default: one less than the machine's, at least 1. */
  readonly workers?: number;
  /** Wall-clock time of one case at most, ms. Default 1000: our longest case of mathematics takes a tenth of it. */
  readonly timeoutMs?: number;
  /** Heap of one worker at most, MiB. Default 256. */
  readonly memoryMb?: number;
}

export interface PoolDefinition extends PoolOptions {
  /** The JavaScript module (URL or `file:` text) whose export makes the verifier. */
  readonly module: string | URL;
  /** The export's name. */
  readonly name: string;
  /** What it is called with. Default nothing. */
  readonly args?: readonly unknown[];
}

/** Cases sent to a worker ahead, so that it does not wait for the next message. */
const AHEAD = 8;
/** A worker that has not begun after this is broken. */
const START_MS = 30_000;

interface Job {
  readonly id: number;
  readonly problem: unknown;
  readonly completion: string;
  readonly start: number;
  readonly resolve: (verdict: Verdict) => void;
}

interface Lane {
  readonly worker: Worker;
  ready: boolean;
  readonly jobs: Job[];
  timer: NodeJS.Timeout | undefined;
}

/** A verifier that runs in threads; close it with `close()` or `await using`. */
export class VerifierPool<Case> implements AsyncVerifier<Case> {
  readonly #source: PoolSource;
  readonly #timeoutMs: number;
  readonly #memoryMb: number;
  readonly #lanes = new Set<Lane>();
  readonly #queue: Job[] = [];
  readonly #size: number;
  #identity: VerifierIdentity;
  #count = 0;
  #broken: string | undefined;

  constructor({ module, name, args = [], workers, timeoutMs = 1000, memoryMb = 256 }: PoolDefinition) {
    const size = workers ?? Math.max(1, availableParallelism() - 1);
    if (!(Number.isInteger(size) && size > 0))
      refuse("verifierPool", `workers is ${size}`, "pass a whole number above 0");
    if (!(timeoutMs > 0 && timeoutMs < 2 ** 31))
      refuse("verifierPool", `timeoutMs is ${timeoutMs}`, "pass milliseconds above 0");
    if (!(memoryMb >= 16)) refuse("verifierPool", `memoryMb is ${memoryMb}`, "pass at least 16 MiB");
    this.#source = { module: String(module), name, args };
    [this.#size, this.#timeoutMs, this.#memoryMb] = [size, timeoutMs, memoryMb];
    this.#identity = { name, version: "unknown" };
  }

  get name(): string {
    return this.#identity.name;
  }

  /** "unknown" until the first worker has begun. */
  get version(): string {
    return this.#identity.version;
  }

  /** Worker threads alive. */
  get alive(): number {
    return this.#lanes.size;
  }

  /** Never rejects. */
  verify(problem: Case, completion: string): Promise<Verdict> {
    return new Promise((resolve) => {
      this.#queue.push({ id: this.#count++, problem, completion, start: performance.now(), resolve });
      this.#feed();
    });
  }

  /** The verdicts in the order of the items. */
  verifyBatch(items: readonly VerifierItem<Case>[]): Promise<Verdict[]> {
    return Promise.all(items.map(({ problem, completion }) => this.verify(problem, completion)));
  }

  /** Ends the workers; what they had not judged has status "failed". */
  async close(): Promise<void> {
    this.#broken ??= "the pool is closed";
    const lanes = [...this.#lanes];
    for (const lane of lanes) this.#retire(lane, failure("the pool was closed"));
    await Promise.all(lanes.map(({ worker }) => worker.terminate()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Sends what waits to workers with room, and starts workers while there are cases for them. */
  #feed(): void {
    if (this.#broken !== undefined) {
      for (const job of this.#queue.splice(0)) this.#settle(job, failure(this.#broken));
      return;
    }
    while (this.#lanes.size < this.#size && this.#queue.length > AHEAD * this.#lanes.size) this.#start();
    for (const lane of this.#lanes) {
      while (lane.ready && lane.jobs.length < AHEAD && this.#queue.length > 0) this.#send(lane);
    }
  }

  #start(): void {
    const worker = new Worker(entryPoint("./pool-program.ts", import.meta.url), {
      name: "verifier",
      workerData: this.#source,
      resourceLimits: {
        maxOldGenerationSizeMb: this.#memoryMb,
        maxYoungGenerationSizeMb: Math.max(8, this.#memoryMb / 8),
      },
    });
    const lane: Lane = { worker, ready: false, jobs: [], timer: undefined };
    this.#lanes.add(lane);
    lane.timer = setTimeout(() => this.#breakUp(lane, `a worker did not begin in ${START_MS} ms`), START_MS);
    worker.on("message", (message: PoolMessage) => this.#receive(lane, message));
    worker.on("error", (error) => this.#lost(lane, reasonOf(error)));
    worker.on("exit", (code) => this.#lost(lane, `the worker ended with code ${code}`));
    worker.unref();
  }

  #send(lane: Lane): void {
    const job = this.#queue.shift();
    if (job === undefined) return;
    const { id, problem, completion } = job;
    try {
      lane.worker.postMessage({ id, problem, completion } satisfies PoolRequest);
    } catch (error) {
      this.#settle(job, failure(`the case cannot be sent to a worker: ${excerpt(String(error))}`));
      return;
    }
    lane.jobs.push(job);
    if (lane.jobs.length === 1) this.#watch(lane);
  }

  /** Starts the time of the worker's first case. */
  #watch(lane: Lane): void {
    clearTimeout(lane.timer);
    lane.worker[lane.jobs.length > 0 ? "ref" : "unref"]();
    const [first] = lane.jobs;
    if (first === undefined) return;
    // Where this thread itself was busy, the verdict may be waiting behind the timer: it is let in first.
    lane.timer = setTimeout(() => setImmediate(() => setImmediate(() => this.#stop(lane, first))), this.#timeoutMs);
  }

  #stop(lane: Lane, job: Job): void {
    if (!this.#lanes.has(lane) || lane.jobs[0] !== job) return;
    void lane.worker.terminate();
    this.#retire(lane, timedOut(this.#timeoutMs, caseOf(job)));
    this.#feed();
  }

  #receive(lane: Lane, message: PoolMessage): void {
    if (!this.#lanes.has(lane)) return; // it was retired while the message was on its way
    switch (message.kind) {
      case "ready":
        clearTimeout(lane.timer);
        lane.ready = true;
        this.#identity = message.identity;
        break;
      case "broken":
        this.#breakUp(lane, message.reason);
        return;
      case "verdict":
        this.#take(lane, message.id)?.resolve(message.verdict);
        break;
      case "error": {
        const job = this.#take(lane, message.id);
        if (job !== undefined) this.#settle(job, failure(message.reason));
        break;
      }
      default:
        message satisfies never;
    }
    this.#feed();
  }

  #take(lane: Lane, id: number): Job | undefined {
    const job = lane.jobs.shift();
    if (job !== undefined && job.id !== id) throw new Error(`internal: case ${id} came before case ${job.id}`);
    this.#watch(lane);
    return job;
  }

  /** A worker that ended by itself: out of memory, or the verifier ended its thread. */
  #lost(lane: Lane, reason: string): void {
    if (!this.#lanes.has(lane)) return;
    if (!lane.ready) this.#breakUp(lane, reason);
    else this.#retire(lane, failure(`${reason}${caseOf(lane.jobs[0])}`));
    this.#feed();
  }

  /** Takes a worker out: its first case has that outcome, those behind it wait for another worker. */
  #retire(lane: Lane, outcome: Outcome): void {
    clearTimeout(lane.timer);
    this.#lanes.delete(lane);
    const [first, ...rest] = lane.jobs.splice(0);
    if (first !== undefined) this.#settle(first, outcome);
    this.#queue.unshift(...rest);
    if (this.#broken !== undefined) this.#feed();
  }

  /** No worker can begin: every case fails with the reason. */
  #breakUp(lane: Lane, reason: string): void {
    void lane.worker.terminate();
    this.#broken ??= `the verifier cannot be started: ${reason}`;
    this.#retire(lane, failure(this.#broken));
    this.#feed();
  }

  #settle(job: Job, outcome: Outcome): void {
    job.resolve(signed(outcome, job.start, this.#identity));
  }
}

/** Which case it was, for a reason. */
function caseOf(job: Job | undefined): string {
  return job === undefined ? "" : `, in case ${job.id}: ${excerpt(job.completion, 80)}`;
}

function reasonOf(error: unknown): string {
  const isMemory = error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
  return isMemory ? "the verifier ran out of memory" : `the worker failed: ${excerpt(String(error), 200)}`;
}

/**
 * A pool of threads for a verifier that a module's export makes.
 *
 * @example
 * await using pool = verifierPool({ module: new URL("./my-verifier.js", import.meta.url), name: "myVerifier", timeoutMs: 500 });
 * const verdicts = await pool.verifyBatch(items);
 */
export function verifierPool<Case>(definition: PoolDefinition): VerifierPool<Case> {
  return new VerifierPool(definition);
}

/** A pool of threads for `mathVerifier(options)`. */
export function mathVerifierPool(options: MathOptions = {}, pool: PoolOptions = {}): VerifierPool<MathCase> {
  const module = entryPoint("./math/math-verifier.ts", import.meta.url);
  return new VerifierPool({ ...pool, module, name: "mathVerifier", args: [options] });
}
