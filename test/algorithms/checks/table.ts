/** The rows of every method: what the files of `rows/` export, in the order of their names. */
import { readdirSync } from "node:fs";
import type { Row } from "./row.ts";

export async function readTable(): Promise<Row[]> {
  const names = readdirSync(new URL("../rows/", import.meta.url)).map((file) => file.replace(/\.ts$/, ""));
  const modules: { readonly rows: readonly Row[] }[] = await Promise.all(
    names.sort().map((name) => import(`../rows/${name}.ts`)),
  );
  return modules.flatMap(({ rows }) => rows);
}
