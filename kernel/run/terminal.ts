/**
 * Shows a run in a terminal: one line that moves while a cell runs, one line for each finished cell, check lines as
 * they come. Where the output is not a terminal, progress is a new line at most every ten seconds.
 */
import type { ExecutorEvent } from "../executor/events.ts";
import type { CodeCell } from "../notebook/format.ts";
import type { RunReporter } from "./run.ts";

/** What is needed of a stream; `process.stdout` fits. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

type Progress = Extract<ExecutorEvent, { kind: "progress" }>;

const TTY_INTERVAL_MS = 100;
const LOG_INTERVAL_MS = 10_000;

export interface TerminalOptions {
  /** Leaves check lines alone. Default false. */
  readonly quiet?: boolean;
  /** Stands before each line, where several runs share the terminal: no line moves then. Default: none. */
  readonly label?: string;
}

/** A reporter that writes to `terminal`. */
export function terminalReporter(terminal: Terminal, { quiet = false, label }: TerminalOptions = {}): RunReporter {
  const live = terminal.isTTY === true && !quiet && label === undefined;
  const before = label === undefined ? "" : `${label} `;
  let place = "";
  let gauge = "";
  let moving = false;
  let lastShown = 0;
  let pending = ""; // an unfinished line of a cell's output

  const clear = (): void => {
    if (moving) terminal.write("\r\x1b[2K");
    moving = false;
  };
  const line = (text: string): void => {
    clear();
    terminal.write(`${before}${text}\n`);
  };
  const moved = (text: string): void => {
    terminal.write(`\r\x1b[2K${text.slice(0, (terminal.columns ?? 80) - 1)}`);
    moving = true;
  };
  const progress = (event: Progress): void => {
    const now = performance.now();
    if (quiet || now - lastShown < (live ? TTY_INTERVAL_MS : LOG_INTERVAL_MS)) return;
    lastShown = now;
    if (live) moved(`${gauge} ${place} ${progressText(event)}`);
    else line(`${place} ${progressText(event)}`);
  };
  return {
    skipped(cells) {
      const names = cells.map(({ number, cell }) => `${number} (${cell.id})`).join(", ");
      if (!quiet) line(`not needed and not run: ${cells.length === 1 ? "cell" : "cells"} ${names}`);
    },
    cellStart(cell, { done, total }) {
      place = `[${done + 1}/${total}]`;
      gauge = bar(done, total);
      lastShown = live ? Number.NEGATIVE_INFINITY : performance.now(); // a log hears of long cells only
      pending = "";
      if (live) moved(`${gauge} ${place} ${heading(cell)}`);
    },
    event(event) {
      if (event.kind === "progress") progress(event);
      else if (event.kind === "stream" && !quiet) {
        const lines = (pending + event.text).split("\n");
        pending = lines.pop() ?? "";
        for (const text of lines) line(text.startsWith("check ") ? text : `      ${text}`);
      } else if (event.kind === "check" && quiet) {
        const [low, high] = event.band;
        line(`check ${event.name} ${event.value} ${low}..${high} ${event.ok ? "ok" : "FAIL"}`);
      }
    },
    cellEnd(cell, outcome) {
      if (pending !== "" && !quiet) line(`      ${pending}`);
      pending = "";
      clear();
      if (quiet) return;
      const state = outcome.status === "ok" ? "" : outcome.interrupted ? " interrupted" : " FAILED";
      line(`${place} ${heading(cell)} ${duration(outcome.ms / 1000)}${state}`);
    },
  };
}

/** The share of the cells that is done, in twelve places. */
function bar(done: number, total: number): string {
  const full = Math.round((12 * done) / Math.max(1, total));
  return `${"█".repeat(full)}${"░".repeat(12 - full)}`;
}

/** "train chain-addition 12/60 steps, reward 0.41, tokens/s 13,100, 1:20 left" */
export function progressText(event: Omit<Progress, "kind" | "cell" | "id">): string {
  const { task, done, total, unit, metrics = {}, secondsLeft } = event;
  const parts = [`${task} ${format(done)}/${format(total)}${unit ? ` ${unit}` : ""}`];
  for (const [name, value] of Object.entries(metrics)) parts.push(`${name} ${format(value)}`);
  if (secondsLeft !== undefined && done < total) parts.push(`${duration(secondsLeft)} left`);
  return parts.join(", ");
}

function format(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}

function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** The cell's first line that says something, as its name. */
function heading(cell: CodeCell): string {
  const lines = cell.source.split("\n").map((text) => text.trim());
  const first = lines.find((text) => text !== "" && !text.startsWith("import ")) ?? lines[0] ?? "";
  return first.length > 60 ? `${first.slice(0, 57)}...` : first;
}
