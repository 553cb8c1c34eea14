import { expect, test } from "vitest";
import {
  alignmentFigure,
  boundaryFigure,
  entropyFigure,
  type Figure,
  gradientFigure,
  interferenceDetailFigure,
  interferenceFigure,
  interferenceMatrixFigure,
  learningCurveFigure,
  limitFigure,
  performanceProfileFigure,
  rankFigure,
  solvedMatrixFigure,
  supportFigure,
  trainingFigure,
  trajectoryFigure,
  weightDeltaFigure,
  weightDetailFigure,
} from "../../src/plot/index.ts";
import { fixed, interval, powersOfTwo } from "../../src/plot/marks.ts";
import type { Axis, BarTrace, HeatmapTrace, ScatterTrace, Trace } from "../../src/plot/traces.ts";
import { movingAverage } from "../../src/plot/training.ts";
import * as samples from "./samples.ts";

function named(figure: Figure, name: string): ScatterTrace {
  const found = figure.data.find((trace) => trace.name === name);
  if (found?.type !== "scatter") throw new Error(`no scatter trace is named ${name}`);
  return found;
}

const axes = (figure: Figure): [string, Axis][] =>
  Object.entries(figure.layout).filter(([key]) => /^[xy]axis\d*$/.test(key)) as [string, Axis][];
const axisKey = (reference: string): string => `${reference[0]}axis${reference.slice(1)}`;
const heatOf = (figure: Figure): HeatmapTrace => figure.data.find((trace) => trace.type === "heatmap") as HeatmapTrace;

for (const [name, figure] of Object.entries(samples.gallery())) {
  test(`${name} figure: has a title, a title on every axis that needs one, and words that begin with the message`, () => {
    expect(figure.layout.title?.text).toMatch(/^[A-Z].+<br><span/);
    expect(figure.summary.length).toBeGreaterThan(20);
    for (const [key, axis] of axes(figure)) {
      // Panels stacked over others share the title of the lowest.
      if (name !== "training" && name !== "waiting") expect(axis.title?.text, key).toMatch(/\S/);
      else if (key.startsWith("y")) expect(axis.title?.text, key).toMatch(/\S/);
    }
  });

  test(`${name} figure: every trace has its axes in the layout, and x as long as y`, () => {
    const keys = new Set(axes(figure).map(([key]) => key));
    for (const trace of figure.data) {
      expect(keys).toContain(axisKey(trace.xaxis ?? "x"));
      expect(keys).toContain(axisKey(trace.yaxis ?? "y"));
      if (trace.type === "heatmap") {
        expect(trace.z.map((row) => row.length)).toEqual(trace.y.map(() => trace.x.length));
      } else expect(trace.x?.length).toBe(trace.y.length);
    }
  });
}

test("gradientFigure: every pair in the map, no number where there is no gradient, a line for each algorithm but the first", () => {
  const figure = gradientFigure(samples.gradientSample());
  expect(heatOf(figure).z[1]).toEqual([0.93, 1, null, 0.93 * 0.61, 0.93 * -0.12]);
  expect(figure.data.filter((trace) => trace.type === "scatter").map(({ name }) => name)).toEqual([
    "gspo",
    "dapo",
    "rloo",
    "cispo",
  ]);
  expect(named(figure, "rloo").y[3]).toBeCloseTo(0.61, 12);
  expect(figure.summary).toContain("gspo 0.930");
});

test("boundaryFigure: x are the ks, y the estimates, and the bands their ends", () => {
  const boundary = samples.boundarySample();
  const figure = boundaryFigure(boundary);
  for (const role of ["base", "trained"] as const) {
    const line = named(figure, role);
    expect(line.x).toEqual(boundary.curve.map(({ k }) => k));
    expect(line.y).toEqual(boundary.curve.map((point) => point[role].value));
    expect(named(figure, `${role}, low end`).y).toEqual(boundary.curve.map((point) => point[role].low));
    const high = named(figure, `${role}, high end`);
    expect(high.y).toEqual(boundary.curve.map((point) => point[role].high));
    expect(high.fill).toBe("tonexty");
    // "tonexty" fills to the trace before: that must be the low end.
    expect(figure.data[figure.data.indexOf(high) - 1]).toBe(named(figure, `${role}, low end`));
  }
  expect(figure.layout.xaxis).toMatchObject({ type: "log", tickvals: [1, 2, 4, 8, 16, 32, 64] });
});

