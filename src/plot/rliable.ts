/** Figures of runs compared over several tasks: performance profiles, and learning curves by task. */
import type { AggregateReport, Estimate, ExperimentReport, LearningCurve } from "../analysis/index.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Figure, figure } from "./figure.ts";
import { curve, fixed, grid, heading, interval, percent } from "./marks.ts";
import { seriesStyle, sparseMarkers } from "./series.ts";
import { frame } from "./theme.ts";
import type { Layout } from "./traces.ts";

/** What a profile figure needs; an `AggregateReport` is one. */
export interface ProfileResult extends Pick<AggregateReport, "confidence" | "thresholds"> {
  readonly experiments: readonly (Pick<ExperimentReport, "experiment" | "runs"> & {
    readonly profile: readonly Estimate[];
    readonly aggregates?: { readonly iqm: Estimate };
  })[];
}

/** Share of runs that score above each threshold, a line for each experiment: higher everywhere is better everywhere. */
export function performanceProfileFigure({ confidence, thresholds, experiments }: ProfileResult): Figure {
  if (experiments.length === 0) refuse("performanceProfileFigure", "there is no experiment", "pass at least one");
  const data = experiments.flatMap(({ experiment, profile }, i) =>
    curve(thresholds, profile, seriesStyle(i), {
      name: experiment,
      markers: sparseMarkers(thresholds.length, i),
    }),
  );
  const runs = experiments.map((one) => one.runs);
  const [least, most] = [Math.min(...runs), Math.max(...runs)];
  const layout: Layout = {
    ...frame({
      title: "Performance profiles: share of runs above a score",
      subtitle: `${least === most ? least : `${least} to ${most}`} runs a task; bands: pointwise ${percent(confidence)} intervals over runs`,
    }),
    hovermode: "x unified",
    xaxis: { title: { text: "normalised score, τ" } },
    yaxis: { title: { text: "share of runs with a score above τ" }, range: [0, 1.02] },
  };
  return figure({ data, layout, summary: profileWords(thresholds, experiments) });
}

function profileWords(thresholds: readonly number[], experiments: ProfileResult["experiments"]): string {
  const middle = Math.floor(thresholds.length / 2);
  const lines = experiments.map(({ experiment, profile, aggregates }) => {
    const at = profile[middle];
    const share = at === undefined ? "" : `${interval(at)} of runs above ${fixed(thresholds[middle] ?? Number.NaN)}`;
    return `${experiment}: ${share}${aggregates === undefined ? "" : `; IQM ${interval(aggregates.iqm)}`}`;
  });
  return ["Performance profiles: share of runs above a score", ...lines].join("\n");
}

/** Learning curves, a panel for each task: mean over runs, and the band of one standard deviation. */
export function learningCurveFigure(
  curves: readonly LearningCurve[],
  { x = "step", y = "metric" }: { readonly x?: string; readonly y?: string } = {},
): Figure {
  if (curves.length === 0) refuse("learningCurveFigure", "there is no curve", "pass at least one");
  const tasks = [...new Set(curves.map(({ environment }) => environment))];
  const names = [...new Set(curves.map(({ experiment }) => experiment))];
  const seen = new Set<string>();
  const data = curves.flatMap(({ experiment, environment, steps, mean, std }) => {
    const series = names.indexOf(experiment);
    const estimates = mean.map((value, i) => ({ value, low: value - (std[i] ?? 0), high: value + (std[i] ?? 0) }));
    const legend = !seen.has(experiment);
    seen.add(experiment);
    return curve(steps, estimates, seriesStyle(series), {
      name: experiment,
      panel: tasks.indexOf(environment) + 1,
      legend,
      markers: sparseMarkers(steps.length, series),
    });
  });
  const columns = Math.min(2, tasks.length);
  const rows = Math.ceil(tasks.length / columns);
  const counts = curves.map(({ runs }) => runs);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const layout: Layout = {
    ...frame({
      title: `Learning curves on ${tasks.length === 1 ? tasks[0] : `${tasks.length} tasks`}`,
      subtitle: `mean of ${least === most ? least : `${least} to ${most}`} runs; bands: one standard deviation over runs`,
      headings: true,
      height: 130 + 240 * rows,
    }),
    ...grid(
      tasks.map(() => ({ x: { title: { text: x } }, y: { title: { text: y } } })),
      { columns, gapY: 0.34 / rows + 0.06 },
    ),
    annotations: tasks.map((task, i) => heading(task, i + 1)),
  };
  return figure({ data, layout, summary: curveWords(curves) });
}

function curveWords(curves: readonly LearningCurve[]): string {
  const lines = curves.map(({ experiment, environment, runs, steps, mean, std }) => {
    const end = `${fixed(mean.at(-1) ?? Number.NaN)} ± ${fixed(std.at(-1) ?? Number.NaN)}`;
    return `${environment}, ${experiment}: ${end} at ${fixed(steps.at(-1) ?? Number.NaN, 0)} (${runs} runs)`;
  });
  return ["Learning curves, mean ± standard deviation over runs at the last common step", ...lines].join("\n");
}
