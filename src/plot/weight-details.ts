/** Detail views of weight deltas: what a LoRA of each rank would leave out, where the change lies, what bfloat16 keeps; trajectories. */
import type { CheckpointTrajectory, WeightDelta, WeightDeltas } from "../analysis/index.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Figure, figure } from "./figure.ts";
import { axesOf, fixed, heading, percent, place, powersOfTwo } from "./marks.ts";
import { frame, roles } from "./theme.ts";
import type { Layout, ScatterTrace } from "./traces.ts";
import { layerMap, thinLines } from "./weight-marks.ts";

/**
 * LoRA fit error by rank; overlap of the change's top directions with the base's (checkpoints only); share of entries that bfloat16
 * does not tell apart, by layer and module.
 */
export function weightDetailFigure(deltas: WeightDeltas): Figure {
  const matrices = deltas.tensors.filter(({ spectrum }) => spectrum !== undefined);
  const map = layerMap(deltas.tensors, ({ unchanged }) => unchanged, ".3f");
  const data = [...errorLines(matrices, deltas), overlapPoints(matrices), map];
  return figure({ data, layout: detailLayout(deltas), summary: detailWords(deltas, matrices) });
}

function detailLayout({ ranks, overall }: WeightDeltas): Layout {
  const ticks = powersOfTwo(Math.max(1, ...ranks));
  const rank = {
    type: "log",
    tickvals: ticks,
    ticktext: ticks.map(String),
    title: { text: "rank of the fit, r" },
  } as const;
  const error = { title: { text: "|Δ − Δ<sub>r</sub>| / |Δ|" }, range: [0, 1.02] } as const;
  const overlap = (side: string) => ({ title: { text: `overlap, ${side}` }, range: [-0.03, 1.03] }) as const;
  const module = { title: { text: "module" }, type: "category", showgrid: false } as const;
  const layer = { title: { text: "layer" }, type: "category", showgrid: false, autorange: "reversed" } as const;
  const same = overall.unchanged === undefined ? "" : `${percent(overall.unchanged)} of entries the same at bfloat16; `;
  return {
    ...frame({
      title: "Weight change in detail: fit by rank, directions, equal entries",
      subtitle: `${same}each thin line and each point is one matrix`,
      headings: true,
      height: 640,
    }),
    ...place([
      { x: rank, y: error, left: 0, right: 0.43, bottom: 0.6, top: 1 },
      { x: overlap("inputs"), y: overlap("outputs"), left: 0.57, right: 1, bottom: 0.6, top: 1 },
      { x: module, y: layer, left: 0, right: 1, bottom: 0, top: 0.38 },
    ]),
    annotations: [
      heading("Error of the best fit (LoRA) by rank", 1),
      heading("Overlap with the base's top directions", 2),
      heading("Share of entries unchanged at bfloat16", 3),
    ],
  };
}

function errorLines(matrices: readonly WeightDelta[], { overall }: WeightDeltas): readonly ScatterTrace[] {
  const lines = matrices.map(({ name, spectrum }) => ({
    name,
    x: spectrum?.energy.map(({ rank }) => rank) ?? [],
    y: spectrum?.energy.map(({ error }) => error) ?? [],
  }));
  const { color, symbol } = roles.trained;
  const all: ScatterTrace = {
    type: "scatter",
    mode: "lines+markers",
    name: "all matrices together",
    x: overall.energy.map(({ rank }) => rank),
    y: overall.energy.map(({ error }) => error),
    hovertemplate: "r = %{x}: %{y:.3f}<extra>all matrices</extra>",
    line: { color, width: 2.4 },
    marker: { color, symbol, size: 7 },
  };
  return [{ ...thinLines(lines), hovertemplate: "%{text}<br>r = %{x}: %{y:.3f}<extra></extra>" }, all];
}

function overlapPoints(matrices: readonly WeightDelta[]): ScatterTrace {
  const known = matrices.filter(({ angles }) => angles !== undefined);
  const { color, symbol } = roles.measured;
  return {
    type: "scatter",
    mode: "markers",
    name: "overlap",
    showlegend: false,
    x: known.map(({ angles }) => angles?.right.overlap ?? null),
    y: known.map(({ angles }) => angles?.left.overlap ?? null),
    text: known.map(({ name }) => name),
    hovertemplate: "%{text}<br>inputs %{x:.3f}, outputs %{y:.3f}<extra></extra>",
    marker: { color, symbol, size: 6, opacity: 0.6 },
    ...axesOf(2),
  };
}

