/** Detail view of interference: how right the first order is, where gradients conflict, what was forgotten, why, and what would have saved it. */
import type {
  ExplainedLosses,
  InterferenceMatrix,
  LayerConflict,
  NegativeInterference,
  SavedBy,
} from "../analysis/index.ts";
import { type Figure, figure } from "./figure.ts";
import { withoutPrefix } from "./interference.ts";
import { axesOf, curve, fixed, heading, interval, type PanelAxes, percent, place, rule } from "./marks.ts";
import { frame, roles } from "./theme.ts";
import type { Annotation, Axis, BarTrace, Layout, ScatterTrace, Shape, Trace } from "./traces.ts";

/** What there is; a panel is left out with its part. */
export interface InterferenceDetails {
  readonly matrix: InterferenceMatrix;
  /** Log-likelihoods over training. */
  readonly course?: NegativeInterference;
  readonly losses?: ExplainedLosses;
  readonly saved?: SavedBy;
}

/** A panel on given axes. */
interface Part {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly traces: (panel: number) => readonly Trace[];
  readonly shapes?: (panel: number) => readonly Shape[];
  /** Takes the whole width, above the others. */
  readonly wide?: boolean;
  /** Its own legend, inside the panel, in the corner that its marks leave free. */
  readonly legend?: { readonly name: "legend2" | "legend3"; readonly corner: "top" | "bottom" };
}

/** Lost problems drawn: the worst. */
const shownLosses = 10;

/**
 * Predicted against real effects; mean cosine by layer; how far problems have fallen from their best (or what is left of a training's
 * gain); the worst losses in parts; what masking, replay or merging would have saved.
 */
export function interferenceDetailFigure(details: InterferenceDetails): Figure {
  const { matrix, course, losses, saved } = details;
  const parts = [
    ...(losses === undefined || losses.problems.length === 0 ? [] : [lossPart(losses)]),
    ...(matrix.firstOrder === undefined ? [] : [agreementPart(matrix)]),
    ...(matrix.layers === undefined ? [] : [layerPart(matrix.layers)]),
    ...(course === undefined ? [] : [forgettingPart(course)]),
    ...(saved === undefined ? [] : [savedPart(saved)]),
  ];
  const { axes, height } = arranged(parts);
  const stacked = parts.some(({ wide }) => wide === true);
  const layout: Layout = {
    ...frame({
      ...{ title: titleOf(details), subtitle: subtitleOf(details), headings: true, height },
      ...(stacked ? {} : { legend: false }),
    }),
    showlegend: true,
    ...place(axes),
    ...Object.fromEntries(parts.flatMap(({ legend }, i) => (legend ? [[legend.name, cornerOf(legend, axes[i])]] : []))),
    barmode: "relative",
    shapes: parts.flatMap(({ shapes }, i) => shapes?.(i + 1) ?? []),
    annotations: parts.map(({ title }, i): Annotation => heading(title, i + 1)),
  };
  const data = parts.flatMap(({ traces }, i) => traces(i + 1));
  return figure({ data, layout, summary: wordsOf(details) });
}

/** Pixels of a row and between rows; title, legend, headings and the lowest axis. */
const [rowHeight, rowGap, above, aboveWithoutLegend] = [215, 100, 162, 136];

/** A wide panel on top, then two panels a row. */
function arranged(parts: readonly Part[]): { readonly axes: readonly PanelAxes[]; readonly height: number } {
  const wides = parts.filter(({ wide }) => wide === true).length;
  const rows = wides + Math.ceil((parts.length - wides) / 2);
  const inner = rows * rowHeight + Math.max(0, rows - 1) * rowGap;
  const axes = parts.map(({ x, y, wide }, i): PanelAxes => {
    const place = i - wides;
    const top = 1 - ((wide === true ? i : wides + Math.floor(place / 2)) * (rowHeight + rowGap)) / inner;
    const alone = wide === true || (i === parts.length - 1 && place % 2 === 0);
    const [left, right] = alone ? [0, 1] : place % 2 === 0 ? [0, 0.42] : [0.58, 1];
    return { x, y, left, right, bottom: top - rowHeight / inner, top };
  });
  return { axes, height: inner + (wides > 0 ? above : aboveWithoutLegend) };
}

