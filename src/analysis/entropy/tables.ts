/** Entropy change as tables. */
import type { Table } from "../../toolkit/table.ts";
import type { EntropyChange, EntropyGroup } from "../entropy-change.ts";
import type { EntropyLedger, LedgerRow } from "../entropy-ledger.ts";
import { type UpdatePart, updateParts } from "./ledger-terms.ts";

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

export function ledgerTables({ steps, total }: EntropyLedger): Table[] {
  const all = steps.map(({ step, overall }) => ({ ...overall, name: String(step) }));
  return [
    ledgerTable("entropy ledger by step", "step", [...all, { ...total.overall, name: "total" }]),
    ledgerTable("entropy ledger by token class", "class", [...total.byClass, { ...total.overall, name: "all" }]),
  ];
}

function ledgerTable(title: string, key: string, rows: readonly LedgerRow[]): Table {
  const part = (name: UpdatePart): number[] => rows.map(({ parts }) => parts[name]);
  return {
    title,
    columns: {
      [key]: rows.map(({ name }) => name),
      share: rows.map(({ share }) => share),
      before: rows.map(({ before }) => before),
      after: rows.map(({ after }) => after),
      measured: rows.map(({ measured }) => measured),
      "measured low": rows.map(({ intervals }) => intervals?.measured.low),
      "measured high": rows.map(({ intervals }) => intervals?.measured.high),
      predicted: rows.map(({ predicted }) => predicted),
      ...Object.fromEntries(updateParts.map((name) => [name, part(name)])),
      rest: rows.map(({ rest }) => rest),
      "of it unattributed": rows.map(({ restOf }) => restOf.unattributed),
      "of it curvature": rows.map(({ restOf }) => restOf.curvature),
    },
  };
}
