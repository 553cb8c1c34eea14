/** The checks, by name: each returns complaints, none where the objective passes. */
import { clip } from "./clip.ts";
import { empty, extreme, refusals } from "./edge-checks.ts";
import { direction, kinks, slope, stated, stops, zeroAdvantage } from "./gradient-checks.ts";
import { compiledEqualsEager, filler, microBatches, padding, permutation } from "./invariance-checks.ts";
import { CHECKS, type CheckName, type Row } from "./row.ts";
import { type Check, type Subject, subjectOf } from "./subject.ts";

/** Complaints of one check. */
export async function complaints(subject: Subject, name: CheckName): Promise<string[]> {
  return subject.row.except?.[name] === undefined ? checks[name](subject) : [];
}

/** Names of the checks that a row does not pass. */
export async function failing(row: Row): Promise<CheckName[]> {
  const subject = subjectOf(row);
  const failed: CheckName[] = [];
  for (const name of CHECKS) if ((await complaints(subject, name)).length > 0) failed.push(name);
  return failed;
}

const checks: Readonly<Record<CheckName, Check>> = {
  slope,
  kinks,
  stops,
  stated,
  direction,
  clip,
  "zero advantage": zeroAdvantage,
  jit: compiledEqualsEager,
  rows: permutation,
  padding,
  filler,
  split: microBatches,
  empty,
  extreme,
  refusals,
};