function cornerOf({ corner }: NonNullable<Part["legend"]>, axes: PanelAxes | undefined): object {
  const y = corner === "top" ? axes?.top : axes?.bottom;
  const at = { x: axes?.right, xanchor: "right", y, yanchor: corner };
  return { ...at, orientation: "v", font: { size: 11 }, bgcolor: "rgba(255,255,255,0.7)" };
}

function agreementPart({ pairs, plain }: InterferenceMatrix): Part {
  const values = pairs.flatMap(({ predicted, effect }) => [predicted, effect]);
  const [from, to] = [Math.min(0, ...values), Math.max(0, ...values)];
  const points =
    (name: string, of: (pair: (typeof pairs)[number]) => number | undefined, look: object) =>
    (panel: number): ScatterTrace => ({
      type: "scatter",
      mode: "markers",
      name,
      x: pairs.map((pair) => of(pair) ?? null),
      y: pairs.map(({ effect }) => effect),
      legend: "legend2",
      text: pairs.map(({ update, problem }) => `${update} on ${problem}`),
      hovertemplate: `%{text}<br>predicted %{x:.4f}, real %{y:.4f} nats<extra>${name}</extra>`,
      marker: { size: 5, opacity: 0.7, ...look },
      ...axesOf(panel),
    });
  const own = points("optimizer's direction", ({ predicted }) => predicted, {
    symbol: "diamond",
    color: roles.predicted.color,
  });
  const other = points("plain step", (pair) => pair.plain, { symbol: "x-thin-open", color: roles.neutral.color });
  const equal = (panel: number): Shape => {
    const { xaxis, yaxis } = axesOf(panel);
    const line = { color: "#222222", dash: "solid", width: 1 } as const;
    return { type: "line", x0: from, x1: to, y0: from, y1: to, xref: xaxis, yref: yaxis, line, layer: "below" };
  };
  return {
    title: "First order against the real update",
    x: { title: { text: "predicted (nats)" }, nticks: 5 },
    legend: { name: "legend2", corner: "bottom" },
    y: { title: { text: "real (nats)" }, nticks: 6 },
    traces: (panel) => [...(plain === undefined ? [] : [other(panel)]), own(panel)],
    shapes: (panel) => [equal(panel)],
  };
}

function layerPart(layers: readonly LayerConflict[]): Part {
  const names = layers.map(({ name }) => name.replace("embed_tokens", "embed"));
  return {
    title: "Conflict by layer",
    x: { type: "category", showgrid: false, tickangle: -30, title: { text: "weights" } },
    y: { title: { text: "mean cosine" } },
    traces: (panel) => [
      {
        type: "scatter",
        mode: "lines+markers",
        name: "update · gradient",
        showlegend: false,
        x: names,
        y: layers.map(({ cosine }) => cosine.value),
        error_y: {
          type: "data",
          symmetric: false,
          array: layers.map(({ cosine }) => cosine.high - cosine.value),
          arrayminus: layers.map(({ cosine }) => cosine.value - cosine.low),
          thickness: 1.4,
          width: 4,
        },
        customdata: layers.map(({ negativeShare, effect }) => [percent(negativeShare), fixed(effect, 3)]),
        hovertemplate: "%{x}: %{y:.4f}; %{customdata[0]} of pairs apart, %{customdata[1]} nats in all<extra></extra>",
        line: { color: roles.measured.color, width: 1.8 },
        marker: { symbol: "square", size: 6, color: roles.measured.color },
        ...axesOf(panel),
      },
    ],
    shapes: (panel) => [rule({ y: 0 }, panel)],
  };
}

