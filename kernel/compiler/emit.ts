/**
 * Rewrites an analysed cell into the body of one function.
 *
 * Top-level names live in two places. A name that an inner function of the cell uses, and every name of an earlier
 * cell, is a property of the session object, read at each use: so old closures see new definitions. A name that only
 * top-level code uses is a local variable, which hot loops need, and is copied to the session object: at once where it
 * is assigned outside loops, and in a `finally` where a loop assigns it.
 */
import { type AstNode, child, children, text, unwrap } from "./ast.ts";
import { type Binding, boundNames, type Reference } from "./bindings.ts";
import type { Edits } from "./edits.ts";
import type { Analysis } from "./scope.ts";

/** Names of the helpers that the emitted code calls; chosen so that no cell's own name clashes. */
export interface HelperNames {
  readonly session: string;
  readonly result: string;
  readonly guard: string;
  readonly iterate: string;
  readonly flag: string;
  readonly stop: string;
  readonly load: string;
  readonly pick: string;
  readonly meta: string;
  readonly owner: string;
  readonly constant: string;
  readonly early: string;
}

/** What the compiler knows about names that the cell does not declare. */
export interface KnownNames {
  /** A variable of the session. */
  has(name: string): boolean;
  /** A `const`, or import, of the session. */
  isConst(name: string): boolean;
  /** A global, or a name that the executor passes to every cell. */
  isGlobal(name: string): boolean;
}

export interface EmitInput {
  readonly code: string;
  readonly analysis: Analysis;
  readonly edits: Edits;
  readonly names: HelperNames;
  readonly known: KnownNames;
}

const immutable: ReadonlySet<string> = new Set(["const", "import"]);

/** Kept on the session object alone, never as a local variable. */
export function inSession(binding: Binding): boolean {
  if (binding.references.some(({ nested }) => nested)) return true;
  return binding.kind === "function" && binding.references.some(({ use }) => use === "assign" || use === "target");
}

/** A local that must be copied to the session object at the end of the cell. */
export function copiedAtEnd(binding: Binding): boolean {
  if (inSession(binding) || immutable.has(binding.kind)) return false;
  return binding.references.some(
    ({ use, inLoop }) => use === "target" || ((use === "assign" || use === "declare") && inLoop),
  );
}

/** Turns top-level declarations into assignments. */
export function emitDeclarations(input: EmitInput): void {
  for (const { node, inLoop, inHead } of input.analysis.declarations) {
    const declarators = children(node, "declarations");
    input.edits.replace(node.start, declarators[0]?.start ?? node.start, "");
    for (const declarator of declarators) emitDeclarator(input, declarator, text(node, "kind"), inLoop, inHead);
  }
}

function emitDeclarator(input: EmitInput, node: AstNode, kind: string, inLoop: boolean, inHead: boolean): void {
  const { edits, names, analysis } = input;
  const [id, init] = [child(node, "id"), child(node, "init")];
  if (!id) return;
  const locals = boundNames(id).filter((name) => {
    const binding = analysis.bindings.get(name);
    return binding && !inSession(binding);
  });
  if (id.type !== "Identifier") {
    if (!init) return;
    edits.insert(id.start, "(");
    const copies = inLoop ? "" : locals.map((name) => `, ${names.session}.${name} = ${name}`).join("");
    edits.close(init.end, `)${copies}`);
    return;
  }
  if (!init && (kind === "var" || inHead)) return;
  if (locals.length > 0 && !inLoop) edits.insert(id.start, `${names.session}.${text(id, "name")} = `);
  if (!init) edits.close(id.end, " = void 0");
  else if (locals.length === 0) keepName(edits, init, text(id, "name"));
}

