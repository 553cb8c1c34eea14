/** nbformat 3 (IPython before 2015) in the form of nbformat 4: worksheets joined, headings and outputs renamed. */
import type { Json } from "../executor/events.ts";
import type { JsonObject } from "./format.ts";
import type { Place } from "./place.ts";

/** What the short names of output fields mean. */
const MIME: Readonly<Record<string, string>> = {
  text: "text/plain",
  html: "text/html",
  svg: "image/svg+xml",
  png: "image/png",
  jpeg: "image/jpeg",
  latex: "text/latex",
  json: "application/json",
  javascript: "application/javascript",
};

const OUTPUT_KINDS: Readonly<Record<string, string>> = { pyout: "execute_result", pyerr: "error" };

/** The root object of an nbformat 3 file as one of nbformat 4; what it holds is not validated yet. */
export function upgradeThree(at: Place, root: JsonObject): JsonObject {
  const { name: _, signature: __, ...metadata } = at.in("metadata").object(root.metadata ?? {});
  const sheets = at.in("worksheets").array(root.worksheets);
  const cells = sheets.flatMap((sheet, s) => {
    const place = at.in(`worksheets[${s}]`);
    return place
      .in("cells")
      .array(place.object(sheet).cells)
      .map((cell, c) => upgradeCell(place.in(`cells[${c}]`), cell));
  });
  return { nbformat: 4, nbformat_minor: 5, metadata, cells };
}

function upgradeCell(at: Place, value: unknown): JsonObject {
  const cell = at.object(value);
  const metadata = at.in("metadata").object(cell.metadata ?? {});
  switch (cell.cell_type) {
    case "code": {
      const collapsed = cell.collapsed === true ? { collapsed: true } : {};
      const outputs = at.in("outputs").array(cell.outputs ?? []);
      return {
        cell_type: "code",
        metadata: { ...metadata, ...collapsed },
        source: cell.input ?? "",
        execution_count: cell.prompt_number ?? null,
        outputs: outputs.map((output, i) => upgradeOutput(at.in(`outputs[${i}]`), output)),
      };
    }
    case "heading": {
      const level = Math.min(6, Math.max(1, Number(cell.level) || 1));
      const line = at.in("source").text(cell.source).replaceAll(/\s+/g, " ").trim();
      return { cell_type: "markdown", metadata, source: `${"#".repeat(level)} ${line}` };
    }
    case "html":
      return { cell_type: "markdown", metadata, source: cell.source ?? "" };
    default:
      return { ...cell, metadata }; // markdown and raw are the same, anything else is refused by its name
  }
}

function upgradeOutput(at: Place, value: unknown): JsonObject {
  const { prompt_number: count, metadata = {}, output_type: kind, ...fields } = at.object(value);
  const output_type = typeof kind === "string" ? (OUTPUT_KINDS[kind] ?? kind) : (kind ?? null);
  if (output_type === "stream") return { output_type, name: fields.stream ?? "stdout", text: fields.text ?? "" };
  if (output_type === "error") return { output_type, ...fields };
  const data = Object.fromEntries(Object.entries(fields).map(([name, content]) => representation(name, content)));
  const numbered = output_type === "execute_result" ? { execution_count: count ?? null } : {};
  return { output_type, metadata, data, ...numbered };
}

/** JSON stood as text; text that is none is kept as a string, which is JSON as well. */
function representation(name: string, content: Json): [string, Json] {
  const mime = Object.hasOwn(MIME, name) ? (MIME[name] ?? name) : name;
  if (mime !== "application/json") return [mime, content];
  const text = Array.isArray(content) ? content.join("") : content;
  if (typeof text !== "string") return [mime, content];
  try {
    return [mime, JSON.parse(text)];
  } catch {
    return [mime, text];
  }
}
