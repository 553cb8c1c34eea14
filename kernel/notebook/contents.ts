/** Text cells as HTML with headings that can be linked to, and the table of contents made of them. */
import { Marked } from "marked";
import type { Cell, Notebook } from "./format.ts";
import { isObject } from "./place.ts";

export interface Heading {
  readonly level: number;
  readonly id: string;
  /** Plain text. */
  readonly text: string;
}

/** Fewer headings below the title than this need no table. */
const FEWEST = 3;

/** Turns Markdown into HTML and gathers the headings on the way; one for each page. */
export class TextRenderer {
  readonly headings: Heading[] = [];
  readonly #marked: Marked;

  constructor() {
    const headings = this.headings;
    this.#marked = new Marked({
      renderer: {
        heading({ tokens, depth }) {
          const inner = this.parser.parseInline(tokens);
          const text = inner.replaceAll(/<[^>]*>/g, "");
          const id = freeId(text, headings);
          headings.push({ level: depth, id, text });
          return `<h${depth} id="${id}">${inner}</h${depth}>\n`;
        },
      },
    });
  }

  /** A text cell, with its attachments inside. */
  cell(cell: Extract<Cell, { cell_type: "markdown" | "raw" }>): string {
    return this.markdown(inlineAttachments(cell.source, cell.attachments ?? {}));
  }

  markdown(text: string): string {
    return this.#marked.parse(text, { async: false });
  }
}

/** The table of contents of what was rendered so far; empty where a page is too short for one. */
export function contentsHtml(headings: readonly Heading[]): string {
  const listed = headings.filter(({ level }) => level === 2 || level === 3);
  if (listed.length < FEWEST) return "";
  const items = listed.map(({ level, id, text }) => `<li class="level-${level}"><a href="#${id}">${text}</a></li>`);
  return `<nav class="contents"><details open><summary>Contents</summary><ul>${items.join("")}</ul></details></nav>`;
}

/** The notebook's first heading of the first level, as its title. */
export function firstHeading(notebook: Notebook): string | undefined {
  for (const cell of notebook.cells) {
    const heading = cell.cell_type === "markdown" ? /^#\s+(.+)$/m.exec(cell.source)?.[1] : undefined;
    if (heading !== undefined) return heading.trim();
  }
  return undefined;
}

function freeId(text: string, headings: readonly Heading[]): string {
  const slug = text
    .toLowerCase()
    .replaceAll(/&\w+;|&#\d+;/g, "")
    .replaceAll(/[^\p{L}\p{N}]+/gu, "-")
    .replaceAll(/^-|-$/g, "");
  const base = `section-${slug}`; // apart from the ids of cells
  for (let n = 1; ; n++) {
    const id = n === 1 ? base : `${base}-${n}`;
    if (!headings.some((heading) => heading.id === id)) return id;
  }
}

/** Pictures pasted into a text cell, as data. */
function inlineAttachments(source: string, attachments: Readonly<Record<string, unknown>>): string {
  return source.replaceAll(/\(attachment:([^)\s]+)/g, (whole, name: string) => {
    const found = attachment(attachments, name);
    return found === undefined ? whole : `(data:${found.mime};base64,${found.base64}`;
  });
}

/** One attachment's content. */
export function attachment(
  attachments: Readonly<Record<string, unknown>>,
  name: string,
): { readonly mime: string; readonly base64: string } | undefined {
  const bundle = attachments[name] ?? attachments[decodeURIComponentOr(name)];
  const [mime, data] = isObject(bundle) ? (Object.entries(bundle)[0] ?? []) : [];
  return mime !== undefined && typeof data === "string" ? { mime, base64: data.replaceAll(/\s/g, "") } : undefined;
}

function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // no escape: the name as it stands
  }
}
