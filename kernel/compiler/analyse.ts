/** Which identifier of a cell means what: the cell's own top-level names, names of inner scopes, and free names. */
import { type AstNode, child, children, everyChild, isFunction, text, unwrap } from "./ast.ts";
import { boundNames, hoistedVars, lexicalNames, topLevelBindings, type Use } from "./bindings.ts";
import { type Analysis, type Context, emptyState, inner, isTopLevel, refer, type State } from "./scope.ts";

const loopTypes: ReadonlySet<string> = new Set([
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "WhileStatement",
  "DoWhileStatement",
]);

/** Analyses a program of plain JavaScript (types already removed). */
export function analyse(program: AstNode): Analysis {
  const body = children(program, "body");
  const state = emptyState(topLevelBindings(body));
  const context: Context = { scope: { names: new Set(), parent: undefined }, nested: false, inLoop: false };
  for (const statement of body) visit(statement, context, state);
  return state;
}

function visitAll(nodes: readonly AstNode[], context: Context, state: State): undefined {
  for (const node of nodes) visit(node, context, state);
}

function visit(node: AstNode, context: Context, state: State): undefined {
  if (isFunction(node)) return visitFunction(node, context, state);
  if (loopTypes.has(node.type)) return visitLoop(node, context, state);
  switch (node.type) {
    case "Identifier":
      return refer(node, "read", context, state);
    case "ImportDeclaration":
    case "ExportAllDeclaration":
    case "BreakStatement":
    case "ContinueStatement":
      return;
    case "ExportNamedDeclaration":
      return visitOptional(child(node, "declaration"), context, state);
    case "LabeledStatement":
      return visitOptional(child(node, "body"), context, state);
    case "BlockStatement":
      return visitAll(children(node, "body"), inner(context, lexicalNames(children(node, "body"))), state);
    case "SwitchStatement":
      return visitSwitch(node, context, state);
    case "CatchClause":
      return visitCatch(node, context, state);
    case "ClassDeclaration":
    case "ClassExpression":
      return visitClass(node, context, state);
    case "VariableDeclaration":
      return visitDeclaration(node, context, state, false);
    default:
      return visitExpression(node, context, state);
  }
}

function visitOptional(node: AstNode | undefined, context: Context, state: State): undefined {
  if (node) visit(node, context, state);
}

function visitExpression(node: AstNode, context: Context, state: State): undefined {
  switch (node.type) {
    case "MemberExpression":
      visitOptional(child(node, "object"), context, state);
      if (node.computed === true) visitOptional(child(node, "property"), context, state);
      return;
    case "Property":
      return visitProperty(node, context, state);
    case "CallExpression":
    case "TaggedTemplateExpression": {
      const callee = child(node, node.type === "CallExpression" ? "callee" : "tag");
      const plain = callee && unwrap(callee);
      if (plain?.type === "Identifier") refer(plain, "call", context, state);
      else visitOptional(callee, context, state);
      if (node.type === "CallExpression") return visitAll(children(node, "arguments"), context, state);
      return visitOptional(child(node, "quasi"), context, state);
    }
    case "UnaryExpression": {
      const argument = child(node, "argument");
      const plain = argument && unwrap(argument);
      if (text(node, "operator") === "typeof" && plain?.type === "Identifier") refer(plain, "typeof", context, state);
      else visitOptional(argument, context, state);
      return;
    }
    case "AssignmentExpression":
      return visitAssignment(node, context, state);
    case "UpdateExpression":
      return visitTarget(child(node, "argument"), context, state, "target");
    case "AwaitExpression":
      state.awaits.push(node);
      if (!context.nested) state.topLevelAwait = true;
      break;
    case "ImportExpression":
      state.dynamicImports.push(node);
      break;
    case "MetaProperty":
      if (text(child(node, "meta"), "name") === "import") state.metas.push(node);
      return;
  }
  visitAll(everyChild(node), context, state);
}

function visitProperty(node: AstNode, context: Context, state: State): undefined {
  if (node.computed === true) visitOptional(child(node, "key"), context, state);
  const value = child(node, "value");
  if (node.shorthand === true && value?.type === "Identifier") return refer(value, "read", context, state, true);
  visitOptional(value, context, state);
}

function visitAssignment(node: AstNode, context: Context, state: State): undefined {
  const left = child(node, "left");
  const plain = left && unwrap(left);
  if (plain?.type === "Identifier") {
    refer(plain, text(node, "operator") === "=" ? "assign" : "target", context, state, false, node);
  } else visitTarget(left, context, state, "target");
  visitOptional(child(node, "right"), context, state);
}

