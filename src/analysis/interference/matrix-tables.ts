/** The interference matrix as tables. */
import type { Table } from "../../toolkit/table.ts";
import type { EffectAgreement, InterferenceMatrix } from "../interference-matrix.ts";

/** Pairs shown: those with the largest effects. */
const SHOWN = 40;

export function matrixTables(matrix: InterferenceMatrix): Table[] {
  const { pairs, updates, problems, harm, suffered, columns, layers } = matrix;
  const strongest = [...pairs].sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect)).slice(0, SHOWN);
  const tables: Table[] = [
    {
      title: "pairs",
      columns: {
        "an update on": strongest.map(({ update }) => update),
        changes: strongest.map(({ problem }) => problem),
        nats: strongest.map(({ effect }) => effect),
        low: strongest.map(({ low }) => low),
        high: strongest.map(({ high }) => high),
        "adjusted p": strongest.map(({ adjustedP }) => (matrix.draws === 1 ? undefined : adjustedP)),
        verdict: strongest.map(({ verdict }) => verdict),
      },
    },
    {
      title: "problems",
      columns: {
        problem: columns.order.map((j) => problems[j]),
        cluster: columns.order.map((j) => (columns.clusters[j] ?? 0) + 1),
        "suffers from others": columns.order.map((j) => suffered[j]),
        ...Object.fromEntries(matrix.terms.map(({ name, effect }) => [name, columns.order.map((j) => effect[j])])),
        "costs others": columns.order.map((j) => harm[updates.indexOf(problems[j] ?? "")]),
      },
    },
  ];
  const agreements = agreementTable(matrix);
  if (agreements !== undefined) tables.push(agreements);
  if (layers !== undefined) {
    tables.push({
      title: "layers",
      columns: {
        layer: layers.map(({ name }) => name),
        "mean cosine": layers.map(({ cosine }) => cosine.value),
        low: layers.map(({ cosine }) => cosine.low),
        high: layers.map(({ cosine }) => cosine.high),
        "share negative": layers.map(({ negativeShare }) => negativeShare),
        "effect on others": layers.map(({ effect }) => effect),
      },
    });
  }
  return tables;
}

function agreementTable({ firstOrder, plain, whole }: InterferenceMatrix): Table | undefined {
  const named: [string, EffectAgreement | undefined][] = [
    ["first order, optimizer's direction", firstOrder],
    ["first order, plain step as long", plain],
    ["all updates together", whole],
  ];
  const rows = named.flatMap(([name, agreement]) => (agreement === undefined ? [] : [{ name, ...agreement }]));
  if (rows.length === 0) return undefined;
  return {
    title: "first order against the real update",
    columns: {
      prediction: rows.map(({ name }) => name),
      pairs: rows.map(({ pairs }) => pairs),
      "Pearson's r": rows.map(({ pearson }) => pearson),
      "Spearman's ρ": rows.map(({ spearman }) => spearman),
      "same sign": rows.map(({ signAgreement }) => signAgreement),
      slope: rows.map(({ slope }) => slope),
      "relative error": rows.map(({ relativeError }) => relativeError),
    },
  };
}
