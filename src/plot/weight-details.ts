/** Detail views of weight deltas: what a LoRA of each rank would leave out, where the change lies, what bfloat16 keeps; trajectories. */
import type { CheckpointTrajectory, WeightDelta, WeightDeltas } from "../analysis/index.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Figure, figure } from "./figure.ts";
import { fixed, heading, percent, place } from "./marks.ts";
import { frame } from "./theme.ts";
import type { Layout, ScatterTrace } from "./traces.ts";
import { layerMap, matrixPoints, rankAxis, rankLines, thinLines, togetherLine, weightLayout } from "./weight-marks.ts";

/**
 * LoRA fit error by rank; overlap of the change's top directions with the base's (checkpoints only); share of entries that bfloat16
 * does not tell apart, by layer and module.
 */
export function weightDetailFigure(deltas: WeightDeltas): Figure {
  const matrices = deltas.tensors.filter(({ spectrum }) => spectrum !== undefined);
  const map = layerMap(deltas.tensors, ({ unchanged }) => unchanged, ".3f");
  const data = [...rankLines(deltas, ({ error }) => error), overlapPoints(matrices), map];
  return figure({ data, layout: detailLayout(deltas), summary: detailWords(deltas, matrices) });
}

function detailLayout({ ranks, overall }: WeightDeltas): Layout {
  const overlap = (side: string) => ({ title: { text: `overlap, ${side}` }, range: [-0.03, 1.03] }) as const;
  const same = overall.unchanged === undefined ? "" : `${percent(overall.unchanged)} of entries the same at bfloat16; `;
  return weightLayout(
    {
      title: "Weight change in detail: fit by rank, directions, equal entries",
      subtitle: `${same}each thin line and each point is one matrix`,
      map: "Share of entries unchanged at bfloat16",
    },
    [
      {
        x: rankAxis("rank of the fit, r", Math.max(...ranks)),
        y: { title: { text: "|Δ − Δ<sub>r</sub>| / |Δ|" }, range: [0, 1.02] },
        heading: "Error of the best fit (LoRA) by rank",
      },
      { x: overlap("inputs"), y: overlap("outputs"), heading: "Overlap with the base's top directions" },
    ],
  );
}

function overlapPoints(matrices: readonly WeightDelta[]): ScatterTrace {
  const points = matrices.flatMap(({ name, angles }) =>
    angles ? [{ name, x: angles.right.overlap, y: angles.left.overlap }] : [],
  );
  return matrixPoints(points, {
    name: "overlap",
    hovertemplate: "%{text}<br>inputs %{x:.3f}, outputs %{y:.3f}<extra></extra>",
  });
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
  const whole = togetherLine(steps, relativeWay(overall), {
    name: "all tensors as one",
    hovertemplate: "step %{x}: %{y:.3f}<extra>all tensors</extra>",
  });
  const points = matrixPoints(
    moved.map(({ name, fit }) => ({
      name,
      x: fit.explained[0] ?? Number.NaN,
      y: fit.directions[0]?.r2 ?? Number.NaN,
    })),
    { name: "share and fit", hovertemplate: "%{text}<br>rank-1 share %{x:.3f}, R² %{y:.3f}<extra></extra>" },
  );
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
