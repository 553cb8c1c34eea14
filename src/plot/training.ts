/** Training curves: one figure of small panels, from the records of a run. */
import { type Figure, figure } from "./figure.ts";
import { axesOf, fixed, grid, heading, percent } from "./marks.ts";
import { behind, type SampleLimits, type SampleSource } from "./samples.ts";
import { stepPoints } from "./step-samples.ts";
import { frame, roles } from "./theme.ts";
import type { Axis, Layout, ScatterTrace } from "./traces.ts";

/** What is read of a step's record; metric names are the run's. */
export interface TrainingRecord {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface TrainingFigureOptions {
  /** Steps of the moving average (exponential, span as in pandas: α = 2 / (span + 1)). Default: a tenth of the steps, at least 3. */
  readonly span?: number;
  /** Stands in the subtitle after the number of steps, such as why a run ended. */
  readonly note?: string;
  /**
   * Completions of steps, shown by a click on a step: `(await importRun(folder)).sets` of a run of this project or another.
   * Default: none.
   */
  readonly samples?: readonly SampleSource[];
  /** How many of them go with the figure. */
  readonly limits?: SampleLimits;
}

interface PanelOf {
  readonly metric: string;
  readonly title: string;
  readonly unit: string;
  readonly axis?: Partial<Axis>;
}

const share: Partial<Axis> = { rangemode: "tozero" };
const panels: readonly PanelOf[] = [
  { metric: "reward", title: "Reward", unit: "mean of the batch", axis: share },
  { metric: "entropy", title: "Entropy", unit: "nats a token", axis: share },
  { metric: "completions/mean_length", title: "Completion length", unit: "tokens", axis: share },
  { metric: "completions/clipped_ratio", title: "Truncated completions", unit: "share", axis: share },
  { metric: "grad_norm", title: "Gradient norm", unit: "before clipping", axis: share },
  {
    metric: "sampling/sampling_logp_difference/max",
    title: "Sampler against learner",
    unit: "largest |Δ log p| (nats)",
    axis: { rangemode: "tozero", exponentformat: "e", nticks: 4 },
  },
];

/** Reward, entropy, length, truncation, gradient norm and the sampler's agreement with the learner, over steps. */
export function trainingFigure(records: readonly TrainingRecord[], options: TrainingFigureOptions = {}): Figure {
  const { span = Math.max(3, Math.round(records.length / 10)), note } = options;
  const steps = records.map(({ step }) => step);
  const shown = panels.filter(({ metric }) => records.length === 0 || records.some(({ metrics }) => metric in metrics));
  const { points, book } = stepPoints(steps, options);
  const data = shown.flatMap((panel, i) => {
    const values = records.map(({ metrics }) => metrics[panel.metric] ?? Number.NaN);
    return panelLines({ steps, values, span, points, panel: i + 1 });
  });
  const axes = shown.map(({ unit, axis }, i) => ({
    x: { ...stepAxis(steps), ...(i >= shown.length - 2 ? { title: { text: "training step" } } : {}) },
    y: { title: { text: unit }, ...axis },
  }));
  const layout: Layout = {
    ...frame({
      title: titleOf(records),
      subtitle: [`${records.length} steps; line: moving average over ${span} steps`, note].filter(Boolean).join("; "),
      headings: true,
      height: 130 + 170 * Math.ceil(shown.length / 2),
    }),
    ...grid(axes, { columns: 2, gapX: 0.15, gapY: 0.14 }),
    annotations: shown.map(({ title }, i) => heading(title, i + 1)),
  };
  return figure({ data, layout, summary: trainingWords(records, shown, note), samples: book.finish() });
}

/** From the first step to the last, so that panels line up. */
function stepAxis(steps: readonly number[]): Axis {
  const [first = 0, last = 1] = [steps[0], steps.at(-1)];
  const edge = Math.max(0.5, 0.02 * (last - first)); // whole markers at both ends
  return { range: [first - edge, last + edge], ...(last - first <= 5 ? { dtick: 1 } : {}) };
}

function titleOf(records: readonly TrainingRecord[]): string {
  const [first, last] = [records[0], records.at(-1)].map((record) => record?.metrics.reward);
  if (first === undefined || last === undefined) return "Training: waiting for the first step";
  return `Training: reward ${fixed(first)} at the first step, ${fixed(last)} at step ${records.at(-1)?.step}`;
}

function panelLines(series: {
  readonly steps: readonly number[];
  readonly values: readonly number[];
  readonly span: number;
  readonly points: readonly (number | null)[];
  readonly panel: number;
}): readonly ScatterTrace[] {
  const { steps, values, span, points, panel } = series;
  const empty = steps.length === 0; // plotly draws a panel's axes only where it has a trace, and no trace of no points
  const x = empty ? [null] : steps;
  const common = { type: "scatter", x, ...axesOf(panel), showlegend: panel === 1 } as const;
  const raw: ScatterTrace = {
    ...common,
    mode: "markers",
    name: "each step",
    legendgroup: "each step",
    y: empty ? [null] : values,
    hovertemplate: "step %{x}: %{y:.4g}<extra></extra>",
    ...behind(points),
    marker: { symbol: "circle", size: 4, color: roles.base.color, opacity: 0.55 },
  };
  const smooth: ScatterTrace = {
    ...common,
    mode: "lines",
    name: "moving average",
    legendgroup: "moving average",
    y: empty ? [null] : movingAverage(values, span),
    hoverinfo: "skip",
    line: { color: roles.trained.color, width: 2.2 },
  };
  return [raw, smooth];
}

/** Exponential moving average, unbiased at the start (pandas' `ewm(span, adjust=True)`); gaps are passed over. */
export function movingAverage(values: readonly number[], span: number): number[] {
  const keep = 1 - 2 / (span + 1);
  let [sum, weight] = [0, 0];
  return values.map((value) => {
    sum *= keep;
    weight *= keep;
    if (Number.isFinite(value)) {
      sum += value;
      weight += 1;
    }
    return weight > 0 ? sum / weight : Number.NaN;
  });
}

function trainingWords(
  records: readonly TrainingRecord[],
  shown: readonly PanelOf[],
  note: string | undefined,
): string {
  const last = records.at(-1);
  const head = note === undefined ? `${titleOf(records)} (${records.length} steps)` : `${titleOf(records)} (${note})`;
  const lines = shown.flatMap(({ metric, title, unit }) => {
    const [start, end] = [records[0]?.metrics[metric], last?.metrics[metric]];
    if (start === undefined || end === undefined) return [];
    return [`${title} (${unit}): ${number(start)} to ${number(end)}`];
  });
  const stuck = last?.metrics.frac_reward_zero_std;
  if (stuck !== undefined) lines.push(`groups without a difference in reward at the last step: ${percent(stuck)}`);
  return [head, ...lines].join("\n");
}

function number(value: number): string {
  return Math.abs(value) >= 0.01 || value === 0 ? fixed(value, 3) : value.toExponential(1).replaceAll("-", "−");
}
