/** What stands within a statement. */
import type { Expression, Statement } from "./verilog-syntax.ts";

/** Names that a statement reads. */
export function readBy(statement: Statement): Set<string> {
  const names = new Set<string>();
  const read = (expression: Expression): void => {
    if ("name" in expression) names.add(expression.name);
    if (expression.kind === "bit") read(expression.at);
    if (expression.kind === "join") expression.parts.forEach(read);
    if (expression.kind === "choice") read(expression.condition);
    if ("a" in expression) read(expression.a);
    if ("b" in expression) read(expression.b);
  };
  const target = (expression: Expression): void => {
    if (expression.kind === "bit") read(expression.at);
    if (expression.kind === "join") expression.parts.forEach(target);
  };
  for (const part of partsOf(statement)) {
    if (part.kind === "assign") {
      target(part.target);
      read(part.value);
    }
    if (part.kind === "if") read(part.condition);
    if (part.kind === "case") [part.subject, ...part.items.flatMap((item) => item.labels)].forEach(read);
  }
  return names;
}

/** A statement and all within it. */
export function* partsOf(statement: Statement): Generator<Statement> {
  yield statement;
  if (statement.kind === "block") for (const one of statement.body) yield* partsOf(one);
  if (statement.kind === "case") for (const { body } of statement.items) yield* partsOf(body);
  if (statement.kind === "if") {
    yield* partsOf(statement.yes);
    if (statement.no !== undefined) yield* partsOf(statement.no);
  }
}
