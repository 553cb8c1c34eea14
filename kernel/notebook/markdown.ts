/** A notebook as Markdown with its pictures as files beside it, for places that show Markdown: repositories, wikis, papers. */
import type { Json, MimeBundle } from "../executor/events.ts";
import { attachment } from "./contents.ts";
import type { Cell, CodeCell, Notebook, Output } from "./format.ts";

export interface MarkdownOptions {
  /** Folder of the pictures, as the text refers to it. */
  readonly files: string;
  /** Whether code is in the text. Default true. */
  readonly code?: boolean;
  /** Draws a plotly figure that brings no picture; undefined where it cannot. Default: such a figure is told in words. */
  readonly draw?: (figure: Json) => Promise<string | undefined>;
}

export interface MarkdownPage {
  readonly text: string;
  /** Pictures by the names that the text refers to, without the folder. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
}

const PLOTLY = "application/vnd.plotly.v1+json";
const PICTURES: Readonly<Record<string, string>> = {
  "image/svg+xml": "svg",
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
};

/** Renders an executed notebook. */
export async function notebookMarkdown(notebook: Notebook, options: MarkdownOptions): Promise<MarkdownPage> {
  const page = new Page(options);
  const parts: string[] = [];
  for (const cell of notebook.cells) {
    if (cell.cell_type === "markdown") parts.push(page.textCell(cell));
    else if (cell.cell_type === "code") parts.push(...(await page.codeCell(cell)));
  }
  const record = notebook.metadata.rlvr;
  if (record !== undefined) {
    const block = fenced("json", JSON.stringify(record, null, 2));
    parts.push(`<details>\n<summary>Where these numbers come from</summary>\n\n${block}\n</details>`);
  }
  const text = parts.filter((part) => part.trim() !== "").join("\n\n");
  return { text: `${text}\n`, files: page.files };
}

class Page {
  readonly files = new Map<string, string | Uint8Array>();
  readonly #options: MarkdownOptions;

  constructor(options: MarkdownOptions) {
    this.#options = options;
  }

  textCell({ id, source, attachments = {} }: Exclude<Cell, CodeCell>): string {
    return source.replaceAll(/\(attachment:([^)\s]+)/g, (whole, name: string) => {
      const found = attachment(attachments, name);
      if (!found) return whole;
      return `(${this.#file(id, PICTURES[found.mime] ?? "bin", Buffer.from(found.base64, "base64"))}`;
    });
  }

  async codeCell(cell: CodeCell): Promise<string[]> {
    const code = this.#options.code !== false && cell.source.trim() !== "" ? [fenced("ts", cell.source)] : [];
    for (const output of cell.outputs) code.push(await this.#output(cell.id, output));
    return code;
  }

  async #output(id: string, output: Output): Promise<string> {
    switch (output.output_type) {
      case "stream":
        return fenced("text", plain(output.text));
      case "error":
        return fenced("text", plain(output.traceback.join("\n") || `${output.ename}: ${output.evalue}`));
      case "display_data":
      case "execute_result":
        return await this.#bundle(id, output.data);
      default:
        return output satisfies never;
    }
  }

  async #bundle(id: string, bundle: MimeBundle): Promise<string> {
    const words = bundle["text/plain"];
    const label = typeof words === "string" ? (words.split("\n")[0] ?? "").replaceAll(/[[\]\\]/g, "\\$&") : "";
    for (const [mime, ending] of Object.entries(PICTURES)) {
      const data = bundle[mime];
      if (typeof data !== "string") continue;
      return `![${label}](${this.#file(id, ending, ending === "svg" ? data : Buffer.from(data, "base64"))})`;
    }
    const figure = bundle[PLOTLY];
    const svg = figure === undefined ? undefined : await this.#options.draw?.(figure);
    if (svg !== undefined) return `![${label}](${this.#file(id, "svg", svg)})`;
    const markdown = bundle["text/markdown"];
    if (typeof markdown === "string") return markdown;
    if (typeof words === "string") return fenced("text", plain(words));
    const json = bundle["application/json"];
    if (json !== undefined) return fenced("json", JSON.stringify(json, null, 2));
    return ""; // HTML alone is for a browser, such as the samples under a figure
  }

  /** Keeps a picture; returns how the text refers to it. */
  #file(id: string, ending: string, content: string | Uint8Array): string {
    const name = `${id}-${[...this.files.keys()].filter((one) => one.startsWith(`${id}-`)).length + 1}.${ending}`;
    this.files.set(name, content);
    return `${encodeURI(this.#options.files)}/${name}`;
  }
}

/** A code block whose fence is longer than any in the text. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text.replace(/\n$/, "")}\n${fence}`;
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
  return text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
}
