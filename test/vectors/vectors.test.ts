import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { adapterOf, casesOf, runCases, type VectorCase } from "./runner/run.ts";

const files = readdirSync(new URL(".", import.meta.url));
const slugs = files.flatMap((file) => /^(.*)\.json$/.exec(file)?.[1] ?? []);
const adapters = files.flatMap((file) => /^(.*)(?<!\.test)\.ts$/.exec(file)?.[1] ?? []);

test("vectors: every adapter has cases and every file of cases has an adapter", () => {
  expect(adapters.sort()).toEqual(slugs.sort());
});

describe.each(slugs)("vectors of %s", (slug) => {
  const cases = casesOf(slug) as readonly VectorCase[];
  const forms = [...new Set(cases.map(({ form }) => form))];

  test.each(forms)("%s: agrees with its cases", async (form) => {
    expect(form.startsWith(`${slug}/`), `the form ${form} is not one of ${slug}`).toBe(true);
    const evaluate = await adapterOf(slug);
    const { failures } = await runCases(
      cases.filter((one) => one.form === form),
      evaluate,
    );
    expect(failures.join("\n")).toBe("");
  });
});