test("boundaryFigure: the crossing is a line at its k, the range beside it, and words; without one the words say so", () => {
  const boundary = samples.boundarySample();
  const { k, low, high } = boundary.crossing;
  expect(k).toBe(7);
  const crossed = boundaryFigure(boundary);
  expect(crossed.layout.shapes).toMatchObject([
    { type: "rect", x0: low, x1: high },
    { type: "line", x0: k, x1: k },
  ]);
  expect(crossed.summary).toContain(`the base overtakes at k = ${k} (95 %: ${low} to ${high})`);
  const none = { k: undefined, low: undefined, high: undefined, share: 0, clearFrom: undefined };
  const apart = boundaryFigure({ ...boundary, crossing: none });
  expect(apart.layout.shapes).toEqual([]);
  expect(apart.layout.annotations?.[0]?.text).toBe("the base does not overtake up to k = 64");
});

test("solvedMatrixFigure: each cell stands where its name says and holds its count", () => {
  const boundary = samples.boundarySample();
  const heat = heatOf(solvedMatrixFigure(boundary));
  const cell = (base: string, trained: string): string =>
    String(heat.text?.[heat.y.indexOf(base)]?.[heat.x.indexOf(trained)]);
  const { kept, lost, gained, never } = boundary.fates;
  expect(cell("solved", "solved")).toContain(`kept: ${kept.ids.length}`);
  expect(cell("solved", "not solved")).toContain(`lost: ${lost.ids.length}`);
  expect(cell("not solved", "solved")).toContain(`gained: ${gained.ids.length}`);
  expect(cell("not solved", "not solved")).toContain(`never: ${never.ids.length}`);
  const lostPoints = named(solvedMatrixFigure(boundary), "lost");
  expect(lostPoints.text).toEqual(lost.ids);
  expect(lostPoints.y.every((rate) => rate === 0)).toBe(true); // never solved after training
});

test("entropyFigure: before, after, measured and predicted per position bin, error bars per class", () => {
  const change = samples.entropySample();
  const figure = entropyFigure(change);
  expect(named(figure, "before").x).toEqual([3.5, 11.5, 19.5, 27.5, 35.5, 43.5, 51.5, 59.5]); // mid of 0..7, 8..15, ...
  expect(named(figure, "after").y).toEqual(change.byPosition.map(({ after }) => after));
  expect(named(figure, "measured change").y).toEqual(change.byPosition.map((bin) => bin.change.value));
  expect(named(figure, "first order").y).toEqual(change.byPosition.map((bin) => bin.firstOrder?.value));
  const bars = figure.data.find(({ type, name }) => type === "bar" && name === "measured change") as BarTrace;
  expect(bars.x).toEqual(["digit", "operator", "separator", "end of text"]);
  // Interval of ± 0.03 about each value.
  for (const side of [bars.error_y?.array, bars.error_y?.arrayminus]) {
    for (const length of side ?? []) expect(length).toBeCloseTo(0.03, 12);
  }
});

test("entropyFigure: without predictions none is drawn", () => {
  const change = samples.entropySample();
  const bare = ({ name, tokens, before, after, change: measured }: (typeof change)["byClass"][number]) => ({
    name,
    tokens,
    before,
    after,
    change: measured,
  });
  const figure = entropyFigure({
    ...change,
    overall: bare(change.overall),
    byPosition: change.byPosition.map((bin) => ({ ...bare(bin), from: bin.from, to: bin.to })),
    byClass: change.byClass.map(bare),
  });
  expect(figure.data.map(({ name }) => name)).not.toContain("first order");
  expect(figure.data.map(({ name }) => name)).not.toContain("forecast by covariance");
});

test("interferenceFigure: bars rise from the worst to the best, lost problems are marked at their bars", () => {
  const result = samples.interferenceSample();
  const figure = interferenceFigure(result);
  const bars = figure.data.filter((trace): trace is BarTrace => trace.type === "bar");
  const heights = bars.flatMap(({ y }) => y.map(Number));
  expect(heights).toEqual([...heights].sort((a, b) => a - b));
  expect(heights).toHaveLength(40);
  expect(bars[0]?.y.length).toBe(result.hurt.length);
  const marks = named(figure, "success rate fell");
  expect([...(marks.text ?? [])].sort()).toEqual([...(result.lost?.ids ?? [])].sort());
  expect(marks.x).toEqual([1, 2, 3, 4, 5]); // the five worst were lost
  expect(named(figure, "mean over problems").x).toEqual(result.steps);
});

