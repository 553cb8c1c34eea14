/**
 * Parameters of a notebook: the top-level declarations of its cell tagged `parameters`, overridden from outside by a
 * cell of new declarations put right after it. Types come from the defaults (a number stays a number) and from
 * annotations that list literals: `const size: "nano" | "micro" = "nano"`.
 */
import { parseSync } from "oxc-parser";
import { refuse } from "../../src/toolkit/refuse.ts";
import { type AstNode, child, children, text } from "../compiler/ast.ts";
import { cellNames } from "../compiler/names.ts";
import type { Json } from "../executor/events.ts";
import { codeCells } from "../notebook/cells.ts";
import { hasTag, INJECTED_TAG } from "../notebook/clean.ts";
import type { CodeCell, JsonObject, Notebook } from "../notebook/format.ts";

export interface Parameter {
  readonly name: string;
  readonly value: Json;
  /** The only values that its annotation allows. */
  readonly allowed?: readonly Json[];
}

/** Tag of the cell that declares parameters. */
export const PARAMETERS_TAG = "parameters";

/** Values nested deeper than this are refused. */
const DEEPEST = 50;

/** The parameters that the notebook declares, with their defaults. Declarations that are not literals are left out. */
export function declaredParameters(notebook: Notebook): Parameter[] {
  return declarations(notebook).flatMap(({ id, init, source }) => {
    const value = literal(source.slice(init.start, init.end));
    const allowed = literalUnion(child(id, "typeAnnotation"), source);
    return value === undefined ? [] : [{ name: text(id, "name"), value, ...(allowed && { allowed }) }];
  });
}

interface Declaration {
  readonly id: AstNode;
  readonly init: AstNode;
  readonly source: string;
}

function declarations(notebook: Notebook): Declaration[] {
  const cell = codeCells(notebook).find((one) => hasTag(one, PARAMETERS_TAG));
  if (!cell) return [];
  const { source } = cell;
  const { program, errors } = parseSync("parameters.ts", source, { lang: "ts", sourceType: "module" });
  if (errors.length > 0) {
    refuse("parameters", `the parameters cell does not parse (${errors[0]?.message})`, "correct that cell");
  }
  const body = children({ ...program }, "body").filter(({ type }) => type === "VariableDeclaration");
  return body
    .flatMap((statement) => children(statement, "declarations"))
    .flatMap((declarator) => {
      const [id, init] = [child(declarator, "id"), child(declarator, "init")];
      return id?.type === "Identifier" && init ? [{ id, init, source }] : [];
    });
}

/** The values of `"a" | "b"` or `1 | 2`; none for any other type. */
function literalUnion(annotation: AstNode | undefined, source: string): Json[] | undefined {
  const type = annotation && child(annotation, "typeAnnotation");
  if (!type) return undefined;
  const types = type.type === "TSUnionType" ? children(type, "types") : [type];
  const values = types.map((one) =>
    one.type === "TSLiteralType" ? literal(source.slice(one.start, one.end)) : undefined,
  );
  return values.every((value) => value !== undefined) ? values : undefined;
}

/**
 * Reads `name=value` settings and the values of parameter files against the declared parameters; settings win over
 * files, later ones over earlier ones.
 *
 * @throws UsageError for an unknown name, a value of another type than the default's, or a setting without `=`
 */
export function readSettings(
  settings: readonly string[],
  declared: readonly Parameter[],
  files: readonly JsonObject[] = [],
): Parameter[] {
  const given = new Map<string, Parameter>();
  const find = (name: string): Parameter => {
    const parameter = declared.find((candidate) => candidate.name === name);
    if (parameter) return parameter;
    const known = declared.map((candidate) => candidate.name).join(", ");
    return refuse(
      "parameters",
      `there is no parameter "${name}"`,
      known ? `known: ${known}` : "the notebook declares none",
    );
  };
  for (const [name, value] of files.flatMap((file) => Object.entries(file))) {
    given.set(name, { name, value: fitting(find(name), value, value) });
  }
  for (const setting of settings) {
    const at = setting.indexOf("=");
    if (at < 1) refuse("parameters", `"${setting}" has no name and value`, "write -p name=value");
    const [name, written] = [setting.slice(0, at).trim(), setting.slice(at + 1).trim()];
    const parameter = find(name);
    given.set(name, { name, value: fitting(parameter, readValue(written, parameter.value), written) });
  }
  return [...given.values()];
}

