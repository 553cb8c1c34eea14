/** Figures of the entropy ledger and of the collapse forecast. */
import type { CollapseForecast, EntropyLedger, LedgerRow, UpdatePart } from "../analysis/index.ts";
import { type Figure, figure } from "./figure.ts";
import { axesOf, curve, errorBars, fixed, grid, heading, interval, percent, rule } from "./marks.ts";
import { behind } from "./samples.ts";
import { type StepSampleOptions, stepPoints } from "./step-samples.ts";
import { color, frame, roles, thin } from "./theme.ts";
import type { BarTrace, Layout, ScatterTrace } from "./traces.ts";

/** A bar's name in the legend, colour and pattern; ordered by brightness within the warm and the cold ones. */
const entries: readonly {
  readonly key: UpdatePart | "rest";
  readonly name: string;
  readonly color: string;
  readonly pattern: string;
}[] = [
  { key: "positive", name: "positive", color: color("blue"), pattern: "" },
  { key: "negative", name: "negative", color: color("paleAmber"), pattern: "/" },
  { key: "clip", name: "clip", color: color("palePink"), pattern: "x" },
  { key: "regularizer", name: "regularizer", color: color("green"), pattern: "." },
  { key: "optimizer", name: "optimizer", color: color("paleBlue"), pattern: "\\" },
  { key: "rest", name: "rest", color: color("paleGrey"), pattern: "" },
];

/** What was measured stands before all colours. */
const black = { color: color("black"), band: thin("black", 0.16), symbol: "circle" } as const;

/** Pixels. */
const secondLegendRow = 22;

/** Most token classes drawn; the rest stand in the table. */
const shownClasses = 8;

/**
 * Each update's change of entropy as stacked bars that add up to the measured change (line), the same summed by token class, and the
 * running sum: predicted from covariances alone, all parts, measured. With samples, a click on a bar shows the completions that
 * the update learned from.
 */
export function entropyLedgerFigure(ledger: EntropyLedger, options: StepSampleOptions = {}): Figure {
  const { steps, total } = ledger;
  const x = steps.map(({ step }) => step);
  const { points, book } = stepPoints(x, options);
  const rows = steps.map(({ overall }) => overall);
  const classes = total.byClass.slice(0, shownClasses);
  const names = classes.map(({ name }) => name);
  const data = [
    ...entries.map((entry) => ({ ...bars(x, rows, entry, 1), ...behind(points) })),
    ...measuredLine(x, rows),
    ...running(x, rows),
    ...(classes.length === 0 ? [] : entries.map((entry) => bars(names, classes, entry, 3))),
    ...(classes.length === 0 ? [] : [dots(names, classes)]),
  ];
  const layout = layoutOf(ledger, classes.length > 0);
  return figure({ data, layout, summary: wordsOf(ledger), samples: book.finish() });
}

function bars(
  x: readonly (number | string)[],
  rows: readonly LedgerRow[],
  { key, name, color: fill, pattern }: (typeof entries)[number],
  panel: number,
): BarTrace {
  return {
    type: "bar",
    name,
    legendgroup: name,
    showlegend: panel === 1,
    x,
    y: rows.map((row) => (key === "rest" ? row.rest : row.parts[key])),
    marker: {
      color: fill,
      line: { color: color("quiet"), width: 0.5 },
      ...(pattern === "" ? {} : { pattern: { shape: pattern, bgcolor: fill, fgcolor: color("paper"), size: 5 } }),
    },
    hovertemplate: `%{x}: %{y:.4f} nats<extra>${name}</extra>`,
    ...axesOf(panel),
  };
}

/** Markers are left out where they would touch. */
const roomForMarkers = 40;

/** The measured change of each update, with its interval as a band where there is one. */
function measuredLine(x: readonly number[], rows: readonly LedgerRow[]): readonly ScatterTrace[] {
  const estimates = rows.flatMap(({ intervals }) => (intervals ? [intervals.measured] : []));
  const style = { ...roles.measured, ...black };
  if (estimates.length < rows.length) {
    return [
      line(
        x,
        rows.map(({ measured }) => measured),
        { name: "measured", ...black, panel: 1 },
      ),
    ];
  }
  return curve(x, estimates, style, { name: "measured", format: ".4f", markers: x.length > roomForMarkers ? 0 : 5 });
}

