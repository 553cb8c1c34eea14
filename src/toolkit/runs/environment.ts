/** Where a run was made: what has to be equal for its numbers to come out again. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
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
  /** SHA-256 of how they differ; the run folder has the text, as `changes-<the first 8 digits>.patch`. */
  readonly changes?: string;
  /** SHA-256 of the nearest lock file of a package manager; absent where there is none. */
  readonly lock?: string;
}

/** Looks the environment up. */
export async function environment(): Promise<Environment> {
  const commit = await git("rev-parse", "HEAD");
  const status = commit === undefined ? undefined : await git("status", "--porcelain", "--untracked-files=no");
  const changes = await uncommittedChanges(status);
  const lock = await nearestLock();
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    ...(commit === undefined ? {} : { commit }),
    ...(status === undefined ? {} : { dirty: status !== "" }),
    ...(changes === undefined ? {} : { changes: hashOf(changes) }),
    ...(lock === undefined ? {} : { lock: hashOf(lock) }),
  };
}

/** Tracked files' differences from the commit, as a patch; undefined where there is none. @param status of git, if known */
export async function uncommittedChanges(status?: string): Promise<string | undefined> {
  if (status === "") return undefined;
  const text = await git("diff", "HEAD", "--no-color", "--no-ext-diff");
  return text === "" ? undefined : text;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

const LOCKS = ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "deno.lock"];

/** Text of the lock file in the working folder, or the nearest one above. */
async function nearestLock(): Promise<string | undefined> {
  for (let folder = resolve("."); ; folder = dirname(folder)) {
    for (const name of LOCKS) {
      const text = await readFile(join(folder, name), "utf8").catch(() => undefined);
      if (text !== undefined) return text;
    }
    if (folder === dirname(folder)) return undefined;
  }
}

/** Output of a git command; undefined where git or a checkout is missing: that is no reason to refuse a run. */
async function git(...args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("git", args, { timeout: 5000, maxBuffer: 2 ** 26 });
    return stdout.trim();
  } catch {
    return undefined;
  }
}