function detailWords({ overall }: WeightDeltas, matrices: readonly WeightDelta[]): string {
  const errors = overall.energy.map(({ rank, error }) => `rank ${rank}: ${percent(error)}`).join(", ");
  const overlaps = matrices.flatMap(({ angles }) => (angles ? [(angles.left.overlap + angles.right.overlap) / 2] : []));
  const mean = overlaps.reduce((sum, value) => sum + value, 0) / overlaps.length;
  const lines = [
    errors === ""
      ? "Weight change in detail: no matrix changed"
      : `Weight change in detail: the best fit leaves out, at ${errors}`,
    overlaps.length === 0
      ? "directions were not compared with the base's"
      : `mean overlap with the base's top directions ${fixed(mean, 3)} over ${overlaps.length} matrices`,
  ];
  if (overall.unchanged !== undefined) lines.push(`${percent(overall.unchanged)} of entries the same at bfloat16`);
  return lines.join("\n");
}

/**
 * How straight training moved the weights: each tensor's way along its own first direction against the step, and how much of its
 * movement that direction and its line explain.
 *
 * @throws UsageError when no tensor moved
 */
export function trajectoryFigure(trajectory: CheckpointTrajectory): Figure {
  const moved = trajectory.tensors.filter(({ fit }) => (fit.directions[0]?.singularValue ?? 0) > 0);
  if (moved.length === 0) refuse("trajectoryFigure", "no tensor moved", "pass checkpoints that differ");
  const { steps, overall } = trajectory;
  const lines = moved.map(({ name, fit }) => ({ name, x: steps, y: relativeWay(fit) }));
  const { color, symbol } = roles.trained;
  const whole: ScatterTrace = {
    type: "scatter",
    mode: "lines+markers",
    name: "all tensors as one",
    x: steps,
    y: relativeWay(overall),
    hovertemplate: "step %{x}: %{y:.3f}<extra>all tensors</extra>",
    line: { color, width: 2.4 },
    marker: { color, symbol, size: 7 },
  };
  const points: ScatterTrace = {
    type: "scatter",
    mode: "markers",
    name: "share and fit",
    showlegend: false,
    x: moved.map(({ fit }) => fit.explained[0] ?? null),
    y: moved.map(({ fit }) => fit.directions[0]?.r2 ?? null),
    text: moved.map(({ name }) => name),
    hovertemplate: "%{text}<br>rank-1 share %{x:.3f}, R² %{y:.3f}<extra></extra>",
    marker: { color, symbol, size: 6, opacity: 0.6 },
    ...axesOf(2),
  };
  const thin = {
    ...thinLines(lines),
    name: "one tensor",
    hovertemplate: "%{text}<br>step %{x}: %{y:.3f}<extra></extra>",
  };
  const [share, r2] = [overall.explained[0] ?? 0, overall.directions[0]?.r2 ?? 0];
  const layout: Layout = {
    ...frame({
      title: `Weight trajectory: ${percent(share)} along one direction, R² of its line ${fixed(r2, 3)}`,
      subtitle: `${steps.length} checkpoints; each thin line and each point is one tensor`,
      headings: true,
      height: 420,
    }),
    ...place([
      {
        x: { title: { text: "training step" } },
        y: { title: { text: "way, last = 1" } },
        left: 0,
        right: 0.45,
        bottom: 0,
        top: 1,
      },
      {
        x: { title: { text: "rank-1 share of the movement" }, range: [-0.03, 1.03] },
        y: { title: { text: "R² of the line" }, range: [-0.03, 1.03] },
        left: 0.58,
        right: 1,
        bottom: 0,
        top: 1,
      },
    ]),
    annotations: [heading("Way along the first direction", 1), heading("How straight, how even", 2)],
  };
  const summary = `Weight trajectory over steps ${steps.join(", ")}: ${percent(share)} along one direction, R² of its line ${fixed(r2, 3)}`;
  return figure({ data: [thin, whole, points], layout, summary });
}

/** Coefficients relative to the last one, which takes their arbitrary sign with it. */
function relativeWay({ directions }: CheckpointTrajectory["overall"]): number[] {
  const coefficients = directions[0]?.coefficients ?? new Float64Array();
  const last = coefficients.at(-1) ?? 1;
  return Array.from(coefficients, (value) => value / last);
}