/** What was measured of each class. */
function dots(x: readonly string[], rows: readonly LedgerRow[]): ScatterTrace {
  return {
    type: "scatter",
    mode: "markers",
    name: "measured",
    legendgroup: "measured",
    showlegend: false,
    x,
    y: rows.map(({ measured }) => measured),
    ...(rows.every(({ intervals }) => intervals) && {
      error_y: errorBars(rows.flatMap((row) => row.intervals?.measured ?? [])),
    }),
    marker: { symbol: black.symbol, size: 7, color: black.color },
    hovertemplate: "%{x}: %{y:.4f} nats<extra>measured</extra>",
    ...axesOf(3),
  };
}

interface LineLook {
  readonly name: string;
  readonly color: string;
  readonly symbol: string;
  readonly panel: number;
  readonly dash?: "dot" | "dash" | "solid";
}

function line(x: readonly (number | string)[], y: readonly number[], look: LineLook): ScatterTrace {
  const { name, color: stroke, symbol, panel, dash = "solid" } = look;
  const crowded = x.length > roomForMarkers;
  return {
    type: "scatter",
    mode: crowded ? "lines" : "lines+markers",
    name,
    legendgroup: name,
    x,
    y,
    line: { color: stroke, dash, width: 1.8 },
    ...(crowded ? {} : { marker: { symbol, size: 5, color: stroke } }),
    hovertemplate: `%{x}: %{y:.4f} nats<extra>${name}</extra>`,
    ...axesOf(panel),
  };
}

/** Sums up to each step. */
function running(x: readonly number[], rows: readonly LedgerRow[]): ScatterTrace[] {
  const sums = (of: (row: LedgerRow) => number): number[] => {
    let sum = 0;
    return rows.map((row) => {
      sum += of(row);
      return sum;
    });
  };
  const look = { panel: 2 } as const;
  return [
    {
      ...line(
        x,
        sums((row) => row.measured),
        { ...look, name: "measured", ...black },
      ),
      showlegend: false,
    },
    line(
      x,
      sums((row) => row.measured - row.rest),
      { ...look, name: "all parts", color: roles.predicted.color, symbol: "diamond-open", dash: "dash" },
    ),
    line(
      x,
      sums((row) => row.predicted),
      { ...look, name: "covariance", color: roles.trained.color, symbol: "square-open", dash: "dot" },
    ),
  ];
}

function layoutOf({ contexts, confidence, steps, total }: EntropyLedger, withClasses: boolean): Layout {
  const nats = { title: { text: "change (nats a token)" } };
  const update = { title: { text: "update" } };
  const panels = [
    { x: update, y: nats },
    { x: update, y: { title: { text: "summed change (nats)" } } },
    ...(withClasses
      ? [
          {
            x: { title: { text: "token class" }, type: "category" as const },
            y: { title: { text: "summed change (nats)" } },
          },
        ]
      : []),
  ];
  const withIntervals = steps.some(({ overall }) => overall.intervals !== undefined);
  const { before, after } = total.overall;
  const framed = frame({
    title: `What moved the entropy: ${fixed(before, 3)} to ${fixed(after, 3)} nats a token in ${steps.length} updates`,
    subtitle: `${contexts} fixed contexts; bars add up to the measured change${withIntervals ? `; band: ${percent(confidence)}` : ""}`,
    headings: true,
    height: 300 * panels.length,
  });
  return {
    ...framed,
    // At 700 pixels the legend takes a second row.
    margin: { ...framed.margin, t: (framed.margin?.t ?? 0) + secondLegendRow },
    ...grid(panels, { columns: 1, gapY: 0.12 }),
    barmode: "relative",
    shapes: panels.map((_, i) => rule({ y: 0 }, i + 1)),
    annotations: ["Each update", "Up to each update", "By token class"]
      .slice(0, panels.length)
      .map((text, i) => heading(text, i + 1)),
  };
}

