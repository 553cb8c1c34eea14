/** The interference matrix: what an update on each problem does to each other problem, alike ones together; below, momentum and the like. */
import type { InterferenceMatrix, InterferencePair } from "../analysis/index.ts";
import { type PairSampleOptions, pairBook } from "./boundary-samples.ts";
import { type Figure, figure } from "./figure.ts";
import { withoutPrefix } from "./interference.ts";
import { fixed, percent } from "./marks.ts";
import { behind } from "./samples.ts";
import { divergingScale, frame } from "./theme.ts";
import type { Annotation, Axis, ColorScale, HeatmapTrace, Layout, ScatterTrace, Shape } from "./traces.ts";

/** Up to so many problems the axes hold their names, and up to so many the pairs that hurt are marked. */
const [axesWithNames, marked] = [32, 60];
/** Share of the pairs whose effects the colours tell apart; those beyond have the last colour. */
const colored = 0.98;

/**
 * Heat map of effects, dark where an update makes another problem's right answers less likely, in the order of the clustering, with
 * lines between clusters and dots on pairs that are shown to hurt. With samples, a click on a cell shows both problems'.
 */
export function interferenceMatrixFigure(matrix: InterferenceMatrix, options: PairSampleOptions = {}): Figure {
  const book = pairBook(options);
  const { updates, problems, rows, columns, effect, low, high, draws, terms } = matrix;
  const names = namesOf(matrix);
  const cell = (u: number, j: number): number => u * problems.length + j;
  const z = [
    ...rows.order.map((u) => columns.order.map((j) => effect[cell(u, j)] ?? null)),
    ...terms.map((term) => columns.order.map((j) => term.effect[j] ?? null)),
  ];
  const reach = reachOf(matrix);
  const shown = (at: number): string => {
    const interval = draws === 1 ? "" : ` (${fixed(low[at] ?? 0, 4)} to ${fixed(high[at] ?? 0, 4)})`;
    return `${fixed(effect[at] ?? 0, 4)}${interval}`;
  };
  const heat: HeatmapTrace = {
    type: "heatmap",
    x: columns.order.map((j) => names.problems[j] ?? ""),
    y: [...rows.order.map((u) => names.updates[u] ?? ""), ...terms.map(({ name }) => name)],
    z,
    zmin: -reach,
    zmax: reach,
    colorscale: matrix.answers === "right" ? divergingScale : mirrored(divergingScale),
    colorbar: { title: { text: "nats", side: "right", font: { size: 13 } }, thickness: 14, outlinewidth: 0 },
    text: [
      ...rows.order.map((u) =>
        columns.order.map((j) => `update on ${updates[u]}<br>changes ${problems[j]}<br>${shown(cell(u, j))} nats`),
      ),
      ...terms.map((term) =>
        columns.order.map((j) => `${term.name}<br>changes ${problems[j]}<br>${fixed(term.effect[j] ?? 0, 4)} nats`),
      ),
    ],
    hovertemplate: "%{text}<extra></extra>",
    ...(problems.length <= axesWithNames ? { xgap: 1, ygap: 1 } : {}),
    ...behind([
      ...rows.order.map((u) =>
        columns.order.map((j) => {
          const pair = [...new Set([updates[u] ?? "", problems[j] ?? ""])];
          return book.point(
            pair.join(", "),
            pair.flatMap((id) => book.problem(id)),
          );
        }),
      ),
      ...terms.map(() => columns.order.map(() => null)),
    ]),
  };
  const dots = hurtDots(matrix, names);
  const layout = layoutOf(matrix, dots.length > 0);
  return figure({ data: [heat, ...dots], layout, summary: wordsOf(matrix), samples: book.finish() });
}

function layoutOf(matrix: InterferenceMatrix, legend: boolean): Layout {
  const { shares, pairs, draws, source, firstOrder, answers, updates, problems } = matrix;
  const clusters = new Set(matrix.columns.clusters).size;
  const named = (length: number): Axis => ({
    type: "category",
    range: [-0.5, length - 0.5],
    showgrid: false,
    ...(length > axesWithNames ? { nticks: 10 } : {}),
    tickfont: { size: 10.5 },
  });
  const of = draws === 1 ? "one step" : `mean of ${draws} steps`;
  const agreed = firstOrder === undefined ? "" : `; first order r = ${fixed(firstOrder.pearson)}`;
  return {
    ...frame({
      title: `Interference: ${percent(shares.hurts)} of ${pairs.length} pairs hurt, ${percent(shares.helps)} help${worstBlock(matrix)}`,
      subtitle: `${source === "measured" ? "real" : "first-order"} change of ${answers} answers by an update on another problem, ${of}${agreed}`,
      ...(legend ? {} : { legend: false }),
      headings: clusters > 1,
      height: 660,
    }),
    xaxis: { ...named(problems.length), title: { text: "problem affected" }, tickangle: -90 },
    yaxis: {
      ...named(updates.length),
      range: [updates.length + matrix.terms.length - 0.5, -0.5],
      title: { text: "problem updated on" },
    },
    shapes: clusterLines(matrix),
    annotations: clusterNames(matrix),
  };
}

/** Which cluster hurts which most, on average, where that passes the margin. */
function worstBlock({ rows, columns, pairs, updates, problems, margin, answers }: InterferenceMatrix): string {
  const blocks = new Map<string, number[]>();
  for (const { update, problem, effect } of pairs) {
    const [from, to] = [rows.clusters[updates.indexOf(update)], columns.clusters[problems.indexOf(problem)]];
    if (from === undefined || to === undefined || new Set(columns.clusters).size < 2) continue;
    const key = `${from + 1},${to + 1}`;
    blocks.set(key, [...(blocks.get(key) ?? []), answers === "right" ? effect : -effect]);
  }
  const means = [...blocks].map(([key, list]) => ({ key, mean: list.reduce((sum, x) => sum + x, 0) / list.length }));
  const [worst] = means.sort((a, b) => a.mean - b.mean);
  if (worst === undefined || !(worst.mean < -margin)) return "";
  const [from, to] = worst.key.split(",");
  return from === to ? `; within cluster ${from} most` : `; cluster ${from} hurts ${to} most`;
}

