/** `rlvr runs diff`: what differs between two stored runs. */
import { parseArgs } from "node:util";
import { type CurveDiff, isSameRun, type RunDiff, runDiff } from "../../analysis/run-diff.ts";
import type { Estimate } from "../../analysis/statistics/estimate.ts";
import { refuse } from "../../toolkit/refuse.ts";
import { type Difference, differenceText } from "../../toolkit/runs/differences.ts";
import { divergenceText } from "../../toolkit/runs/divergence.ts";
import { readRun } from "../../toolkit/runs/read-run.ts";
import { countOption } from "../several.ts";

const HELP = `rlvr runs diff <a> <b> [--stretches n] [--json]

What differs between two run folders: configuration, code (commit, uncommitted changes, lock file), data, environment; the
first step, sample and token at which they part; reward and figures by stretches of steps, with 95 % intervals.

      --stretches n   stretches that the common steps are cut into (default 4)
      --json          print one JSON object

Exit code 0: same configuration and data, and every common step the same bit for bit; 1: not; 2: wrong use.
`;

/** Runs the command; returns its exit code. */
export async function diffRuns(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      stretches: { type: "string", default: "4" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [a, b, ...more] = positionals;
  if (a === undefined || b === undefined || more.length > 0) {
    return refuse("rlvr runs diff", `${positionals.length} runs are named`, "name two: rlvr runs diff runs/a runs/b");
  }
  const stretches = countOption("--stretches", values.stretches);
  const found = await runDiff(await readRun(a), await readRun(b), { stretches });
  process.stdout.write(values.json ? `${JSON.stringify(found)}\n` : inWords(found));
  return isSameRun(found) ? 0 : 1;
}

function inWords({ a, b, configuration, code, data, environment, steps, curves, divergence }: RunDiff): string {
  const names = [`in ${a}`, `in ${b}`] as const;
  const listed = (title: string, all: readonly Difference[]): string[] =>
    all.length === 0 ? [`${title}: the same`] : [`${title}:`, ...all.map((one) => `  ${differenceText(one, names)}`)];
  const { first } = data;
  const lines = [
    ...listed("configuration", configuration),
    ...listed("code", code),
    ...(first
      ? [`data: ${data.same} of ${steps} common steps have the same problems; the first with others is ${first.step}`]
      : [`data: the same problems at all ${steps} common steps`]),
    ...listed("environment", environment),
    ...(divergence ? divergenceText(divergence, names) : [`all ${steps} common steps are the same, bit for bit`]),
    ...curves.map(curveText),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function curveText({ name, from, to, a, b, overlap }: CurveDiff): string {
  const shown = ({ value, low, high }: Estimate): string => `${number(value)} [${number(low)}, ${number(high)}]`;
  return `${name}, steps ${from} to ${to}: ${shown(a)} and ${shown(b)}${overlap ? "" : ", apart"}`;
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}
