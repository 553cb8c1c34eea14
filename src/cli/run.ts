/** `rlvr run`: notebooks, headless. */
import { parseArgs } from "node:util";
import { jsonReporter } from "../../kernel/run/json-lines.ts";
import { readParameterFile } from "../../kernel/run/parameter-files.ts";
import { type RunOptions, type RunResult, runNotebook } from "../../kernel/run/run.ts";
import { terminalReporter } from "../../kernel/run/terminal.ts";
import { refuse } from "../toolkit/refuse.ts";
import { countOption, interruptible, outputsIn, secondsOption, sideBySide } from "./several.ts";

const HELP = `rlvr run <notebook.ipynb | script.ts>... [-p name=value]... [-o out.ipynb] [--html out.html]

  -p, --parameter name=value   override a parameter of the notebook's cell tagged "parameters"
  -f, --file params.yaml       parameters from a YAML or JSON file; -p wins
  -o, --output file            the executed notebook (default: out/<name>.ipynb); a folder for several notebooks
      --html file              also write one HTML file with interactive plots
      --from-cell id           start at this cell (id or number); cells before it run only where a later one needs their
                               names, the others keep the outputs that the output file has of them
      --keep-going             go on after a cell that failed
      --cell-timeout s         stop a cell that runs longer, in seconds
      --timeout s              stop the notebook when it runs longer
      --silent-timeout s       stop a cell that shows no sign of life for so long
  -j, --jobs n                 run several notebooks, n at a time (default 1)
      --quiet                  print checks and errors only
      --json                   print what happens as JSON, an object a line

A cell tagged "raises-exception" may fail. An interrupt (Ctrl-C) stops the running cell and saves what is there.

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
      file: { type: "string", short: "f", multiple: true, default: [] },
      output: { type: "string", short: "o" },
      html: { type: "string" },
      "from-cell": { type: "string" },
      "keep-going": { type: "boolean", default: false },
      "cell-timeout": { type: "string" },
      timeout: { type: "string" },
      "silent-timeout": { type: "string" },
      jobs: { type: "string", short: "j", default: "1" },
      quiet: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { html, quiet, json, parameter: settings } = values;
  const several = positionals.length > 1;
  if (positionals.length === 0) refuse("rlvr run", "0 notebooks are named", "name one: rlvr run notebook.ipynb");
  if (several && html !== undefined) refuse("rlvr run", "one page for several notebooks", "use rlvr export on each");
  const outputs =
    values.output !== undefined && !several ? [values.output] : outputsIn(values.output ?? "out", positionals);
  const limits = limitsOf(values["cell-timeout"], values.timeout, values["silent-timeout"]);
  const jobs = countOption("--jobs", values.jobs);
  const parameterFiles = await Promise.all(values.file.map(readParameterFile));
  const fromCell = values["from-cell"];
  return await interruptible(async (signal) => {
    const codes = await sideBySide(positionals, jobs, async (path, i) => {
      if (signal.aborted) return 130;
      const output = outputs[i] ?? "";
      const label = several && jobs > 1 ? path : undefined;
      const result = await runNotebook(path, {
        output,
        settings,
        parameterFiles,
        limits,
        keepGoing: values["keep-going"],
        signal,
        reporter: json
          ? jsonReporter((line) => process.stdout.write(line), path)
          : terminalReporter(process.stdout, { quiet, ...(label !== undefined && { label }) }),
        ...(fromCell === undefined ? {} : { fromCell }),
        ...(html === undefined ? {} : { page: await pageAt(html) }),
      });
      (json ? tellJson : tell)(result, path, output, html);
      return exitCode(result);
    });
    return codes.find((code) => code === 130) ?? Math.max(...codes);
  });
}

/** With what makes pages, which other runs need not load. */
async function pageAt(path: string): Promise<NonNullable<RunOptions["page"]>> {
  const { notebookHtml } = await import("../../kernel/notebook/html.ts");
  return { path, render: notebookHtml };
}

function limitsOf(
  cell: string | undefined,
  total: string | undefined,
  silent: string | undefined,
): NonNullable<RunOptions["limits"]> {
  const cellMs = secondsOption("--cell-timeout", cell);
  const totalMs = secondsOption("--timeout", total);
  const silentMs = secondsOption("--silent-timeout", silent);
  return {
    ...(cellMs !== undefined && { cellMs }),
    ...(totalMs !== undefined && { totalMs }),
    ...(silentMs !== undefined && { silentMs }),
  };
}

function tell({ status, ms, failures }: RunResult, path: string, output: string, html: string | undefined): void {
  for (const { cell, number, error } of failures) {
    process.stderr.write(`\n${path}, cell ${number} (${cell.id}) failed\n${error.traceback.join("\n")}\n`);
  }
  process.stdout.write(`${status} in ${(ms / 1000).toFixed(1)} s: ${output}\n`);
  if (html !== undefined) process.stdout.write(`open ${html}\n`);
}

function tellJson(
  { status, ms, failures, peakBytes }: RunResult,
  notebook: string,
  output: string,
  html: string | undefined,
): void {
  const failed = failures.map(({ cell, number, error }) => ({ cell: number, id: cell.id, error }));
  const line = { event: "end", notebook, status, ms: Math.round(ms), peakBytes, output, html, failures: failed };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function exitCode({ status, failures }: RunResult): number {
  if (status === "failed" && failures[0]?.error.ename === "UsageError") return 2;
  return { ok: 0, failed: 1, interrupted: 130 }[status];
}
