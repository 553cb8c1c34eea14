/** The boundary in detail: coverage by difficulty, and how each problem's success rate moved. */
import type { DifficultyBin, Estimate, ProblemFate, ReasoningBoundary } from "../analysis/index.ts";
import { sampleLine } from "./boundary.ts";
import { type PairSampleOptions, pairBook, problemPoint } from "./boundary-samples.ts";
import { type Figure, figure } from "./figure.ts";
import { axesOf, fixed, heading, interval, place } from "./marks.ts";
import { behind, type SampleBook } from "./samples.ts";
import { frame, outcomeColors, roles } from "./theme.ts";
import type { BarTrace, Layout, ScatterTrace } from "./traces.ts";

/**
 * Pass@1 and coverage (solved within k samples) by difficulty, before and after; below, the change of each problem's success rate,
 * sorted, darker where it is beyond chance. With samples, a click on a bar shows its problem.
 */
export function boundaryDetailFigure(boundary: ReasoningBoundary, options: PairSampleOptions = {}): Figure {
  const book = pairBook(options);
  const { bins } = boundary.difficulty;
  const data = [
    ...levelMarks(bins, "pass1", 1),
    ...levelMarks(bins, "passK", 2),
    ...changeBars(sortedByChange(boundary.problems), book),
  ];
  return figure({ data, layout: layoutOf(boundary), summary: detailWords(boundary), samples: book.finish() });
}

function layoutOf(boundary: ReasoningBoundary): Layout {
  const { by, k } = boundary.difficulty;
  const x = {
    type: "category",
    title: { text: by === "level" ? "difficulty" : "share the base solves (half of its samples)" },
    showgrid: false,
  } as const;
  const most = 1.1 * Math.max(0.05, ...boundary.problems.map((problem) => Math.abs(changeOf(problem))));
  const share = (text: string) => ({ title: { text }, range: [-0.03, 1.05] }) as const;
  return {
    ...frame({
      title: titleOf(boundary),
      subtitle: `${sampleLine(boundary).split(";")[0]}; bars: intervals over problems`,
      headings: true,
      height: 640,
    }),
    ...place([
      { x, y: share("pass@1"), left: 0, right: 0.44, bottom: 0.6, top: 1 },
      { x, y: share(`pass@${k}`), left: 0.56, right: 1, bottom: 0.6, top: 1 },
      {
        x: {
          title: { text: "problems, by how their rate changed" },
          showgrid: false,
          showticklabels: false,
          ticks: "",
        },
        y: { title: { text: "trained − base, success rate" }, range: [-most, most] },
        left: 0,
        right: 1,
        bottom: 0,
        top: 0.38,
      },
    ]),
    barmode: "overlay",
    bargap: 0.1,
    annotations: [
      heading("Right at once, by difficulty", 1),
      heading(`Solved within ${k} samples`, 2),
      heading("Each problem's success rate", 3),
    ],
  };
}

function titleOf({ problems }: ReasoningBoundary): string {
  const changed = problems.filter(({ beyondChance }) => beyondChance);
  const fell = changed.filter((problem) => changeOf(problem) < 0).length;
  return `Beyond chance, ${changed.length - fell} problems rose and ${fell} fell of ${problems.length}`;
}

const panelNames = { pass1: "right at once", passK: "coverage" } as const;

function levelMarks(bins: readonly DifficultyBin[], of: "pass1" | "passK", panel: number): readonly ScatterTrace[] {
  return (["base", "trained"] as const).map((run): ScatterTrace => {
    const estimates = bins.map((bin) => bin[run][of]);
    const { color, symbol, dash } = roles[run];
    return {
      type: "scatter",
      mode: "lines+markers",
      name: panel === 1 ? run : `${run}, ${panelNames[of]}`,
      legendgroup: run,
      showlegend: panel === 1,
      x: bins.map(({ name, problems }) => `${name}<br>(${problems})`),
      y: estimates.map(({ value }) => value),
      error_y: errorBars(estimates, color),
      customdata: estimates.map(({ low, high }) => [low, high]),
      hovertemplate: `${run} %{y:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f})<extra>%{x}</extra>`,
      line: { color, dash, width: 1.2 },
      marker: { color, symbol, size: 8 },
      ...axesOf(panel),
    };
  });
}

function errorBars(estimates: readonly Estimate[], color: string): NonNullable<ScatterTrace["error_y"]> {
  return {
    type: "data",
    symmetric: false,
    array: estimates.map(({ value, high }) => high - value),
    arrayminus: estimates.map(({ value, low }) => value - low),
    color,
    thickness: 1.2,
    width: 3,
  };
}

function changeOf({ base, trained }: ProblemFate): number {
  return trained.correct / trained.n - base.correct / base.n;
}

function sortedByChange(problems: readonly ProblemFate[]): readonly ProblemFate[] {
  return [...problems].sort((a, b) => changeOf(a) - changeOf(b));
}

/** One bar a problem, in three groups. */
function changeBars(sorted: readonly ProblemFate[], book: SampleBook): readonly BarTrace[] {
  const groups = [
    { name: "fell beyond chance", color: outcomeColors.lost, holds: (c: number, sure: boolean) => sure && c < 0 },
    { name: "rose beyond chance", color: outcomeColors.kept, holds: (c: number, sure: boolean) => sure && c > 0 },
    { name: "may be chance", color: "#BBBBBB", holds: (_: number, sure: boolean) => !sure },
  ];
  return groups.flatMap(({ name, color, holds }): BarTrace[] => {
    const here = sorted.flatMap((problem, i) =>
      holds(changeOf(problem), problem.beyondChance) ? [{ problem, i }] : [],
    );
    if (here.length === 0) return [];
    const common = {
      name,
      x: here.map(({ i }) => i),
      y: here.map(({ problem }) => changeOf(problem)),
      text: here.map(({ problem }) => problem.id),
      customdata: here.map(({ problem: { base, trained, samplesToTell } }) => [
        ...[base.correct, base.n, trained.correct, trained.n],
        samplesToTell === undefined ? "" : `<br>${samplesToTell} samples of each would tell`,
      ]),
      hovertemplate:
        "%{text}<br>base %{customdata[0]} of %{customdata[1]}, trained %{customdata[2]} of %{customdata[3]}%{customdata[4]}<extra></extra>",
      ...behind(here.map(({ problem }) => problemPoint(book, problem.id))),
      ...axesOf(3),
    };
    const bars: BarTrace = {
      ...common,
      type: "bar",
      textposition: "none",
      marker: { color, line: { color, width: 1 } },
    };
    return [bars];
  });
}

function detailWords(boundary: ReasoningBoundary): string {
  const { difficulty, problems } = boundary;
  const lines = difficulty.bins.map(
    ({ name, problems: count, base, trained }) =>
      `${name} (${count}): pass@1 ${interval(base.pass1)}, then ${interval(trained.pass1)}; ` +
      `pass@${difficulty.k} ${fixed(base.passK.value)}, then ${fixed(trained.passK.value)}`,
  );
  const open = problems.flatMap(({ samplesToTell }) => samplesToTell ?? []).sort((a, b) => a - b);
  const middle = open[Math.floor(open.length / 2)];
  const settle =
    middle === undefined
      ? []
      : [`${open.length} changes may be chance; half of them would show with ${middle} samples of each problem`];
  return [`The boundary in detail. ${titleOf(boundary)}`, ...lines, ...settle].join("\n");
}
