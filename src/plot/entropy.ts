/** Figure of the entropy change: before and after, measured and predicted, by position and by token class. */
import type { EntropyChange, EntropyGroup, Estimate } from "../analysis/index.ts";
import { type EntropySampleOptions, entropyPoints } from "./entropy-samples.ts";
import { type Figure, figure } from "./figure.ts";
import { axesOf, curve, errorBars, fixed, grid, heading, interval, percent, rule } from "./marks.ts";
import { behind } from "./samples.ts";
import { color, frame, type Role, roles } from "./theme.ts";
import type { BarTrace, Layout, ScatterTrace } from "./traces.ts";

/** Most token classes drawn; the rest stand in the table. */
const shownClasses = 8;

/**
 * Entropy a token before and after on the same contexts; the change with its interval beside its first-order prediction. With
 * samples, a click shows the completions that move most there, coloured token by token.
 */
export function entropyFigure(change: EntropyChange, options: EntropySampleOptions = {}): Figure {
  const bins = change.byPosition;
  const classes = change.byClass.slice(0, shownClasses);
  const position = bins.map(({ from, to }) => (from + to) / 2);
  const names = classes.map(({ name }) => name);
  const { inBins, inClasses, samples } = entropyPoints(change, classes, options);
  const data = [
    ...(["before", "after"] as const).map((when) => ({ ...levelLine(position, bins, when), ...behind(inBins) })),
    ...curve(
      position,
      bins.map((bin) => bin.change),
      roles.measured,
      { name: "measured change", panel: 2, points: inBins },
    ),
    ...predictions(bins).flatMap((prediction) => predictedLine(position, prediction)),
    ...(["before", "after"] as const).map((when) => ({ ...levelBars(names, classes, when), ...behind(inClasses) })),
    ...changeBars(names, classes).map((bar) => ({ ...bar, ...behind(inClasses) })),
  ];
  return figure({ data, layout: layoutOf(change), summary: entropyWords(change), samples });
}

function layoutOf({ tokens, sequences, clusters, confidence, overall }: EntropyChange): Layout {
  const nats = { title: { text: "entropy (nats a token)" }, rangemode: "tozero" } as const;
  const change = { title: { text: "change (nats a token)" } };
  const position = { title: { text: "position in the completion (tokens)" } };
  const axes = grid(
    [
      { x: position, y: nats },
      { x: position, y: change },
      { x: { title: { text: "token class" }, type: "category" }, y: nats },
      { x: { title: { text: "token class" }, type: "category" }, y: change },
    ],
    { columns: 2, gapY: 0.24 },
  );
  return {
    ...frame({
      title: `Entropy change on the same contexts: ${fixed(overall.before, 3)} to ${fixed(overall.after, 3)} nats a token`,
      subtitle: `${tokens} tokens of ${sequences} completions; intervals: ${percent(confidence)} over ${clusters.kind}`,
      headings: true,
      height: 640,
    }),
    ...axes,
    barmode: "group",
    shapes: [rule({ y: 0 }, 2), rule({ y: 0 }, 4)],
    annotations: [
      heading("By position", 1),
      heading("Change by position", 2),
      heading("By token class", 3),
      heading("Change by token class", 4),
    ],
  };
}

const whenRole = { before: "base", after: "trained" } as const;

function levelLine(x: readonly number[], bins: readonly EntropyGroup[], when: "before" | "after"): ScatterTrace {
  const style = roles[whenRole[when]];
  return {
    type: "scatter",
    mode: "lines+markers",
    name: when,
    legendgroup: when,
    x,
    y: bins.map((bin) => bin[when]),
    text: bins.map(({ name, tokens }) => `${name}, ${tokens} tokens`),
    hovertemplate: `%{y:.3f} nats<br>%{text}<extra>${when}</extra>`,
    line: { color: style.color, dash: style.dash, width: 2.2 },
    marker: { symbol: style.symbol, size: 7, color: style.color },
  };
}

interface Prediction {
  readonly name: string;
  readonly role: Role;
  readonly values: readonly (number | null)[];
  /** With intervals, where all groups have them. */
  readonly estimates?: readonly Estimate[];
}

