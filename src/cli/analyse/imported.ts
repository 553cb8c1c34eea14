/** What the analyses of anybody's runs share: their options, and what was read and left out in words. */
import { refuse } from "../../toolkit/refuse.ts";
import type { ImportedRun, ImportedSet, ImportOptions } from "../../toolkit/runs/import.ts";

/** Options of `parseArgs` by which runs are read. */
export const importOptions = {
  set: { type: "string", multiple: true },
  step: { type: "string", multiple: true },
  score: { type: "string" },
  "correct-from": { type: "string" },
  missing: { type: "string" },
  "bad-rows": { type: "string" },
} as const;

/** Their lines in a help text, without those of `set` and `step`. */
export const importHelp = `      --score name         field that holds the score, where there are several
      --correct-from x     scores from here up are right (default: only 1 is)
      --missing exclude    leave out problems that not all runs have, and list them
      --bad-rows exclude   leave out rows that cannot be read, and list them
`;

/** How runs are read. @param where the command, for its errors */
export function readingOf(
  where: string,
  values: {
    readonly score?: string | undefined;
    readonly "correct-from"?: string | undefined;
    readonly "bad-rows"?: string | undefined;
  },
): ImportOptions {
  const from = values["correct-from"];
  return {
    ...(values.score === undefined ? {} : { score: values.score }),
    ...(from === undefined ? {} : { correctFrom: numberOption(where, "correct-from", from) }),
    badRows: exclusion(where, "bad-rows", values["bad-rows"]),
    keepTokens: false,
  };
}

export function numberOption(where: string, flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  return refuse(where, `--${flag} is "${text}"`, "pass a number");
}

export function exclusion(where: string, flag: string, text: string | undefined): "refuse" | "exclude" {
  if (text === undefined || text === "refuse") return "refuse";
  return text === "exclude" ? text : refuse(where, `--${flag} is "${text}"`, 'pass "exclude"');
}

/** What a run is, and what of it was left out. */
export function found({ path, formats, files, badRows, notes, ignored }: ImportedRun): string {
  const out = [...badRows.map(({ file, line, problem }) => `${file}, line ${line ?? "?"} ${problem}`), ...notes];
  const left = out.length === 0 ? "" : `; left out: ${out.slice(0, 5).join("; ")}${out.length > 5 ? "; …" : ""}`;
  const unknown = ignored.length === 0 ? "" : `, ${ignored.length} others`;
  return `${path}: ${formats.join(", ")} in ${files.length} files${unknown}${left}.`;
}

/** Sets for a figure's samples; nothing where none kept its completions. */
export function withSamples<T extends Readonly<Record<string, ImportedSet>>>(sets: T): { readonly samples?: T } {
  const kept = Object.values(sets).some(({ problems }) => problems.some(({ completions }) => completions?.length));
  return kept ? { samples: sets } : {};
}

/** A set's name with its step and run. */
export function titleOf({ name, step, run }: ImportedSet): string {
  return `${name}${step === undefined ? "" : ` at step ${step}`}${run === undefined ? "" : ` of ${run}`}`;
}