/** What is left of a training's gain where that is known, else how far problems have fallen from their best. */
function forgettingPart({ forgetting, retention = [] }: NegativeInterference): Part {
  if (retention.length > 1) {
    return {
      title: "Kept of what training on a problem gained",
      x: { title: { text: "steps since it was trained on" } },
      y: { title: { text: "gain kept (nats)" } },
      traces: (panel) =>
        curve(
          retention.map(({ age }) => age),
          retention.map(({ kept }) => kept),
          roles.trained,
          {
            ...{ name: "gain kept", panel, legend: false },
          },
        ),
      shapes: (panel) => [rule({ y: 0 }, panel)],
    };
  }
  return {
    title: "Fallen from the best until then",
    x: { title: { text: "training step" } },
    y: { title: { text: "forgotten (nats)" }, rangemode: "tozero" },
    traces: (panel) =>
      curve(
        forgetting.map(({ step }) => step),
        forgetting.map(({ forgotten }) => forgotten),
        roles.trained,
        {
          ...{ name: "forgotten", panel, legend: false },
        },
      ),
  };
}

function savedPart({ arms, lostChange }: SavedBy): Part {
  const bars = (values: readonly { value: number; low: number; high: number }[]) =>
    ({
      type: "data",
      symmetric: false,
      array: values.map(({ value, high }) => high - value),
      arrayminus: values.map(({ value, low }) => value - low),
      thickness: 1.4,
      width: 4,
    }) as const;
  const x = arms.map(({ name }) => name);
  const saved = arms.map((arm) => arm.saved);
  const costs = arms.map(({ cost }) => cost ?? { value: Number.NaN, low: Number.NaN, high: Number.NaN });
  const marks = (name: string, values: typeof saved, color: string, symbol: string, panel: number): ScatterTrace => ({
    type: "scatter",
    mode: "markers",
    name,
    legend: "legend3",
    x,
    y: values.map(({ value }) => value),
    error_y: { ...bars(values), color },
    hovertemplate: `%{x}: %{y:.3f} nats<extra>${name}</extra>`,
    marker: { symbol, size: 9, color },
    ...axesOf(panel),
  });
  return {
    title: `What would have saved ${fixed(-lostChange)} lost nats`,
    x: { type: "category", showgrid: false, tickangle: -20, title: { text: "instead" } },
    y: { title: { text: "nats a problem" } },
    legend: { name: "legend3", corner: "top" },
    traces: (panel) => [
      marks("saved of the lost", saved, "#0072B2", "circle", panel),
      marks("cost to others", costs, "#D55E00", "triangle-down-open", panel),
    ],
    shapes: (panel) => [rule({ y: 0 }, panel)],
  };
}

/** Parts of a loss: name, colour and pattern, the dark ones for what hurts. */
const lossParts = [
  { key: "hurt", name: "others hurt", color: "#D55E00", pattern: "" },
  { key: "helped", name: "others helped", color: "#56B4E9", pattern: "/" },
  { key: "own", name: "own", color: "#009E73", pattern: "x" },
  { key: "optimizer", name: "momentum", color: "#CC79A7", pattern: "\\" },
  { key: "rest", name: "higher orders", color: "#BBBBBB", pattern: "" },
] as const;

