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
 * `except` with its reason. What each check asks stands at its function in checks/checks.ts.
 */
import { readdirSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { Engine } from "../../src/toolkit/jit/engine.ts";
import { complaints } from "./checks/checks.ts";
import { CHECKS, type Row } from "./checks/row.ts";
import { subjectOf } from "./checks/subject.ts";

const folder = new URL("./rows/", import.meta.url);
const names = readdirSync(folder)
  .map((file) => file.replace(/\.ts$/, ""))
  .sort();
const modules: { readonly rows: readonly Row[] }[] = await Promise.all(
  names.map((name) => import(`./rows/${name}.ts`)),
);
const table = modules.flatMap(({ rows }) => rows);

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
