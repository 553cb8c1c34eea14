/** Tuples of the published form, from a local file. */
import { refuse } from "../../../refuse.ts";
import { readRecords } from "../shared/records.ts";

/** Set-up, patch and reward are programs of the release; they are text here and are not run. */
export interface CuaTuple {
  readonly id: string;
  readonly instruction: string;
  readonly initialSetup: unknown;
  readonly goldenPatch: unknown;
  readonly reward: unknown;
}

/**
 * Rows with an instruction, an initial set-up, a golden patch and a reward, under the names of the card or in snake case.
 *
 * @throws UsageError with the row of the first that lacks one
 */
export async function readCuaTuples(path: string): Promise<CuaTuple[]> {
  const rows = await readRecords("readCuaTuples", path);
  return rows.map((row, i) => {
    const field = (...names: readonly string[]): unknown => {
      const name = names.find((one) => row[one] !== undefined && row[one] !== null);
      return name === undefined
        ? refuse("readCuaTuples", `row ${i} of ${path} has no ${names[0]}`, "mend the row")
        : row[name];
    };
    const instruction = field("instruction");
    if (typeof instruction !== "string" || instruction.trim() === "") {
      refuse("readCuaTuples", `row ${i} of ${path} has an empty instruction`, "mend the row");
    }
    return {
      id: String(row.id ?? row.task_id ?? i),
      instruction,
      initialSetup: field("initialSetup", "initial_setup"),
      goldenPatch: field("goldenPatch", "golden_patch"),
      reward: field("reward"),
    };
  });
}
