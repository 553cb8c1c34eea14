/** What the pre-flight found, and what becomes of it. */
import { UsageError } from "../../refuse.ts";
import type { EventSample, StepEvent } from "../record.ts";

/** What was looked at. */
export type PreflightCheck =
  | "memory"
  | "learning-rate"
  | "context"
  | "tokenizer"
  | "gold-length"
  | "gold-rejected"
  | "wrong-accepted"
  | "attack-accepted"
  | "verifier-failed"
  | "verifier-unsteady"
  | "verifier-slow"
  | "truncation"
  | "no-eos"
  | "no-gradient"
  | "few-gradients"
  | "reward-noise"
  | "reward-range"
  | "not-finite"
  | "other-weights"
  | "groups"
  | "not-tried";

/** Something that will cost the run. */
export interface Finding {
  readonly check: PreflightCheck;
  /** A refusal stops `train` before its first step, unless it was told to warn. */
  readonly level: "refusal" | "warning";
  /** What was found, with the numbers. */
  readonly problem: string;
  /** What to change, the setting by its name. */
  readonly remedy: string;
  readonly samples?: readonly EventSample[];
}

/** A run that would be for nothing. Its message lists every reason with the setting to change. */
export class PreflightError extends UsageError {
  readonly findings: readonly Finding[];

  /** @param findings refusals first */
  constructor(findings: readonly Finding[]) {
    const reasons = findings.filter(({ level }) => level === "refusal");
    const listed = reasons.map(({ check, problem, remedy }) => `  ${check}: ${problem}; ${remedy}.`);
    super(`train: the pre-flight refuses the run.\n${listed.join("\n")}\nTo start it all the same: preflight: "warn".`);
    this.findings = findings;
  }
}

/** Refusals first, each in the order in which it was found. */
export function bySeverity(findings: readonly Finding[]): Finding[] {
  return [
    ...findings.filter(({ level }) => level === "refusal"),
    ...findings.filter(({ level }) => level === "warning"),
  ];
}

/** Findings as events of the first step's record. */
export function findingEvents(findings: readonly Finding[]): StepEvent[] {
  return findings.map(({ check, problem, remedy, samples }) => ({
    kind: "preflight",
    message: `${check}: ${problem}; ${remedy}`,
    ...(samples && { samples }),
  }));
}

export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
