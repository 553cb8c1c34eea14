import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Json } from "../../kernel/executor/events.ts";
import { notebookHtml } from "../../kernel/notebook/html.ts";
import { belowOf } from "../../src/plot/figure.ts";
import {
  alignmentFigure,
  boundaryFigure,
  entropyFigure,
  entropyLedgerFigure,
  type Figure,
  figure,
  interferenceFigure,
  plotlyMime,
  type SampleSource,
  sampleBook,
  solvedMatrixFigure,
  standaloneHtml,
  trainingFigure,
} from "../../src/plot/index.ts";
import type { HeatmapTrace } from "../../src/plot/traces.ts";
import { noChromium, openPage } from "../support/chromium.ts";
import * as samples from "./samples.ts";

const completion = (text: string, score: number | null) => ({ text, score });
const source = (completions: readonly { text: string; score: number | null }[]): SampleSource => ({
  problems: [{ id: "p", prompt: "1 + 1?", completions }],
});

/** Titles of the groups behind a trace's point. */
function behindOf(made: Figure, trace: number, point: number | readonly [number, number]): readonly string[] {
  const rows: readonly unknown[] = made.data[trace]?.meta?.samples ?? [];
  const at = typeof point === "number" ? rows[point] : [rows[point[0]]].flat()[point[1]];
  return (made.samples?.points[Number(at)]?.groups ?? []).map((g) => made.samples?.groups[g]?.title ?? "");
}

test("sampleBook: right and wrong samples in turn, counts of all, as many as the limit", () => {
  const book = sampleBook(
    { base: source([..."abcde"].map((text, i) => completion(text, i < 3 ? 0 : 1))) },
    { perProblem: 3 },
  );
  book.point("p", book.problem("p"));
  const [group] = book.finish()?.groups ?? [];
  expect(group?.title).toBe("p, base: 2 of 5 right");
  expect(group?.count).toBe(5);
  expect(group?.samples.map((sample) => sample.completion)).toEqual(["d", "a", "e"]); // right, wrong, right
});

test("sampleBook: samples without a score are told apart, and no problem is starved by another", () => {
  const many = {
    problems: ["a", "b"].map((id) => ({ id, completions: Array(9).fill(completion("0123456789", null)) })),
  };
  const book = sampleBook({ run: many }, { total: 35 }); // room for three of ten characters each
  book.point("both", [...book.problem("a"), ...book.problem("b")]);
  const groups = book.finish()?.groups ?? [];
  expect(groups.map(({ title }) => title)).toEqual([
    "a, run: 0 of 0 right, 9 not scored",
    "b, run: 0 of 0 right, 9 not scored",
  ]);
  expect(groups.map((group) => group.samples.length)).toEqual([2, 1]);
});

test("sampleBook: long texts say how much is missing; equal points are one; a point of nothing is none", () => {
  const book = sampleBook({ base: source([completion("x".repeat(25), 1)]) }, { characters: 20 });
  const first = book.point("p", book.problem("p"));
  expect([book.point("p", book.problem("p")), book.point("q", book.problem("q"))]).toEqual([first, null]);
  expect(book.finish()?.groups[0]?.samples[0]?.completion).toBe(`${"x".repeat(20)}… (5 more characters)`);
});

test("sampleBook: refuses sources without completions and limits that are none", () => {
  expect(() => sampleBook({ base: { problems: [{ id: "p" }] } })).toThrow(
    "samples: none of base has completions; evaluate with keepCompletions: true, or import a dump with its samples.",
  );
  expect(() => sampleBook({}, { perProblem: 0 })).toThrow("perProblem");
});

test("figure: a point that the samples do not have is refused", () => {
  const book = sampleBook({ base: source([completion("a", 1)]) });
  book.point("p", book.problem("p"));
  const trace = { type: "scatter", mode: "markers", x: [1], y: [1], meta: { samples: [7] } } as const;
  expect(() => figure({ data: [trace], layout: {}, summary: "", samples: book.finish() })).toThrow(
    "names point 7 of 1",
  );
});

