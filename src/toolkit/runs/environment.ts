/** Where a run was made: what has to be equal for its numbers to come out again. */
import { execFile } from "node:child_process";
import { availableParallelism, cpus, totalmem } from "node:os";
import { promisify } from "node:util";

export interface Environment {
  readonly node: string;
  /** Operating system and processor architecture, such as `"linux x64"`. */
  readonly platform: string;
  readonly cpu: string;
  /** Processors this process may use. */
  readonly cores: number;
  readonly memoryGiB: number;
  /** Commit checked out in the working folder; absent outside a git checkout. */
  readonly commit?: string;
  /** Whether tracked files differ from the commit. */
  readonly dirty?: boolean;
}

/** Looks the environment up. */
export async function environment(): Promise<Environment> {
  const commit = await git("rev-parse", "HEAD");
  const changes = commit === undefined ? undefined : await git("status", "--porcelain", "--untracked-files=no");
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    ...(commit === undefined ? {} : { commit }),
    ...(changes === undefined ? {} : { dirty: changes !== "" }),
  };
}

/** Output of a git command; undefined where git or a checkout is missing: that is no reason to refuse a run. */
async function git(...args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("git", args, { timeout: 5000 });
    return stdout.trim();
  } catch {
    return undefined;
  }
}