test("interferenceMatrixFigure: cells stand in the order of the clusters, pairs that hurt have dots, borders lie between", () => {
  const matrix = samples.interferenceMatrixSample();
  const figure = interferenceMatrixFigure(matrix);
  const heat = heatOf(figure);
  const { rows, columns, effect, problems } = matrix;
  for (const [i, u] of rows.order.entries()) {
    for (const [k, j] of columns.order.entries()) expect(heat.z[i]?.[k]).toBe(effect[u * problems.length + j]);
  }
  expect(heat.x.map((name) => String(name).split(" ")[0]).join()).toMatch(/^((carry|plain|long),?){18}$/);
  expect(new Set(columns.clusters).size).toBe(3);
  const dots = named(figure, "hurts beyond chance");
  const hurt = matrix.pairs.filter(({ verdict }) => verdict === "hurts");
  expect(dots.x).toEqual(hurt.map(({ problem }) => problem.replace("sum/", "")));
  expect(dots.y).toEqual(hurt.map(({ update }) => update.replace("sum/", "")));
  const lines = figure.layout.shapes?.map(({ x0, x1 }) => (x0 === x1 ? x0 : "row"));
  expect(lines).toEqual([5.5, 11.5, "row", "row"]);
  expect(figure.layout.title?.text).toMatch(
    /^Interference: \d+ % of 306 pairs hurt, \d+ % help; cluster \d hurts \d most/,
  );
  expect(figure.summary).toContain("first order against the real update: r");
});

test("interferenceMatrixFigure: of wrong answers the likelier ones are dark; one step says so; many problems lose their dots", () => {
  const matrix = samples.interferenceMatrixSample();
  const wrong = heatOf(interferenceMatrixFigure({ ...matrix, answers: "wrong" }));
  expect(wrong.colorscale.at(-1)).toEqual([1, heatOf(interferenceMatrixFigure(matrix)).colorscale[0]?.[1]]);
  const one = interferenceMatrixFigure({ ...matrix, draws: 1 });
  expect(one.layout.title?.text).toContain("one step");
  expect(named(one, "hurts by more than the margin").x.length).toBeGreaterThan(0);
  expect(interferenceMatrixFigure(samples.interferenceMatrixSample(66)).data).toHaveLength(1);
});

test("interferenceMatrixFigure: momentum is a row of its own below a line", () => {
  const matrix = samples.interferenceMatrixSample();
  const effect = Float64Array.from(matrix.problems, (_, j) => -j);
  const figure = interferenceMatrixFigure({ ...matrix, terms: [{ name: "momentum", effect }] });
  const heat = heatOf(figure);
  expect(heat.y.at(-1)).toBe("momentum");
  expect(heat.z.at(-1)).toEqual(matrix.columns.order.map((j) => -j));
  expect(figure.layout.shapes?.at(-1)).toMatchObject({ y0: 17.5, y1: 17.5 });
});

test("interferenceDetailFigure: a panel for each part, bars that add up to the real change, arms with what they save", () => {
  const details = samples.interferenceDetailsSample();
  const figure = interferenceDetailFigure(details);
  const bars = figure.data.filter((trace): trace is BarTrace => trace.type === "bar");
  expect(bars.map(({ name }) => name)).toEqual(["others hurt", "others helped", "own", "momentum", "higher orders"]);
  for (const [i, change] of named(figure, "real").y.entries()) {
    const sum = bars.reduce((total, { y }) => total + Number(y[i]), 0);
    expect(sum).toBeCloseTo(Number(change), 12);
  }
  expect(named(figure, "saved of the lost").y).toEqual(details.saved?.arms.map(({ saved }) => saved.value));
  expect(named(figure, "optimizer's direction").x).toEqual(details.matrix.pairs.map(({ predicted }) => predicted));
  expect(figure.layout.annotations).toHaveLength(5);
  const alone = interferenceDetailFigure({ matrix: details.matrix });
  expect(alone.layout.annotations).toHaveLength(2);
  expect(alone.layout.title?.text).toContain("the first order has the sign of");
});

test("alignmentFigure: row is the problem trained on, the diagonal is left out, colours are even about 0", () => {
  const alignment = samples.alignmentSample();
  const heat = heatOf(alignmentFigure(alignment));
  expect(heat.z[3]?.[5]).toBe(alignment.cosine[3 * 8 + 5]);
  expect(heat.z.map((row, i) => row[i])).toEqual(Array.from({ length: 8 }, () => null));
  expect(heat.zmin).toBe(-Number(heat.zmax));
  expect(heat.x).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]); // "problem-" says nothing that the axis does not
  const mixed = heatOf(alignmentFigure({ ...alignment, ids: alignment.ids.map((id, i) => (i === 7 ? "add/3" : id)) }));
  expect(mixed.x.slice(6)).toEqual(["problem-6", "add/3"]);
  expect(alignmentFigure(samples.alignmentSample(30)).data[0]).not.toHaveProperty("texttemplate"); // 900 texts would not fit
});

