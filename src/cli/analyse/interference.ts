/** `rlvr analyse interference`: which problems' updates hurt which, in a stored run or over saved policies. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { refuse } from "../../toolkit/refuse.ts";
import { policiesInterference } from "./interference-policies.ts";
import { runInterference } from "./interference-run.ts";
import { checkOutputs, outputHelp, outputOptions, withProgress, writeOutput } from "./output.ts";

const HELP = `rlvr analyse interference <run> [--base policy] [options]
rlvr analyse interference <policy> <policy>... --rollouts <run or file> [options]

A run is a folder that train() wrote, of one update a step, with checkpoints (checkpointEvery) and the optimizer's state: steps
behind a checkpoint are taken apart by problem, each part is applied for real, and lost problems are explained. Policies are saved
folders of one shape in the order of training; without the updates between them, what can be said is who lost, whose gradients
conflict, and what merging would have saved. Problems and their right and wrong answers are those of stored completions.

      --base folder        policy that the run started from: its step 0 can then be taken apart
      --rollouts path      completions to take problems from (of rlvr-lab or a peer; needed with policies)
  -s, --step n             take this step apart (again for more; default: at most 6, evenly spaced; the matrix is of the last)
  -n, --problems n         problems asked about (default 24)
      --answers n          right, and wrong, answers of each (default 4)
      --projection k       keep k random dimensions of each gradient instead of all (default: exact)
      --top n              causes and tokens named of each lost problem (default 5)
${outputHelp}`;

/** Runs the command; returns its exit code. */
export async function analyseInterference(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      base: { type: "string" },
      rollouts: { type: "string" },
      step: { type: "string", short: "s", multiple: true },
      problems: { type: "string", short: "n" },
      answers: { type: "string" },
      projection: { type: "string" },
      top: { type: "string" },
      ...outputOptions,
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [first, ...more] = positionals;
  if (first === undefined) return refuse(WHERE, "nothing is named", "name a run, or two policies or more");
  const settings = {
    problems: wholeNumber("problems", values.problems, 24),
    answers: wholeNumber("answers", values.answers, 4),
    top: wholeNumber("top", values.top, 5),
    ...(values.projection !== undefined && {
      projection: { dimensions: wholeNumber("projection", values.projection, 0) },
    }),
    ...(values.rollouts !== undefined && { rollouts: values.rollouts }),
  };
  await checkOutputs(values);
  const isRun = await Promise.all(positionals.map(holdsRun));
  if (isRun[0] === true && more.length === 0) {
    const steps = values.step?.map((text) => wholeNumber("step", text, 0, 0));
    const asked = { ...settings, ...(steps && { steps }), ...(values.base !== undefined && { base: values.base }) };
    await writeOutput(await withProgress(values.quiet, () => runInterference(first, asked)), values);
    return 0;
  }
  if (isRun.includes(true)) refuse(WHERE, "a run is named beside other paths", "name one run alone, or policies alone");
  if (more.length === 0) {
    refuse(WHERE, `${first} is one policy`, "name two or more in the order of training, or a run that train() wrote");
  }
  for (const flag of ["base", "step"] as const) {
    if (values[flag] !== undefined) refuse(WHERE, `--${flag} is about a run`, "leave it out: policies are named");
  }
  await writeOutput(await withProgress(values.quiet, () => policiesInterference(positionals, settings)), values);
  return 0;
}

const WHERE = "rlvr analyse interference";

/** Whether a folder is one that `train` wrote; a policy's folder has a config.json too, of another kind. */
async function holdsRun(path: string): Promise<boolean> {
  const text = await readFile(join(path, "config.json"), "utf8").catch((error: unknown) =>
    refuse(WHERE, `there is no config.json in ${path}`, "name a run's or a policy's folder", error),
  );
  return /"format"\s*:\s*"rlvr-run\//.test(text);
}

function wholeNumber(flag: string, text: string | undefined, otherwise: number, least = 1): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least) {
    refuse(WHERE, `--${flag} is "${text}"`, `pass a whole number from ${least}`);
  }
  return value;
}
