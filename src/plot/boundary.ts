/** Figures of the reasoning boundary: what the base and the trained policy can solve, and what became of each problem. */
import type { BoundaryQuestion, Fate, ReasoningBoundary } from "../analysis/index.ts";
import { curvePoints, type PairSampleOptions, pairBook, problemPoint, problemsPoint } from "./boundary-samples.ts";
import { type Figure, figure } from "./figure.ts";
import { axesOf, curve, fixed, grid, heading, interval, percent, powersOfTwo, rule, some } from "./marks.ts";
import { behind, type SampleBook } from "./samples.ts";
import { frame, outcomeCells, outcomeColors, roles, thin } from "./theme.ts";
import type { Annotation, HeatmapTrace, Layout, ScatterTrace, Shape } from "./traces.ts";

/**
 * Pass@k of base and trained over k (logarithmic, base 2), with bands and the point where the base overtakes. With samples,
 * a click shows the problems that make the difference at that k.
 */
export function boundaryFigure(boundary: ReasoningBoundary, options: PairSampleOptions = {}): Figure {
  const ks = boundary.curve.map(({ k }) => k);
  const marked = new Set(powersOfTwo(boundary.n.common));
  const markers = ks.map((k) => (marked.has(k) ? 7 : 0));
  const book = pairBook(options);
  const points = curvePoints(book, boundary, [...marked]);
  const line = (role: "base" | "trained") =>
    curve(
      ks,
      boundary.curve.map((point) => point[role]),
      roles[role],
      { name: role, markers, points },
    );
  const layout: Layout = {
    ...frame({
      title: boundaryTitle(boundary),
      subtitle: sampleLine(boundary),
    }),
    hovermode: "x unified",
    xaxis: {
      type: "log",
      title: { text: "k (samples per problem)" },
      tickvals: [...marked],
      ticktext: [...marked].map(String),
    },
    yaxis: { title: { text: "pass@k (share of problems)" }, range: [0, 1.02] },
    ...crossingMarks(boundary),
  };
  const data = [...line("base"), ...line("trained")];
  return figure({ data, layout, summary: boundaryWords(boundary), samples: book.finish() });
}

const verdictWords: Readonly<Record<ReasoningBoundary["moves"]["verdict"], string>> = {
  shrinks: "The boundary shrinks",
  grows: "The boundary grows",
  "shrinks and grows": "The boundary moves both ways",
  "no change shown": "No problem shown to cross the boundary",
};

/** "The boundary shrinks (8 lost); pass@1 0.23, then 0.57". What a single problem shows goes before what the curves show. */
function boundaryTitle({ moves, crossing, curve: points }: ReasoningBoundary): string {
  const counts = [
    ...(moves.lost.length > 0 ? [`${moves.lost.length} lost`] : []),
    ...(moves.gained.length > 0 ? [`${moves.gained.length} gained`] : []),
  ];
  const lead = counts.length === 0 && crossing.clearFrom !== undefined;
  const words = lead ? `The base reaches more from k = ${crossing.clearFrom} on` : verdictWords[moves.verdict];
  const verdict = `${words}${counts.length > 0 ? ` (${counts.join(", ")})` : ""}`;
  const [first] = points;
  if (first === undefined) return verdict;
  return `${verdict}; pass@${first.k} ${fixed(first.base.value)}, then ${fixed(first.trained.value)}`;
}

export function sampleLine({ problems, n, confidence }: ReasoningBoundary): string {
  const samples = n.equal ? `${n.common} samples each` : `${n.common} samples or more each`;
  return `${problems.length} problems, ${samples}; bands: ${percent(confidence)} intervals over problems`;
}

