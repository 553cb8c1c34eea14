/** Figures of what training did to the support: pass@k with accuracies, and the support matrix with its metrics. */
import { HISTOGRAM_BINS, type LimitReport, type SupportReport } from "../analysis/index.ts";
import { type Figure, figure } from "./figure.ts";
import { axesOf, curve, fixed, grid, heading, interval, percent, powersOfTwo, rule, some } from "./marks.ts";
import { color, frame, outcomeCells, roles } from "./theme.ts";
import type { BarTrace, HeatmapTrace, Layout, ScatterTrace } from "./traces.ts";

/** Pass@k of base and trained with the crossing, beside how the problems spread over accuracies. */
export function limitFigure(report: LimitReport): Figure {
  const { boundary, histogram } = report;
  const ks = boundary.curve.map(({ k }) => k);
  const ticks = powersOfTwo(boundary.n.common);
  const line = (role: "base" | "trained") =>
    curve(
      ks,
      boundary.curve.map((point) => point[role]),
      roles[role],
      { name: role, markers: ks.map((k) => (ticks.includes(k) ? 7 : 0)) },
    );
  const bars = (role: "base" | "trained"): BarTrace => ({
    type: "bar",
    name: role,
    legendgroup: role,
    showlegend: false,
    x: [...HISTOGRAM_BINS],
    y: histogram[role],
    marker: {
      color: roles[role].color,
      ...(role === "base"
        ? { pattern: { shape: "/", bgcolor: color("paper"), fgcolor: roles.base.color, size: 6 } }
        : {}),
      line: { color: roles[role].color, width: 1 },
    },
    hovertemplate: "accuracy %{x}: %{y} problems",
    ...axesOf(2),
  });
  const { crossing } = boundary;
  const gap = report.samplingEfficiencyGap;
  const layout: Layout = {
    ...frame({
      title: "Limit of training: pass@k, and accuracies before and after",
      subtitle: `${boundary.problems.length} problems; base pass@${gap.k} − trained pass@1 = ${interval(gap)}; ${percent(boundary.confidence)} intervals`,
      headings: true,
    }),
    ...grid(
      [
        {
          x: { type: "log", title: { text: "k (samples per problem)" }, tickvals: ticks, ticktext: ticks.map(String) },
          y: { title: { text: "pass@k (share of problems)" }, range: [0, 1.02] },
        },
        {
          x: {
            type: "category",
            title: { text: "accuracy (share of samples)" },
            tickangle: -50,
            tickfont: { size: 10.5 },
          },
          y: { title: { text: "problems" } },
        },
      ],
      { columns: 2, gapX: 0.14 },
    ),
    barmode: "group",
    shapes: crossing.k === undefined ? [] : [rule({ x: crossing.k })],
    annotations: [
      heading(crossing.k === undefined ? "No crossing" : `The base overtakes at k = ${crossing.k}`, 1),
      heading("Problems by accuracy", 2),
    ],
  };
  const data = [...line("base"), ...line("trained"), bars("base"), bars("trained")];
  return figure({ data, layout, summary: limitWords(report) });
}

function limitWords({ boundary, samplingEfficiencyGap: gap, coverage, histogram }: LimitReport): string {
  const ends = [boundary.curve[0], boundary.curve.at(-1)].filter((point) => point !== undefined);
  const { k } = boundary.crossing;
  const [first, last] = [0, HISTOGRAM_BINS.length - 1];
  const at = (bin: number): string => `${histogram.base[bin]} before, ${histogram.trained[bin]} after`;
  return [
    `Limit of training, ${boundary.problems.length} problems`,
    ...ends.map((point) => `pass@${point.k}: base ${interval(point.base)}, trained ${interval(point.trained)}`),
    k === undefined ? "the base does not overtake" : `the base overtakes at k = ${k}`,
    `base pass@${gap.k} − trained pass@1: ${interval(gap)}`,
    `never right: ${at(first)}; always right: ${at(last)}`,
    `solved by both ${coverage.both.length}, base only ${coverage.baseOnly.length}, trained only ${coverage.trainedOnly.length}`,
  ].join("\n");
}

