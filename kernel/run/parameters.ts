/**
 * Parameters of a notebook: the top-level declarations of its cell tagged `parameters`, overridden from outside by a
 * cell of new declarations put right after it. Types come from the defaults: a number stays a number.
 */
import { parseSync } from "oxc-parser";
import { refuse } from "../../src/toolkit/refuse.ts";
import type { Json } from "../executor/events.ts";
import { hasTag, INJECTED_TAG } from "../notebook/clean.ts";
import type { CodeCell, Notebook } from "../notebook/format.ts";

export interface Parameter {
  readonly name: string;
  readonly value: Json;
}

const TAG = "parameters";

/** The parameters that the notebook declares, with their defaults. Declarations that are not literals are left out. */
export function declaredParameters(notebook: Notebook): Parameter[] {
  const cell = taggedCell(notebook, TAG);
  if (!cell) return [];
  const { program, errors } = parseSync("parameters.ts", cell.source, { lang: "ts", sourceType: "module" });
  if (errors.length > 0) {
    refuse("parameters", `the parameters cell does not parse (${errors[0]?.message})`, "correct that cell");
  }
  const found: Parameter[] = [];
  for (const statement of program.body) {
    if (statement.type !== "VariableDeclaration") continue;
    for (const { id, init } of statement.declarations) {
      if (id.type !== "Identifier" || !init) continue;
      const value = literal(cell.source.slice(init.start, init.end));
      if (value !== undefined) found.push({ name: id.name, value });
    }
  }
  return found;
}

/**
 * Reads `name=value` settings against the declared parameters.
 *
 * @throws UsageError for an unknown name, a value of another type than the default's, or a setting without `=`
 */
export function readSettings(settings: readonly string[], declared: readonly Parameter[]): Parameter[] {
  const given = new Map<string, Parameter>();
  for (const setting of settings) {
    const at = setting.indexOf("=");
    if (at < 1) refuse("parameters", `"${setting}" has no name and value`, "write -p name=value");
    const [name, text] = [setting.slice(0, at).trim(), setting.slice(at + 1).trim()];
    const parameter = declared.find((candidate) => candidate.name === name);
    if (!parameter) {
      const known = declared.map((candidate) => candidate.name).join(", ");
      refuse("parameters", `there is no parameter "${name}"`, known ? `known: ${known}` : "the notebook declares none");
    }
    given.set(name, { name, value: readValue(name, text, parameter.value) });
  }
  return [...given.values()];
}

/** Puts the settings after the parameters cell, in place of those of an earlier run. Returns the new notebook. */
export function injectParameters(notebook: Notebook, settings: readonly Parameter[]): Notebook {
  const cells = notebook.cells.filter((cell) => !hasTag(cell, INJECTED_TAG));
  if (settings.length === 0) return { ...notebook, cells };
  const lines = settings.map(({ name, value }) => `const ${name} = ${JSON.stringify(value)};`);
  const injected: CodeCell = {
    cell_type: "code",
    id: INJECTED_TAG,
    metadata: { tags: [INJECTED_TAG] },
    source: ["// set from outside", ...lines].join("\n"),
    outputs: [],
    execution_count: null,
  };
  const after = cells.findIndex((cell) => cell.cell_type === "code" && hasTag(cell, TAG));
  return { ...notebook, cells: cells.toSpliced(after + 1, 0, injected) };
}

function taggedCell(notebook: Notebook, tag: string): CodeCell | undefined {
  return notebook.cells.find((cell): cell is CodeCell => cell.cell_type === "code" && hasTag(cell, tag));
}

/** The value of a literal in the notation that JSON and TypeScript share, or undefined. */
function literal(source: string): Json | undefined {
  const number = source.replaceAll("_", "");
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(number)) return Number(number);
  const quoted = /^(['"`])((?:(?!\1)[^\\])*)\1$/s.exec(source);
  if (quoted) return quoted[2] ?? "";
  try {
    return JSON.parse(source);
  } catch {
    return undefined; // an expression: not a parameter that can be set from outside
  }
}

function readValue(name: string, text: string, like: Json): Json {
  const wrong = (kind: string): never =>
    refuse("parameters", `${name} is ${JSON.stringify(text)}`, `pass ${kind}, such as ${name}=${JSON.stringify(like)}`);
  switch (typeof like) {
    case "number": {
      const value = text === "" ? Number.NaN : Number(text);
      return Number.isFinite(value) ? value : wrong("a number");
    }
    case "boolean":
      return text === "true" || (text === "false" ? false : wrong("true or false"));
    case "string":
      return text;
    default: {
      const value = literal(text);
      const fits = value !== undefined && (like === null || Array.isArray(value) === Array.isArray(like));
      return fits && value !== undefined ? value : wrong(Array.isArray(like) ? "a JSON list" : "JSON");
    }
  }
}
