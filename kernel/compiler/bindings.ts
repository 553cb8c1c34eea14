/** The names that statements declare: top-level bindings of a cell, patterns, hoisted `var`s, block scopes. */
import { type AstNode, child, children, everyChild, isFunction, text } from "./ast.ts";

type BindingKind = "var" | "let" | "const" | "class" | "function" | "import";

/**
 * How a reference uses its name. `assign` is the left side of a plain `=`; `target` is any other place that is written
 * (update, compound assignment, pattern, head of a for loop); `declare` is the name in its own declaration.
 */
export type Use = "read" | "call" | "typeof" | "assign" | "target" | "declare";

export interface Reference {
  readonly node: AstNode;
  readonly use: Use;
  /** `{ x }`: the name must be written out when it is replaced. */
  readonly shorthand: boolean;
  /** Inside a function (or class member) of the cell. */
  readonly nested: boolean;
  readonly inLoop: boolean;
  /** The assignment expression of an `assign`. */
  readonly parent?: AstNode;
}

/** A top-level name of the cell. */
export interface Binding {
  readonly name: string;
  readonly kind: BindingKind;
  readonly references: Reference[];
  /** Offset from which a read at the top level is safe; reads before it are in the temporal dead zone. */
  initialisedAt: number;
}

/** The top-level names of a program. */
export function topLevelBindings(body: readonly AstNode[]): Map<string, Binding> {
  const bindings = new Map<string, Binding>();
  const add = (name: string, kind: BindingKind, initialisedAt: number): void => {
    if (!bindings.has(name)) bindings.set(name, { name, kind, references: [], initialisedAt });
  };
  for (const name of hoistedVars(body)) add(name, "var", 0);
  for (const outer of body) {
    const node = outer.type.startsWith("Export") ? (child(outer, "declaration") ?? outer) : outer;
    if (node.type === "ImportDeclaration") {
      for (const specifier of children(node, "specifiers")) add(text(child(specifier, "local"), "name"), "import", 0);
    } else if (node.type === "FunctionDeclaration") {
      add(text(child(node, "id"), "name"), "function", 0);
    } else if (node.type === "ClassDeclaration") {
      add(text(child(node, "id"), "name"), "class", node.end);
    } else if (node.type === "VariableDeclaration" && /^(let|const)$/.test(text(node, "kind"))) {
      for (const declarator of children(node, "declarations")) {
        for (const name of boundNames(child(declarator, "id"))) {
          add(name, text(node, "kind") === "const" ? "const" : "let", declarator.end);
        }
      }
    }
  }
  bindings.delete("");
  return bindings;
}

/** Names that a binding pattern declares. */
export function boundNames(pattern: AstNode | undefined): readonly string[] {
  if (!pattern) return [];
  if (pattern.type === "Identifier") return [text(pattern, "name")];
  if (pattern.type === "ObjectPattern") return children(pattern, "properties").flatMap(boundNames);
  if (pattern.type === "ArrayPattern") return children(pattern, "elements").flatMap(boundNames);
  if (pattern.type === "AssignmentPattern") return boundNames(child(pattern, "left"));
  if (pattern.type === "RestElement") return boundNames(child(pattern, "argument"));
  return boundNames(child(pattern, "value"));
}

/** Names of `var` declarations in these statements and in their inner blocks, functions left out. */
export function hoistedVars(nodes: readonly AstNode[]): readonly string[] {
  return nodes.flatMap((node) => {
    if (isFunction(node) || node.type.startsWith("Class")) return [];
    const own =
      node.type === "VariableDeclaration" && text(node, "kind") === "var"
        ? children(node, "declarations").flatMap((declarator) => boundNames(child(declarator, "id")))
        : [];
    return [...own, ...hoistedVars(everyChild(node))];
  });
}

/** Names that `let`, `const`, `using`, `class` and `function` declare directly in these statements. */
export function lexicalNames(statements: readonly AstNode[]): readonly string[] {
  return statements.flatMap((node) => {
    if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration")
      return [text(child(node, "id"), "name")];
    if (node.type !== "VariableDeclaration" || text(node, "kind") === "var") return [];
    return children(node, "declarations").flatMap((declarator) => boundNames(child(declarator, "id")));
  });
}
