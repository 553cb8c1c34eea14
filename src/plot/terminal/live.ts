/** Runs in a plain terminal: a block that stays in place, or, where the output is no terminal, a line every few seconds. */
import type { Run } from "../../toolkit/train/run.ts";
import { redirectLines } from "./redirect.ts";
import { endLine, eventLine, preflightLines, type RunState, runLine, runLines } from "./run-lines.ts";
import { createScreen, type Screen, type TerminalStream } from "./screen.ts";
import { cutTo } from "./text.ts";

export interface LiveTerminalOptions {
  /** Default `process.stdout`. */
  readonly terminal?: TerminalStream;
  /** Where it is no terminal: seconds between two lines at least. Default 5: our choice. */
  readonly every?: number;
}

/** The block is drawn so often, for the time that passes within a step. */
const REDRAW_MS = 500;

/**
 * Shows a run in the terminal while it goes on: progress, the main curves, where the time goes, current completions, events.
 * Where the output is no terminal, a line every few seconds, and one for each event.
 *
 *     const run = train({ policy: base, task, algorithm: grpo() });
 *     await liveTerminal(run);
 *
 * @returns when the run has ended, however it did; never rejects
 */
export async function liveTerminal(run: Run, options: LiveTerminalOptions = {}): Promise<void> {
  const view = openTerminal(options);
  try {
    await view.follow(run);
  } finally {
    view[Symbol.dispose]();
  }
}

/** Shows any number of runs, side by side or one after the other. */
export interface TerminalView extends Disposable {
  /** @returns when the run has ended; never rejects */
  follow(run: Run): Promise<void>;
  /** A line of something else. */
  print(text: string): void;
  /** A line that replaces the one before, such as the progress of other work; none where it is undefined. */
  status(text: string | undefined): void;
}

export function openTerminal({ terminal = process.stdout, every = 5 }: LiveTerminalOptions = {}): TerminalView {
  return terminal.isTTY === true ? blockView(terminal) : logView(terminal, every);
}

/** What is kept of a run that is followed. */
interface Followed {
  readonly run: Run;
  readonly state: () => RunState;
}

function followed(
  run: Run,
  onStep: (of: Followed, events: readonly string[]) => void,
): Followed & { readonly stop: () => void } {
  let [start, last, resumed, prepared] = [performance.now(), performance.now(), 0, false];
  const seconds = (since: number): number => (performance.now() - since) / 1000;
  const of: Followed = {
    run,
    state: () => ({
      ...{ info: run.info, records: run.records, samples: run.samples },
      ...{ resumed, prepared, running: seconds(start), sinceStep: seconds(last) },
    }),
  };
  const stop = run.onStep((record) => {
    last = performance.now();
    // Records of an earlier process are told without completions, all at once, before the first step.
    if (run.samples.length === 0 && resumed === run.records.length - 1) {
      start = last;
      resumed = run.records.length;
    }
    const events = record.events.filter(({ kind }) => kind !== "preflight");
    onStep(
      of,
      events.map(({ kind, message }) => eventLine({ step: record.step + 1, kind, message })),
    );
  });
  void run.preflight.then(() => {
    prepared = true;
    if (run.records.length > resumed) return;
    start = performance.now();
    last = start;
  });
  return { ...of, stop };
}

/** What a view does with what it is told of a run. */
interface Teller {
  begin(of: Followed): void;
  step(of: Followed, events: readonly string[]): void;
  say(lines: readonly string[]): void;
  /** Before the line that says how the run ended. */
  end(of: Followed): void;
}

/** Follows a run from its pre-flight to its end. */
async function followTo(run: Run, teller: Teller): Promise<void> {
  const of = followed(run, (...told) => teller.step(...told));
  teller.begin(of);
  void run.preflight.then((report) => report && teller.say(preflightLines(report)));
  const outcome = await run.finished.catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
  of.stop();
  teller.end(of);
  teller.say([endLine(of.state(), outcome)]);
}

function blockView(terminal: TerminalStream): TerminalView {
  const write = terminal.write.bind(terminal); // as it is now: what others write is taken over below
  const screen = createScreen(write, () => [terminal.columns, terminal.rows]);
  const active = new Set<Followed>();
  let status: string | undefined;
  const draw = (): void => screen.draw(blockOf(screen, [...active], status));
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  const streams = terminal === process.stdout ? [process.stdout, process.stderr] : [];
  const restore = streams
    .filter(({ isTTY }) => isTTY)
    .map((stream) => redirectLines(stream, (line) => screen.print(line)));
  return {
    follow: (run) =>
      followTo(run, {
        begin: (of) => void active.add(of),
        step: draw,
        say: (lines) => screen.print(lines.join("\n")),
        end(of) {
          active.delete(of);
          draw();
          screen.print(blockOf(screen, [of], undefined).join("\n")); // how it was at its end stays
        },
      }),
    print: (text) => screen.print(text),
    status(text) {
      status = text;
      draw();
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const end of restore) end();
      screen.clear();
    },
  };
}

/** The blocks of all runs, as far as they fit. */
function blockOf(screen: Screen, runs: readonly Followed[], status: string | undefined): string[] {
  const lines = runs.flatMap(({ state }) => runLines(state(), screen.columns));
  const all = status === undefined ? lines : [...lines, status];
  return all.slice(0, screen.rows - 1).map((line) => cutTo(line, screen.columns));
}

function logView(terminal: TerminalStream, every: number): TerminalView {
  const print = (text: string): void => void terminal.write(text.endsWith("\n") ? text : `${text}\n`);
  let shown = Number.NEGATIVE_INFINITY;
  const due = (): boolean => {
    const now = performance.now();
    if (now - shown < every * 1000) return false;
    shown = now;
    return true;
  };
  return {
    follow: (run) =>
      followTo(run, {
        begin: () => undefined,
        step(of, events) {
          for (const line of events) print(line);
          if (due()) print(runLine(of.state()));
        },
        say: (lines) => lines.forEach(print),
        end: () => undefined,
      }),
    print,
    status: (text) => {
      if (text !== undefined && due()) print(text);
    },
    [Symbol.dispose]: () => undefined,
  };
}
