/** What the analysis of a cell knows while it walks: scopes, where it is, what it has found. */
import { type AstNode, text } from "./ast.ts";
import type { Binding, Reference, Use } from "./bindings.ts";

/** What the analysis finds. */
export interface Analysis {
  readonly bindings: ReadonlyMap<string, Binding>;
  /** References to names that the cell does not declare. */
  readonly free: readonly Reference[];
  /** Top-level variable declarations (with `var` of inner blocks), to be turned into assignments. */
  readonly declarations: readonly { readonly node: AstNode; readonly inLoop: boolean; readonly inHead: boolean }[];
  readonly awaits: readonly AstNode[];
  readonly forAwaits: readonly AstNode[];
  readonly loops: readonly AstNode[];
  readonly dynamicImports: readonly AstNode[];
  readonly metas: readonly AstNode[];
  /** An `await` or `for await` outside functions. */
  readonly topLevelAwait: boolean;
}

/** The names of a block, function or class; the top level's are bindings. */
interface Scope {
  readonly names: Set<string>;
  readonly parent: Scope | undefined;
}

/** Where the walk is. */
export interface Context {
  readonly scope: Scope;
  readonly nested: boolean;
  readonly inLoop: boolean;
}

/** The analysis while it grows. */
export interface State {
  readonly bindings: Map<string, Binding>;
  readonly free: Reference[];
  readonly declarations: { node: AstNode; inLoop: boolean; inHead: boolean }[];
  readonly awaits: AstNode[];
  readonly forAwaits: AstNode[];
  readonly loops: AstNode[];
  readonly dynamicImports: AstNode[];
  readonly metas: AstNode[];
  topLevelAwait: boolean;
}

/** Nothing found yet. */
export function emptyState(bindings: Map<string, Binding>): State {
  return {
    bindings,
    free: [],
    declarations: [],
    awaits: [],
    forAwaits: [],
    loops: [],
    dynamicImports: [],
    metas: [],
    topLevelAwait: false,
  };
}

/** The context inside a scope of these names. */
export function inner(context: Context, names: readonly string[]): Context {
  if (names.length === 0) return context;
  return { ...context, scope: { names: new Set(names), parent: context.scope } };
}

/** Whether a name means one of the top level here. */
export function isTopLevel(name: string, context: Context, state: State): boolean {
  for (let scope: Scope | undefined = context.scope; scope; scope = scope.parent) {
    if (scope.names.has(name)) return false;
  }
  return state.bindings.has(name);
}

/** Records what an identifier means. */
export function refer(
  node: AstNode,
  use: Use,
  context: Context,
  state: State,
  shorthand = false,
  parent?: AstNode,
): undefined {
  const name = text(node, "name");
  for (let scope: Scope | undefined = context.scope; scope; scope = scope.parent) {
    if (scope.names.has(name)) return;
  }
  const { nested, inLoop } = context;
  const reference: Reference = { node, use, shorthand, nested, inLoop, ...(parent && { parent }) };
  const list = state.bindings.get(name)?.references ?? state.free;
  list.push(reference);
}
