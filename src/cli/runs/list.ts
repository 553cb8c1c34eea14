/** `rlvr runs list` and `rlvr runs index`. */
import { parseArgs } from "node:util";
import { refuse } from "../../toolkit/refuse.ts";
import { openRuns, type RunStore } from "../../toolkit/runs/run-store.ts";
import { printRows } from "./rows.ts";

const LIST_HELP = `rlvr runs list [folder] [--json]

The runs in a folder (default: runs): state, task, algorithm, seed, steps, reward of the last step.

      --json   print one JSON object a line
`;

const INDEX_HELP = `rlvr runs index [folder]

Makes the index of a folder of runs (default: runs) anew from what lies in it. Every other command brings it up to date by
itself; this is for an index that is not trusted.
`;

/** Runs the command; returns its exit code. */
export async function listRuns(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    process.stdout.write(LIST_HELP);
    return 0;
  }
  const store = await openRuns(folderOf("rlvr runs list", positionals));
  const list = store.list().map(({ commit_id, ...run }) => ({ ...run, commit: commit_id?.slice(0, 8) ?? null }));
  printRows(list, values.json ? "json" : "table");
  return told(store);
}

/** Runs the command; returns its exit code. */
export async function indexRuns(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    process.stdout.write(INDEX_HELP);
    return 0;
  }
  const store = await openRuns(folderOf("rlvr runs index", positionals), { rebuild: true });
  const [count] = store.sql(
    "SELECT (SELECT count(*) FROM runs) AS runs, count(*) AS completions, sum(tokens) AS tokens FROM rollouts",
  );
  process.stdout.write(`${count?.runs} runs, ${count?.completions} completions, ${count?.tokens ?? 0} tokens\n`);
  return told(store);
}

function folderOf(where: string, positionals: readonly string[]): string {
  const [folder = "runs", ...more] = positionals;
  if (more.length > 0) refuse(where, `${positionals.length} folders are named`, "name one");
  return folder;
}

/** Says what could not be read; closes. @returns the exit code */
export function told(store: RunStore): number {
  for (const note of store.notes) process.stderr.write(`${note}\n`);
  store.close();
  return 0;
}
