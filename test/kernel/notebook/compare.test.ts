import { expect, test } from "vitest";
import { compareOutputs } from "../../../kernel/notebook/compare.ts";
import type { Output } from "../../../kernel/notebook/format.ts";

const out = (text: string, name: "stdout" | "stderr" = "stdout"): Output => ({ output_type: "stream", name, text });
const show = (data: Record<string, never> | Record<string, unknown>): Output =>
  ({ output_type: "display_data", metadata: {}, data }) as Output;
const plot = (y: number[], more: object = {}): Output =>
  show({
    "application/vnd.plotly.v1+json": {
      data: [{ type: "scatter", name: "base", y, ...more }],
      layout: { width: y[0] },
    },
    "image/png": `picture ${y[0]}`,
    "text/plain": `y ${y[0]}`,
  });

test.each<[string, Output[], Output[], number]>([
  ["the same text", [out("loss 0.5\n")], [out("loss 0.5\n")], 0],
  ["numbers within the tolerance", [out("loss=0.5000, n 10\n")], [out("loss=0.5004, n 10\n")], 1e-3],
  ["text in other pieces, other blanks and colours", [out("a "), out("b\n")], [out("a   \x1b[31mb\x1b[0m\n")], 0],
  [
    "check lines and standard error",
    [out("check a 1 0..2 ok\nx\n"), out("e", "stderr")],
    [out("check a 2 0..2 ok\nx\n")],
    0,
  ],
  ["tables of other widths", [out("│ 0.5 │\n├─────┤")], [out("│ 0.5  │\n├──────┤")], 0],
  ["a figure's layout and picture", [plot([1, 2])], [plot([1, 2.001])], 1e-3],
  ["small numbers of a list with large ones", [plot([1000, 0.1])], [plot([1000, 0.2])], 1e-3],
  ["HTML by what is read", [show({ "text/html": "<b id=1>2.0</b>" })], [show({ "text/html": "<i>2.0</i>" })], 0],
  ["NaN", [show({ "text/plain": "NaN" })], [show({ "text/plain": "NaN" })], 0],
])("compare: %s agree", (_, before, after, tolerance) => {
  expect(compareOutputs(before, after, tolerance)).toEqual([]);
});

test.each<[string, Output[], Output[], string]>([
  ["a number", [out("loss 0.5 end")], [out("loss 0.6 end")], 'the printed text: "0.5" before, "0.6" now'],
  ["a word", [out("a b")], [out("a c")], 'the printed text: "b" before, "c" now'],
  ["a new line", [out("a")], [out("a b")], 'the printed text: "b" is new'],
  ["a lost line", [out("a b")], [out("a")], 'the printed text: "b" is gone'],
  ["the number of outputs", [plot([1])], [], "1 outputs before, 0 now"],
  ["a point of a figure", [plot([1, 2, 3])], [plot([1, 2.5, 3])], "the output: trace 1 (base).y[1]: 2 before, 2.5 now"],
  ["the points of a figure", [plot([1, 2])], [plot([1])], "the output: trace 1 (base).y: 2 values before, 1 now"],
  [
    "an error bar",
    [plot([1], { error_y: { array: [0.1] } })],
    [plot([1], { error_y: { array: [0.3] } })],
    "the output: trace 1 (base).error_y.array[0]: 0.1 before, 0.3 now",
  ],
  [
    "JSON",
    [show({ "application/json": { a: [{ b: 1 }] } })],
    [show({ "application/json": { a: [{ b: "1" }] } })],
    'the output.a[0].b: 1 before, "1" now',
  ],
  ["a kind", [plot([1])], [show({ "text/plain": "y 1" })], "the output: application/vnd.plotly.v1+json only before"],
  [
    "a picture alone",
    [show({ "image/png": "a" })],
    [show({ "image/png": "b" })],
    "the output: the picture (image/png) differs",
  ],
  [
    "an error",
    [{ output_type: "error", ename: "A", evalue: "", traceback: [] }],
    [{ output_type: "error", ename: "B", evalue: "", traceback: [] }],
    "the output: A before, B now",
  ],
])("compare: %s that differs is told", (_, before, after, words) => {
  expect(compareOutputs(before, after, 1e-3)).toEqual([words]);
});
