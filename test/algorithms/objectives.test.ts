/**
 * The table of checks: every objective, every check.
 *
 * To add an objective, write `rows/<method>.ts`; it is found by its place. The least that it can say is
 *
 *     export const rows: readonly Row[] = [{ name: "my method", objective: myMethod().objective }];
 *
 * and what `Row` (checks/row.ts) has beyond that makes the checks sharper: `stops` where the gradient is not the value's,
 * `clip` for the bounds, `zeroAdvantage`, `gradient` and `loss` as the paper states them, `refused` settings. The batch
 * comes from the objective's own `needs`; `batch` changes the numbers in it. A check that does not apply is named in
 * `except` with its reason. With `algorithm` given, expectations.test.ts also holds its sampled update against the exact
 * expectation. What each check asks stands at its function in checks/*-checks.ts.
 */
import { afterAll, describe, expect, test } from "vitest";
import { Engine } from "../../src/toolkit/jit/engine.ts";
import { complaints } from "./checks/checks.ts";
import { CHECKS } from "./checks/row.ts";
import { subjectOf } from "./checks/subject.ts";
import { readTable } from "./checks/table.ts";

const table = await readTable();

afterAll(() => Engine.shared().close());

test("objectives: every row has a name of its own", () => {
  expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
});

describe.each(table)("$name", (row) => {
  const subject = subjectOf(row);
  test.each(CHECKS)("%s", async (name) => {
    const reason = row.except?.[name];
    if (reason !== undefined) console.log(`${row.name}: ${name} does not apply: ${reason}`);
    expect(await complaints(subject, name)).toEqual([]);
  });
});
