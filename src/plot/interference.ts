/** Figures of negative interference: which problems training hurt, and how the gradients of problems agree. */
import type { GradientAlignment, NegativeInterference, ProblemCourse } from "../analysis/index.ts";
import { type PairSampleOptions, pairBook, problemPoint } from "./boundary-samples.ts";
import { type Figure, figure } from "./figure.ts";
import { axesOf, curve, fixed, heading, interval, percent, place, rule, some } from "./marks.ts";
import { behind, type SampleBook } from "./samples.ts";
import { color, divergingScale, frame, outcomeColors, roles } from "./theme.ts";
import type { BarTrace, HeatmapTrace, Layout, ScatterTrace } from "./traces.ts";

/**
 * Change of each problem's log-likelihood, sorted, with the lost problems marked; the mean and the share hurt over training.
 * With samples, a click on a bar shows the problem's completions before and after.
 */
export function interferenceFigure(result: NegativeInterference, options: PairSampleOptions = {}): Figure {
  const book = pairBook(options);
  const sorted = [...result.problems].sort((a, b) => a.change - b.change);
  const steps = result.course.map(({ step }) => step);
  const data = [
    ...changeBars(sorted, book),
    ...lostMarks(sorted, result, book),
    ...curve(
      steps,
      result.course.map(({ logLikelihood }) => logLikelihood),
      roles.trained,
      { name: "mean over problems", panel: 2, legend: false },
    ),
    hurtLine(steps, result),
  ];
  return figure({ data, layout: layoutOf(result), summary: interferenceWords(result), samples: book.finish() });
}

function layoutOf({ problems, change, hurtShare, confidence }: NegativeInterference): Layout {
  const step = { title: { text: "training step" } };
  const likelihood = { title: { text: "log-likelihood (nats)" } };
  const hurt = { title: { text: "problems hurt (share)" }, range: [0, 1.02] } as const;
  const sorted = {
    title: { text: "problems, sorted by change" },
    range: [0.4, problems.length + 0.6],
    showticklabels: false,
    showgrid: false,
    ticks: "",
  } as const;
  return {
    ...frame({
      title: `Interference: training made ${percent(hurtShare)} of ${problems.length} problems less likely to be solved`,
      subtitle: `log-likelihood of right answers, mean change ${interval(change)} nats; large cross: beyond chance`,
      headings: true,
      height: 620,
    }),
    ...place([
      { x: sorted, y: { title: { text: "change (nats)" } }, left: 0, right: 1, bottom: 0.57, top: 1 },
      { x: step, y: likelihood, left: 0, right: 0.43, bottom: 0, top: 0.37 },
      { x: step, y: hurt, left: 0.57, right: 1, bottom: 0, top: 0.37 },
    ]),
    bargap: 0.05,
    shapes: [rule({ y: 0 }, 1)],
    annotations: [
      heading("Change of each problem's right answers", 1),
      heading(`Mean over training, ${percent(confidence)} interval`, 2),
      heading("Hurt so far", 3),
    ],
  };
}

/** One bar a problem, at its place in the order; darker where it was hurt. */
function changeBars(sorted: readonly ProblemCourse[], book: SampleBook): readonly BarTrace[] {
  const part = (name: string, fill: string, holds: (change: number) => boolean): BarTrace[] => {
    const here = sorted.flatMap((problem, i) => (holds(problem.change) ? [{ problem, i }] : []));
    if (here.length === 0) return [];
    const bars: BarTrace = {
      type: "bar",
      name,
      legendgroup: name,
      x: here.map(({ i }) => i + 1),
      y: here.map(({ problem }) => problem.change),
      text: here.map(({ problem }) => problem.id),
      textposition: "none",
      customdata: here.map(({ problem }) => problem.worstFall),
      ...behind(here.map(({ problem }) => problemPoint(book, problem.id))),
      hovertemplate: "%{text}: %{y:.2f} nats, worst fall on the way %{customdata:.2f}<extra></extra>",
      marker: { color: fill, line: { color: color("quiet"), width: 0.5 } },
      ...axesOf(1),
    };
    return [bars];
  };
  return [
    ...part("hurt", outcomeColors.lost, (change) => change < 0),
    ...part("helped", outcomeColors.gained, (change) => !(change < 0)),
  ];
}

/** A cross at each problem whose success rate fell; filled where that is beyond chance. */
function lostMarks(
  sorted: readonly ProblemCourse[],
  { lost }: NegativeInterference,
  book: SampleBook,
): readonly ScatterTrace[] {
  if (lost === undefined || lost.ids.length === 0) return [];
  const [fell, sure] = [new Set(lost.ids), new Set(lost.beyondChance)];
  const here = sorted.flatMap((problem, i) => (fell.has(problem.id) ? [{ problem, i }] : []));
  return [
    {
      type: "scatter",
      mode: "markers",
      name: "success rate fell",
      legendgroup: "success rate fell",
      x: here.map(({ i }) => i + 1),
      y: here.map(({ problem }) => problem.change),
      text: here.map(({ problem: { id, solved } }) =>
        solved === undefined
          ? id
          : `${id}: ${solved.before.correct} of ${solved.before.n}, then ${solved.after.correct} of ${solved.after.n}`,
      ),
      hovertemplate: "%{text}<extra></extra>",
      ...behind(here.map(({ problem }) => problemPoint(book, problem.id))),
      marker: {
        symbol: "x",
        color: color("ink"),
        opacity: 1,
        line: { width: 0 },
        size: here.map(({ problem }) => (sure.has(problem.id) ? 9 : 5)),
      },
      ...axesOf(1),
    },
  ];
}

