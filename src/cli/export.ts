/** `rlvr export`: an executed notebook as one HTML file. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { readNotebook } from "../../kernel/notebook/format.ts";
import { notebookHtml } from "../../kernel/notebook/html.ts";
import { writeFileAtomic } from "../toolkit/files.ts";
import { refuse } from "../toolkit/refuse.ts";

const HELP = `rlvr export <notebook.ipynb> [-o page.html]

  -o, --output file   the page (default: the notebook's name with .html)
`;

/** Runs the command; returns its exit code. */
export async function exportHtml(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { output: { type: "string", short: "o" }, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) {
    refuse("rlvr export", `${positionals.length} notebooks are named`, "name one: rlvr export notebook.ipynb");
  }
  const output = values.output ?? path.replace(/(\.ipynb)?$/, ".html");
  if (resolve(output) === resolve(path)) refuse("rlvr export", `${output} is the notebook itself`, "name another file");
  await writeFileAtomic(output, notebookHtml(await readNotebook(path)));
  process.stdout.write(`${output}\n`);
  return 0;
}