test("weightDeltaFigure: energy, spectra relative to the first, and norms by layer and module", () => {
  const deltas = samples.deltaSample();
  const figure = weightDeltaFigure(deltas);
  expect(named(figure, "all matrices together").y).toEqual(deltas.overall.energy.map(({ share }) => share));
  const spectra = figure.data.filter((trace) => trace.name === "one matrix")[1] as ScatterTrace;
  expect(spectra.y.filter((value) => value === 1)).toHaveLength(29); // 28 matrices in layers and the embedding
  const heat = heatOf(figure);
  const value = (layer: string, module: string) => heat.z[heat.y.indexOf(layer)]?.[heat.x.indexOf(module)];
  const down = deltas.tensors.find(({ name }) => name === "model.layers.2.mlp.down_proj.weight");
  expect(value("2", "down")).toBe(down?.relativeNorm);
  expect(value("outside", "embed")).toBe(deltas.tensors[0]?.relativeNorm);
  expect(value("0", "embed")).toBeNull();
});

test("weightDetailFigure: fit errors by rank, an overlap for each matrix, unchanged shares by layer and module", () => {
  const deltas = samples.deltaSample();
  const figure = weightDetailFigure(deltas);
  expect(named(figure, "all matrices together").y).toEqual(deltas.overall.energy.map(({ error }) => error));
  const angles = deltas.tensors[0]?.angles;
  expect(named(figure, "overlap").x[0]).toBe(angles?.right.overlap);
  expect(named(figure, "overlap").y[0]).toBe(angles?.left.overlap);
  expect(named(figure, "overlap").y).toHaveLength(29);
  const heat = heatOf(figure);
  const down = deltas.tensors.find(({ name }) => name === "model.layers.2.mlp.down_proj.weight");
  expect(heat.z[heat.y.indexOf("2")]?.[heat.x.indexOf("down")]).toBe(down?.unchanged);
});

test("trajectoryFigure: ways end at 1, a straight tensor has share and R² of 1; what stood still is refused", () => {
  const trajectory = samples.trajectorySample();
  const figure = trajectoryFigure(trajectory);
  expect(named(figure, "all tensors as one").y.at(-1)).toBe(1);
  expect(named(figure, "share and fit").x[0]).toBeCloseTo(1, 12); // no bend
  expect(named(figure, "share and fit").y[0]).toBeCloseTo(1, 12);
  expect(named(figure, "share and fit").x[8]).toBeLessThan(0.99); // bent
  expect(() => trajectoryFigure({ ...trajectory, tensors: [] })).toThrow("no tensor moved");
});

test("rankFigure: points in order of rank between the two levels; ranks below 1 are refused", () => {
  const { base, trained, points } = samples.rankSample();
  const figure = rankFigure({ base, trained, points: [...points].reverse() });
  expect(named(figure, "top r kept").x).toEqual([1, 2, 4, 8, 16, 32]);
  expect(named(figure, "base").y).toEqual([0.31, 0.31]);
  expect(figure.summary).toContain("rank 8 keeps 90 % of the gain or more"); // 1 − exp(−8/3) = 0.93, 1 − exp(−4/3) = 0.74
  expect(() => rankFigure({ base, trained, points: [] })).toThrow(
    "rankFigure: the ranks are []; pass at least one point",
  );
  expect(() => rankFigure({ base, trained, points: [{ rank: 0, pass1: base }] })).toThrow("the ranks are [0]");
});

test("trainingFigure: raw values and their average in a panel each; metrics that no record has are left out", () => {
  const records = samples.trainingSample(20);
  const figure = trainingFigure(records);
  const panels = (trace: Trace) => trace.xaxis;
  expect(new Set(figure.data.map(panels)).size).toBe(6);
  expect(figure.data[0]).toMatchObject({ x: records.map(({ step }) => step), name: "each step" });
  expect((figure.data[0] as ScatterTrace).y).toEqual(records.map(({ metrics }) => metrics.reward));
  const bare = records.map(({ step, metrics }) => ({ step, metrics: { reward: metrics.reward ?? 0 } }));
  expect(new Set(trainingFigure(bare).data.map(panels)).size).toBe(1);
});