function wordsOf({ total: { overall }, steps, unexplained, missing }: EntropyLedger): string {
  const parts = entries.map(
    ({ key, name }) => `${name} ${fixed(key === "rest" ? overall.rest : overall.parts[key], 3)}`,
  );
  return [
    `Entropy ledger of ${steps.length} updates: ${measuredOf(overall)} nats a token measured, ${fixed(overall.predicted, 3)} predicted by covariance`,
    parts.join(", "),
    `unexplained: ${percent(unexplained, 1)} of what moved`,
    ...(missing.length === 0 ? [] : [`not measured, in the rest: ${missing.join(", ")}`]),
  ].join("\n");
}

function measuredOf({ measured, intervals }: LedgerRow): string {
  return intervals === undefined ? fixed(measured, 3) : interval(intervals.measured, 3);
}

/** The entropy so far, its forecast with the band of past errors, the threshold; below it the errors by how far ahead. */
export function collapseFigure(forecast: CollapseForecast): Figure {
  const { observed, path, threshold } = forecast;
  const ahead = path.map((_, i) => i + 1);
  const x = path.map(({ step }) => step);
  const name = "forecast";
  const edge = (end: "low" | "high"): ScatterTrace => ({
    type: "scatter",
    mode: "lines",
    name: `${name}, ${end} end`,
    legendgroup: name,
    showlegend: false,
    hoverinfo: "skip",
    x,
    y: path.map((point) => point[end]),
    line: { color: roles.predicted.color, width: 0.5 },
    ...(end === "high" ? { fill: "tonexty" as const, fillcolor: roles.predicted.band } : {}),
    ...axesOf(1),
  });
  const { predicted, trained, neutral } = roles;
  const data = [
    line(
      Array.from(observed, (_, i) => i),
      Array.from(observed),
      { name: "measured", color: trained.color, symbol: trained.symbol, panel: 1 },
    ),
    edge("low"),
    edge("high"),
    line(
      x,
      path.map(({ value }) => value),
      { name, color: predicted.color, symbol: predicted.symbol, panel: 1, dash: "dot" },
    ),
    line(
      ahead,
      path.map(({ meanError }) => meanError),
      { name: "past error of the forecast", color: predicted.color, symbol: predicted.symbol, panel: 2, dash: "dash" },
    ),
    line(
      ahead,
      path.map(({ naiveError }) => naiveError),
      { name: "of “it stays”", color: neutral.color, symbol: neutral.symbol, panel: 2, dash: "dot" },
    ),
  ];
  return figure({
    data,
    layout: collapseLayout(forecast),
    summary: `${sayingOf(forecast)}; threshold ${fixed(threshold, 3)} nats`,
  });
}

function collapseLayout(forecast: CollapseForecast): Layout {
  const { confidence, path, threshold } = forecast;
  return {
    ...frame({
      title: sayingOf(forecast),
      subtitle: `band: ${percent(confidence)} of past forecasts of this run (${path[0]?.tried ?? 0} one step ahead, ${path.at(-1)?.tried ?? 0} of the longest)`,
      headings: true,
      height: 560,
    }),
    ...grid(
      [
        { x: { title: { text: "update" } }, y: { title: { text: "entropy (nats)" }, rangemode: "tozero" } },
        { x: { title: { text: "updates ahead" } }, y: { title: { text: "mean |log error|" }, rangemode: "tozero" } },
      ],
      { columns: 1, gapY: 0.22 },
    ),
    shapes: [rule({ y: threshold })],
    annotations: [
      heading("Entropy, and where it goes (dotted: threshold)", 1),
      heading("How wrong such forecasts were", 2),
    ],
  };
}

function sayingOf({ collapsedAt, within, expectedAt, path }: CollapseForecast): string {
  if (collapsedAt !== undefined) return `Entropy below the threshold since update ${collapsedAt}`;
  if (within.expected !== undefined) {
    const [from, to] = [within.earliest ?? within.expected, within.latest];
    return `Entropy collapses at update ${within.expected} (${from} to ${to ?? `after ${path.at(-1)?.step}`})`;
  }
  if (expectedAt === undefined) return "Entropy does not fall: no collapse forecast";
  return `Entropy stays above the threshold up to update ${path.at(-1)?.step}`;
}
