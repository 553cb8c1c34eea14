import { expect, test } from "vitest";
import { darkFigure, figure } from "../../src/plot/index.ts";
import { seriesStyle } from "../../src/plot/series.ts";
import {
  darkColors,
  divergingScale,
  outcomeCells,
  palette,
  roles,
  sequentialScale,
  thin,
} from "../../src/plot/theme.ts";
import { recolour } from "../../src/toolkit/figure-page.ts";
import { gallery } from "./samples.ts";

/** Relative luminance of sRGB, WCAG 2.2. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** From 1 to 21, WCAG 2.2. */
function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const themes = [0, 1] as const;
const dark = (light: string): string => darkColors[light] ?? "";

test("contrast: black on white is 21 to 1, and two equal colours 1", () => {
  expect(contrast("#000000", "#FFFFFF")).toBeCloseTo(21, 9);
  expect(contrast("#0072B2", "#0072B2")).toBe(1);
});

test("theme: text stands out from the page by 4.5 to 1 and lines by 3 to 1, light and dark", () => {
  for (const theme of themes) {
    const paper = palette.paper[theme];
    for (const name of ["ink", "quiet", "black"] as const) {
      expect(contrast(palette[name][theme], paper), name).toBeGreaterThan(4.5);
    }
  }
  const lines = [...Object.values(roles), ...Array.from({ length: 7 }, (_, i) => seriesStyle(i))];
  for (const { color } of lines) {
    expect(contrast(color, "#FFFFFF"), color).toBeGreaterThan(3);
    expect(contrast(dark(color), palette.paper[1]), `${color} in the dark`).toBeGreaterThan(3);
  }
});

/** What plotly writes on a cell: white where the cell is dark by its measure (tinycolor's brightness below 128), else #444. */
function textOn(hex: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return (299 * red + 587 * green + 114 * blue) / 1000 < 128 ? "#FFFFFF" : "#444444";
}

test("theme: text on the cells of outcomes stands out by 4.5 to 1, light and dark", () => {
  for (const cell of Object.values(outcomeCells).flatMap((light) => [light, dark(light)])) {
    expect(contrast(cell, textOn(cell)), cell).toBeGreaterThan(4.5);
  }
});

test("theme: a scale's brightness goes one way, light and dark, so that greyscale keeps its order", () => {
  const levels = sequentialScale.map(([, light]) => luminance(light));
  expect(levels).toEqual([...levels].sort((a, b) => b - a));
  const darkLevels = sequentialScale.map(([, light]) => luminance(dark(light)));
  expect(darkLevels).toEqual([...darkLevels].sort((a, b) => a - b));
  // Away from the middle both arms of the diverging scale leave the page's brightness, step by step.
  for (const of of [(light: string) => light, dark]) {
    const far = divergingScale.map(([, light]) =>
      Math.abs(luminance(of(light)) - luminance(of(divergingScale[2]?.[1] ?? ""))),
    );
    expect(far[0]).toBeGreaterThan(far[1] ?? 1);
    expect(far[4]).toBeGreaterThan(far[3] ?? 1);
    expect(far[0]).toBeGreaterThan(far[4] ?? 1); // the negative end stands out more
  }
});

test("theme: no two light colours share a dark one", () => {
  const all = Object.entries(darkColors);
  expect(new Set(all.map(([, to]) => to)).size).toBe(new Set(all.map(([from]) => from)).size);
});

/** Every string of a value, with the key it stands under. */
function strings(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => (key === "meta" ? [] : strings(item)));
}

const used = (value: unknown): readonly string[] =>
  strings(value).flatMap((text) =>
    [...text.matchAll(/^#[0-9a-f]{6}$|(?<=color:)#[0-9a-f]{6}|^rgba?\(.*\)$/gi)].map(String),
  );

for (const [name, made] of Object.entries(gallery())) {
  test(`${name} figure: every colour is one of the palette's, and has a dark one`, () => {
    const known = new Set(Object.keys(darkColors));
    const solid = used(made.toJSON()).map((color) =>
      color.startsWith("#")
        ? color.toUpperCase()
        : `#${(color.match(/\d+/g) ?? [])
            .slice(0, 3)
            .map((part) => Number(part).toString(16).padStart(2, "0"))
            .join("")}`.toUpperCase(),
    );
    expect(solid.length).toBeGreaterThan(5);
    expect(solid.filter((color) => !known.has(color))).toEqual([]);
    expect(made.toJSON().layout.meta?.dark).toEqual(darkColors);
    const darkColours = used(darkFigure(made).toJSON());
    expect(darkColours).not.toContain("#FFFFFF".toLowerCase());
    expect(darkColours).toContain(palette.paper[1]);
    expect(darkFigure(made).toJSON().layout.meta?.dark).toBeUndefined();
  });
}

test("recolour: colours change, in any notation and in a text's style; what a user wrote does not", () => {
  const colors = { "#0072B2": "#4BA3E3", "#555555": "#AEB6BF" };
  const trace = {
    name: "#0072B2",
    x: ["#0072B2"],
    text: ["#0072B2"],
    customdata: [["#0072B2"]],
    marker: { color: ["#0072b2", "#123456"] },
    fillcolor: thin("blue", 0.18),
  };
  const title = { text: 'a #0072B2 b <span style="color:#555555">c</span>' };
  expect(recolour({ data: [trace], layout: { title, font: { color: "rgb(0, 114, 178)" } } }, colors)).toEqual({
    data: [{ ...trace, marker: { color: ["#4BA3E3", "#123456"] }, fillcolor: "rgba(75,163,227,0.18)" }],
    layout: {
      title: { text: 'a #0072B2 b <span style="color:#AEB6BF">c</span>' },
      font: { color: "rgb(75,163,227)" },
    },
  });
});

test("darkFigure: data, words and samples stay", () => {
  const one = figure({ data: [{ type: "scatter", mode: "lines", x: [1], y: [2] }], layout: {}, summary: "words" });
  expect(darkFigure(one).data).toEqual(one.data);
  expect(darkFigure(one).summary).toBe("words");
});