test("boundary figures: cells, marks and the curve lead to the problems they are made of", () => {
  const boundary = samples.boundarySample();
  const both = samples.completionsSample();
  const matrix = solvedMatrixFigure(boundary, { samples: both });
  const heat = matrix.data[0] as HeatmapTrace;
  const cell = behindOf(matrix, 0, [heat.y.indexOf("solved"), heat.x.indexOf("not solved")]);
  expect(cell).toHaveLength(2 * boundary.fates.lost.ids.length); // base and trained
  expect(cell[0]).toMatch(new RegExp(`^${boundary.fates.lost.ids[0]}, base: \\d+ of 64 right`));
  const marks = matrix.data.findIndex((trace) => trace.name === "lost");
  expect(behindOf(matrix, marks, 0)).toEqual(cell.slice(0, 2));
  const curves = boundaryFigure(boundary, { samples: both });
  const line = curves.data.findIndex((trace) => trace.name === "base");
  const widest = boundary.problems.reduce((best, one) =>
    one.trained.correct - one.base.correct > best.trained.correct - best.base.correct ? one : best,
  );
  expect(behindOf(curves, line, 0)).toContain(`${widest.id}, trained: ${widest.trained.correct} of 64 right`); // k = 1
  expect(boundaryFigure(boundary).samples).toBeUndefined();
  expect(boundaryFigure(boundary).layout.meta?.samples).toBeUndefined();
});

test("interference and alignment figures: a bar leads to its problem, a cell to its two", () => {
  const both = samples.completionsSample();
  const result = samples.interferenceSample();
  const bars = interferenceFigure(result, { samples: { trained: both.trained } });
  const [worst = ""] = result.hurt;
  expect(behindOf(bars, 0, 0).map((title) => title.split(":")[0])).toEqual([`${worst}, trained`]);
  const heat = alignmentFigure(samples.alignmentSample(), { samples: { base: both.base } });
  expect(behindOf(heat, 0, [1, 4]).map((title) => title.split(":")[0])).toEqual(["problem-1, base", "problem-4, base"]);
});

test("training and ledger figures: a step leads to its own completions, a step without any to nothing", () => {
  const sets = [3, 5].map((step) => ({ ...source([completion(`of step ${step}`, 1)]), step }));
  const training = trainingFigure(samples.trainingSample(6), { samples: sets });
  expect(behindOf(training, 0, 2)).toEqual(["p, step 3: 1 of 1 right"]); // the records begin at step 1
  expect(training.data[0]?.meta?.samples).toEqual([null, null, 0, null, 1, null]);
  const ledger = entropyLedgerFigure(samples.ledgerSample(), { samples: sets });
  expect(behindOf(ledger, 0, 5)).toEqual(["p, step 5: 1 of 1 right"]);
});

test("entropy figure: a class leads to the completions whose tokens of it moved most, coloured by token", () => {
  // Two sequences of three tokens; the digits of the second move more, though the first moves more in all.
  const change = Float64Array.of(-3, -0.1, 0, 0, -0.2, -0.5);
  const snapshot = {
    sequences: [0, 0, 0, 1, 1, 1],
    positions: [0, 1, 2, 0, 1, 2],
    classes: ["operator", "digit", "digit", "operator", "digit", "digit"],
    tokens: [10, 11, 12, 13, 14, 15],
  };
  const whole = samples.entropySample();
  const [digits, ...others] = whole.byClass;
  if (digits === undefined) throw new Error("no class");
  const small = { ...whole, tokens: 6, byClass: [digits, ...others], byPosition: [], perToken: { change } };
  const completions = ["first", "second"].map((text) => ({ completion: text, score: 1, problem: "p" }));
  const made = entropyFigure(small, { samples: { snapshot, completions, decode: (token) => `<${token}>` } });
  const bars = made.data.findIndex((trace) => trace.type === "bar");
  expect(behindOf(made, bars, 0)).toEqual([
    "p, completion 2: −0.70 nats in 3 tokens",
    "p, completion 1: −3.10 nats in 3 tokens",
  ]);
  expect(made.samples?.groups[0]?.samples[0]?.tokens?.at(-1)).toEqual({ text: "<15>", value: -0.5 });
  expect(() => entropyFigure(small, { samples: { snapshot: {}, completions } })).toThrow(
    "has no sequences for 6 tokens",
  );
  expect(() => entropyFigure(small, { samples: { snapshot, completions: completions.slice(1) } })).toThrow(
    "token 3 is of sequence 1, and there are 1 completions",
  );
});

