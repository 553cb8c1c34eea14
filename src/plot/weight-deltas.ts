/** Figures of weight deltas: how low the rank of what training changed is, where it sits, and what the top ranks suffice for. */
import type { Estimate, WeightDelta, WeightDeltas } from "../analysis/index.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Figure, figure } from "./figure.ts";
import { axesOf, curve, fixed, interval, percent } from "./marks.ts";
import { frame, roles } from "./theme.ts";
import type { Layout, ScatterTrace } from "./traces.ts";
import { layerMap, rankAxis, rankLines, thinLines, weightLayout } from "./weight-marks.ts";

/** Energy in the top ranks and spectrum of every matrix's change; relative size of the change by layer and module. */
export function weightDeltaFigure(deltas: WeightDeltas): Figure {
  const matrices = deltas.tensors.filter(({ spectrum }) => spectrum !== undefined);
  const data = [
    ...rankLines(deltas, ({ share }) => share),
    spectrumLines(matrices),
    layerMap(deltas.tensors, ({ relativeNorm }) => relativeNorm, ".4f"),
  ];
  return figure({ data, layout: layoutOf(deltas), summary: deltaWords(deltas, matrices) });
}

function layoutOf({ overall, ranks, tensors }: WeightDeltas): Layout {
  const width = Math.max(...tensors.map(({ spectrum }) => spectrum?.singularValues.length ?? 1));
  const same = overall.unchanged === undefined ? "" : `; ${percent(overall.unchanged)} of entries the same at bfloat16`;
  return weightLayout(
    {
      title: `Weight change: ${percent(overall.relativeNorm, 2)} of the weights' norm`,
      subtitle: `${overall.parameters.toLocaleString("en")} parameters${same}; each thin line is one matrix`,
      map: "Relative norm of the change, |Δ| / |W|",
    },
    [
      {
        x: rankAxis("rank kept, r", Math.max(...ranks)),
        y: { title: { text: "share of |Δ|² in the top r" }, range: [0, 1.02] },
        heading: "Energy in the top ranks",
      },
      {
        x: rankAxis("singular value, i", width),
        y: { title: { text: "σ<sub>i</sub> / σ<sub>1</sub>" }, type: "log", tickformat: ".0e", nticks: 5 },
        heading: "Spectrum of the change",
      },
    ],
  );
}

/** Singular values shown of one matrix: spaced evenly on the logarithmic axis. */
const shownValues = 32;

function spectrumLines(matrices: readonly WeightDelta[]): ScatterTrace {
  const lines = matrices.map(({ name, spectrum }) => {
    const values = spectrum?.singularValues ?? new Float64Array();
    const x = spaced(values.length, shownValues);
    return { name, x, y: x.map((i) => (values[i - 1] ?? Number.NaN) / (values[0] ?? Number.NaN)) };
  });
  const positive = lines.map(({ name, x, y }) => {
    const kept = x.flatMap((i, at) => ((y[at] ?? 0) > smallestRatio ? [{ i, ratio: y[at] ?? 0 }] : []));
    return { name, x: kept.map(({ i }) => i), y: kept.map(({ ratio }) => ratio) };
  });
  const hovertemplate = "%{text}<br>i = %{x}: %{y:.2e}<extra></extra>";
  return { ...thinLines(positive), showlegend: false, hovertemplate, ...axesOf(2) };
}

/** Below this a ratio of singular values is float32 rounding, and a logarithmic axis would show little else. */
const smallestRatio = 1e-7;

function spaced(count: number, most: number): readonly number[] {
  const at = Array.from({ length: most }, (_, i) => Math.round(count ** (i / (most - 1))));
  return [...new Set(at)].filter((i) => i >= 1 && i <= count);
}

function deltaWords({ overall }: WeightDeltas, matrices: readonly WeightDelta[]): string {
  const energy = overall.energy.map(({ rank, share }) => `top ${rank}: ${percent(share)}`).join(", ");
  const ranks = matrices.map(({ spectrum }) => spectrum?.stableRank ?? Number.NaN).sort((a, b) => a - b);
  const lines = [
    `Weight change, ${overall.parameters.toLocaleString("en")} parameters: ${percent(overall.relativeNorm, 2)} of the weights' norm`,
    energy === "" ? "no matrix changed" : `energy of the change in ${energy}`,
    `stable rank ${fixed(ranks[0] ?? Number.NaN, 1)} to ${fixed(ranks.at(-1) ?? Number.NaN, 1)} over ${matrices.length} matrices`,
  ];
  if (overall.unchanged !== undefined) lines.push(`${percent(overall.unchanged)} of entries the same at bfloat16`);
  return lines.join("\n");
}

/** Pass@1 when only the top `rank` singular directions of every matrix's change are kept. */
export interface RankPoint {
  readonly rank: number;
  readonly pass1: Estimate;
}

/**
 * Pass@1 against the rank kept of the weight change, between the base (nothing kept) and the trained policy (all kept).
 *
 * @throws UsageError when there is no point, or a rank is below 1
 */
export function rankFigure(result: {
  readonly base: Estimate;
  readonly trained: Estimate;
  readonly points: readonly RankPoint[];
}): Figure {
  const points = [...result.points].sort((a, b) => a.rank - b.rank);
  const ranks = points.map(({ rank }) => rank);
  if (!ranks.every((rank) => rank >= 1) || ranks.length === 0) {
    refuse("rankFigure", `the ranks are [${ranks}]`, "pass at least one point, each with a rank of 1 or more");
  }
  const ends = [ranks[0] ?? 1, ranks.at(-1) ?? 1];
  const level = (role: "base" | "trained", name: string): readonly ScatterTrace[] =>
    curve(ends, [result[role], result[role]], roles[role], { name, markers: 0 });
  const layout: Layout = {
    ...frame({
      title: "Pass@1 when only the top ranks of the weight change are kept",
      subtitle: "every matrix's change cut to rank r; bands: intervals over problems",
    }),
    xaxis: { type: "log", title: { text: "rank kept, r" }, tickvals: ranks, ticktext: ranks.map(String) },
    yaxis: { title: { text: "pass@1 (share of samples)" }, range: [0, 1.02] },
  };
  const kept = curve(
    ranks,
    points.map(({ pass1 }) => pass1),
    roles.truncated,
    { name: "top r kept" },
  );
  const data = [...level("base", "base"), ...level("trained", "trained, full rank"), ...kept];
  return figure({ data, layout, summary: rankWords(result.base, result.trained, points) });
}

function rankWords(base: Estimate, trained: Estimate, points: readonly RankPoint[]): string {
  const most = base.value + 0.9 * (trained.value - base.value);
  const enough = points.find(({ pass1 }) => pass1.value >= most)?.rank;
  return [
    `Pass@1 by rank kept: base ${interval(base)}, trained ${interval(trained)}`,
    ...points.map(({ rank, pass1 }) => `rank ${rank}: ${interval(pass1)}`),
    enough === undefined ? "no rank shown keeps 90 % of the gain" : `rank ${enough} keeps 90 % of the gain or more`,
  ].join("\n");
}