/** What was predicted, where the analysis had what it takes: first order of the logits, forecast of the covariances. */
function predictions(groups: readonly EntropyGroup[]): readonly Prediction[] {
  const firstOrder = groups.flatMap((group) => group.firstOrder ?? []);
  const all: readonly Prediction[] = [
    {
      name: "first order",
      role: "predicted",
      values: groups.map((group) => group.firstOrder?.value ?? null),
      ...(firstOrder.length === groups.length && { estimates: firstOrder }),
    },
    { name: "forecast by covariance", role: "truncated", values: groups.map((group) => group.forecast ?? null) },
  ];
  return all.filter(({ values }) => values.some((value) => value !== null));
}

function predictedLine(x: readonly number[], { name, role, values, estimates }: Prediction): readonly ScatterTrace[] {
  const style = roles[role];
  if (estimates !== undefined) return curve(x, estimates, style, { name, panel: 2 });
  const line: ScatterTrace = {
    type: "scatter",
    mode: "lines+markers",
    name,
    legendgroup: name,
    x,
    y: values,
    hovertemplate: `%{y:.3f} nats<extra>${name}</extra>`,
    line: { color: style.color, dash: style.dash, width: 2 },
    marker: { symbol: style.symbol, size: 7, color: style.color },
    ...axesOf(2),
  };
  return [line];
}

function levelBars(x: readonly string[], classes: readonly EntropyGroup[], when: "before" | "after"): BarTrace {
  return {
    ...bars(x, when, whenRole[when]),
    y: classes.map((group) => group[when]),
    text: classes.map(({ tokens }) => `${tokens} tokens`),
    textposition: "none",
    hovertemplate: `%{x}: %{y:.3f} nats<br>%{text}<extra>${when}</extra>`,
    ...axesOf(3),
  };
}

function changeBars(x: readonly string[], classes: readonly EntropyGroup[]): readonly BarTrace[] {
  const change = classes.map((group) => group.change);
  const measured: BarTrace = {
    ...bars(x, "measured change", "measured"),
    y: change.map(({ value }) => value),
    error_y: errorBars(change),
    ...axesOf(4),
  };
  return [
    measured,
    ...predictions(classes).map(({ name, role, values, estimates }) => ({
      ...bars(x, name, role),
      y: values,
      ...(estimates && { error_y: errorBars(estimates) }),
      ...axesOf(4),
    })),
  ];
}

/** Bars of a role; the legend has its entry from the lines already. */
function bars(x: readonly string[], name: string, role: Role): Omit<BarTrace, "y"> & { readonly y: readonly number[] } {
  const { color: fill, pattern } = roles[role];
  return {
    type: "bar",
    name,
    legendgroup: name,
    showlegend: false,
    x,
    y: [],
    marker: {
      color: fill,
      ...(pattern === "" ? {} : { pattern: { shape: pattern, bgcolor: fill, fgcolor: color("paper"), size: 5 } }),
    },
    hovertemplate: `%{x}: %{y:.3f} nats<extra>${name}</extra>`,
  };
}

function entropyWords({ overall, byClass, forecast, tokens, sequences }: EntropyChange): string {
  const lines = [
    `Entropy change on the same contexts, ${tokens} tokens of ${sequences} completions`,
    `before ${fixed(overall.before, 3)}, after ${fixed(overall.after, 3)}, change ${interval(overall.change, 3)} nats a token`,
  ];
  if (overall.firstOrder !== undefined) lines.push(`first order predicts ${interval(overall.firstOrder, 3)}`);
  if (forecast !== undefined) {
    const size = forecast.fitted ? "fitted" : "given";
    lines.push(
      `covariance forecast ${fixed(overall.forecast ?? Number.NaN, 3)} (step size ${size}), correlation ${fixed(forecast.correlation)}`,
    );
  }
  const largest = [...byClass].sort((a, b) => Math.abs(b.change.value) - Math.abs(a.change.value))[0];
  if (largest !== undefined) lines.push(`largest change by class: ${largest.name}, ${interval(largest.change, 3)}`);
  return lines.join("\n");
}
