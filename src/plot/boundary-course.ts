/** The boundary over checkpoints: pass@k at small and large k, what changed beyond chance, and every problem's success rate. */
import type { BoundaryCourse, ProblemCourseCounts } from "../analysis/index.ts";
import { type Figure, figure } from "./figure.ts";
import { axesOf, curve, heading, interval, percent, place } from "./marks.ts";
import { behind, type SampleBook, type SampleLimits, type SampleSource, sampleBook } from "./samples.ts";
import { frame, outcomeColors, type RoleStyle, roles, sequentialScale } from "./theme.ts";
import type { BarTrace, HeatmapTrace, Layout } from "./traces.ts";

export interface CourseSampleOptions {
  /** Completions of each checkpoint by its name: a click on a cell shows the problem's there. Default: none. */
  readonly samples?: Readonly<Record<string, SampleSource>>;
  /** How many of them go with the figure. */
  readonly limits?: SampleLimits;
}

/** The ks that are drawn: the first, the last, and the middle one; each keeps its look. */
const looks: readonly RoleStyle[] = [roles.predicted, roles.truncated, roles.neutral];

/** With samples, a click on a cell of the map shows the problem's completions at that checkpoint. */
export function boundaryCourseFigure(course: BoundaryCourse, options: CourseSampleOptions = {}): Figure {
  const book = sampleBook(options.samples, options.limits);
  const names = course.checkpoints.map(({ name }) => name);
  const lines = shownKs(course.ks).flatMap((j, line) =>
    curve(
      course.checkpoints.map((_, s) => s),
      course.checkpoints.flatMap(({ pass }) => pass[j] ?? []),
      looks[line] ?? roles.neutral,
      { name: `pass@${course.ks[j]}` },
    ),
  );
  const data = [...lines, ...changeBars(course), rateMap(course, names, book)];
  return figure({ data, layout: layoutOf(course, names), summary: courseWords(course), samples: book.finish() });
}

/** Places of the first, the middle and the last k. */
function shownKs(ks: readonly number[]): number[] {
  return [...new Set([0, Math.floor((ks.length - 1) / 2), ks.length - 1])];
}

function layoutOf(course: BoundaryCourse, names: readonly string[]): Layout {
  const range = [-0.4, names.length - 0.6] as const;
  const ticks = { title: { text: "checkpoint" }, tickvals: names.map((_, s) => s), ticktext: names, range } as const;
  const most = Math.max(1, ...names.flatMap((_, s) => [changed(course, s, 1), changed(course, s, -1)]));
  const last = course.checkpoints.at(-1);
  const verdict = last?.boundary?.moves.verdict ?? "no change shown";
  return {
    ...frame({
      title: `From ${names[0]} to ${names.at(-1)}: ${verdict === "no change shown" ? "no problem shown to cross the boundary" : `the boundary ${verdict}`}`,
      subtitle: `${course.problems.length} problems, ${course.ks.at(-1)} samples or more each; bands: ${percent(course.confidence)} intervals over problems`,
      headings: true,
      height: 640,
    }),
    ...place([
      {
        x: { ...ticks },
        y: { title: { text: "share of problems" }, range: [0, 1.02] },
        left: 0,
        right: 0.44,
        bottom: 0.6,
        top: 1,
      },
      {
        x: { ...ticks, showgrid: false },
        y: { title: { text: "problems" }, range: [-1.1 * most, 1.1 * most] },
        left: 0.56,
        right: 1,
        bottom: 0.6,
        top: 1,
      },
      {
        x: { title: { text: "problems, by their rate at the end" }, showgrid: false, showticklabels: false, ticks: "" },
        y: { ...ticks, showgrid: false },
        left: 0,
        right: 0.92,
        bottom: 0,
        top: 0.38,
      },
    ]),
    barmode: "relative",
    annotations: [
      heading("Pass@k", 1),
      heading("Changed beyond chance", 2),
      heading("Success rate of each problem", 3),
    ],
  };
}

function changed({ problems }: BoundaryCourse, s: number, way: 1 | -1): number {
  return problems.filter(({ change }) => change[s] === way).length;
}

function changeBars(course: BoundaryCourse): readonly BarTrace[] {
  const bars = (name: string, way: 1 | -1, color: string): BarTrace => ({
    type: "bar",
    name,
    x: course.checkpoints.map((_, s) => s),
    y: course.checkpoints.map((_, s) => way * changed(course, s, way)),
    hovertemplate: `%{y} ${name} since ${course.checkpoints[0]?.name}<extra></extra>`,
    marker: { color },
    ...axesOf(2),
  });
  return [bars("rose", 1, outcomeColors.kept), bars("fell", -1, outcomeColors.lost)];
}

function rateMap({ problems, checkpoints }: BoundaryCourse, names: readonly string[], book: SampleBook): HeatmapTrace {
  const rate = ({ counts }: ProblemCourseCounts, s: number): number =>
    (counts[s]?.correct ?? 0) / (counts[s]?.n ?? Number.NaN);
  const end = checkpoints.length - 1;
  const sorted = [...problems].sort((a, b) => rate(a, end) - rate(b, end) || rate(a, 0) - rate(b, 0));
  return {
    type: "heatmap",
    name: "success rate",
    x: sorted.map((_, i) => i),
    y: names.map((_, s) => s),
    z: names.map((_, s) => sorted.map((problem) => rate(problem, s))),
    text: names.map((name, s) =>
      sorted.map(({ id, counts }) => `${id}<br>${name}: ${counts[s]?.correct} of ${counts[s]?.n}`),
    ),
    hovertemplate: "%{text}<extra></extra>",
    ...behind(names.map((name) => sorted.map(({ id }) => book.point(`${id}, ${name}`, book.problem(id, name))))),
    zmin: 0,
    zmax: 1,
    colorscale: sequentialScale,
    colorbar: { title: { text: "rate", side: "top" }, thickness: 12, outlinewidth: 0, len: 0.4, y: 0.19, x: 0.94 },
    ...axesOf(3),
  };
}

function courseWords(course: BoundaryCourse): string {
  const { checkpoints, ks, recovered } = course;
  const lines = checkpoints.map(({ name, pass, boundary }, s) => {
    const ends = [0, ks.length - 1].flatMap((j) => {
      const estimate = pass[j];
      return estimate === undefined ? [] : [`pass@${ks[j]} ${interval(estimate)}`];
    });
    const against = `${changed(course, s, 1)} rose and ${changed(course, s, -1)} fell beyond chance, ${boundary?.moves.verdict}`;
    return [`${name}: ${ends.join(", ")}`, ...(boundary === undefined ? [] : [against])].join("; ");
  });
  return [
    `The reasoning boundary over ${checkpoints.length} checkpoints`,
    ...lines,
    `${recovered.length} problems fell and came back`,
  ].join("\n");
}