/** `S.f = () => 1` would leave the function without a name: `S.f = { f: () => 1 }.f` gives it one. */
function keepName(edits: Edits, value: AstNode, name: string): void {
  const { type, id } = unwrap(value);
  const nameless = type === "ArrowFunctionExpression" || (/^(Function|Class)Expression$/.test(type) && !id);
  if (!nameless) return;
  edits.insert(value.start, `{ ${name}: `);
  edits.close(value.end, ` }.${name}`);
}

/** Guards that let an interrupt in: every `await`, every turn of a loop. */
export function emitGuards({ analysis, edits, names }: EmitInput): void {
  for (const node of analysis.awaits) {
    const argument = child(node, "argument");
    if (argument) surround(edits, argument, `${names.guard}(`, `, ${node.start})`);
  }
  for (const node of analysis.forAwaits) {
    const right = child(node, "right");
    if (right) surround(edits, right, `${names.iterate}(`, `, ${node.start})`);
  }
  for (const loop of analysis.loops) {
    const body = child(loop, "body");
    const guard = `if (${names.flag}[0]) ${names.stop}();`;
    if (body?.type === "BlockStatement") edits.insert(body.start + 1, guard);
    else if (body) surround(edits, body, `{ ${guard}`, " }");
  }
}

function surround(edits: Edits, node: AstNode, before: string, after: string): void {
  edits.insert(node.start, before);
  edits.close(node.end, after);
}

/** Dynamic imports and `import.meta`. */
export function emitModuleSyntax({ analysis, edits, names }: EmitInput): void {
  for (const node of analysis.dynamicImports) {
    const [source, options] = [child(node, "source"), child(node, "options")];
    edits.replace(node.start, node.start + "import".length, names.load);
    const end = (options ?? source)?.end ?? node.end;
    edits.close(end, options ? `, ${node.start}` : `, void 0, ${node.start}`);
  }
  for (const node of analysis.metas) edits.replace(node.start, node.end, names.meta);
}

/** Every identifier that means a session variable, or may mean one. */
export function emitReferences(input: EmitInput): void {
  for (const binding of input.analysis.bindings.values()) {
    for (const reference of binding.references) emitOwnReference(input, binding, reference);
  }
  for (const reference of input.analysis.free) {
    const name = text(reference.node, "name");
    const owner = freeOwner(input, name, reference);
    if (owner) emitThrough(input, reference, owner);
  }
}

function writes({ use }: Reference): boolean {
  return use === "assign" || use === "target";
}

function freeOwner({ known, names }: EmitInput, name: string, reference: Reference): string | undefined {
  if (known.has(name)) {
    return writes(reference) && known.isConst(name) ? `(${names.constant}("${name}"))` : names.session;
  }
  if (known.isGlobal(name)) return undefined;
  if (reference.use === "typeof") return `(${names.owner}("${name}", true))`;
  return `("${name}" in ${names.session} ? ${names.session} : ${names.owner}("${name}"))`;
}

function emitOwnReference(input: EmitInput, binding: Binding, reference: Reference): undefined {
  const { names, edits } = input;
  const { name, kind } = binding;
  const session = inSession(binding);
  const early = !reference.nested && reference.use !== "declare" && reference.node.start < binding.initialisedAt;
  if (early) return emitThrough(input, reference, `(${names.early}("${name}"))`);
  if (writes(reference) && immutable.has(kind)) return emitThrough(input, reference, `(${names.constant}("${name}"))`);
  if (session) return emitThrough(input, reference, names.session);
  const { use, inLoop, parent } = reference;
  if (use === "assign" && !inLoop && parent) edits.insert(parent.start, `${names.session}.${name} = `);
}

function emitThrough({ edits }: EmitInput, { node, use, shorthand, parent }: Reference, owner: string): undefined {
  const name = text(node, "name");
  const property = `${owner}.${name}`;
  const written = use === "call" ? `(0, ${property})` : shorthand ? `${name}: ${property}` : property;
  edits.replace(node.start, node.end, written);
  const right = use === "assign" && parent ? child(parent, "right") : undefined;
  if (right) keepName(edits, right, name);
}
