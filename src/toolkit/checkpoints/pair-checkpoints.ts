/** The same tensors in several checkpoints, checked by name and shape. */
import { refuse } from "../refuse.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { FileTensor } from "./tensor-file.ts";

/** One tensor before and after. */
export interface FilePair {
  readonly before: FileTensor;
  readonly after: FileTensor;
}

/** What pairs up and what was left out on request. */
export interface PairedCheckpoints {
  readonly pairs: readonly FilePair[];
  /** Names left out by `exclude`, of either side. */
  readonly excluded: readonly string[];
}

/**
 * @param exclude names, or ends of names after a dot, that are left out: `"lm_head.weight"` where one side ties it, `"bias"`
 * @throws UsageError naming what is on one side only, or differs in shape
 */
export function pairCheckpoints(before: Checkpoint, after: Checkpoint, exclude: readonly string[]): PairedCheckpoints {
  const all = [...new Set([...before.tensors.keys(), ...after.tensors.keys()])];
  const excluded = all.filter((name) => exclude.some((end) => name === end || name.endsWith(`.${end}`)));
  for (const end of exclude) {
    if (excluded.some((name) => name === end || name.endsWith(`.${end}`))) continue;
    refuse("exclude", `no tensor is named "${end}"`, "name tensors of the checkpoints, or leave it out");
  }
  const names = all.filter((name) => !excluded.includes(name));
  onOneSide(names, before, after);
  onOneSide(names, after, before);
  const pairs = names.map((name) => {
    const [a, b] = [before.tensors.get(name), after.tensors.get(name)];
    if (a === undefined || b === undefined) throw new Error(`internal: "${name}" vanished`);
    if (a.shape.join() !== b.shape.join()) {
      const problem = `"${name}" is [${a.shape.join(", ")}] and in ${after.folder} [${b.shape.join(", ")}]`;
      refuse(before.folder, problem, "name two checkpoints of one architecture");
    }
    return { before: a, after: b };
  });
  if (pairs.length === 0) refuse(before.folder, "every tensor is left out", "exclude less");
  return { pairs, excluded };
}

/** Names shown of those that are missing. */
const shown = 3;

function onOneSide(names: readonly string[], here: Checkpoint, there: Checkpoint): void {
  const only = names.filter((name) => here.tensors.has(name) && !there.tensors.has(name));
  if (only.length === 0) return;
  const list = only.slice(0, shown).map((name) => `"${name}"`);
  const more = only.length > shown ? ` and ${only.length - shown} more` : "";
  refuse(
    here.folder,
    `${list.join(", ")}${more} ${only.length === 1 ? "is" : "are"} not in ${there.folder}`,
    "name two checkpoints of one architecture, or leave these out by `exclude`",
  );
}
