/** Runs the built `rlvr` in a folder of its own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../../dist/src/cli/rlvr.js", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface CliFolder {
  readonly folder: string;
  rlvr(...args: string[]): Ran;
  /** The same with something on standard input. */
  pipe(input: string, ...args: string[]): Ran;
  /** Writes a notebook of code cells; the first is the parameters cell. Returns its name. */
  notebook(name: string, ...sources: string[]): string;
}

export function cliFolder(): CliFolder {
  const folder = mkdtempSync(join(tmpdir(), "rlvr-cli-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(fileURLToPath(new URL("../..", import.meta.url)), join(folder, "node_modules", "rlvr-lab"), "junction");
  const pipe = (input: string, ...args: string[]): Ran => {
    const options = { cwd: folder, encoding: "utf8", input } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], options);
    return { code: status, out: stdout, err: stderr };
  };
  return {
    folder,
    pipe,
    rlvr: (...args) => pipe("", ...args),
    notebook(name, ...sources) {
      const cells = sources.map((source, i) => ({
        cell_type: "code",
        id: `c${i}`,
        metadata: i === 0 ? { tags: ["parameters"] } : {},
        source,
        outputs: [],
        execution_count: null,
      }));
      writeFileSync(join(folder, name), JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }));
      return name;
    },
  };
}
