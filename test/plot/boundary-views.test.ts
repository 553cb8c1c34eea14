import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { reasoningBoundary } from "../../src/analysis/index.ts";
import {
  boundaryCourseFigure,
  boundaryDetailFigure,
  boundaryFigure,
  boundaryTable,
  type Figure,
  sortableTable,
  standaloneHtml,
} from "../../src/plot/index.ts";
import type { BarTrace, HeatmapTrace, ScatterTrace } from "../../src/plot/traces.ts";
import { noChromium, openPage } from "../support/chromium.ts";
import * as samples from "./samples.ts";

const scatter = (figure: Figure, name: string): ScatterTrace => {
  const found = figure.data.find((trace) => trace.name === name);
  if (found?.type !== "scatter") throw new Error(`no scatter trace is named ${name}`);
  return found;
};
const bars = (figure: Figure): BarTrace[] => figure.data.filter((trace): trace is BarTrace => trace.type === "bar");

test("boundaryFigure: the title says what single problems show, else what the curves show", () => {
  const counts = (correct: readonly number[]) => ({
    problems: correct.map((c, i) => ({ id: `p${i}`, n: 256, correct: c })),
  });
  const many = (first: number, rest: number) => [first, ...Array<number>(39).fill(rest)];
  const title = (base: readonly number[], trained: readonly number[]) =>
    boundaryFigure(reasoningBoundary(counts(base), counts(trained), { ks: [1, 256], resamples: 100 })).layout.title
      ?.text;
  expect(title(many(200, 99), many(0, 99))).toContain("The boundary shrinks (1 lost); pass@1 0.40, then 0.38");
  expect(title(many(0, 99), many(200, 99))).toContain("The boundary grows (1 gained)");
  expect(title([200, 0, ...many(0, 99)], [0, 200, ...many(0, 99)])).toContain("moves both ways (1 lost, 1 gained)");
  expect(title(many(99, 99), many(99, 99))).toContain("No problem shown to cross the boundary");
  expect(title(many(90, 90), many(60, 60))).toContain("The base reaches more from k = 1 on");
});

test("boundaryDetailFigure: pass@1 and coverage of each level with their intervals, and every problem's change in order", () => {
  const boundary = samples.boundarySample();
  const made = boundaryDetailFigure(boundary, { samples: samples.completionsSample() });
  const { bins, k } = boundary.difficulty;
  expect(k).toBe(64);
  expect(scatter(made, "base").y).toEqual(bins.map(({ base }) => base.pass1.value));
  const coverage = scatter(made, "trained, coverage");
  expect(coverage.y).toEqual(bins.map(({ trained }) => trained.passK.value));
  expect(coverage.x).toEqual(["level 1<br>(20)", "level 2<br>(20)", "level 3<br>(20)"]);
  expect(coverage.error_y?.arrayminus?.[2]).toBeCloseTo(
    (bins[2]?.trained.passK.value ?? 0) - (bins[2]?.trained.passK.low ?? 0),
    12,
  );
  const all = bars(made).flatMap(({ x, y }) => x.map((place, i) => [Number(place), Number(y[i])] as const));
  const changes = all.sort(([a], [b]) => a - b).map(([, change]) => change);
  expect(changes).toHaveLength(60);
  expect(changes).toEqual([...changes].sort((a, b) => a - b));
  const fell = bars(made).find(({ name }) => name === "fell beyond chance");
  expect(fell?.text).toEqual(expect.arrayContaining([...boundary.fates.lost.beyondChance]));
  const point = fell?.meta?.samples[0];
  expect(made.samples?.points[Number(point)]?.label).toBe(fell?.text?.[0]);
});

test("boundaryCourseFigure: a line for the first, middle and last k, changes up and down, every problem's rate", () => {
  const course = samples.boundaryCourseSample();
  const made = boundaryCourseFigure(course);
  expect(scatter(made, "pass@64").y).toEqual(course.checkpoints.map(({ pass }) => pass.at(-1)?.value));
  const [rose, fell] = bars(made);
  const changed = (way: number) =>
    course.checkpoints.map((_, s) => course.problems.filter(({ change }) => change[s] === way).length);
  expect(rose?.y).toEqual(changed(1));
  expect(fell?.y.map((count) => Math.abs(Number(count)))).toEqual(changed(-1));
  const map = made.data.find((trace): trace is HeatmapTrace => trace.type === "heatmap");
  const last = map?.z[3]?.map(Number) ?? [];
  expect(last).toHaveLength(60);
  expect(last).toEqual([...last].sort((a, b) => a - b));
  expect(map?.text?.[0]?.[0]).toMatch(/^problem-\d+<br>step 0: \d+ of 64$/);
});