function crossingMarks({ crossing, n, confidence }: ReasoningBoundary): { annotations: Annotation[]; shapes: Shape[] } {
  if (crossing.k === undefined) {
    const text = `the base does not overtake up to k = ${n.common}`;
    return { annotations: [{ ...corner, text }], shapes: [] };
  }
  const { k, low = 1, high = n.common } = crossing;
  const range: Shape = {
    type: "rect",
    x0: low,
    x1: high,
    y0: 0,
    y1: 1,
    yref: "y domain",
    fillcolor: roles.neutral.band,
    line: { width: 0 },
    layer: "below",
  };
  return {
    annotations: [{ ...corner, text: crossingWords({ crossing, n, confidence }) }],
    shapes: [range, rule({ x: k })],
  };
}

const corner = {
  x: 1,
  y: 0.03,
  xref: "x domain",
  yref: "y domain",
  xanchor: "right",
  yanchor: "bottom",
  showarrow: false,
  bgcolor: thin("paper", 0.8),
} as const;

function crossingWords({ crossing, n, confidence }: Pick<ReasoningBoundary, "crossing" | "n" | "confidence">): string {
  const { k, low, high } = crossing;
  const range = `${low ?? `beyond ${n.common}`} to ${high ?? `beyond ${n.common}`}`;
  const clear = crossing.clearFrom === undefined ? "" : `, clearly from ${crossing.clearFrom}`;
  return `the base overtakes at k = ${k} (${percent(confidence)}: ${range})${clear}`;
}

function boundaryWords(boundary: ReasoningBoundary): string {
  const { curve: points, crossing, n, fates } = boundary;
  const ends = [points[0], points.at(-1)].filter((point) => point !== undefined);
  const values = ends.map(
    ({ k, base, trained, difference }) =>
      `pass@${k}: base ${interval(base)}, trained ${interval(trained)}, difference ${interval(difference)}`,
  );
  const crossed = crossing.k === undefined ? `no crossing up to k = ${n.common}` : crossingWords(boundary);
  const changed = `gained ${fates.gained.ids.length} problems, lost ${fates.lost.ids.length}`;
  const moved = `${verdictWords[boundary.moves.verdict]}: ${boundary.moves.lost.length} lost and ${boundary.moves.gained.length} gained whatever chance did`;
  const open = boundary.questions.flatMap(questionWords);
  return [`Reasoning boundary, ${sampleLine(boundary)}`, ...values, crossed, changed, moved, ...open].join("\n");
}

/** What would settle an open question. */
function questionWords({ question, k, settled, problems, samples }: BoundaryQuestion): string[] {
  if (settled || problems === undefined) return [];
  const more = samples === undefined ? "more samples alone would not do" : `or ${samples} samples of each`;
  return [`open: ${question} (k = ${k}); as large as it looks, ${problems} problems would settle it, ${more}`];
}

/**
 * Which problems are solved before and after: counts in a two by two matrix, beside the success rates one by one. With
 * samples, a click on a cell shows its problems, one on a mark its problem.
 */
export function solvedMatrixFigure(boundary: ReasoningBoundary, options: PairSampleOptions = {}): Figure {
  const book = pairBook(options);
  const title = { base: "success rate of the base (share)", trained: "success rate, trained (share)" };
  const diagonal: ScatterTrace = {
    type: "scatter",
    mode: "lines",
    x: [0, 1],
    y: [0, 1],
    showlegend: false,
    hoverinfo: "skip",
    line: { color: roles.neutral.color, dash: "dot", width: 1 },
    ...axesOf(2),
  };
  const axes = grid(
    [
      { x: { title: { text: "trained policy" }, showgrid: false }, y: { title: { text: "base" }, showgrid: false } },
      {
        x: { title: { text: title.base }, range: [-0.04, 1.04], dtick: 0.25 },
        y: { title: { text: title.trained }, range: [-0.04, 1.04], dtick: 0.25 },
      },
    ],
    { columns: 2, gapX: 0.16 },
  );
  const layout: Layout = {
    ...frame({
      title: "Solved before and after training",
      subtitle: `${sampleLine({ ...boundary }).split(";")[0]}; solved: at least one right sample`,
      legend: 0.58,
      headings: true,
      height: 420,
    }),
    ...axes,
    annotations: [heading("Problems by what became of them", 1), heading("Each problem", 2)],
  };
  const data = [matrix(boundary, book), diagonal, ...rates(boundary, book)];
  return figure({ data, layout, summary: matrixWords(boundary), samples: book.finish() });
}