/** A pattern or other place that is written: its names are of the given use, its defaults and keys are read. */
function visitTarget(
  node: AstNode | undefined,
  context: Context,
  state: State,
  use: Use,
  shorthand = false,
): undefined {
  if (!node) return;
  switch (node.type) {
    case "Identifier":
      return refer(node, use, context, state, shorthand);
    case "ParenthesizedExpression":
      return visitTarget(child(node, "expression"), context, state, use);
    case "ObjectPattern":
      for (const property of children(node, "properties")) {
        if (property.type === "RestElement") visitTarget(property, context, state, use);
        else {
          if (property.computed === true) visitOptional(child(property, "key"), context, state);
          visitTarget(child(property, "value"), context, state, use, property.shorthand === true);
        }
      }
      return;
    case "ArrayPattern":
      for (const element of children(node, "elements")) visitTarget(element, context, state, use);
      return;
    case "AssignmentPattern":
      visitTarget(child(node, "left"), context, state, use, shorthand);
      return visitOptional(child(node, "right"), context, state);
    case "RestElement":
      return visitTarget(child(node, "argument"), context, state, use);
    default:
      return visit(node, context, state);
  }
}

function visitDeclaration(node: AstNode, context: Context, state: State, inHead: boolean): undefined {
  const declarators = children(node, "declarations");
  const names = declarators.flatMap((declarator) => boundNames(child(declarator, "id")));
  const first = names[0] ?? "";
  const isTop = /^(var|let|const)$/.test(text(node, "kind")) && !context.nested && isTopLevel(first, context, state);
  if (isTop) state.declarations.push({ node, inLoop: context.inLoop, inHead });
  for (const declarator of declarators) {
    visitTarget(child(declarator, "id"), context, state, "declare");
    visitOptional(child(declarator, "init"), context, state);
  }
}

function visitFunction(node: AstNode, context: Context, state: State): undefined {
  const params = children(node, "params");
  const own = node.type === "FunctionExpression" ? [text(child(node, "id"), "name")] : [];
  const implicit = node.type === "ArrowFunctionExpression" ? [] : ["arguments"];
  const nested: Context = { ...context, nested: true, inLoop: false };
  const paramContext = inner(inner(nested, own.filter(Boolean)), [...implicit, ...params.flatMap(boundNames)]);
  for (const param of params) visitTarget(param, paramContext, state, "declare");
  const body = child(node, "body");
  if (body?.type !== "BlockStatement") return visitOptional(body, paramContext, state);
  const statements = children(body, "body");
  visitAll(statements, inner(paramContext, [...hoistedVars(statements), ...lexicalNames(statements)]), state);
}

function visitLoop(node: AstNode, context: Context, state: State): undefined {
  state.loops.push(node);
  if (node.await === true) {
    state.forAwaits.push(node);
    if (!context.nested) state.topLevelAwait = true;
  }
  const head = child(node, "init") ?? child(node, "left");
  const declares = head?.type === "VariableDeclaration";
  const scoped = inner(context, declares ? lexicalNames([head]) : []);
  const looping: Context = { ...scoped, inLoop: true };
  const headContext = node.type === "ForStatement" ? scoped : looping;
  if (declares) visitDeclaration(head, headContext, state, true);
  else if (child(node, "left")) visitTarget(head, headContext, state, "target");
  else visitOptional(head, headContext, state);
  for (const key of ["right", "test", "update"]) visitOptional(child(node, key), looping, state);
  visitOptional(child(node, "body"), looping, state);
}

function visitSwitch(node: AstNode, context: Context, state: State): undefined {
  visitOptional(child(node, "discriminant"), context, state);
  const cases = children(node, "cases");
  const scoped = inner(context, lexicalNames(cases.flatMap((one) => children(one, "consequent"))));
  for (const one of cases) visitAll(everyChild(one), scoped, state);
}

function visitCatch(node: AstNode, context: Context, state: State): undefined {
  const param = child(node, "param");
  const scoped = inner(context, boundNames(param));
  visitTarget(param, scoped, state, "declare");
  visitOptional(child(node, "body"), scoped, state);
}

/** Everything inside a class body counts as nested: field values and methods run later, or see `this`. */
function visitClass(node: AstNode, context: Context, state: State): undefined {
  const name = text(child(node, "id"), "name");
  const scoped = inner(context, name === "" ? [] : [name]);
  visitOptional(child(node, "superClass"), scoped, state);
  const body = child(node, "body");
  for (const member of body ? children(body, "body") : []) {
    if (member.computed === true) visitOptional(child(member, "key"), scoped, state);
    const nested: Context = { ...scoped, nested: true, inLoop: false };
    const block = member.type === "StaticBlock" ? children(member, "body") : [];
    const memberContext = inner(nested, [...hoistedVars(block), ...lexicalNames(block)]);
    if (block.length > 0) visitAll(block, memberContext, state);
    else visitOptional(child(member, "value"), memberContext, state);
  }
}
