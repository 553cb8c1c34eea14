/** `rlvr run`: a notebook, headless. */
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { notebookHtml } from "../../kernel/notebook/html.ts";
import { runNotebook } from "../../kernel/run/run.ts";
import { terminalReporter } from "../../kernel/run/terminal.ts";
import { refuse } from "../toolkit/refuse.ts";

const HELP = `rlvr run <notebook.ipynb> [-p name=value]... [-o out.ipynb] [--html out.html] [--quiet]

  -p, --parameter name=value   override a parameter of the notebook's cell tagged "parameters"
  -o, --output file            the executed notebook (default: out/<name>.ipynb)
      --html file              also write one HTML file with interactive plots
      --quiet                  print checks and errors only

Exit code 0: all cells ran and all checks held; 1: a cell or a check failed; 2: wrong use, also of the toolkit in a
cell (a UsageError, such as a level out of range); 130: interrupted.
`;

/** Runs the command; returns its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      parameter: { type: "string", short: "p", multiple: true, default: [] },
      output: { type: "string", short: "o" },
      html: { type: "string" },
      quiet: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) {
    refuse("rlvr run", `${positionals.length} notebooks are named`, "name one: rlvr run notebook.ipynb");
  }
  const { html, quiet, parameter: settings } = values;
  return await interruptible(async (signal) => {
    const output = values.output ?? join("out", basename(path));
    const result = await runNotebook(path, {
      output,
      settings,
      signal,
      reporter: terminalReporter(process.stdout, { quiet }),
      ...(html === undefined ? {} : { page: { path: html, render: notebookHtml } }),
    });
    if (result.failure) {
      const { cell, number, error } = result.failure;
      process.stderr.write(`\ncell ${number} (${cell.id}) failed\n${error.traceback.join("\n")}\n`);
    }
    process.stdout.write(`${result.status} in ${(result.ms / 1000).toFixed(1)} s: ${output}\n`);
    if (html !== undefined) process.stdout.write(`open ${html}\n`);
    if (result.status === "failed" && result.failure?.error.ename === "UsageError") return 2;
    return { ok: 0, failed: 1, interrupted: 130 }[result.status];
  });
}

/** The first interrupt from outside aborts the signal, the second ends the process. */
async function interruptible<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const interrupt = (): void => {
    if (stop.signal.aborted) process.exit(130);
    process.stderr.write("\nstopping; what is there will be saved (once more to stop at once)\n");
    stop.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return await act(stop.signal);
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
