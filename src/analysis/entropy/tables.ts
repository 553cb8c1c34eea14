/** Entropy change as tables. */
import type { Table } from "../../toolkit/table.ts";
import type { EntropyChange, EntropyGroup } from "../entropy-change.ts";

export function entropyTables({ overall, byPosition, byClass }: EntropyChange): Table[] {
  return [
    groupTable("entropy by token class", [overall, ...byClass]),
    groupTable("entropy by position", [overall, ...byPosition]),
  ];
}

function groupTable(title: string, groups: readonly EntropyGroup[]): Table {
  return {
    title,
    columns: {
      group: groups.map(({ name }) => name),
      tokens: groups.map(({ tokens }) => tokens),
      before: groups.map(({ before }) => before),
      after: groups.map(({ after }) => after),
      change: groups.map(({ change }) => change.value),
      "change low": groups.map(({ change }) => change.low),
      "change high": groups.map(({ change }) => change.high),
      "first order": groups.map(({ firstOrder }) => firstOrder?.value),
      rest: groups.map(({ rest }) => rest),
      "of it curvature": groups.map(({ curvature }) => curvature),
      covariance: groups.map(({ covariance }) => covariance?.value),
      forecast: groups.map(({ forecast }) => forecast),
    },
  };
}
