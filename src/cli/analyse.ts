/** `rlvr analyse`: the analyses on files, one module per subcommand. */
import { UsageError } from "../toolkit/refuse.ts";

interface Analysis {
  /** One line for the list of subcommands. */
  readonly summary: string;
  /** Loads the subcommand when it is used; it gets the arguments behind its name and returns the exit code. */
  readonly load: () => Promise<(args: readonly string[]) => Promise<number>>;
}

const ANALYSES: Readonly<Record<string, Analysis>> = {
  boundary: {
    summary:
      "what two or more checkpoints can solve at all: pass@k, crossing, problems lost and gained, what would settle it",
    load: async () => (await import("./analyse/boundary.ts")).analyseBoundary,
  },
  compare: {
    summary: "what is in anybody's run, its logged numbers checked; two runs paired by problem",
    load: async () => (await import("./analyse/compare.ts")).analyseCompare,
  },
  entropy: {
    summary: "where a run's entropy goes; at which tokens two policies differ in it",
    load: async () => (await import("./analyse/entropy.ts")).analyseEntropy,
  },
  interference: {
    summary: "which problems' updates hurt which in a run, what was lost and why; or over saved policies",
    load: async () => (await import("./analyse/interference.ts")).analyseInterference,
  },
  weights: {
    summary: "how far, in how many directions, training moved each matrix of two checkpoints",
    load: async () => (await import("./analyse/weights.ts")).analyseWeights,
  },
};

function help(): string {
  const rows = Object.entries(ANALYSES).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`);
  return [
    "rlvr analyse <what> PATH... [--json file] [--csv file] [--html file] [--svg file] [--png file] [--quiet]",
    "",
    ...rows,
    "",
    "rlvr analyse <what> --help tells an analysis's own options.",
    "",
  ].join("\n");
}

/** Runs the command; returns its exit code. */
export async function analyse(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h") {
    process.stdout.write(help());
    return name === undefined ? 2 : 0;
  }
  const analysis = Object.hasOwn(ANALYSES, name) ? ANALYSES[name] : undefined;
  if (!analysis) {
    throw new UsageError(`rlvr analyse: there is no analysis "${name}"; known: ${Object.keys(ANALYSES).join(", ")}.`);
  }
  return await (await analysis.load())(rest);
}
