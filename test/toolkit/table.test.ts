import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { jupyterDisplay, tableHtml, tableText, tabular } from "../../src/toolkit/table.ts";

const table = {
  title: "runs <1>",
  columns: { "a & b": [1, 0.123456, undefined], name: ["x", "<script>alert('1')</script>", '"q"'] },
};

test("table: HTML escapes titles, column names and cells", () => {
  const html = tableHtml(table);
  expect(html).toContain("runs &lt;1&gt;");
  expect(html).toContain("a &amp; b");
  expect(html).toContain("<td>0.1235</td><td>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;</td>");
  expect(html).toContain("<td></td><td>&quot;q&quot;</td>");
  expect(html).not.toContain("<script");
});

test("table: a long table is cut and says how many rows there are", () => {
  const long = { title: "t", columns: { i: Array.from({ length: 1000 }, (_, i) => i) } };
  expect(tableHtml(long).match(/<td>/g)).toHaveLength(20);
  expect(tableHtml(long)).toContain("20 of 1000 rows shown");
  expect(tableText(long, 2)).toBe("t\ni\n0\n1\n2 of 1000 rows shown");
  expect(tableHtml(table)).not.toContain("rows shown");
});

test("table: columns of unlike length are refused", () => {
  expect(() => tableHtml({ title: "t", columns: { a: [1], b: [] } })).toThrow('the columns of "t" have 1, 0 rows');
});

test("tabular: the result stays plain data with a display and a data frame", async () => {
  const data = { value: 3, list: [1, 2] };
  const result = tabular(data, ({ list }) => [
    { title: "list", columns: { entry: list, name: ["x", undefined] } },
    { title: "second", columns: { z: [0.5] } },
  ]);
  expect(JSON.parse(JSON.stringify(result))).toEqual(data);
  expect(Object.keys(result)).toEqual(["value", "list"]);
  expect(structuredClone({ ...result })).toEqual(data);
  expect(result[jupyterDisplay]()["text/html"]).toContain('<th style="text-align:left">entry</th>');
  expect(result[jupyterDisplay]()["text/plain"]).toBe("list\nentry  name\n1      x\n2\n\nsecond\nz\n0.5");
  const frame = await result.toDataFrame();
  expect(frame.columns).toEqual(["entry", "name"]);
  expect(frame.shape).toEqual([2, 2]);
  expect(frame.values).toEqual([
    [1, "x"],
    [2, ""],
  ]);
  expect((await result.toDataFrame("second")).values).toEqual([[0.5]]);
  expect(() => result.toDataFrame("third")).toThrow('there is no table "third"; pass one of "list", "second".');
});

test("tabular: an empty table makes an empty data frame", async () => {
  const result = tabular({}, () => [{ title: "none", columns: { a: [], b: [] } }]);
  expect((await result.toDataFrame()).columns).toEqual(["a", "b"]);
});

test("tabular: danfojs is not loaded before a data frame is asked for", () => {
  const module = pathToFileURL("dist/src/analysis/index.js").href;
  const script = `
    const { reasoningBoundary } = await import(${JSON.stringify(module)});
    const { createRequire } = await import("node:module");
    const loaded = () => Object.keys(createRequire(${JSON.stringify(module)}).cache).some((path) => path.includes("danfojs"));
    const counts = { problems: [{ id: "a", n: 4, correct: 1 }] };
    const result = reasoningBoundary(counts, counts);
    const before = loaded();
    const frame = await result.toDataFrame();
    process.stdout.write(JSON.stringify([before, loaded(), frame.shape]));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual([false, true, [4, 10]]);
});
