import { expect, test } from "vitest";
import type { ExecutorEventBody } from "../../../kernel/executor/events.ts";
import type { CodeCell } from "../../../kernel/notebook/format.ts";
import { OutputCollector } from "../../../kernel/notebook/outputs.ts";

function cells(...ids: string[]): CodeCell[] {
  return ids.map((id) => ({ cell_type: "code", id, metadata: {}, source: "", outputs: [], execution_count: 7 }));
}

function collect(list: readonly CodeCell[], events: readonly [string, ExecutorEventBody][]): void {
  const collector = new OutputCollector();
  for (const cell of list) collector.open(cell);
  for (const [id, event] of events) collector.take({ ...event, cell: 1, id });
}

const out = (text: string, name: "stdout" | "stderr" = "stdout"): ExecutorEventBody => ({ kind: "stream", name, text });
const show = (text: string, displayId?: string): ExecutorEventBody => ({
  kind: "display",
  data: { "text/plain": text },
  metadata: {},
  ...(displayId === undefined ? {} : { displayId }),
});

test("outputs: streams in a row are one output, another stream starts a new one", () => {
  const [cell] = cells("a");
  collect(cells("a"), []);
  const list = cells("a");
  collect(list, [
    ["a", out("1\n")],
    ["a", out("2\n")],
    ["a", out("e", "stderr")],
    ["a", out("3")],
  ]);
  expect(list[0]?.outputs).toEqual([
    { output_type: "stream", name: "stdout", text: "1\n2\n" },
    { output_type: "stream", name: "stderr", text: "e" },
    { output_type: "stream", name: "stdout", text: "3" },
  ]);
  expect(cell?.outputs).toEqual([]);
});

test("outputs: late output goes to the cell that made it", () => {
  const list = cells("a", "b");
  collect(list, [
    ["a", out("a1")],
    ["b", out("b1")],
    ["a", out("a2")],
    ["gone", out("x")],
  ]);
  expect(list.map((cell) => cell.outputs)).toEqual([
    [{ output_type: "stream", name: "stdout", text: "a1a2" }],
    [{ output_type: "stream", name: "stdout", text: "b1" }],
  ]);
});

test("outputs: an update changes every display of its id, in whichever cell it stands", () => {
  const list = cells("a", "b");
  collect(list, [
    ["a", show("0%", "bar")],
    ["b", show("0%", "bar")],
    ["b", { kind: "updateDisplay", displayId: "bar", data: { "text/plain": "50%" }, metadata: {} }],
    ["b", { kind: "updateDisplay", displayId: "other", data: { "text/plain": "x" }, metadata: {} }],
  ]);
  for (const cell of list) {
    expect(cell.outputs).toEqual([{ output_type: "display_data", data: { "text/plain": "50%" }, metadata: {} }]);
  }
});

test("outputs: clear empties at once, or when the next output comes", () => {
  const list = cells("a", "b");
  collect(list, [
    ["a", out("old")],
    ["a", { kind: "clear", wait: false }],
    ["b", out("old")],
    ["b", { kind: "clear", wait: true }],
  ]);
  expect(list[0]?.outputs).toEqual([]);
  expect(list[1]?.outputs).toHaveLength(1);
  collect(list, []);
  const again = cells("b");
  collect(again, [
    ["b", out("old")],
    ["b", { kind: "clear", wait: true }],
    ["b", out("new")],
  ]);
  expect(again[0]?.outputs).toEqual([{ output_type: "stream", name: "stdout", text: "new" }]);
});

test("outputs: results carry the cell's number, errors their traceback", () => {
  const list = cells("a");
  collect(list, [
    ["a", { kind: "result", data: { "text/plain": "3" }, metadata: {} }],
    ["a", { kind: "error", ename: "Error", evalue: "x", traceback: ["Error: x"] }],
    ["a", { kind: "progress", task: "t", done: 1, total: 2 }],
    ["a", { kind: "check", name: "c", value: 1, band: [0, 1], ok: true }],
  ]);
  expect(list[0]?.outputs).toEqual([
    { output_type: "execute_result", data: { "text/plain": "3" }, metadata: {}, execution_count: 7 },
    { output_type: "error", ename: "Error", evalue: "x", traceback: ["Error: x"] },
  ]);
});