test("limitFigure: pass@k with its crossing, and the histograms", () => {
  const report = samples.limitSample();
  const made = limitFigure(report);
  expect(named(made, "trained").y).toEqual(report.boundary.curve.map(({ trained }) => trained.value));
  const bars = made.data.filter((trace): trace is BarTrace => trace.type === "bar");
  expect(bars.map(({ y }) => y)).toEqual([report.histogram.base, report.histogram.trained]);
  expect(made.layout.shapes).toMatchObject([{ type: "line", x0: report.boundary.crossing.k }]);
  expect(made.summary).toContain("the base overtakes at k = 7");
});

test("supportFigure: each class stands where its name says, the metrics have their intervals", () => {
  const report = samples.supportSample();
  const made = supportFigure(report);
  const heat = heatOf(made);
  const cell = (base: string, trained: string): string =>
    String(heat.text?.[heat.y.indexOf(base)]?.[heat.x.indexOf(trained)]);
  expect(cell("in support", "in support")).toContain(`preserved: ${report.counts.P}`);
  expect(cell("in support", "not in support")).toContain(`shrunk: ${report.counts.S}`);
  expect(cell("not in support", "in support")).toContain(`expanded: ${report.counts.E}`);
  const marks = named(made, "metrics");
  const { srr, nscr } = report.metrics;
  expect([marks.y[0], marks.y[3]]).toEqual([srr?.value, nscr?.value]);
  expect(marks.error_y?.arrayminus?.[3]).toBeCloseTo((nscr?.value ?? 0) - (nscr?.low ?? 0), 12);
  expect(made.layout.title?.text).toContain(report.verdict);
});

test("performanceProfileFigure: a falling line for each experiment, between its ends", () => {
  const report = samples.aggregateSample();
  const made = performanceProfileFigure(report);
  for (const { experiment, profile } of report.experiments) {
    expect(named(made, experiment).x).toEqual(report.thresholds);
    expect(named(made, experiment).y).toEqual(profile.map(({ value }) => value));
    expect(named(made, `${experiment}, high end`).y).toEqual(profile.map(({ high }) => high));
  }
  expect(() => performanceProfileFigure({ ...report, experiments: [] })).toThrow("there is no experiment");
});

test("learningCurveFigure: a panel for each task, one entry in the legend for each method", () => {
  const curves = samples.curvesSample();
  const made = learningCurveFigure(curves);
  const panels = made.data.filter(({ name }) => name === "DAPO").map(({ xaxis }) => xaxis);
  expect(new Set(panels)).toEqual(new Set(["x", "x2", "x3"]));
  const entries = made.data.filter((trace) => trace.showlegend !== false && trace.x?.[0] === null);
  expect(entries.map(({ name }) => name)).toEqual(["GRPO", "DAPO"]);
  const [first] = curves;
  expect(named(made, "GRPO, low end").y).toEqual(first?.mean.map((value, i) => value - (first.std[i] ?? 0)));
  expect(() => learningCurveFigure([])).toThrow("there is no curve");
});

test("movingAverage: equals pandas' ewm(span=3, adjust=True), passes over gaps", () => {
  // α = 2 / (3 + 1) = 1/2, weights 1, 1/2, 1/4 ...
  const [first, second, third] = movingAverage([4, 1, 2], 3);
  expect(first).toBe(4);
  expect(second).toBeCloseTo((1 + 4 / 2) / 1.5, 12);
  expect(third).toBeCloseTo((2 + 1 / 2 + 4 / 4) / 1.75, 12);
  expect(movingAverage([Number.NaN, 4, Number.NaN], 3)).toEqual([Number.NaN, 4, 4]);
});

test("marks: numbers as text, and the powers of two of a k axis", () => {
  expect(fixed(-0.126)).toBe("−0.13");
  expect(fixed(Number.NaN)).toBe("not known");
  expect(interval({ value: 0.5, low: 0.25, high: 0.755 }, 1)).toBe("0.5 (0.3 to 0.8)");
  expect(powersOfTwo(64)).toEqual([1, 2, 4, 8, 16, 32, 64]);
  expect(powersOfTwo(48)).toEqual([1, 2, 4, 8, 16, 32, 48]); // 48 / 32 = 1.5: room for a label
  expect(powersOfTwo(34)).toEqual([1, 2, 4, 8, 16, 32]); // 34 / 32 = 1.06: labels would touch
});
