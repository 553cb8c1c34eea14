import { expect, test } from "vitest";
import { jsonReporter } from "../../../kernel/run/json-lines.ts";

test("json lines: an object a line for starts, progress, checks, text and ends; nothing for displays", () => {
  const lines: unknown[] = [];
  const reporter = jsonReporter((line) => lines.push(JSON.parse(line)), "n.ipynb");
  const cell = {
    cell_type: "code" as const,
    id: "c",
    metadata: {},
    source: "x",
    outputs: [],
    execution_count: 1,
  };
  const at = { cell: 4, id: "c" };
  reporter.cellStart?.(cell, { done: 1, total: 3, number: 4 });
  reporter.event?.({ ...at, kind: "progress", task: "train", done: 1, total: 2 });
  reporter.event?.({ ...at, kind: "check", name: "a", value: 1, band: [0, 2], ok: true });
  reporter.event?.({ ...at, kind: "stream", name: "stdout", text: "a\nb" });
  reporter.event?.({ ...at, kind: "display", data: {}, metadata: {} });
  reporter.cellEnd?.(cell, { status: "ok", ms: 12.3, peakBytes: 5 });
  const shared = { notebook: "n.ipynb", cell: 4, id: "c" };
  expect(lines).toEqual([
    { event: "cell-start", ...shared, done: 1, total: 3 },
    { event: "progress", ...shared, task: "train", done: 1, total: 2 },
    { event: "check", ...shared, name: "a", value: 1, band: [0, 2], ok: true },
    { event: "stream", ...shared, name: "stdout", text: "a\nb" },
    { event: "cell-end", ...shared, status: "ok", ms: 12, peakBytes: 5 },
  ]);
});
