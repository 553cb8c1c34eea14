/** The statements that only the top level of a cell has: imports, exports, hoisted functions, the result. */
import { type AstNode, child, children, text } from "./ast.ts";
import { type EmitInput, inSession } from "./emit.ts";

/** Rewrites the top-level statements; returns code that runs before them (imports, hoisted functions). */
export function emitStatements(input: EmitInput, body: readonly AstNode[]): string {
  const prelude: string[] = [];
  const modules: string[] = [];
  const { names } = input;
  for (const { name, kind } of input.analysis.bindings.values()) {
    if (kind === "var") prelude.push(`${names.session}.${name} = void 0;`);
    if (kind === "function") prelude.push(`${names.session}.${name} = ${name};`);
  }
  const last = body.findLast(({ type }) => type !== "EmptyStatement");
  for (const node of body) emitStatement(input, node, node === last, modules, prelude);
  return [...modules, ...prelude].join(" ");
}

function emitStatement(
  input: EmitInput,
  node: AstNode,
  isLast: boolean,
  modules: string[],
  prelude: string[],
): undefined {
  const { edits, names } = input;
  switch (node.type) {
    case "ImportDeclaration":
      edits.replace(node.start, node.end, "");
      return emitImport(input, node, modules, prelude);
    case "ExportAllDeclaration":
      edits.replace(node.start, node.end, "");
      modules.push(`${load(input, node)};`);
      return;
    case "ExportNamedDeclaration":
      return emitExport(input, node, modules);
    case "ExportDefaultDeclaration":
      return emitDefault(input, node, isLast);
    case "ClassDeclaration":
      return emitClass(input, node);
    case "ExpressionStatement": {
      const expression = child(node, "expression");
      if (!isLast || !expression) return;
      edits.insert(expression.start, `${names.result}.value = (`);
      edits.close(expression.end, ")");
    }
  }
}

function load({ code, names }: EmitInput, node: AstNode): string {
  const source = child(node, "source");
  const attributes = children(node, "attributes").map((one) => code.slice(one.start, one.end));
  const options = attributes.length > 0 ? `{ with: { ${attributes.join(", ")} } }` : "void 0";
  return `await ${names.load}(${code.slice(source?.start, source?.end)}, ${options}, ${node.start})`;
}

function emitImport(input: EmitInput, node: AstNode, modules: string[], prelude: string[]): undefined {
  const { names, analysis } = input;
  const module = `${names.load}_${node.start}`;
  const specifiers = children(node, "specifiers");
  modules.push(specifiers.length > 0 ? `const ${module} = ${load(input, node)};` : `${load(input, node)};`);
  for (const specifier of specifiers) {
    const name = text(child(specifier, "local"), "name");
    const value = importedValue(input, specifier, module, text(child(node, "source"), "value"), node.start);
    const binding = analysis.bindings.get(name);
    const local = binding && !inSession(binding) ? `${name} = ` : "";
    prelude.push(`${names.session}.${name} = ${local}${value};`);
  }
}

function importedValue(
  { names }: EmitInput,
  specifier: AstNode,
  module: string,
  source: string,
  offset: number,
): string {
  if (specifier.type === "ImportNamespaceSpecifier") return module;
  const imported = child(specifier, "imported");
  const name =
    specifier.type === "ImportDefaultSpecifier" ? "default" : text(imported, "name") || text(imported, "value");
  return `${names.pick}(${module}, ${JSON.stringify(name)}, ${JSON.stringify(source)}, ${offset})`;
}

/** `export` has no meaning in a cell and is dropped; `export … from` runs the module. */
function emitExport(input: EmitInput, node: AstNode, modules: string[]): undefined {
  const declaration = child(node, "declaration");
  if (declaration) {
    input.edits.replace(node.start, declaration.start, "");
    if (declaration.type === "ClassDeclaration") emitClass(input, declaration);
    return;
  }
  input.edits.replace(node.start, node.end, "");
  if (child(node, "source")) modules.push(`${load(input, node)};`);
}

function emitDefault(input: EmitInput, node: AstNode, isLast: boolean): undefined {
  const { edits, names } = input;
  const value = child(node, "declaration");
  if (!value) return;
  edits.replace(node.start, value.start, "");
  const named = child(value, "id");
  if (value.type === "FunctionDeclaration" && named) return;
  if (value.type === "ClassDeclaration" && named) return emitClass(input, value);
  edits.insert(value.start, isLast ? `${names.result}.value = (` : "(");
  edits.close(value.end, value.type.endsWith("Declaration") ? ");" : ")");
}

function emitClass({ edits, names, analysis }: EmitInput, node: AstNode): undefined {
  const name = text(child(node, "id"), "name");
  const binding = analysis.bindings.get(name);
  const local = binding && !inSession(binding) ? `${name} = ` : "";
  edits.insert(node.start, `${names.session}.${name} = ${local}`);
  edits.close(node.end, ";");
}
