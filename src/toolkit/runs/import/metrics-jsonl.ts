/** Lines of `{"step", name: number, ...}`: prime-rl's `metrics.jsonl`, and what scripts of one's own write. */
import { numericFields, step } from "./fields.ts";
import { jsonlRecords } from "./lines.ts";
import type { ImportRecord } from "./record.ts";

export async function* readMetricsJsonl(file: string): AsyncGenerator<ImportRecord> {
  yield* jsonlRecords(file, (row, place) => {
    const run = typeof row.producer === "string" ? { run: row.producer } : {};
    const values = numericFields(row, ["step", "_step", "time", "timestamp", "_timestamp"]);
    const at = step(row, row.step === undefined && row._step !== undefined ? "_step" : "step");
    return [{ kind: "metrics", format: "metrics-jsonl", ...run, step: at, values, place }];
  });
}
