/** Checks of numbers that come in columns, before any arithmetic turns them into a loss that says nothing. */
import { refuse } from "./refuse.ts";

/**
 * Refuses columns of another length than the mask's, numbers that are not finite where the mask is 1, and a mask with
 * anything but 0 and 1.
 *
 * @param columns by name: [B, T] each
 * @param mask [B, T]
 * @throws UsageError with the column, the place and the value
 */
export function checkFinite(
  where: string,
  columns: Readonly<Record<string, ArrayLike<number>>>,
  mask: ArrayLike<number>,
): void {
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0 || mask[i] === 1) continue;
    refuse(where, `the mask is ${mask[i]} at position ${i}`, "pass 1 where a token is trained on, else 0");
  }
  for (const [name, column] of Object.entries(columns)) {
    if (column.length !== mask.length) {
      refuse(where, `${name} has ${column.length} numbers, mask ${mask.length}`, "pass one number per token in both");
    }
    const i = notFiniteAt(column, mask);
    if (i < 0) continue;
    refuse(where, `${name} is ${column[i]} at position ${i} of the mask`, "pass finite numbers where the mask is 1");
  }
}

function notFiniteAt(column: ArrayLike<number>, mask: ArrayLike<number>): number {
  for (let i = 0; i < mask.length; i++) {
    const value = column[i] ?? Number.NaN;
    if (mask[i] !== 0 && value * 0 !== 0) return i; // 0 times infinity is NaN
  }
  return -1;
}

/** What rounding leaves below 0 of the entropy of a distribution that is all but certain. */
const ENTROPY_ROUNDING = 1e-4;

/**
 * Refuses entropies below 0 where the mask is 1, by more than rounding.
 *
 * @param mask [B, T], as the entropies
 * @throws UsageError with the place and the value
 */
export function checkEntropies(where: string, entropies: ArrayLike<number>, mask: ArrayLike<number>): void {
  if (entropies.length !== mask.length) {
    refuse(where, `there are ${entropies.length} entropies for ${mask.length} positions`, "pass one per token");
  }
  for (let i = 0; i < mask.length; i++) {
    const value = entropies[i] ?? Number.NaN;
    if (mask[i] === 0 || !(value < -ENTROPY_ROUNDING)) continue;
    refuse(where, `the entropy is ${value} at position ${i} of the mask`, "pass entropies in nats, from 0");
  }
}

/**
 * Refuses rewards other than 0 and 1: they are read as labels.
 *
 * @param unscored what to do with NaN, which the reward seam gives where nothing was scored. Default: refuse it too
 * @throws UsageError with the row and the value
 */
export function checkBinary(
  where: string,
  rewards: ArrayLike<number>,
  unscored: "refused" | "left out" = "refused",
): void {
  for (let b = 0; b < rewards.length; b++) {
    const reward = rewards[b];
    if (reward === 0 || reward === 1 || (unscored === "left out" && Number.isNaN(reward))) continue;
    refuse(where, `row ${b} has reward ${reward}`, "pass 1 for right and 0 for wrong");
  }
}

/** Refuses marks of rows or tokens other than 0 and 1, or true and false. @throws UsageError with the place and the value */
export function checkFlags(where: string, name: string, flags: ArrayLike<number | boolean>): void {
  for (let i = 0; i < flags.length; i++) {
    const flag: unknown = flags[i];
    if (flag !== 0 && flag !== 1 && typeof flag !== "boolean")
      refuse(where, `${name}[${i}] is ${String(flags[i])}`, "pass 1 or 0");
  }
}

/**
 * Refuses a mask with holes: a 1 after a 0 in a row, counted from the row's start.
 *
 * @param mask [B, T]
 * @param starts first position of each row that is looked at. Default 0
 */
export function checkUnbroken(
  where: string,
  mask: ArrayLike<number>,
  tokens: number,
  starts?: ArrayLike<number>,
): void {
  if (!Number.isInteger(tokens) || tokens < 1) refuse(where, `rows have ${tokens} tokens`, "pass at least one");
  for (let b = 0; b * tokens < mask.length; b++) {
    for (let t = b * tokens + (starts?.[b] ?? 0) + 1; t < (b + 1) * tokens; t++) {
      if (mask[t] === 0 || mask[t - 1] !== 0) continue;
      refuse(where, `the mask of row ${b} has a 1 after a 0`, "mask a row's tokens from its first to its last");
    }
  }
}

/** Refuses a list with a number that is not finite. @throws UsageError with list, place and value */
export function allFinite(where: string, name: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    refuse(where, `${name}[${i}] is ${String(values[i])}`, "pass finite numbers");
  }
}

/** Refuses a mask that trains on nothing: a mean over no token is undefined. @throws UsageError */
export function someTrained(where: string, mask: ArrayLike<number>): void {
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) return;
  refuse(where, `none of ${mask.length} tokens is trained on`, "pass a mask with a 1");
}

/** Refuses lists of unequal length. @throws UsageError naming two of them */
export function equalLengths(where: string, lists: Readonly<Record<string, ArrayLike<unknown>>>): void {
  const [first, ...others] = Object.entries(lists);
  for (const [name, list] of others) {
    if (first === undefined || list.length === first[1].length) continue;
    refuse(where, `${first[0]} has ${first[1].length} entries, ${name} ${list.length}`, "pass as many in each");
  }
}
