/** `rlvr analyse weights`: what training did to the matrices of a checkpoint on disk. */
import { parseArgs } from "node:util";
import { type CheckpointDeltaOptions, checkpointDeltas } from "../../analysis/index.ts";
import { deltaTables } from "../../analysis/weights/tables.ts";
import { weightDeltaFigure, weightDetailFigure } from "../../plot/index.ts";
import { openCheckpoint } from "../../toolkit/checkpoints/checkpoint.ts";
import { writeTruncatedCheckpoint } from "../../toolkit/checkpoints/write-checkpoint.ts";
import { writeLora } from "../../toolkit/checkpoints/write-lora.ts";
import { progressReporter } from "../../toolkit/progress.ts";
import { refuse } from "../../toolkit/refuse.ts";

import {
  checkOutputs,
  keptParts,
  outputHelp,
  outputOptions,
  partHelp,
  partOptions,
  withProgress,
  writeOutput,
} from "./output.ts";

const HELP = `rlvr analyse weights <before> <after> [options]

Both are folders in the Hugging Face layout (model.safetensors, or shards with model.safetensors.index.json), or safetensors
files, of one architecture, in F32, F16 or BF16. They are read in parts: models larger than memory are fine.

  -x, --exclude name       leave a tensor out, by its name or the end of it after a dot (again for more)
  -r, --rank r             energy within the top r (again for more; default 1, 2, 4, 8, 16, 32)
      --exact n            exact spectra up to n on the shorter axis, a sketch above (default 1024)
      --sketch n           singular values of a sketch (default 64)
      --angles n           directions compared with the base's top ones; 0: none (default 8)
      --threads n          default: the cores, at most 8
      --top r              rank of what the next two write: the top r directions of every matrix's change
      --full folder        the weights before with that change, as a checkpoint of the same files
      --lora folder        the change alone, as a PEFT adapter of rank r
${partHelp}${outputHelp}`;

/** Runs the command; returns its exit code. */
export async function analyseWeights(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      exclude: { type: "string", short: "x", multiple: true, default: [] },
      rank: { type: "string", short: "r", multiple: true },
      exact: { type: "string" },
      sketch: { type: "string" },
      angles: { type: "string" },
      threads: { type: "string" },
      top: { type: "string" },
      full: { type: "string" },
      lora: { type: "string" },
      ...partOptions,
      ...outputOptions,
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [before, after, ...more] = positionals;
  if (before === undefined || after === undefined || more.length > 0) {
    refuse("rlvr analyse weights", `${positionals.length} checkpoints are named`, "name two: before and after");
  }
  const { full, lora } = values;
  if ((values.top === undefined) !== (full === undefined && lora === undefined)) {
    refuse("rlvr analyse weights", "--top and --full or --lora go together", "pass both or neither");
  }
  const top = wholeNumber("top", values.top ?? "0");
  if (values.top !== undefined && top < 1) refuse("rlvr analyse weights", "--top is 0", "pass 1 or more");
  await checkOutputs(values);
  const options: CheckpointDeltaOptions = {
    exclude: values.exclude,
    ...(values.rank !== undefined && { ranks: values.rank.map((text) => wholeNumber("rank", text)) }),
    ...number("exactUpTo", "exact", values.exact),
    ...number("sketchRank", "sketch", values.sketch),
    ...number("angles", "angles", values.angles),
    ...number("threads", "threads", values.threads),
  };
  const checkpoints = [await openCheckpoint(before), await openCheckpoint(after)] as const;
  const parts = keptParts(values);
  const deltas = await withProgress(values.quiet, () => {
    let report: ReturnType<typeof progressReporter> | undefined;
    return checkpointDeltas(...checkpoints, {
      ...options,
      parts,
      onProgress: ({ done, total }) => {
        report ??= progressReporter({ task: "weight deltas", total, unit: "tensors" });
        report(done);
      },
    });
  });
  const figure = weightDeltaFigure(deltas);
  const { excluded = [] } = deltas;
  const left = excluded.length === 0 ? [] : [`left out: ${excluded.join(", ")}`];
  await writeOutput(
    {
      title: `Weight change from ${before} to ${after}`,
      tables: deltaTables(deltas),
      figures: [figure, weightDetailFigure(deltas)],
      notes: [figure.summary, ...left],
      data: { before, after, ...deltas },
    },
    values,
  );
  if (full !== undefined) await writeTruncatedCheckpoint(...checkpoints, top, full);
  if (lora !== undefined) await writeLora(...checkpoints, top, lora, { exclude: values.exclude });
  await parts.clear();
  for (const path of [full, lora]) if (path !== undefined) process.stdout.write(`${path}\n`);
  return 0;
}

function number<K extends string>(name: K, flag: string, text: string | undefined): { readonly [P in K]?: number } {
  return text === undefined ? {} : ({ [name]: wholeNumber(flag, text) } as { [P in K]: number });
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text)) refuse("rlvr analyse weights", `--${flag} is "${text}"`, "pass a whole number");
  return value;
}
