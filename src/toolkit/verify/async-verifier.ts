/** Verifiers that take their time: a judging function that waits for something, and batches of either kind. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { refuse } from "../refuse.ts";
import {
  checked,
  failure,
  identityOf,
  type Judgement,
  messageOf,
  type Outcome,
  refusedUnread,
  signed,
  type Verdict,
  type Verifier,
  type VerifierIdentity,
  type VerifierKind,
} from "./verifier.ts";

export interface AsyncVerifier<Case> extends VerifierIdentity {
  /** Never rejects. */
  verify(problem: Case, completion: string): Promise<Verdict>;
}

export interface AsyncVerifierDefinition<Case> extends VerifierKind {
  /** Wall-clock time of one verification at most, ms; then its status is "timeout". Default 60,000. */
  readonly timeoutMs?: number;
  /** @param signal aborted when the time is up; what goes on all the same is not waited for */
  verify(problem: Case, completion: string, signal: AbortSignal): Promise<Judgement>;
}

/**
 * Wraps a judging function that returns a promise, as `defineVerifier` does one that does not. What never gives way to the event
 * loop cannot be stopped here: run it in a `verifierPool`.
 */
export function defineAsyncVerifier<Case>(definition: AsyncVerifierDefinition<Case>): AsyncVerifier<Case> {
  const verifier = identityOf(definition);
  const { timeoutMs = 60_000 } = definition;
  if (!(timeoutMs > 0 && timeoutMs < 2 ** 31)) {
    refuse(`defineAsyncVerifier: ${verifier.name}`, `timeoutMs is ${timeoutMs}`, "pass milliseconds above 0");
  }
  return {
    ...verifier,
    async verify(problem, completion) {
      const start = performance.now();
      const refused = refusedUnread(completion, definition.maxLength);
      if (refused !== undefined) return signed(refused, start, verifier);
      return signed(await inTime(definition, problem, completion, timeoutMs), start, verifier);
    },
  };
}

async function inTime<Case>(
  definition: AsyncVerifierDefinition<Case>,
  problem: Case,
  completion: string,
  timeoutMs: number,
): Promise<Outcome> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve(timedOut(timeoutMs)), timeoutMs);
  });
  try {
    const judged = Promise.resolve(definition.verify(problem, completion, abort.signal)).then(checked);
    return await Promise.race([judged, late]);
  } catch (error) {
    return failure(messageOf(error));
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

/** Status "timeout". */
export function timedOut(ms: number, what = ""): Outcome {
  return { score: null, status: "timeout", reason: `stopped after ${ms} ms${what}` };
}

/** A completion with what it is an answer to. */
export interface VerifierItem<Case> {
  readonly problem: Case;
  readonly completion: string;
}

export interface BatchOptions {
  /** Verifications under way at once, where the verifier is asynchronous. Default 16. */
  readonly concurrency?: number;
}

/** Longest stretch of verification between two turns of the event loop. */
const SLICE_MS = 8;

/** The verdicts of a batch, in its order. Nothing throws out of it: an item that breaks has status "failed". */
export async function verifyBatch<Case>(
  verifier: Verifier<Case> | AsyncVerifier<Case>,
  items: readonly VerifierItem<Case>[],
  { concurrency = 16 }: BatchOptions = {},
): Promise<Verdict[]> {
  if (!(Number.isInteger(concurrency) && concurrency > 0)) {
    refuse("verifyBatch", `concurrency is ${concurrency}`, "pass a whole number above 0");
  }
  const verdicts: Verdict[] = [];
  let next = 0;
  let sliceStart = performance.now();
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      const item = items[index];
      verdicts[index] = await verifySafely(verifier, item);
      if (performance.now() - sliceStart < SLICE_MS) continue;
      await nextTurn();
      sliceStart = performance.now();
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, lane));
  return verdicts;
}

async function verifySafely<Case>(
  verifier: Verifier<Case> | AsyncVerifier<Case>,
  item: VerifierItem<Case> | undefined,
): Promise<Verdict> {
  const start = performance.now();
  try {
    if (typeof item !== "object" || item === null) throw new TypeError(`the item is ${String(item)}, not a pair`);
    return await verifier.verify(item.problem, item.completion);
  } catch (error) {
    const { name, version, hash } = verifier;
    return signed(failure(messageOf(error)), start, { name, version, ...(hash === undefined ? {} : { hash }) });
  }
}