const matrixFigure = () => solvedMatrixFigure(samples.boundarySample(), { samples: samples.completionsSample() });

test("a figure's bundle brings its samples along, and no hostile text can leave its place", async () => {
  const bundle = await matrixFigure().bundle({ fallback: "none" });
  const below = belowOf(bundle);
  expect(below?.["text/plain"]).toBe("samples behind the figure: 960 of 7680 kept, in 120 groups");
  const html = String(below?.["text/html"]);
  for (const text of samples.hostile.slice(0, 3)) expect(html).not.toContain(text);
  expect(html.match(/<script>/g)).toHaveLength(1);
  expect(html).toContain("&lt;/script&gt;&lt;script&gt;");
  expect(html).toContain("… (1003 more characters)"); // 10 · 300 + 3 − 2000
});

/** Clicks with the mouse in the middle of the upper right cell, once the figure is drawn, and writes down what shows. */
const click = `<script>addEventListener("load", () => setTimeout(async () => {
  const plot = document.querySelector(".js-plotly-plot");
  const { xaxis, yaxis } = plot._fullLayout;
  const box = plot.getBoundingClientRect();
  const at = { clientX: box.left + xaxis._offset + 0.75 * xaxis._length, clientY: box.top + yaxis._offset + 0.25 * yaxis._length };
  for (const type of ["mousemove", "mousemove", "mousedown", "mouseup"]) {
    plot.querySelector(".nsewdrag").dispatchEvent(new MouseEvent(type, { bubbles: true, view: window, ...at }));
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
  const list = document.querySelector(".rlvr-samples");
  const shown = [...list.querySelectorAll(".group")].filter((group) => !group.hidden);
  const pre = document.createElement("pre");
  pre.id = "report";
  pre.textContent = JSON.stringify({
    title: document.title, open: list.querySelector(".all").open, focus: document.activeElement.tagName,
    point: list.querySelector("select").selectedOptions[0].textContent, shown: shown.length,
    first: shown[0].querySelector("summary").textContent, visible: shown[0].querySelector("pre").checkVisibility(),
  });
  document.body.append(pre);
}, 600))</script>`;

async function clicked(html: string): Promise<unknown> {
  const file = join(await mkdtemp(join(tmpdir(), "rlvr-samples-")), "page.html");
  await writeFile(file, html.replace("</body>", `${click}</body>`));
  const page = await openPage(file);
  expect(page.console).toBe("");
  return JSON.parse(/<pre id="report">(.*?)<\/pre>/s.exec(page.dom)?.[1] ?? "{}");
}

test.skipIf(noChromium)(
  "a click on a cell opens its samples, in a figure's page and in an exported notebook",
  async () => {
    const { fates } = samples.boundarySample();
    const expected = {
      open: true,
      focus: "SELECT",
      point: `lost: ${fates.lost.ids.length} problems`,
      shown: 2 * fates.lost.ids.length,
      first: expect.stringContaining(`${fates.lost.ids[0]}, base: `),
      visible: true,
    };
    expect(await clicked(await standaloneHtml([matrixFigure()], { title: "One" }))).toEqual({
      title: "One",
      ...expected,
    });
    const bundle = await matrixFigure().bundle({ fallback: "none" });
    const output = (data: Readonly<Record<string, unknown>>) => ({
      output_type: "display_data" as const,
      metadata: {},
      data: data as Record<string, Json>,
    });
    const cell = { cell_type: "code", id: "c", metadata: {}, source: "", execution_count: 1 } as const;
    const outputs = [output({ [plotlyMime]: bundle[plotlyMime] }), output(belowOf(bundle) ?? {})];
    const page = notebookHtml({ metadata: {}, cells: [{ ...cell, outputs }] }, { title: "Two" });
    expect(await clicked(page)).toEqual({ title: "Two", ...expected });
  },
);