const fates = ["kept", "gained", "lost", "never"] as const;

function matrix({ fates: cells, confidence }: ReasoningBoundary, book: SampleBook): HeatmapTrace {
  const words = (fate: Fate): string => {
    const { ids, beyondChance, expectedByChance } = cells[fate];
    const lines = [`<b>${fate}: ${ids.length}</b>`, `chance alone: ${fixed(expectedByChance, 1)}`];
    if (fate === "lost" || fate === "gained") lines.push(`beyond chance: ${beyondChance.length}`);
    return lines.join("<br>");
  };
  const code: Readonly<Record<Fate, number>> = { kept: 0, gained: 1, lost: 2, never: 3 };
  const cell = (fate: Fate): number | null => problemsPoint(book, fate, cells[fate].ids);
  return {
    type: "heatmap",
    x: ["solved", "not solved"],
    y: ["not solved", "solved"],
    z: [
      [code.gained, code.never],
      [code.kept, code.lost],
    ],
    text: [
      [words("gained"), words("never")],
      [words("kept"), words("lost")],
    ],
    ...behind([
      [cell("gained"), cell("never")],
      [cell("kept"), cell("lost")],
    ]),
    texttemplate: "%{text}",
    textfont: { size: 11.5 },
    hovertemplate: `base %{y}, trained %{x}<br>%{text}<br>chance and tests at ${percent(confidence)}<extra></extra>`,
    zmin: 0,
    zmax: 3,
    colorscale: fates.map((fate, i) => [i / 3, outcomeCells[fate]] as const),
    showscale: false,
    xgap: 3,
    ygap: 3,
    ...axesOf(1),
  };
}

const symbols: Readonly<Record<Fate, string>> = {
  kept: "circle-open",
  gained: "triangle-up",
  lost: "x",
  never: "square-open",
};

function rates({ problems }: ReasoningBoundary, book: SampleBook): readonly ScatterTrace[] {
  return fates.flatMap((fate): ScatterTrace | [] => {
    const here = problems.filter((problem) => problem.fate === fate);
    if (here.length === 0) return [];
    return {
      type: "scatter",
      mode: "markers",
      name: fate,
      x: here.map(({ base }) => base.correct / base.n),
      y: here.map(({ trained }) => trained.correct / trained.n),
      text: here.map(({ id }) => id),
      ...behind(here.map(({ id }) => problemPoint(book, id))),
      customdata: here.map(({ base, trained, adjustedP }) => [
        base.correct,
        base.n,
        trained.correct,
        trained.n,
        adjustedP,
      ]),
      hovertemplate:
        "%{text}<br>base %{customdata[0]} of %{customdata[1]}, trained %{customdata[2]} of %{customdata[3]}" +
        "<br>adjusted p %{customdata[4]:.2g}",
      marker: { symbol: symbols[fate], size: 8, color: fate === "never" ? roles.neutral.color : outcomeColors[fate] },
      ...axesOf(2),
    };
  });
}

function matrixWords({ fates: cells, problems }: ReasoningBoundary): string {
  const lines = fates.map((fate) => {
    const { ids, beyondChance, expectedByChance } = cells[fate];
    const chance = `${fixed(expectedByChance, 1)} expected by chance, ${beyondChance.length} beyond chance`;
    return `${fate} ${ids.length} (${chance})`;
  });
  const lost = cells.lost.ids.length > 0 ? [`lost: ${some(cells.lost.ids)}`] : [];
  return [`Solved before and after training, ${problems.length} problems`, ...lines, ...lost].join("\n");
}
