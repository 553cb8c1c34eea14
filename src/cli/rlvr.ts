#!/usr/bin/env node
/** The `rlvr` command: one module per subcommand. Exit codes: 0 done, 1 the work failed, 2 wrong use, 130 interrupted. */
import { createRequire } from "node:module";
import { UsageError } from "../toolkit/refuse.ts";

interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** Loads the subcommand when it is used. */
  readonly load: () => Promise<(args: readonly string[]) => Promise<number>>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  run: { summary: "run notebooks headless", load: async () => (await import("./run.ts")).run },
  train: { summary: "run a script that trains, and watch it", load: async () => (await import("./train.ts")).train },
  test: { summary: "re-run notebooks and judge what they give", load: async () => (await import("./test.ts")).test },
  diff: { summary: "what differs between two executed notebooks", load: async () => (await import("./diff.ts")).diff },
  analyse: { summary: "analyse checkpoints headless", load: async () => (await import("./analyse.ts")).analyse },
  runs: { summary: "list, query, replay and compare stored runs", load: async () => (await import("./runs.ts")).runs },
  clean: { summary: "remove outputs from notebooks", load: async () => (await import("./clean.ts")).clean },
  convert: {
    summary: "write a notebook as a percent script (.ts), or the reverse",
    load: async () => (await import("./convert.ts")).convert,
  },
  export: {
    summary: "write a notebook as one HTML file, or as Markdown",
    load: async () => (await import("./export.ts")).exportPage,
  },
};

function help(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`);
  return ["rlvr <command> [options]", "", ...rows, "", "rlvr <command> --help tells a command's options.", ""].join(
    "\n",
  );
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(help());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version") {
    const { version }: { version?: string } = createRequire(import.meta.url)("rlvr-lab/package.json");
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new UsageError(`rlvr: there is no command "${name}"; known: ${Object.keys(COMMANDS).join(", ")}.`);
  return await (await command.load())(rest);
}

/** Wrong use gets its message alone; anything else is a fault of the program and gets its stack. */
function describe(error: unknown): { readonly text: string; readonly code: number } {
  if (!(error instanceof Error)) return { text: String(error), code: 1 };
  const badOption = "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  if (error instanceof UsageError || badOption) return { text: error.message, code: 2 };
  return { text: error.stack ?? error.message, code: 1 };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { text, code } = describe(error);
  await new Promise((flushed) => process.stdout.write("", flushed));
  process.stderr.write(`${text}\n`, () => process.exit(code)); // workers that the work had begun would keep it alive
}