/**
 * Puts the settings after the parameters cell, in place of those of an earlier run. Returns the new notebook.
 *
 * @throws UsageError when the parameters cell works something out of a parameter that is set: it would keep the old value
 */
export function injectParameters(notebook: Notebook, settings: readonly Parameter[]): Notebook {
  const cells = notebook.cells.filter((cell) => !hasTag(cell, INJECTED_TAG));
  if (settings.length === 0) return { ...notebook, cells };
  checkDerived(notebook, settings);
  const lines = settings.map(({ name, value }) => `const ${name} = ${JSON.stringify(value)};`);
  const injected: CodeCell = {
    cell_type: "code",
    id: INJECTED_TAG,
    metadata: { tags: [INJECTED_TAG] },
    source: ["// set from outside", ...lines].join("\n"),
    outputs: [],
    execution_count: null,
  };
  const after = cells.findIndex((cell) => cell.cell_type === "code" && hasTag(cell, PARAMETERS_TAG));
  return { ...notebook, cells: cells.toSpliced(after + 1, 0, injected) };
}

function checkDerived(notebook: Notebook, settings: readonly Parameter[]): void {
  const set = new Set(settings.map(({ name }) => name));
  for (const { id, init, source } of declarations(notebook)) {
    const uses = cellNames(`(${source.slice(init.start, init.end)})`)?.uses ?? new Set();
    const [name, from] = [text(id, "name"), [...uses].find((used) => set.has(used))];
    if (from === undefined || set.has(name)) continue;
    refuse(
      "parameters",
      `"${name}" is worked out of ${from} in the parameters cell and would not follow it`,
      `move "${name}" to the next cell`,
    );
  }
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

/** What a setting on the command line means for a default of this type; undefined where it means nothing. */
function readValue(written: string, like: Json): Json | undefined {
  switch (typeof like) {
    case "number":
      return written === "" ? undefined : Number(written);
    case "boolean":
      return written === "true" || (written === "false" ? false : undefined);
    case "string":
      return written;
    default:
      return literal(written);
  }
}

/** The value, refused where it is not of the default's type or not one that is allowed. */
function fitting({ name, value: like, allowed }: Parameter, value: Json | undefined, written: Json): Json {
  const wrong = (kind: string): never =>
    refuse(
      "parameters",
      `${name} is ${shown(written)}`,
      `pass ${kind}, such as ${name}=${JSON.stringify(allowed?.[0] ?? like)}`,
    );
  if (value === undefined || depthOf(value) > DEEPEST) return wrong(kindOf(like));
  if (allowed && !allowed.includes(value))
    return wrong(`one of ${allowed.map((one) => JSON.stringify(one)).join(", ")}`);
  if (allowed || like === null) return value;
  const fits = typeof value === typeof like && value !== null && Array.isArray(value) === Array.isArray(like);
  return fits && (typeof value !== "number" || Number.isFinite(value)) ? value : wrong(kindOf(like));
}

function kindOf(like: Json): string {
  if (Array.isArray(like)) return "a JSON list";
  const kinds: Readonly<Record<string, string>> = { number: "a number", boolean: "true or false", string: "a text" };
  return kinds[typeof like] ?? "JSON";
}

function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Levels of lists and objects in a value, counted no further than is allowed. */
function depthOf(value: Json, level = 0): number {
  if (typeof value !== "object" || value === null || level > DEEPEST) return level;
  let deepest = level + 1;
  for (const one of Object.values(value)) deepest = Math.max(deepest, depthOf(one, level + 1));
  return deepest;
}
