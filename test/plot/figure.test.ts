import { inspect } from "node:util";
import { expect, test } from "vitest";
import { jupyterDisplay } from "../../src/plot/figure.ts";
import { figure, plotlyMime } from "../../src/plot/index.ts";
import { frame } from "../../src/plot/theme.ts";

const line = (y: readonly number[]) =>
  figure({
    data: [{ type: "scatter", mode: "lines", name: "a <b", x: [1, 2, 3], y }],
    layout: { ...frame({ title: "Title", subtitle: "sub" }), xaxis: { title: { text: "step" } } },
    summary: "Title: 3 steps",
  });

test("figure: numbers leave with 7 significant digits, whole numbers exactly, NaN and infinities as gaps", () => {
  const json = line([1 / 3, 123456789012, Number.NaN]).toJSON();
  expect(json.data[0]).toMatchObject({ y: [0.3333333, 123456789012, null] });
  expect(line([Number.POSITIVE_INFINITY, 2e-9 / 3, -0.1 - 0.2]).toJSON().data[0]).toMatchObject({
    y: [null, 6.666667e-10, -0.3],
  });
});

test("figure: typed and read-only input is left as it was", () => {
  const y = Object.freeze([0.123456789, 2, 3]);
  line(y).toJSON();
  expect(y[0]).toBe(0.123456789);
});

test("figure: the display protocol gives plotly JSON as an object, an SVG and the words", async () => {
  expect(jupyterDisplay).toBe(Symbol.for("Jupyter.display"));
  const shown = await line([1, 2, 3])[jupyterDisplay]();
  expect(Object.keys(shown)).toEqual([plotlyMime, "image/svg+xml", "text/plain"]);
  expect(shown[plotlyMime]).toEqual(line([1, 2, 3]).toJSON());
  expect(shown["text/plain"]).toBe("Title: 3 steps");
  expect(JSON.parse(JSON.stringify(shown))).toEqual(shown); // plain JSON all through
});

test("figure: an SVG above 60 kB gives way to a PNG, and either can be chosen or left out", async () => {
  const many = Array.from({ length: 2000 }, (_, i) => Math.sin(i * i));
  const large = figure({
    data: [{ type: "scatter", mode: "markers", x: many.map((_, i) => i), y: many }],
    layout: frame({ title: "Large", subtitle: "" }),
    summary: "large",
  });
  const png = (await large.bundle())["image/png"];
  expect(Buffer.from(String(png), "base64").subarray(1, 4).toString()).toBe("PNG");
  expect(Object.keys(await large.bundle({ fallback: "svg" }))).toContain("image/svg+xml");
  expect(Object.keys(await large.bundle({ fallback: "none" }))).toEqual([plotlyMime, "text/plain"]);
});

test("figure: console.log prints the words, not the arrays", () => {
  expect(inspect(line([1, 2, 3]))).toBe("Title: 3 steps");
});
