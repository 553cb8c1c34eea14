import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cliFolder } from "./support.ts";

const { folder, rlvr, notebook } = cliFolder();
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

/** A notebook whose cell shows a figure without a picture. */
function plotted(name: string): string {
  const path = join(folder, notebook(name, "const n = 1;", "plot"));
  const file = JSON.parse(readFileSync(path, "utf8"));
  const figure = { data: [{ type: "scatter", x: [1, 2], y: [3, 4] }], layout: {} };
  const data = { "application/vnd.plotly.v1+json": figure, "text/plain": "a plot" };
  file.cells[1].outputs = [{ output_type: "display_data", metadata: {}, data }];
  writeFileSync(path, JSON.stringify(file));
  return name;
}

test("rlvr export: Markdown with a drawn picture beside it, written again in its place", () => {
  plotted("n.ipynb");
  for (let round = 0; round < 2; round++) {
    expect(rlvr("export", "n.ipynb", "-o", "page.md")).toEqual({ code: 0, out: "page.md\n", err: "" });
    expect(read("page.md")).toContain("```ts\nplot\n```\n\n![a plot](page_files/c1-1.svg)");
    expect(read("page_files/c1-1.svg")).toMatch(/^<svg/);
  }
});

test("rlvr export: a page with code folded, a title, and no table of contents", () => {
  const args = ["--code", "folded", "--title", "Mine", "--no-contents"];
  expect(rlvr("export", plotted("m.ipynb"), ...args).code).toBe(0);
  expect(read("m.html")).toContain("<title>Mine</title>");
  expect(read("m.html")).toContain('<details class="source"><summary>');
});

test("rlvr export: an unknown way to show code is refused", () => {
  expect(rlvr("export", plotted("o.ipynb"), "--code", "none")).toMatchObject({
    code: 2,
    err: '--code: it is "none"; pass shown, folded, hidden.\n',
  });
  expect(existsSync(join(folder, "o.html"))).toBe(false);
});

test("rlvr diff: two runs that differ by a parameter, and one with itself", () => {
  notebook("d.ipynb", "const n = 1;", "n * 2");
  for (const n of [1, 2]) rlvr("run", "d.ipynb", "-p", `n=${n}`, "-o", `d${n}.ipynb`, "--quiet");
  expect(rlvr("diff", "d1.ipynb", "d1.ipynb")).toEqual({ code: 0, out: "", err: "" });
  const { code, out } = rlvr("diff", "d1.ipynb", "d2.ipynb");
  expect(code).toBe(1);
  expect(out).toBe(`parameters.n: 1 -> 2
cell 2 (injected-parameters) has another source
    // set from outside
  - const n = 1;
  + const n = 2;
cell 3 (c1), the output: "2" before, "4" now
`);
  expect(JSON.parse(rlvr("diff", "d1.ipynb", "d2.ipynb", "--json").out).settings).toHaveLength(1);
  expect(rlvr("diff", "d1.ipynb").code).toBe(2);
});
