/** Which rows make a group, for arithmetic over groups of any size in any order. */

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
