/**
 * What a verifier says of a completion, and the wrapper that makes any judging function safe to train on.
 *
 * In RLVR the verifier is the data, so its own failures must never look like a policy's mistakes: an exception inside a
 * verifier is status "failed" with score `null`, and a trainer leaves such a row out instead of scoring it 0.
 */
import { createHash } from "node:crypto";
import { excerpt } from "./excerpt.ts";

/**
 * - `correct`: the answer was read and is right, score 1.
 * - `partial`: right in part, score strictly between 0 and 1.
 * - `wrong`: an answer was read and is not right, score 0.
 * - `unparsed`: no single answer could be read, score 0. The policy broke the format.
 * - `failed`: the verifier broke, score null. Says nothing about the completion.
 * - `timeout`: the verifier was stopped, score null. Says nothing about the completion.
 */
export type VerdictStatus = "correct" | "wrong" | "partial" | "unparsed" | "failed" | "timeout";

/** Which verifier spoke; stored with every rollout so that old rewards can be told from new ones. */
export interface VerifierIdentity {
  readonly name: string;
  /** Changes whenever a verdict could change. */
  readonly version: string;
  /** 16 hex digits of name, version and options: equal for two verifiers that judge alike. Absent in verdicts of others. */
  readonly hash?: string;
}

export interface Verdict {
  /** Reward in [0, 1]; `null` when the verifier itself failed, which is never to be counted as wrong. */
  readonly score: number | null;
  readonly status: VerdictStatus;
  /** One sentence for a person: what was read, what was expected, what broke. */
  readonly reason: string;
  /** The answer as understood, in canonical spelling; absent where none was read. */
  readonly parsed?: string;
  /** Wall-clock time of the verification, ms. */
  readonly ms: number;
  readonly verifier: VerifierIdentity;
}

/** What a judging function returns: a verdict before it is timed and signed. */
export interface Judgement {
  readonly score: number;
  readonly status: "correct" | "wrong" | "partial" | "unparsed";
  readonly reason: string;
  readonly parsed?: string;
}

/** What tells a verifier from another one. */
export interface VerifierKind {
  readonly name: string;
  readonly version: string;
  /** Options that verdicts depend on, as JSON; a part of the hash. Default none. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Completions longer than this many UTF-16 units are "unparsed" unread. Default 10,000: far above any rollout here. */
  readonly maxLength?: number;
}

export interface VerifierDefinition<Case> extends VerifierKind {
  /** Pure and synchronous. A throw means that the verifier is broken, not that the completion is wrong. */
  verify(problem: Case, completion: string): Judgement;
}

export interface Verifier<Case> extends VerifierIdentity {
  /** Never throws. */
  verify(problem: Case, completion: string): Verdict;
}

const CORRECT = "the answer is right";

/** The four judgements, so that score and status cannot disagree. */
export const judge: {
  correct(parsed: string): Judgement;
  wrong(reason: string, parsed?: string): Judgement;
  partial(score: number, reason: string, parsed: string): Judgement;
  unparsed(reason: string): Judgement;
} = {
  correct: (parsed) => ({ score: 1, status: "correct", reason: CORRECT, parsed }),
  wrong: (reason, parsed) => ({ score: 0, status: "wrong", reason, ...(parsed === undefined ? {} : { parsed }) }),
  partial: (score, reason, parsed) => ({ score, status: "partial", reason, parsed }),
  unparsed: (reason) => ({ score: 0, status: "unparsed", reason }),
};

/**
 * Wraps a judging function: times it, bounds its input, and turns a throw, or a judgement whose score does not fit its
 * status, into status "failed" with score `null`.
 */
export function defineVerifier<Case>(definition: VerifierDefinition<Case>): Verifier<Case> {
  const verifier = identityOf(definition);

  function judgeSafely(problem: Case, completion: string): Outcome {
    const refused = refusedUnread(completion, definition.maxLength);
    if (refused !== undefined) return refused;
    try {
      return checked(definition.verify(problem, completion));
    } catch (error) {
      return failure(messageOf(error));
    }
  }

  return {
    ...verifier,
    verify(problem, completion) {
      const start = performance.now();
      return signed(judgeSafely(problem, completion), start, verifier);
    },
  };
}

/** A verdict before it is timed and signed. */
export type Outcome = Omit<Verdict, "ms" | "verifier">;

/** Name, version and hash of a verifier. */
export function identityOf({ name, version, options }: VerifierKind): Required<VerifierIdentity> {
  const text = JSON.stringify([name, version, sortedKeys(options ?? {})]);
  return Object.freeze({ name, version, hash: createHash("sha256").update(text).digest("hex").slice(0, 16) });
}

function sortedKeys(options: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What is said of a completion that is no text, or too long, without reading it. */
export function refusedUnread(completion: unknown, maxLength = 10_000): Outcome | undefined {
  if (typeof completion !== "string") return failure(`the completion is a ${typeof completion}, not a text`);
  if (completion.length <= maxLength) return undefined;
  return judge.unparsed(`the completion has ${completion.length} characters, above the limit of ${maxLength}`);
}

/** The judgement, or a failure where its score does not fit its status. */
export function checked(judgement: Judgement): Outcome {
  return isConsistent(judgement) ? judgement : failure(`the judgement ${excerpt(describe(judgement))} is not valid`);
}

export function messageOf(error: unknown): string {
  return excerpt(error instanceof Error ? `${error.name}: ${error.message}` : String(error), 300);
}

/** @param start of the verification, as `performance.now()` gave it */
export function signed(outcome: Outcome, start: number, verifier: VerifierIdentity): Verdict {
  const { score, status, reason, parsed } = outcome;
  const ms = performance.now() - start;
  return { score, status, reason, ...(parsed === undefined ? {} : { parsed }), ms, verifier };
}

/** Status "failed": the verifier broke, which says nothing about the completion. */
export function failure(reason: string): Outcome {
  return { score: null, status: "failed", reason };
}

/** Checked because rewards from a typo such as `score: NaN` would train silently. */
function isConsistent(judgement: Judgement): boolean {
  if (typeof judgement !== "object" || judgement === null) return false;
  const { score, status } = judgement;
  if (status === "correct") return score === 1;
  if (status === "wrong" || status === "unparsed") return score === 0;
  return status === "partial" && score > 0 && score < 1;
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const { score, status } = value as Partial<Judgement>;
  return `{ score: ${String(score)}, status: ${String(status)} }`;
}
