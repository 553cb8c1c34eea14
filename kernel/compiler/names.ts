/** Which names of a notebook a cell defines, uses and changes: what ties cells to each other. */
import { analyse } from "./analyse.ts";
import { type AstNode, child, children, everyChild, isFunction, parseModule, text, unwrap } from "./ast.ts";
import { stripTypes } from "./strip.ts";
import { checkSyntax } from "./syntax-error.ts";

export interface CellNames {
  /** Declared at the top level, or assigned without a declaration. */
  readonly defines: ReadonlySet<string>;
  /** Read, also inside functions, and not declared by the cell itself. Globals are among them. */
  readonly uses: ReadonlySet<string>;
  /**
   * Of other cells, changed in place: `x.a = 1`, `x[0]++`, `delete x.a`, `x.push(1)`. A function that changes its argument
   * is not seen.
   */
  readonly changes: ReadonlySet<string>;
  /** `import "./setup.ts"`: run for what it does. */
  readonly sideEffectImport: boolean;
}

const MUTATORS: ReadonlySet<string> = new Set([
  ...["push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"],
  ...["set", "add", "delete", "clear", "append", "assign"],
]);

/** The names of a cell; none for one that does not parse. */
export function cellNames(source: string): CellNames | undefined {
  let program: AstNode;
  try {
    checkSyntax(source);
    program = parseModule(stripTypes("cell.ts", source).code);
  } catch {
    return undefined; // running the cell says what is wrong with it
  }
  const { bindings, free } = analyse(program);
  const written = free.filter(({ use }) => use === "assign" || use === "target");
  const read = free.filter(({ use }) => use !== "assign");
  const nameOf = ({ node }: { readonly node: AstNode }): string => text(node, "name");
  const uses = new Set(read.map(nameOf));
  return {
    defines: new Set([...bindings.keys(), ...written.map(nameOf)]),
    uses,
    changes: new Set(changed(program).filter((name) => uses.has(name))),
    sideEffectImport: children(program, "body").some(isSideEffectImport),
  };
}

function isSideEffectImport(node: AstNode): boolean {
  return node.type === "ImportDeclaration" && children(node, "specifiers").length === 0;
}

/** Names through which something is changed outside functions, whatever scope they are of. */
function changed(node: AstNode): string[] {
  const inside = everyChild(node).flatMap((one) => (isFunction(one) ? [] : changed(one)));
  const own = rootOf(changedPlace(node));
  return own === undefined ? inside : [own, ...inside];
}

/** The place `x.a` that a node writes to, deletes, or calls a changing method of. */
function changedPlace(node: AstNode): AstNode | undefined {
  switch (node.type) {
    case "AssignmentExpression":
      return child(node, "left");
    case "UpdateExpression":
      return child(node, "argument");
    case "UnaryExpression":
      return text(node, "operator") === "delete" ? child(node, "argument") : undefined;
    case "CallExpression": {
      const callee = child(node, "callee");
      return callee && MUTATORS.has(text(child(callee, "property"), "name")) ? callee : undefined;
    }
    default:
      return undefined;
  }
}

/** `x` of `x.a.b`; none for a bare name, which is written, not changed. */
function rootOf(place: AstNode | undefined): string | undefined {
  const plain = place && unwrap(place);
  if (plain?.type !== "MemberExpression") return undefined;
  const object = child(plain, "object");
  const inner = object && unwrap(object);
  return inner?.type === "Identifier" ? text(inner, "name") : rootOf(inner);
}
