/** A training run under way: await its end, loop over its steps, listen to them, or stop it. */
import type { Policy } from "../policy/policy.ts";
import type { PreflightReport } from "./preflight/preflight.ts";
import type { EventSample, StepRecord } from "./record.ts";

/** How a run ended. */
export interface TrainedRun {
  /** The trained policy: the run's own copy of the weights. */
  readonly policy: Policy;
  /** The policy given to `train`, as it was. */
  readonly base: Policy;
  readonly records: readonly StepRecord[];
  /** The policy after some of the steps, as `snapshotEvery` asked for; the caller disposes of them. */
  readonly snapshots: readonly Snapshot[];
  /**
   * `"aborted"` when the signal stopped it, `"paused"` when an event did that `watch.pauseOn` names (the last record has
   * it); the policy is then as of the last full step.
   */
  readonly stopped: "finished" | "aborted" | "paused";
  readonly seconds: number;
}

/** The policy as it was after `step` steps. */
export interface Snapshot {
  readonly step: number;
  readonly policy: Policy;
}

/** What is known of a run before its first step. */
export interface RunInfo {
  readonly task: string;
  readonly algorithm: string;
  readonly steps: number;
  readonly seed: number;
  /** Where the run is kept on disk, if it is. */
  readonly folder?: string;
}

export interface Run extends AsyncIterable<StepRecord> {
  readonly info: RunInfo;
  /** Steps done so far. */
  readonly records: readonly StepRecord[];
  /** Completions of the newest step, of some problems one each; none of steps that an earlier process took. */
  readonly samples: readonly EventSample[];
  /** What was found before the first step, as soon as it is; undefined where nothing was looked at. Never rejects. */
  readonly preflight: Promise<PreflightReport | undefined>;
  /** Settles when the run ends; rejects when training had to stop. */
  readonly finished: Promise<TrainedRun>;
  /**
   * Calls `listener` after each step. A listener that throws is dropped with a warning; training goes on.
   *
   * @returns a function that ends it
   */
  onStep(listener: (record: StepRecord) => void): () => void;
}

/** How the loop tells a run of a step. */
export type EmitStep = (record: StepRecord, samples?: readonly EventSample[]) => void;

/** How the loop tells a run of its pre-flight. */
export type EmitPreflight = (report: PreflightReport | undefined) => void;

/** Starts `loop` and makes a run of it. Several consumers may loop over one run; each sees every step. */
export function startRun(
  info: RunInfo,
  loop: (emit: EmitStep, emitPreflight: EmitPreflight) => Promise<Omit<TrainedRun, "records">>,
): Run {
  const records: StepRecord[] = [];
  let newest: readonly EventSample[] = [];
  let emitPreflight: EmitPreflight = () => undefined;
  const preflight = new Promise<PreflightReport | undefined>((resolve) => {
    emitPreflight = resolve;
  });
  const listeners = new Set<(record: StepRecord) => void>();
  const waiting: (() => void)[] = [];
  let ended = false;
  const wake = (): void => {
    for (const resume of waiting.splice(0)) resume();
  };
  const emit: EmitStep = (record, samples = []) => {
    records.push(record);
    newest = samples;
    for (const listener of listeners) {
      if (!callSafely(listener, record)) listeners.delete(listener);
    }
    wake();
  };
  const finished = loop(emit, emitPreflight)
    .then((result) => ({ ...result, records }))
    .finally(() => {
      ended = true;
      emitPreflight(undefined); // where the run ended before it was told
      wake();
    });
  finished.catch(() => undefined); // whoever awaits `finished` or loops gets the error; nobody has to do both

  async function* iterate(): AsyncGenerator<StepRecord, void, undefined> {
    for (let next = 0; ; next++) {
      while (next >= records.length && !ended) await new Promise<void>((resume) => waiting.push(resume));
      const record = records[next];
      if (record === undefined) break;
      yield record;
    }
    await finished;
  }

  return {
    info,
    records,
    get samples() {
      return newest;
    },
    preflight,
    finished,
    onStep(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    [Symbol.asyncIterator]: iterate,
  };
}

/** A listener is a stranger's code: its failure must not cost the run. */
function callSafely(listener: (record: StepRecord) => void, record: StepRecord): boolean {
  try {
    listener(record);
    return true;
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(`a step listener failed at step ${record.step} and was dropped: ${reason}`, "RunListener");
    return false;
  }
}