function hurtLine(x: readonly number[], { course }: NegativeInterference): ScatterTrace {
  return {
    type: "scatter",
    mode: "lines+markers",
    name: "share hurt",
    showlegend: false,
    x,
    y: course.map(({ hurtShare }) => hurtShare),
    hovertemplate: "step %{x}: %{y:.2f}<extra></extra>",
    line: { color: outcomeColors.lost, width: 2.2 },
    marker: { symbol: "circle", size: 6, color: outcomeColors.lost },
    ...axesOf(3),
  };
}

function interferenceWords({ problems, change, hurtShare, hurt, lost }: NegativeInterference): string {
  const lines = [
    `Interference, ${problems.length} problems: log-likelihood of right answers changed by ${interval(change)} nats`,
    `hurt: ${percent(hurtShare)} of problems${hurt.length > 0 ? `, worst ${some(hurt)}` : ""}`,
  ];
  if (lost !== undefined) {
    const ids = lost.ids.length > 0 ? `: ${some(lost.ids)}` : "";
    lines.push(`success rate fell on ${lost.ids.length} problems, beyond chance on ${lost.beyondChance.length}${ids}`);
  }
  return lines.join("\n");
}

/** Up to so many problems the cells hold their numbers, and up to so many the axes the problems' names. */
const [cellsWithText, axesWithNames] = [10, 24];

/**
 * Heat map of the cosine between the gradients of problems; below nought, a step on one problem costs the other. With
 * samples, a click on a cell shows both problems'.
 */
export function alignmentFigure(alignment: GradientAlignment, options: PairSampleOptions = {}): Figure {
  const book = pairBook(options);
  const { ids, cosine, negativeShare, meanCosine, pairs } = alignment;
  const size = ids.length;
  const off = (i: number, j: number): number | null => (i === j ? null : (cosine[i * size + j] ?? null));
  const z = ids.map((_, i) => ids.map((_, j) => off(i, j)));
  const reach = Math.max(0.05, ...z.flat().map((value) => Math.abs(value ?? 0)));
  const names = size <= axesWithNames ? withoutPrefix(ids) : ids.map((_, i) => String(i + 1));
  const heat: HeatmapTrace = {
    type: "heatmap",
    x: names,
    y: names,
    z,
    zmin: -reach,
    zmax: reach,
    colorscale: divergingScale,
    colorbar: {
      title: { text: "cosine of gradients", side: "right", font: { size: 13 } },
      thickness: 14,
      outlinewidth: 0,
    },
    ...(size <= cellsWithText ? { texttemplate: "%{z:.2f}" } : {}),
    hovertemplate: "step on %{y}, effect on %{x}<br>cosine %{z:.3f}<extra></extra>",
    xgap: 1,
    ygap: 1,
    ...behind(pairPoints(book, ids)),
  };
  const axis = { type: "category", showgrid: false } as const;
  const layout: Layout = {
    ...frame({
      title: `Gradient alignment: ${percent(negativeShare)} of ${pairs} pairs of problems pull apart`,
      subtitle: `mean cosine ${fixed(meanCosine)}; below 0, a step on one problem makes the other's right answers less likely`,
      legend: false,
      height: 560,
    }),
    xaxis: { ...axis, title: { text: "problem affected" } },
    yaxis: { ...axis, title: { text: "problem trained on" }, autorange: "reversed" },
  };
  return figure({ data: [heat], layout, summary: alignmentWords(alignment), samples: book.finish() });
}

/** For each cell the problem trained on and the problem affected. */
function pairPoints(book: SampleBook, ids: readonly string[]): readonly (readonly (number | null)[])[] {
  return ids.map((from) =>
    ids.map((to) =>
      book.point(
        from === to ? from : `${from}, ${to}`,
        [...new Set([from, to])].flatMap((id) => book.problem(id)),
      ),
    ),
  );
}

function alignmentWords({ ids, negativeShare, meanCosine, pairs, worst }: GradientAlignment): string {
  const share = `${percent(negativeShare)} of ${pairs} pairs negative`;
  const head = `Gradient alignment of ${ids.length} problems: mean cosine ${fixed(meanCosine)}, ${share}`;
  const [first] = worst;
  if (first === undefined) return head;
  return `${head}\nworst: a step on ${first.from} changes ${first.to} by ${fixed(first.effect, 3)} nats per unit of step size`;
}

/** Ids without the words that all of them begin with: `add/3/17` and `add/3/20` are 17 and 20. */
export function withoutPrefix(ids: readonly string[]): readonly string[] {
  const parts = ids.map((id) => id.split(/(?<=[/:-])/));
  const shared =
    parts[0]?.findIndex((part, i) => parts.some((other) => other[i] !== part || i === other.length - 1)) ?? 0;
  return parts.map((words) => words.slice(Math.max(0, shared)).join(""));
}
