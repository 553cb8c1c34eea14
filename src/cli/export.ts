/** `rlvr export`: an executed notebook as one HTML file, or as Markdown with pictures. */
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Json } from "../../kernel/executor/events.ts";
import { type Notebook, readNotebook } from "../../kernel/notebook/format.ts";
import { type HtmlOptions, notebookHtml } from "../../kernel/notebook/html.ts";
import { notebookMarkdown } from "../../kernel/notebook/markdown.ts";
import { checkWritable, writeFileAtomic, writeFolderAtomic } from "../toolkit/files.ts";
import { refuse } from "../toolkit/refuse.ts";

const HELP = `rlvr export <notebook.ipynb> [-o page.html | page.md]

One HTML file: plots and samples work offline, code folds, headings are listed, light and dark, fit to be printed. Or
Markdown, with pictures in a folder beside it.

  -o, --output file   the page; ".md" writes Markdown (default: the notebook's name with .html)
      --code how      shown, folded or hidden (default: shown)
      --no-contents   no table of contents
      --title text    the page's title (default: the notebook's first heading)
`;

const CODE: readonly NonNullable<HtmlOptions["code"]>[] = ["shown", "folded", "hidden"];

/** Runs the command; returns its exit code. */
export async function exportPage(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      output: { type: "string", short: "o" },
      code: { type: "string", default: "shown" },
      "no-contents": { type: "boolean", default: false },
      title: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
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
  const code = CODE.find((one) => one === values.code);
  if (code === undefined) refuse("--code", `it is ${JSON.stringify(values.code)}`, `pass ${CODE.join(", ")}`);
  const notebook = await readNotebook(path);
  await checkWritable(output);
  if (/\.(md|markdown)$/.test(output)) await writeMarkdown(notebook, output, code !== "hidden");
  else {
    const { title } = values;
    const options = { code, contents: !values["no-contents"], ...(title !== undefined && { title }) };
    await writeFileAtomic(output, notebookHtml(notebook, options));
  }
  process.stdout.write(`${output}\n`);
  return 0;
}

/** The text, and its pictures in a folder of its name. Both are written whole or not at all. */
async function writeMarkdown(notebook: Notebook, output: string, code: boolean): Promise<void> {
  const folder = `${basename(output).replace(/\.\w+$/, "")}_files`;
  const page = await notebookMarkdown(notebook, { files: folder, code, draw });
  if (page.files.size > 0) {
    await writeFolderAtomic(join(dirname(output), folder), async (temporary) => {
      for (const [name, content] of page.files) await writeFileAtomic(join(temporary, name), content);
    });
  }
  await writeFileAtomic(output, page.text);
}

/** Figures that were shown without a picture, where the packages that draw them are installed. */
async function draw(figure: Json): Promise<string | undefined> {
  const [{ isPlotly }, { renderSvg }] = await Promise.all([
    import("../plot/figure-files.ts"),
    import("../plot/static.ts"),
  ]);
  return isPlotly(figure) ? await renderSvg(figure, { optional: true }) : undefined;
}
