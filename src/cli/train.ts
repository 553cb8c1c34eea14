/** `rlvr train`: a script that trains, watched and stopped from the terminal. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { importScript } from "../../kernel/executor/imports.ts";
import { progressText } from "../../kernel/run/terminal.ts";
import { openTerminal, type TerminalView } from "../plot/terminal/live.ts";
import { redirectLines } from "../plot/terminal/redirect.ts";
import { onProgress, type ProgressEvent } from "../toolkit/progress.ts";
import { refuse } from "../toolkit/refuse.ts";
import { setTrainHost } from "../toolkit/train/host.ts";
import type { Run, TrainedRun } from "../toolkit/train/run.ts";
import { interruptible } from "./several.ts";

const HELP = `rlvr train [options] <script.ts> [arguments of the script]

Runs a script that calls train(), and shows its runs: progress, the main curves, current completions, where the time goes
(rollout, verify, score, train), the pre-flight and events. Where the output is no terminal, a line every five seconds.

  -o, --output folder   where a run is kept that has no runFolder (default: runs/<script>; the second of a script:
                        runs/<script>-2, and so on)
      --resume          go on with the runs of an earlier call, from their newest whole checkpoints
      --no-keep         keep nothing of runs that have no runFolder; they cannot be resumed
      --json            print what happens as JSON, an object a line: run, preflight, step, end, progress, stream

Ctrl-C stops the run after the step under way, with a checkpoint, and says how to go on. Once more ends it at once.

Exit code 0: the script and all of its runs ended well; 1: one failed; 2: wrong use, also of the toolkit in the script
(a UsageError, such as a run that the pre-flight refuses); 130: interrupted.
`;

/** Runs the command; returns its exit code. */
export async function train(args: readonly string[]): Promise<number> {
  const { own, script, rest } = split(args);
  const { values } = parseArgs({
    args: own,
    options: {
      output: { type: "string", short: "o" },
      resume: { type: "boolean", default: false },
      "no-keep": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (script === undefined) refuse("rlvr train", "no script is named", "name one: rlvr train script.ts");
  if (script.endsWith(".ipynb")) refuse("rlvr train", `${script} is a notebook`, "run it: rlvr run notebook.ipynb");
  if (!existsSync(script) || !statSync(script).isFile()) {
    refuse("rlvr train", `there is no file ${script}`, "check the path");
  }
  if (values["no-keep"] && (values.resume || values.output !== undefined)) {
    refuse("rlvr train", "--no-keep with --resume or -o", "leave one of them out");
  }
  const folder = values["no-keep"]
    ? undefined
    : (values.output ?? join("runs", basename(script).replace(/\.\w+$/, "")));
  if (folder !== undefined && !values.resume) checkNew(folder);
  const viewer = values.json ? jsonViewer() : terminalViewer();
  try {
    return await interruptible(async (signal) => {
      const runs = hostRuns(viewer, { signal, folder, resume: values.resume });
      process.argv = [process.execPath, resolve(script), ...rest];
      const whole = importScript(pathToFileURL(resolve(script)).href).then(
        () => runs.all(),
        (error: unknown) => {
          if (!signal.aborted) throw error;
          return runs.all(); // a run that ended early may be more than the script is made for
        },
      );
      const interrupted = new Promise<"interrupted">((settle) => {
        signal.addEventListener("abort", () => void runs.all().then(() => settle("interrupted")));
      });
      const how = await Promise.race([whole, interrupted]);
      if (how !== "interrupted" && !signal.aborted) return runs.failed() ? 1 : 0;
      viewer.say(
        runs.goOn(
          `rlvr train --resume ${own
            .filter((one) => one !== "--resume")
            .concat(script, rest)
            .join(" ")}`,
        ),
      );
      viewer.close();
      await new Promise((flushed) => process.stdout.write("", flushed));
      process.exit(130); // the script may go on with other work, which nobody waits for
    });
  } finally {
    viewer.close();
  }
}

/** Options stand before the script; what stands behind it is the script's own. */
function split(args: readonly string[]): { own: string[]; script: string | undefined; rest: string[] } {
  const at = args.findIndex((one, i) => !one.startsWith("-") && !["-o", "--output"].includes(args[i - 1] ?? ""));
  if (at < 0) return { own: [...args], script: undefined, rest: [] };
  return { own: args.slice(0, at), script: args[at], rest: args.slice(at + 1) };
}

function checkNew(folder: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return;
  const remedy = "pass --resume to go on with it, -o for another folder, or remove it";
  refuse("rlvr train", `${folder} holds something already`, remedy);
}

/** Where runs are shown. */
interface Viewer {
  follow(run: Run): Promise<void>;
  progress(event: ProgressEvent): void;
  say(text: string): void;
  close(): void;
}

interface Hosted {
  readonly run: Run;
  readonly ended: Promise<void>;
  outcome: TrainedRun["stopped"] | "failed" | undefined;
}

/** Fills in the options that the script leaves open, and keeps an eye on its runs. */
function hostRuns(
  viewer: Viewer,
  {
    signal,
    folder,
    resume,
  }: { readonly signal: AbortSignal; readonly folder: string | undefined; readonly resume: boolean },
) {
  const hosted: Hosted[] = [];
  let unnamed = 0;
  const nextFolder = (): { runFolder?: string } => {
    if (folder === undefined) return {};
    unnamed += 1;
    return { runFolder: unnamed === 1 ? folder : `${folder}-${unnamed}` };
  };
  onProgress((event) => viewer.progress(event));
  setTrainHost({
    options(given) {
      const options = { ...given, ...(given.runFolder === undefined && nextFolder()) };
      return {
        ...options,
        ...(resume && options.runFolder !== undefined && { resume: given.resume ?? true }),
        signal: given.signal === undefined ? signal : AbortSignal.any([given.signal, signal]),
      };
    },
    started(run) {
      const of: Hosted = { run, outcome: undefined, ended: viewer.follow(run) };
      hosted.push(of);
      run.finished.then(
        ({ stopped }) => {
          of.outcome = stopped;
        },
        () => {
          of.outcome = "failed";
        },
      );
    },
  });
  return {
    async all() {
      for (const { ended } of hosted) await ended; // runs that start meanwhile are in the list too
    },
    failed: () => hosted.some(({ outcome }) => outcome === "failed"),
    goOn(command: string): string {
      const stopped = hosted.filter(({ outcome, run }) => outcome === "aborted" && isKept(run));
      if (stopped.length > 0) return `to go on: ${command}`;
      return hosted.length === 0 ? "no run had begun" : "nothing of the run is kept";
    },
  };
}

function isKept({ info: { folder } }: Run): boolean {
  return folder !== undefined && existsSync(join(folder, "config.json"));
}

function terminalViewer(): Viewer {
  const view: TerminalView = openTerminal();
  let open = true;
  return {
    follow: (run) => view.follow(run),
    progress(event) {
      if (!isOfTrain(event)) view.status(event.done < event.total ? progressText(event) : undefined);
    },
    say: (text) => view.print(text),
    close() {
      if (open) view[Symbol.dispose]();
      open = false;
    },
  };
}

/** Runs tell of their steps themselves. */
function isOfTrain({ task }: ProgressEvent): boolean {
  return task.startsWith("train ");
}

function jsonViewer(): Viewer {
  const write = process.stdout.write.bind(process.stdout);
  const line = (event: string, fields: object): void => void write(`${JSON.stringify({ event, ...fields })}\n`);
  const restore = redirectLines(process.stdout, (text) => line("stream", { name: "stdout", text }));
  return {
    async follow(run) {
      const { task, algorithm, seed, folder } = run.info;
      const of = { task, algorithm, seed, ...(folder !== undefined && { folder }) };
      line("run", { ...of, steps: run.info.steps });
      void run.preflight.then((report) => report && line("preflight", { ...of, ...report }));
      run.onStep((record) => line("step", { ...of, ...record, samples: run.samples }));
      await run.finished.then(
        ({ stopped, seconds, records }) => line("end", { ...of, stopped, steps: records.length, seconds }),
        (error: unknown) => {
          const message = error instanceof Error ? error.message : String(error);
          line("end", { ...of, stopped: "failed", steps: run.records.length, error: message });
        },
      );
    },
    progress(event) {
      if (!isOfTrain(event)) line("progress", event);
    },
    say: (text) => line("message", { text }),
    close: restore,
  };
}