/** Which problems are in the support before and after, and the four metrics with their intervals. */
export function supportFigure(report: SupportReport): Figure {
  const { problems, samples, confidence, verdict, rule: shown } = report;
  const headings = [heading("Problems by support", 1), heading(`Metrics, ${percent(confidence)} intervals`, 2)];
  const layout: Layout = {
    ...frame({
      title: `Support of the correct answers: ${verdict}`,
      subtitle: `${problems.length} problems, ${samples} samples each; not chance: 0 on one side, ${shown.least ?? `more than ${samples}`} or more on the other`,
      legend: false,
      headings: true,
      height: 380,
    }),
    ...grid(
      [
        { x: { title: { text: "trained policy" }, showgrid: false }, y: { title: { text: "base" }, showgrid: false } },
        {
          x: { type: "category", title: { text: "metric" }, showgrid: false },
          y: { title: { text: "rate" }, range: [-1.04, 1.04], dtick: 0.5 },
        },
      ],
      { columns: 2, gapX: 0.16 },
    ),
    shapes: [rule({ y: 0 }, 2)],
    annotations: headings,
  };
  return figure({ data: [matrix(report), metricMarks(report)], layout, summary: supportWords(report) });
}

function matrix({ counts, lost, gained }: SupportReport): HeatmapTrace {
  const text = [
    [`<b>expanded: ${counts.E}</b><br>not chance: ${gained.length}`, `<b>out of both: ${counts.O}</b>`],
    [`<b>preserved: ${counts.P}</b>`, `<b>shrunk: ${counts.S}</b><br>not chance: ${lost.length}`],
  ];
  const { kept, gained: grew, lost: fell, never } = outcomeCells;
  return {
    type: "heatmap",
    x: ["in support", "not in support"],
    y: ["not in support", "in support"],
    z: [
      [1, 3],
      [0, 2],
    ],
    text,
    texttemplate: "%{text}",
    textfont: { size: 11.5 },
    hovertemplate: "base %{y}, trained %{x}<br>%{text}<extra></extra>",
    zmin: 0,
    zmax: 3,
    colorscale: [kept, grew, fell, never].map((color, i) => [i / 3, color] as const),
    showscale: false,
    xgap: 3,
    ygap: 3,
    ...axesOf(1),
  };
}

const metricNames = ["srr", "ndr", "sds", "nscr"] as const;

function metricMarks({ metrics }: SupportReport): ScatterTrace {
  const values = metricNames.map((name) => metrics[name]);
  const up = values.map((estimate) => (estimate === undefined ? null : estimate.high - estimate.value));
  const down = values.map((estimate) => (estimate === undefined ? null : estimate.value - estimate.low));
  return {
    type: "scatter",
    mode: "markers",
    name: "metrics",
    x: metricNames.map((name) => name.toUpperCase()),
    y: values.map((estimate) => estimate?.value ?? null),
    error_y: { type: "data", symmetric: false, array: up, arrayminus: down, thickness: 1.6, width: 6 },
    customdata: values.map((estimate) => [estimate?.low ?? null, estimate?.high ?? null]),
    hovertemplate: "%{x}: %{y:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f})<extra></extra>",
    marker: { symbol: roles.trained.symbol, color: roles.trained.color, size: 9 },
    ...axesOf(2),
  };
}

function supportWords({ counts, metrics, lost, gained, verdict, samples }: SupportReport): string {
  const { P, E, S, O } = counts;
  const rates = metricNames.map((name) => {
    const estimate = metrics[name];
    return `${name.toUpperCase()} ${estimate === undefined ? "not defined" : interval(estimate, 3)}`;
  });
  return [
    `Support of the correct answers at ${samples} samples: ${verdict}`,
    `preserved ${P}, expanded ${E}, shrunk ${S}, out of both ${O}`,
    rates.join(", "),
    `not chance: lost ${lost.length === 0 ? "none" : some(lost)}, gained ${gained.length === 0 ? "none" : some(gained)}`,
    `net change of ${fixed(E - S, 0)} problems`,
  ].join("\n");
}
