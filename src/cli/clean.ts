/** `rlvr clean`: notebooks without outputs, as they belong into a repository. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { withoutRun } from "../../kernel/notebook/clean.ts";
import { formatNotebook } from "../../kernel/notebook/format.ts";
import { parseNotebook } from "../../kernel/notebook/parse.ts";
import { writeFileAtomic } from "../toolkit/files.ts";
import { refuse } from "../toolkit/refuse.ts";

const HELP = `rlvr clean <notebook.ipynb>... [--check]

Removes outputs, counts, the record of the run, parameters set from outside and what front ends leave in metadata, and
writes nbformat 4.5 so that git diffs are small. "-" reads from standard input and writes to standard output, as a git
filter does: git config filter.rlvr.clean "npx rlvr clean -"

      --check   write nothing; exit 1 if a notebook is not clean

Exit code 0: done, or all clean; 1: with --check, some are not; 2: wrong use.
`;

/** Runs the command; returns its exit code. */
export async function clean(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      check: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (positionals.length === 0) refuse("rlvr clean", "no notebook is named", "name one: rlvr clean notebook.ipynb");
  const files: { path: string; before: string; after: string }[] = [];
  for (const path of positionals) {
    const before = path === "-" ? await text(process.stdin) : await read(path);
    files.push({ path, before, after: formatNotebook(withoutRun(parseNotebook(before, path))) });
  }
  const dirty = files.filter(({ before, after }) => before !== after);
  if (values.check) {
    for (const { path } of dirty) process.stdout.write(`${path} is not clean\n`);
    return dirty.length === 0 ? 0 : 1;
  }
  for (const { path, after } of files) if (path === "-") process.stdout.write(after);
  for (const { path, before, after } of dirty) {
    if (path === "-") continue;
    await writeFileAtomic(path, after);
    process.stdout.write(`${path} ${before.length} -> ${after.length} characters\n`);
  }
  return 0;
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refuse("rlvr clean", `${path} cannot be read (${reason})`, "check the path", error);
  }
}
