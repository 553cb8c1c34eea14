/** `rlvr test`: notebooks that re-run as tests. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { junit } from "../../kernel/run/junit.ts";
import { readParameterFile } from "../../kernel/run/parameter-files.ts";
import { terminalReporter } from "../../kernel/run/terminal.ts";
import { inspectNotebook, type TestReport, testNotebook } from "../../kernel/run/test.ts";
import { checkWritable, writeFileAtomic } from "../toolkit/files.ts";
import { refuse } from "../toolkit/refuse.ts";
import { countOption, interruptible, outputsIn, secondsOption, sideBySide } from "./several.ts";

const HELP = `rlvr test <notebook.ipynb | script.ts>... [--junit report.xml]

Re-runs notebooks and fails where a cell fails, a check or an expectation is outside its band, an output differs from the
stored one, a stored output is stale, or a budget is exceeded.

  in a cell          check("pass@1.gain", gain, [0.3, 1]);
  cell metadata      "expect": { "gain": [0.3, 1], "curve[0].k": 1, "loss": { "value": 0.25, "relative": 1e-3 } }
  cell metadata      "tolerance": 1e-3, tags "ignore-output", "raises-exception" (the cell has to raise)
  notebook metadata  "budget": { "seconds": 60, "cellSeconds": 30, "memoryMB": 2000 }, "tolerance": 1e-6

  -p, --parameter name=value   override a parameter
  -f, --file params.yaml       parameters from a YAML or JSON file; -p wins
  -o, --output folder          where the executed notebooks go (default: out/test)
      --tolerance x            relative tolerance of numbers in outputs, where the notebook has none (default 1e-6)
      --no-outputs             do not compare outputs
      --no-run                 run nothing: read, validate, name stale cells
      --timeout s              stop a notebook that runs longer, in place of its budget
      --cell-timeout s         stop a cell that runs longer, in place of its budget
      --junit file             also write a JUnit report
  -j, --jobs n                 test n notebooks at a time (default 1)
      --verbose                print what the cells print

Exit code 0: all passed; 1: something failed; 2: wrong use; 130: interrupted.
`;

/** Runs the command; returns its exit code. */
export async function test(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      parameter: { type: "string", short: "p", multiple: true, default: [] },
      file: { type: "string", short: "f", multiple: true, default: [] },
      output: { type: "string", short: "o", default: join("out", "test") },
      tolerance: { type: "string", default: "1e-6" },
      "no-outputs": { type: "boolean", default: false },
      "no-run": { type: "boolean", default: false },
      timeout: { type: "string" },
      "cell-timeout": { type: "string" },
      junit: { type: "string" },
      jobs: { type: "string", short: "j", default: "1" },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (positionals.length === 0) refuse("rlvr test", "0 notebooks are named", "name one: rlvr test notebook.ipynb");
  const tolerance = values.tolerance.trim() === "" ? Number.NaN : Number(values.tolerance);
  if (!(tolerance >= 0)) refuse("--tolerance", `it is ${JSON.stringify(values.tolerance)}`, "pass a number from 0");
  const outputs = outputsIn(values.output, positionals);
  const parameterFiles = await Promise.all(values.file.map(readParameterFile));
  const jobs = countOption("--jobs", values.jobs);
  const totalMs = secondsOption("--timeout", values.timeout);
  const cellMs = secondsOption("--cell-timeout", values["cell-timeout"]);
  const limits = { ...(totalMs !== undefined && { totalMs }), ...(cellMs !== undefined && { cellMs }) };
  if (values.junit !== undefined) await checkWritable(values.junit);
  return await interruptible(async (signal) => {
    const reports = await sideBySide(positionals, jobs, async (path, i) => {
      if (signal.aborted) return undefined;
      const report = values["no-run"]
        ? await inspectNotebook(path)
        : await testNotebook(path, {
            output: outputs[i] ?? "",
            settings: values.parameter,
            parameterFiles,
            limits,
            signal,
            tolerance,
            outputs: !values["no-outputs"],
            ...(values.verbose && { reporter: terminalReporter(process.stdout) }),
          });
      tell(report);
      return report;
    });
    const done = reports.filter((report) => report !== undefined);
    if (values.junit !== undefined) await writeFileAtomic(values.junit, junit(done));
    const failed = done.filter((report) => !passed(report)).length;
    process.stdout.write(`${done.length - failed} passed, ${failed} failed\n`);
    if (signal.aborted) return 130;
    return failed === 0 ? 0 : 1;
  });
}

function passed({ status, cases }: TestReport): boolean {
  return status === "ok" && cases.every((one) => one.status !== "failed");
}

function tell(report: TestReport): void {
  const { path, cases, ms, status, peakBytes } = report;
  const count = (wanted: string): number => cases.filter((one) => one.status === wanted).length;
  const cost = ms === 0 ? "" : ` in ${(ms / 1000).toFixed(1)} s, ${Math.round(peakBytes / 1e6)} MB`;
  const state = status === "interrupted" ? "interrupted" : passed(report) ? "ok" : "FAILED";
  process.stdout.write(`${path} ${state}: ${count("passed")} of ${cases.length} passed${cost}\n`);
  for (const { name, status: result, message } of cases) {
    if (result !== "failed") continue;
    const [first = "", ...more] = message.split("\n");
    process.stdout.write(
      [`  FAIL ${first.startsWith(name) ? "" : `${name}: `}${first}`, ...more.map((line) => `       ${line}`), ""].join(
        "\n",
      ),
    );
  }
}
