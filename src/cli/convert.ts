/** `rlvr convert`: notebooks to percent scripts and back. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { formatNotebook, readNotebook } from "../../kernel/notebook/format.ts";
import { keepOutputs } from "../../kernel/notebook/keep-outputs.ts";
import { formatPercent, isPercent } from "../../kernel/notebook/percent.ts";
import { checkWritable, writeFileAtomic } from "../toolkit/files.ts";
import { refuse } from "../toolkit/refuse.ts";

const HELP = `rlvr convert <notebook.ipynb | script.ts>... [-o file]

Writes a notebook as a percent script (cells start with "// %%"), or a percent script as a notebook. Nothing that the
author wrote is lost either way: ids, metadata, attachments, blank lines. A script holds no outputs; a notebook that is
already there keeps those of the cells that have not changed.

  -o, --output file   the other form, ending in .ts or .ipynb (default: the same name with the other ending)

Exit code 0: done; 2: wrong use, or a file that cannot be read.
`;

const SCRIPT = /\.[mc]?ts$/;

/** Runs the command; returns its exit code. */
export async function convert(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { output: { type: "string", short: "o" }, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (positionals.length === 0) refuse("rlvr convert", "no file is named", "name one: rlvr convert notebook.ipynb");
  if (values.output !== undefined && positionals.length > 1) {
    refuse("rlvr convert", `-o ${values.output} for ${positionals.length} files`, "name one file, or leave -o out");
  }
  const written: { path: string; content: string }[] = [];
  for (const path of positionals) {
    const target = values.output ?? otherName(path);
    if (SCRIPT.test(path) === SCRIPT.test(target) || !/\.(ipynb|[mc]?ts)$/.test(target)) {
      refuse(
        "rlvr convert",
        `${path} to ${target}`,
        "one of both has to be a notebook (.ipynb), the other a script (.ts)",
      );
    }
    written.push({ path: target, content: await contentFor(path, target) });
    await checkWritable(target);
  }
  for (const { path, content } of written) {
    await writeFileAtomic(path, content);
    process.stdout.write(`${path}\n`);
  }
  return 0;
}

function otherName(path: string): string {
  return SCRIPT.test(path) ? path.replace(SCRIPT, ".ipynb") : path.replace(/(\.ipynb)?$/, ".ts");
}

async function contentFor(path: string, target: string): Promise<string> {
  const notebook = await readNotebook(path);
  if (SCRIPT.test(target)) {
    if (existsSync(target) && !isPercent(await readFile(target, "utf8"))) {
      refuse("rlvr convert", `${target} is there and is no percent script`, "move it, or name another file with -o");
    }
    return formatPercent(notebook);
  }
  return formatNotebook(existsSync(target) ? keepOutputs(notebook, await readNotebook(target)) : notebook);
}
