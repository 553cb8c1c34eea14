import { expect, test } from "vitest";
import { compileCell } from "../../../kernel/compiler/compile.ts";
import { CellSyntaxError } from "../../../kernel/compiler/syntax-error.ts";

function failure(source: string): unknown {
  try {
    compileCell(source, { has: () => false, isConst: () => false, isGlobal: () => false }, []);
    return undefined;
  } catch (error) {
    return error;
  }
}

test.each(["using", "await using"])("compiler: a top-level %s is refused by name, at its place", (kind) => {
  const error = failure(`const a = 1;\n  ${kind} r = open();`);
  expect(error).toBeInstanceOf(CellSyntaxError);
  expect(error).toMatchObject({ position: { line: 2, column: 3 } });
  expect(String(error)).toContain(`"${kind}" is not possible at the top level of a cell`);
});

test("compiler: a variable called using is an ordinary one", () => {
  expect(failure("const using = 1;\nusing + 1")).toBeUndefined();
});
