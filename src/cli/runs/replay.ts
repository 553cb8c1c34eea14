/** `rlvr runs replay`: a stored run taken again. */
import { parseArgs } from "node:util";
import { refuse } from "../../toolkit/refuse.ts";
import { divergenceText } from "../../toolkit/runs/divergence.ts";
import { readRun } from "../../toolkit/runs/read-run.ts";
import { replay } from "../../toolkit/train/replay.ts";
import { withProgress } from "../analyse/output.ts";
import { interruptible } from "../several.ts";
import { madeWithModule, madeWithRecord } from "./made-with.ts";

const HELP = `rlvr runs replay <run> [--with script] [--until step] [--json]

Takes the steps of a stored run again, from the policy that it began with, and compares each with what is stored: weights,
token ids, log-probs, rewards, advantages, entropies, figures. Names the first step, sample and token that differ, with both
values. Nothing is written.

      --with script   that made the run: it is executed up to its first train(), whose task and algorithm are taken and
                      which is not begun; or a module that exports task and algorithm (and policy, if the run folder has
                      lost its start). Needed where the record's names do not suffice: a task of your own, methods composed
      --until step    the last step to take again (default: the last that is stored)
      --json          print one JSON object
      --quiet         no progress

Exit code 0: all came out the same; 1: not; 2: wrong use; 130: interrupted.
`;

/** Runs the command; returns its exit code. */
export async function replayRun(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      with: { type: "string" },
      until: { type: "string" },
      json: { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) {
    return refuse("rlvr runs replay", `${positionals.length} runs are named`, "name one run folder");
  }
  const until = values.until;
  if (until !== undefined && !/^\d+$/.test(until)) {
    refuse("rlvr runs replay", `--until is "${until}"`, "pass the number of a step");
  }
  const run = await readRun(folder);
  const given = values.with === undefined ? madeWithRecord(run) : await madeWithModule(values.with);
  const result = await interruptible((signal) =>
    withProgress(values.quiet, () =>
      replay(run, { ...given, ...(until !== undefined && { until: Number(until) }), signal }),
    ),
  );
  const { same, of, divergence, environment, seconds } = result;
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else {
    const found = divergence
      ? divergenceText(divergence, ["stored", "now"])
      : [`${same} of ${of} steps came out the same, bit for bit (${seconds.toFixed(1)} s)`];
    process.stdout.write([...environment, ...found].map((line) => `${line}\n`).join(""));
  }
  if (divergence) return 1;
  return same < of ? 130 : 0;
}
