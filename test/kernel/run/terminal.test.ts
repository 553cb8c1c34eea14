import { expect, test, vi } from "vitest";
import { progressText, terminalReporter } from "../../../kernel/run/terminal.ts";

const cell = {
  cell_type: "code" as const,
  id: "c",
  metadata: {},
  source: 'import x from "x";\nconst run = train();',
  outputs: [],
  execution_count: 1,
};

test("terminal: progress reads as a sentence", () => {
  const metrics = { reward: 0.4123, "tokens/s": 13123.4 };
  expect(progressText({ task: "train", done: 12, total: 60, unit: "steps", metrics, secondsLeft: 80.4 })).toBe(
    "train 12/60 steps, reward 0.412, tokens/s 13,123, 1:20 left",
  );
  expect(progressText({ task: "train", done: 60, total: 60, secondsLeft: 0 })).toBe("train 60/60");
});

test("terminal: a log hears of a cell's progress every ten seconds", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  let written = "";
  const reporter = terminalReporter({ write: (text) => (written += text) });
  reporter.cellStart?.(cell, { done: 1, total: 3, number: 2 });
  for (let done = 1; done <= 25; done++) {
    vi.advanceTimersByTime(1000);
    reporter.event?.({ cell: 2, id: "c", kind: "progress", task: "train", done, total: 60 });
  }
  vi.useRealTimers();
  expect(written).toBe("[2/3] train 10/60\n[2/3] train 20/60\n");
});

function play(isTTY: boolean): string {
  let written = "";
  const reporter = terminalReporter({ isTTY, columns: 60, write: (text) => (written += text) });
  reporter.cellStart?.(cell, { done: 1, total: 3, number: 2 });
  const event = { cell: 2, id: "c" };
  reporter.event?.({ ...event, kind: "progress", task: "train", done: 1, total: 2, unit: "steps" });
  reporter.event?.({ ...event, kind: "stream", name: "stdout", text: "hel" });
  reporter.event?.({ ...event, kind: "stream", name: "stdout", text: "lo\ncheck a 1 0..2 ok\nend" });
  reporter.cellEnd?.(cell, { status: "ok", ms: 1234 });
  return written;
}

test("terminal: a log gets whole lines, check lines as they are", () => {
  expect(play(false)).toBe("      hello\ncheck a 1 0..2 ok\n      end\n[2/3] const run = train(); 1.2 s\n");
});

test("terminal: a terminal's moving line is cleared before anything else is written", () => {
  const written = play(true);
  expect(written.startsWith("\r\x1b[2K████░░░░░░░░ [2/3] const run = train();")).toBe(true);
  expect(written).toContain("\r\x1b[2K      hello\n");
  expect(written.endsWith("[2/3] const run = train(); 1.2 s\n")).toBe(true);
});

test("terminal: several runs on one terminal are told apart, and no line moves", () => {
  let written = "";
  const reporter = terminalReporter({ isTTY: true, write: (text) => (written += text) }, { label: "a.ipynb" });
  reporter.skipped?.([{ cell, number: 3, names: undefined }]);
  reporter.cellStart?.(cell, { done: 1, total: 3, number: 2 });
  reporter.cellEnd?.(cell, { status: "error", ms: 1234 });
  expect(written).toBe("a.ipynb not needed and not run: cell 3 (c)\na.ipynb [2/3] const run = train(); 1.2 s FAILED\n");
});
