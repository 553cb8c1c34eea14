/** `rlvr runs`: what stored runs are asked, one module per subcommand. */
import { UsageError } from "../toolkit/refuse.ts";

interface Subcommand {
  /** One line for the list of subcommands. */
  readonly summary: string;
  /** Loads the subcommand when it is used; it gets the arguments behind its name and returns the exit code. */
  readonly load: () => Promise<(args: readonly string[]) => Promise<number>>;
}

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  list: { summary: "the runs of a folder", load: async () => (await import("./runs/list.ts")).listRuns },
  index: { summary: "make the index of a folder anew", load: async () => (await import("./runs/list.ts")).indexRuns },
  query: {
    summary: "figures, completions or tokens by run, step, problem and reward; or SQL",
    load: async () => (await import("./runs/query.ts")).queryRuns,
  },
  replay: {
    summary: "take a run again; name the first step, sample and token that come out otherwise",
    load: async () => (await import("./runs/replay.ts")).replayRun,
  },
  diff: { summary: "what differs between two runs", load: async () => (await import("./runs/diff.ts")).diffRuns },
};

function help(): string {
  const rows = Object.entries(SUBCOMMANDS).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`);
  return ["rlvr runs <what> ...", "", ...rows, "", "rlvr runs <what> --help tells its options.", ""].join("\n");
}

/** Runs the command; returns its exit code. */
export async function runs(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h") {
    process.stdout.write(help());
    return name === undefined ? 2 : 0;
  }
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (!subcommand) {
    throw new UsageError(`rlvr runs: there is no "${name}"; known: ${Object.keys(SUBCOMMANDS).join(", ")}.`);
  }
  return await (await subcommand.load())(rest);
}