/** Short names, each once; numbers from 1 where there are too many. */
function namesOf({ updates, problems }: InterferenceMatrix): {
  updates: readonly string[];
  problems: readonly string[];
} {
  const all = [...new Set([...updates, ...problems])];
  const short = withoutPrefix(all);
  const unlike = new Set(short).size === all.length && all.length > 1;
  const name = (id: string): string => (unlike ? (short[all.indexOf(id)] ?? id) : id);
  return { updates: updates.map(name), problems: problems.map(name) };
}

function reachOf({ pairs }: InterferenceMatrix): number {
  const sizes = pairs.map(({ effect }) => Math.abs(effect)).sort((a, b) => a - b);
  return Math.max(1e-9, sizes[Math.floor(colored * (sizes.length - 1))] ?? 0);
}

function mirrored(scale: ColorScale): ColorScale {
  return [...scale].reverse().map(([at, color]) => [1 - at, color]);
}

function hurtDots(matrix: InterferenceMatrix, names: ReturnType<typeof namesOf>): readonly ScatterTrace[] {
  const { pairs, updates, problems, draws } = matrix;
  if (Math.max(updates.length, problems.length) > marked) return [];
  const hurt = pairs.filter(({ verdict }) => verdict === "hurts");
  const place = (list: readonly string[], short: readonly string[], id: string): string =>
    short[list.indexOf(id)] ?? id;
  return [
    {
      type: "scatter",
      mode: "markers",
      name: draws === 1 ? "hurts by more than the margin" : "hurts beyond chance",
      x: hurt.length === 0 ? [null] : hurt.map(({ problem }) => place(problems, names.problems, problem)),
      y: hurt.length === 0 ? [null] : hurt.map(({ update }) => place(updates, names.updates, update)),
      hoverinfo: "skip",
      showlegend: true,
      marker: { symbol: "circle", size: 5, color: "#FFFFFF", line: { color: "#222222", width: 1 }, opacity: 1 },
    },
  ];
}

/** Lines where one cluster ends and the next begins; a category's place is its number. */
function clusterLines({ rows, columns, terms }: InterferenceMatrix): Shape[] {
  const line = { color: "#222222", dash: "solid", width: 1.6 } as const;
  return [
    ...borders(columns).map(
      (at): Shape => ({
        type: "line",
        x0: at,
        x1: at,
        y0: 0,
        y1: 1,
        xref: "x",
        yref: "y domain",
        line,
        layer: "above",
      }),
    ),
    ...[...borders(rows), ...(terms.length > 0 ? [rows.order.length - 0.5] : [])].map(
      (at): Shape => ({
        type: "line",
        x0: 0,
        x1: 1,
        y0: at,
        y1: at,
        xref: "x domain",
        yref: "y",
        line,
        layer: "above",
      }),
    ),
  ];
}

function borders({ order, clusters }: InterferenceMatrix["rows"]): number[] {
  return order.flatMap((item, i) => (i > 0 && clusters[item] !== clusters[order[i - 1] ?? item] ? [i - 0.5] : []));
}

/** The clusters' numbers above their columns, as in the table of problems. */
function clusterNames({ columns: { order, clusters } }: InterferenceMatrix): Annotation[] {
  const count = new Set(clusters).size;
  if (count < 2) return [];
  return Array.from({ length: count }, (_, c) => {
    const places = order.flatMap((item, i) => (clusters[item] === c ? [i] : []));
    return {
      text: `cluster ${c + 1}`,
      x: places.reduce((sum, at) => sum + at, 0) / places.length,
      y: 1,
      xref: "x",
      yref: "y domain",
      xanchor: "center",
      yanchor: "bottom",
      showarrow: false,
      font: { size: 11 },
    } as const;
  });
}

function wordsOf({
  pairs,
  shares,
  draws,
  meanEffect,
  ownEffect,
  firstOrder,
  plain,
  columns,
}: InterferenceMatrix): string {
  const each = (["hurts", "helps", "independent", "unclear"] as const).map(
    (verdict) => `${verdict} ${percent(shares[verdict])}`,
  );
  const lines = [
    `Interference, ${pairs.length} pairs of an update and another problem, ${draws} step${draws === 1 ? "" : "s"}: ${each.join(", ")}`,
    `mean effect on others ${fixed(meanEffect, 4)} nats, on the own problem ${fixed(ownEffect, 4)}; clusters: ${new Set(columns.clusters).size}`,
  ];
  if (firstOrder !== undefined) {
    const { pearson, signAgreement, relativeError } = firstOrder;
    const beside =
      plain === undefined
        ? ""
        : `; a plain step as long: r ${fixed(plain.pearson)}, same sign ${percent(plain.signAgreement)}`;
    lines.push(
      `first order against the real update: r ${fixed(pearson)}, same sign ${percent(signAgreement)}, relative error ${fixed(relativeError)}${beside}`,
    );
  }
  const worst = pairs.reduce<InterferencePair | undefined>(
    (a, b) => (a === undefined || b.effect < a.effect ? b : a),
    undefined,
  );
  if (worst !== undefined && worst.effect < 0) {
    lines.push(`lowest: an update on ${worst.update} changes ${worst.problem} by ${fixed(worst.effect, 4)} nats`);
  }
  return lines.join("\n");
}
