/** Which rows make a group, for arithmetic over groups of any size in any order. */

import { refuse } from "./refuse.ts";

/**
 * Refuses a step in which no completion has another of the same prompt: there is nothing to compare it with.
 *
 * @param group [B] @throws UsageError
 */
export function someCompany(where: string, group: ArrayLike<number>): void {
  if (group.length === 0 || new Set(Array.from(group)).size < group.length) return;
  refuse(where, "every group has one completion", "raise samplesPerPrompt to 2 or more");
}

/** Rows of each group, groups in the order in which they first come. @param group [B] */
export function groupRows(group: ArrayLike<number>): number[][] {
  const members = new Map<number, number[]>();
  for (let b = 0; b < group.length; b++) {
    const id = group[b] ?? -1;
    const list = members.get(id);
    if (list) list.push(b);
    else members.set(id, [b]);
  }
  return [...members.values()];
}
