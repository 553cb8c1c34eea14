import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { methodsPage } from "../../scripts/methods.mjs";

test("docs: the methods page is what the modules' headers say (node scripts/methods.mjs)", () => {
  expect(readFileSync(new URL("../../docs/methods.md", import.meta.url), "utf8")).toBe(methodsPage());
});