function lossPart({ problems, steps }: ExplainedLosses): Part {
  const shown = problems.slice(0, shownLosses);
  const short = withoutPrefix(shown.map(({ id }) => id));
  const x = new Set(short).size === shown.length ? short : shown.map(({ id }) => id);
  const causes = shown.map(({ causes: [worst] }) =>
    worst === undefined ? "" : `worst: ${worst.update} at step ${worst.step}, ${fixed(worst.effect, 4)}`,
  );
  const bars = (panel: number): BarTrace[] =>
    lossParts.map(({ key, name, color, pattern }) => ({
      type: "bar",
      name,
      legendgroup: name,
      x,
      y: shown.map((problem) => problem[key]),
      text: causes,
      textposition: "none",
      hovertemplate: `%{x}: %{y:.4f} nats<br>%{text}<extra>${name}</extra>`,
      marker: {
        color,
        ...(pattern === "" ? {} : { pattern: { shape: pattern, bgcolor: color, fgcolor: "#FFFFFF", size: 5 } }),
      },
      ...axesOf(panel),
    }));
  const over = steps.length === 1 ? `step ${steps[0]}` : `${steps.length} steps`;
  return {
    title: `The worst losses over ${over}, by what did it`,
    x: { type: "category", showgrid: false, title: { text: "lost problem" }, tickangle: -30 },
    y: { title: { text: "change (nats)" } },
    wide: true,
    traces: (panel) => [
      ...bars(panel),
      {
        type: "scatter",
        mode: "markers",
        name: "real",
        legendgroup: "real",
        x,
        y: shown.map(({ change }) => change),
        marker: { symbol: "circle", size: 7, color: "#000000" },
        hovertemplate: "%{x}: %{y:.4f} nats<extra>real change</extra>",
        ...axesOf(panel),
      },
    ],
    shapes: (panel) => [rule({ y: 0 }, panel)],
  };
}

function titleOf({ matrix: { firstOrder, shares }, saved }: InterferenceDetails): string {
  const [best] = saved?.arms ?? [];
  if (best !== undefined)
    return `Interference in detail: ${best.name} would have saved ${percent(best.savedShare)} of what was lost`;
  if (firstOrder !== undefined) {
    return `Interference in detail: the first order has the sign of ${percent(firstOrder.signAgreement)} of real effects`;
  }
  return `Interference in detail: ${percent(shares.hurts)} of pairs hurt`;
}

function subtitleOf({ matrix: { firstOrder, plain }, losses }: InterferenceDetails): string {
  const parts = [
    ...(firstOrder === undefined ? [] : [`first order r = ${fixed(firstOrder.pearson)}`]),
    ...(plain === undefined ? [] : [`a plain step as long r = ${fixed(plain.pearson)}`]),
    ...(losses === undefined ? [] : [`${losses.problems.length} problems lost`]),
  ];
  return parts.length === 0 ? "effects on problems that were not updated on" : parts.join("; ");
}

function wordsOf({ matrix: { firstOrder, layers = [] }, course, losses, saved }: InterferenceDetails): string {
  const lines = ["Interference in detail"];
  if (firstOrder !== undefined) {
    lines.push(
      `first order: r ${fixed(firstOrder.pearson)}, slope ${fixed(firstOrder.slope)}, same sign ${percent(firstOrder.signAgreement)}`,
    );
  }
  const lowest = layers.reduce<LayerConflict | undefined>(
    (low, layer) => (low === undefined || layer.cosine.value < low.cosine.value ? layer : low),
    undefined,
  );
  if (lowest !== undefined) lines.push(`most conflict in ${lowest.name}: mean cosine ${interval(lowest.cosine, 4)}`);
  const last = course?.forgetting.at(-1);
  if (last !== undefined) lines.push(`forgotten by step ${last.step}: ${interval(last.forgotten)} nats a problem`);
  const [worst] = losses?.problems ?? [];
  if (worst !== undefined) {
    const [cause] = worst.causes;
    const by =
      cause === undefined
        ? ""
        : `, most by an update on ${cause.update} at step ${cause.step} (${fixed(cause.effect, 3)})`;
    lines.push(`worst loss: ${worst.id} ${fixed(worst.change, 3)} nats${by}`);
  }
  for (const { name, saved: gain, savedShare } of saved?.arms ?? []) {
    lines.push(`${name} saves ${interval(gain)} nats, ${percent(savedShare)}`);
  }
  return lines.join("\n");
}