test("boundaryTable: one row a problem, the samples behind each count, hostile names escaped", () => {
  const boundary = samples.boundarySample();
  const { html, summary } = boundaryTable(boundary, { samples: samples.completionsSample() });
  expect(html.match(/<tr>/g)).toHaveLength(61);
  const [first] = boundary.problems;
  expect(html).toMatch(new RegExp(`data-point="0">${first?.id}</button>`));
  expect(html).toMatch(new RegExp(`data-point="\\d+">${first?.base.correct} of 64</button>`));
  expect(summary).toContain(`60 problems: ${boundary.fates.lost.ids.length} lost`);
  for (const text of samples.hostile.slice(0, 3)) expect(html).not.toContain(text);
  const evil = { name: "<b>", about: '"><i>', cells: [{ text: "<u>", key: '"' }] };
  const plain = sortableTable([evil], { title: "<s>", summary: "" }).html;
  for (const tag of ["<b>", "<i>", "<u>", "<s>"]) expect(plain).not.toContain(tag);
  expect(boundaryTable(boundary).html).not.toContain("data-point=");
});

/** Sorts by a column twice, opens the samples of the first row's base cell, writes down what shows. */
const drive = `<script>addEventListener("load", () => setTimeout(() => {
  const place = document.querySelector(".rlvr-table");
  const heads = [...place.querySelectorAll("th")];
  const column = heads.findIndex((head) => head.textContent.startsWith("trained"));
  const cells = (c) => [...place.querySelectorAll("tbody tr")].map((row) => row.cells[c].textContent);
  heads[column].querySelector("button").click();
  const rising = cells(column);
  heads[column].querySelector("button").click();
  const falling = cells(column);
  const last = heads.length - 1;
  heads[last].querySelector("button").click();
  const tell = cells(last);
  place.querySelector("tbody tr").cells[column].querySelector("button").click();
  const list = document.querySelector(".rlvr-samples");
  const shown = [...list.querySelectorAll(".group")].filter((group) => !group.hidden);
  const pre = document.createElement("pre");
  pre.id = "report";
  pre.textContent = JSON.stringify({
    rising, falling, tell, sorted: heads[column].getAttribute("aria-sort"), row: cells(0)[0],
    shown: shown.map((group) => group.querySelector("summary").textContent), open: list.querySelector(".all").open,
  });
  document.body.append(pre);
}, 300))</script>`;

test.skipIf(noChromium)(
  "boundaryTable: a click on a heading sorts, one on a count opens its samples [browser]",
  async () => {
    const { html } = boundaryTable(samples.boundarySample(), { samples: samples.completionsSample() });
    const file = join(await mkdtemp(join(tmpdir(), "rlvr-table-")), "page.html");
    await writeFile(file, (await standaloneHtml([html], { title: "Table" })).replace("</body>", `${drive}</body>`));
    const page = await openPage(file);
    expect(page.console).toBe("");
    const { rising, falling, tell, ...state } = JSON.parse(
      /<pre id="report">(.*?)<\/pre>/s.exec(page.dom)?.[1] ?? "{}",
    );
    const counts = rising.map((text: string) => Number.parseInt(text, 10));
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(falling.map((text: string) => Number.parseInt(text, 10))).toEqual([...counts].reverse());
    const known = tell.filter((text: string) => text !== "").map(Number);
    expect(tell.slice(0, known.length).map(Number)).toEqual([...known].sort((a: number, b: number) => a - b)); // empty ones last
    expect(state).toEqual({
      sorted: null, // another column is sorted by now
      open: true,
      row: expect.stringMatching(/^problem-/),
      shown: [expect.stringMatching(new RegExp(`^${state.row}, trained: \\d+ of 64 right`))],
    });
  },
);
